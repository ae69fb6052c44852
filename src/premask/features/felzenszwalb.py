"""Felzenszwalb's superpixels: pixels joined along the edges of least contrast.

P. Felzenszwalb and D. Huttenlocher, Efficient graph-based image segmentation,
International Journal of Computer Vision 59, 2004 (paper, reference 11).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import Image
from premask.features.jit import jit

STEPS = 256
"""Weights are whole numbers of 1/256 of an 8-bit grey level."""


def felzenszwalb(
    image: Image, *, scale: float = 300.0, sigma: float = 0.8, min_size: int = 75
) -> NDArray[np.int32]:
    """Divide a micrograph into superpixels of low inner contrast.

    Each pixel is joined to its eight neighbours by edges that weigh the difference of
    their smoothed grey levels (for colours, the Euclidean distance). Edges are taken from
    light to heavy; one joins its two superpixels if it is lighter than ``m + scale / n``
    of both, where n is the superpixel's size in px and m the heaviest edge within it.
    Superpixels that are still smaller than ``min_size`` then join the neighbour across
    their lightest edge.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    scale : float
        Higher gives fewer and larger superpixels. It counts 8-bit grey levels, as in the
        authors' program, scikit-image and OpenCV.
    sigma : float
        Standard deviation of the Gaussian smoothing before, in px; 0 for none.
    min_size : int
        Area of the smallest superpixel kept, in px.

    Returns
    -------
    ndarray of int32, shape (H, W)
        Superpixels 0 .. n - 1, numbered by their first pixel in reading order.

    Raises
    ------
    PremaskError
        For a scale, sigma or size that is out of range.

    Notes
    -----
    A 16-bit image is spread over the 255 grey levels between the 0.1 and 99.9 percentile
    of its values (as :func:`premask.core.micrograph.window`, but in steps of 1/256), so
    that ``scale`` does not depend on how much of the 16 bits a camera fills.

    Edges of equal weight are taken in reading order of their upper (for horizontal ones
    left) pixel; from one pixel right, down, down right, down left.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.array([[10, 10, 200, 200], [10, 10, 200, 200]], np.uint8)
    >>> felzenszwalb(image, scale=10, sigma=0, min_size=1)
    array([[0, 0, 1, 1],
           [0, 0, 1, 1]], dtype=int32)
    """
    if not (np.isfinite(scale) and scale >= 0):
        raise PremaskError(f"scale is {scale}; a number of 0 or more is accepted, e.g. 300")
    if min_size < 0:
        raise PremaskError(f"min_size is {min_size} px; 0 or more is accepted, e.g. 75")
    smooth = smoothed(image, sigma)
    height, width = smooth.shape[:2]
    pixels = smooth.reshape(height * width, -1)
    edges, starts = _sorted_edges(pixels, height, width)
    labels = _join(edges, starts, height, width, float(scale) * STEPS, int(min_size))
    return labels.reshape(height, width)


def smoothed(image: Image, sigma: float) -> NDArray[np.uint16]:
    """Gaussian smoothing at 16-bit precision: 256 steps for each 8-bit grey level.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    sigma : float
        In px; the kernel ends at four sigma, the image's border is repeated.

    Returns
    -------
    ndarray of uint16, of the shape of the image
    """
    if not 0 <= sigma <= 100:
        raise PremaskError(f"sigma is {sigma} px; 0 to 100 is accepted, e.g. 0.8")
    if image.dtype == np.uint8:
        fine = np.left_shift(image, 8, dtype=np.uint16)
    else:
        fine = _window_table(image)[image]
    radius = int(4 * sigma + 0.5)
    if radius == 0:
        return fine
    size = 2 * radius + 1
    blurred: NDArray[np.uint16] = cv2.GaussianBlur(
        fine, (size, size), sigma, borderType=cv2.BORDER_REPLICATE
    )
    return blurred


def _window_table(image: Image) -> NDArray[np.uint16]:
    cumulative = np.cumsum(np.bincount(image.ravel(), minlength=65536))
    low, high = np.searchsorted(cumulative, np.array([0.001, 0.999]) * cumulative[-1])
    if high <= low:  # nearly all pixels share one value: the whole range is the window
        low, high = int(image.min()), int(image.max())
    share = (np.arange(65536) - low) / max(high - low, 1)
    return np.rint(np.clip(share, 0, 1) * 255 * STEPS).astype(np.uint16)


@jit
def _weight(pixels: NDArray[np.uint16], p: int, q: int) -> int:
    if pixels.shape[1] == 1:
        return abs(np.int64(pixels[p, 0]) - np.int64(pixels[q, 0]))  # type: ignore[return-value]
    total = 0.0
    for channel in range(pixels.shape[1]):
        step = float(pixels[p, channel]) - float(pixels[q, channel])
        total += step * step
    return int(np.sqrt(total) + 0.5)


@jit
def _scan(
    pixels: NDArray[np.uint16],
    height: int,
    width: int,
    places: NDArray[np.int64],
    edges: NDArray[np.int32],
) -> None:
    """Count the edges of each weight; with room for them, put each in its place."""
    offsets = (1, width, width + 1, width - 1)
    for y in range(height):
        for x in range(width):
            p = y * width + x
            for d in range(4):
                if (x == width - 1 and d in {0, 2}) or (x == 0 and d == 3):
                    continue
                if y == height - 1 and d > 0:
                    continue
                weight = _weight(pixels, p, p + offsets[d])
                if len(edges) > 0:
                    edges[places[weight]] = 4 * p + d
                places[weight] += 1


def _sorted_edges(
    pixels: NDArray[np.uint16], height: int, width: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Edges as 4 * pixel + direction, sorted by counting, and where each weight ends."""
    heaviest = 65535 * np.sqrt(pixels.shape[1])
    places = np.zeros(int(heaviest) + 2, np.int64)
    _scan(pixels, height, width, places, np.empty(0, np.int32))
    ends = np.cumsum(places)
    places = ends - places
    edges = np.empty(ends[-1], np.int32)
    _scan(pixels, height, width, places, edges)
    return edges, ends


