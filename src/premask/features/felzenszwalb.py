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
from premask.jit import jit

# Weights are whole numbers of 1/65536 of an 8-bit grey level, so that they sort by
# counting. Coarser steps would change the result: a superpixel of n px grows as long as
# the next edge is heavier by less than scale / n, which is 1/8000 level at a megapixel.
STEPS = 65536


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
    of its values (as :func:`premask.core.micrograph.window`, but without rounding), so
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
    height, width = image.shape[:2]
    if height * width >= 2**29:
        raise PremaskError(
            f"an image of {height}x{width} px is too large for superpixels;"
            " fewer than 536 million pixels are accepted: crop it"
        )
    pixels = _smoothed(image, sigma).reshape(height * width, -1)
    edges, weights = _sorted_edges(pixels, height, width)
    labels = _join(edges, weights, height, width, float(scale) * STEPS, int(min_size))
    return labels.reshape(height, width)


def _smoothed(image: Image, sigma: float) -> NDArray[np.int32]:
    """Smoothed grey levels (0 to 255) in whole steps.

    Whole numbers from a 64-bit filter are the same on every processor; the last bits of a
    32-bit one are not, and one of them can move a superpixel.
    """
    if not 0 <= sigma <= 100:
        raise PremaskError(f"sigma is {sigma} px; 0 to 100 is accepted, e.g. 0.8")
    levels = image.astype(np.float64) if image.dtype == np.uint8 else _window_table(image)[image]
    radius = int(4 * sigma + 0.5)
    if radius:
        size = (2 * radius + 1, 2 * radius + 1)
        blurred = cv2.GaussianBlur(levels, size, sigma, borderType=cv2.BORDER_REPLICATE)
        levels = np.asarray(blurred, np.float64)
    levels *= STEPS
    return np.rint(levels, out=levels).astype(np.int32)


def _window_table(image: Image) -> NDArray[np.float64]:
    cumulative = np.cumsum(np.bincount(image.ravel(), minlength=65536))
    low, high = np.searchsorted(cumulative, np.array([0.001, 0.999]) * cumulative[-1])
    if high <= low:  # nearly all pixels share one value: the whole range is the window
        low, high = int(image.min()), int(image.max())
    share: NDArray[np.float64] = (np.arange(65536) - low) / max(high - low, 1)
    return np.clip(share, 0, 1) * 255