@jit
def _root(parent: NDArray[np.int32], p: int) -> int:
    while parent[p] >= 0:
        up = parent[p]
        if parent[up] >= 0:
            parent[p] = parent[up]
        p = up
    return p


@jit
def _join(
    edges: NDArray[np.int32],
    ends: NDArray[np.int64],
    height: int,
    width: int,
    scale: float,
    min_size: int,
) -> NDArray[np.int32]:
    # A root's parent is minus its size.
    parent = np.full(height * width, -1, np.int32)
    bound = np.full(height * width, scale, np.float64)
    offsets = (1, width, width + 1, width - 1)
    kept = 0
    first = 0
    for weight in range(len(ends)):
        for i in range(first, ends[weight]):
            e = edges[i]
            a = _root(parent, e >> 2)
            b = _root(parent, (e >> 2) + offsets[e & 3])
            if a == b:
                continue
            if weight < bound[a] and weight < bound[b]:
                if parent[a] > parent[b]:
                    a, b = b, a
                parent[a] += parent[b]
                parent[b] = a
                bound[a] = weight - scale / parent[a]
            else:
                edges[kept] = e
                kept += 1
        first = max(first, ends[weight])
    for i in range(kept):
        e = edges[i]
        a = _root(parent, e >> 2)
        b = _root(parent, (e >> 2) + offsets[e & 3])
        if a != b and (-parent[a] < min_size or -parent[b] < min_size):
            if parent[a] > parent[b]:
                a, b = b, a
            parent[a] += parent[b]
            parent[b] = a
    return _numbered(parent)


@jit
def _numbered(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    names = np.full(len(parent), -1, np.int32)
    labels = np.empty(len(parent), np.int32)
    n = 0
    for p in range(len(parent)):
        root = _root(parent, p)
        if names[root] < 0:
            names[root] = n
            n += 1
        labels[p] = names[root]
    return labels