def _sorted_edges(
    pixels: NDArray[np.int32], height: int, width: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Edges, as 4 * pixel + direction, and their weights, both sorted by weight.

    Two passes of a counting sort: over the weights' upper bits, then, within each of
    these groups, which fit into the processor's cache, over the lower eight.
    """
    heaviest = int(255 * STEPS * np.sqrt(pixels.shape[1])) + 1
    counts = np.zeros((heaviest >> 8) + 1, np.int64)
    none = np.empty(0, np.int32)
    _scan(pixels, height, width, counts, none, none)
    ends = np.cumsum(counts)
    edges, weights = np.empty(ends[-1], np.int32), np.empty(ends[-1], np.int32)
    _scan(pixels, height, width, ends - counts, edges, weights)
    _refine(ends, edges, weights, counts.max())
    return edges, weights


@jit
def _weight(pixels: NDArray[np.int32], p: int, q: int) -> int:
    if pixels.shape[1] == 1:
        return int(abs(pixels[p, 0] - pixels[q, 0]))
    total = 0.0
    for channel in range(pixels.shape[1]):
        step = float(pixels[p, channel] - pixels[q, channel])
        total += step * step
    return int(np.sqrt(total) + 0.5)


@jit
def _scan(
    pixels: NDArray[np.int32],
    height: int,
    width: int,
    places: NDArray[np.int64],
    edges: NDArray[np.int32],
    weights: NDArray[np.int32],
) -> None:
    """Count the edges of each group; given room for them, put each in its place."""
    offsets = (1, width, width + 1, width - 1)
    for y in range(height):
        n_directions = 4 if y < height - 1 else 1
        for x in range(width):
            p = y * width + x
            for d in range(n_directions):
                if (x == width - 1 and d != 1 and d != 3) or (x == 0 and d == 3):  # noqa: PLR1714
                    continue
                weight = _weight(pixels, p, p + offsets[d])
                place = places[weight >> 8]
                if len(edges) > 0:
                    edges[place] = 4 * p + d
                    weights[place] = weight
                places[weight >> 8] = place + 1


@jit
def _refine(
    ends: NDArray[np.int64], edges: NDArray[np.int32], weights: NDArray[np.int32], longest: int
) -> None:
    """Sort each group by the lower eight bits of its weights, keeping the order of equals."""
    old_edges, old_weights = np.empty(longest, np.int32), np.empty(longest, np.int32)
    places = np.empty(257, np.int64)
    first = 0
    for end in ends:
        n = end - first
        if n > 64:
            places[:] = 0
            for i in range(n):
                old_edges[i], old_weights[i] = edges[first + i], weights[first + i]
                places[(old_weights[i] & 255) + 1] += 1
            for low in range(256):
                places[low + 1] += places[low]
            for i in range(n):
                low = old_weights[i] & 255
                place = first + places[low]
                edges[place], weights[place] = old_edges[i], old_weights[i]
                places[low] += 1
        else:  # counting 256 values would take longer than to insert a few
            for i in range(first + 1, end):
                edge, weight = edges[i], weights[i]
                place = i
                while place > first and weights[place - 1] > weight:
                    edges[place], weights[place] = edges[place - 1], weights[place - 1]
                    place -= 1
                edges[place], weights[place] = edge, weight
        first = end


# A superpixel is a tree of nodes (parent, bound). A root's parent is minus its size; the
# lightest edge that it refuses is its bound. Both lie together because both are read.


@jit
def _root(nodes: NDArray[np.int32], p: int) -> int:
    up = nodes[p, 0]
    while up >= 0:
        above = nodes[up, 0]
        if above < 0:
            return int(up)
        nodes[p, 0] = above
        p = above
        up = nodes[p, 0]
    return p


@jit
def _united(nodes: NDArray[np.int32], a: int, b: int) -> int:
    """Hang the smaller of two trees under the other; its root."""
    if nodes[a, 0] > nodes[b, 0]:
        a, b = b, a
    nodes[a, 0] += nodes[b, 0]
    nodes[b, 0] = a
    return a


@jit
def _join(
    edges: NDArray[np.int32],
    weights: NDArray[np.int32],
    height: int,
    width: int,
    scale: float,
    min_size: int,
) -> NDArray[np.int32]:
    """Superpixel of each pixel; overwrites the edges."""
    offsets = (1, width, width + 1, width - 1)
    largest = 2.0**30  # above every weight, and a weight more still fits into 32 bits
    nodes = np.empty((height * width, 2), np.int32)
    nodes[:, 0] = -1
    nodes[:, 1] = int(np.ceil(min(scale, largest)))
    n_refused = 0
    for i in range(len(edges)):
        e = edges[i]
        a = _root(nodes, e >> 2)
        b = _root(nodes, (e >> 2) + offsets[e & 3])
        if a == b:
            continue
        weight = weights[i]
        if weight < nodes[a, 1] and weight < nodes[b, 1]:
            a = _united(nodes, a, b)
            nodes[a, 1] = weight + int(np.ceil(min(-scale / nodes[a, 0], largest)))
        else:
            edges[n_refused] = e
            n_refused += 1
    for i in range(n_refused):
        e = edges[i]
        a = _root(nodes, e >> 2)
        b = _root(nodes, (e >> 2) + offsets[e & 3])
        if a != b and (-nodes[a, 0] < min_size or -nodes[b, 0] < min_size):
            _united(nodes, a, b)
    return _numbered(nodes)


@jit
def _numbered(nodes: NDArray[np.int32]) -> NDArray[np.int32]:
    names = np.full(len(nodes), -1, np.int32)
    labels = np.empty(len(nodes), np.int32)
    n = 0
    for p in range(len(nodes)):
        root = _root(nodes, p)
        if names[root] < 0:
            names[root] = n
            n += 1
        labels[p] = names[root]
    return labels
