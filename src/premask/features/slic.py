"""SLIC superpixels: k-means of colour and position in small windows.

R. Achanta et al., SLIC superpixels compared to state-of-the-art superpixel methods, IEEE
Transactions on Pattern Analysis and Machine Intelligence 34, 2012.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import Image, window
from premask.jit import jit

ROUNDS = 10
SMALLEST_SHARE = 0.5
"""Pieces below this share of the mean area join a neighbour."""


def slic(image: Image, *, n_segments: int = 1000, compactness: float = 10.0) -> NDArray[np.int32]:
    """Divide a micrograph into superpixels of nearly equal size.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
        Colours are compared in CIELAB, grey levels from 0 to 1, as in scikit-image.
    n_segments : int
        About how many.
    compactness : float
        Weight of the position against the colour; 100 gives nearly squares.

    Returns
    -------
    ndarray of int32, shape (H, W)
        4-connected superpixels 0 to n - 1 in reading order.

    Raises
    ------
    PremaskError
        For a number or compactness that is not positive.
    """
    if n_segments < 1:
        raise PremaskError(f"n_segments is {n_segments}; 1 or more is accepted, e.g. 1000")
    if not (np.isfinite(compactness) and compactness > 0):
        raise PremaskError(f"compactness is {compactness}; above 0 is accepted, e.g. 10")
    colours = _colours(image) / np.float32(compactness)
    height, width = colours.shape[:2]
    centres, step = _grid(height, width, n_segments)
    labels = _cluster(np.ascontiguousarray(colours), centres, step, ROUNDS)
    smallest = int(SMALLEST_SHARE * height * width / len(centres))
    return _connected(labels, smallest)


def _colours(image: Image) -> NDArray[np.float32]:
    view = window(image).astype(np.float32)
    low, high = float(view.min()), float(view.max())
    unit: NDArray[np.float32] = (view - low) / np.float32(max(high - low, 1.0))
    if unit.ndim == 2:
        return unit[..., np.newaxis]
    return np.asarray(cv2.cvtColor(unit, cv2.COLOR_RGB2Lab), np.float32)


def _grid(height: int, width: int, n_segments: int) -> tuple[NDArray[np.float64], int]:
    """Centres on a square grid and its step, as scikit-image lays them."""
    side = max(float(np.sqrt(height * width / n_segments)), 1.0)
    start, step = int(side // 2), round(side)
    rows, columns = np.arange(start, height, step), np.arange(start, width, step)
    grid = np.meshgrid(rows, columns, indexing="ij")
    return np.stack([axis.ravel() for axis in grid], axis=1).astype(np.float64), step


@jit
def _cluster(
    colours: NDArray[np.float32], centres: NDArray[np.float64], step: int, rounds: int
) -> NDArray[np.int32]:
    """Lloyd's rounds; a centre looks no further than two steps."""
    height, width, n_colours = colours.shape
    n = len(centres)
    places = centres.copy()
    means = np.zeros((n, n_colours))
    labels = np.zeros((height, width), np.int32)
    nearest = np.empty((height, width))
    reach = 2 * step
    for iteration in range(rounds):
        nearest[:] = np.inf
        for k in range(n):
            cy, cx = places[k, 0], places[k, 1]
            for y in range(max(int(cy - reach), 0), min(int(cy + reach) + 2, height)):
                for x in range(max(int(cx - reach), 0), min(int(cx + reach) + 2, width)):
                    distance = ((y - cy) ** 2 + (x - cx) ** 2) / step**2
                    # The first round only divides the plane: there are no colours yet.
                    for c in range(n_colours if iteration else 0):
                        distance += (colours[y, x, c] - means[k, c]) ** 2
                    if distance < nearest[y, x]:
                        nearest[y, x] = distance
                        labels[y, x] = k
        sums = np.zeros((n, 2 + n_colours))
        counts = np.zeros(n)
        for y in range(height):
            for x in range(width):
                k = labels[y, x]
                counts[k] += 1
                sums[k, 0] += y
                sums[k, 1] += x
                for c in range(n_colours):
                    sums[k, 2 + c] += colours[y, x, c]
        for k in range(n):
            if counts[k] > 0:
                places[k] = sums[k, :2] / counts[k]
                means[k] = sums[k, 2:] / counts[k]
    return labels


@jit
def _connected(labels: NDArray[np.int32], smallest: int) -> NDArray[np.int32]:
    """4-connected pieces; one under ``smallest`` px joins the piece found before it."""
    height, width = labels.shape
    pieces = np.full((height, width), -1, np.int32)
    found = np.empty((height * width, 2), np.int32)
    n = 0
    for y0 in range(height):
        for x0 in range(width):
            if pieces[y0, x0] >= 0:
                continue
            pieces[y0, x0] = n
            found[0, 0], found[0, 1] = y0, x0
            size, at, before = 1, 0, -1
            while at < size:
                y, x = found[at, 0], found[at, 1]
                at += 1
                for dy, dx in ((-1, 0), (0, -1), (0, 1), (1, 0)):
                    v, u = y + dy, x + dx
                    if not (0 <= v < height and 0 <= u < width):
                        continue
                    if pieces[v, u] < 0 and labels[v, u] == labels[y, x]:
                        pieces[v, u] = n
                        found[size, 0], found[size, 1] = v, u
                        size += 1
                    elif 0 <= pieces[v, u] < n:
                        before = pieces[v, u]
            if size < smallest and before >= 0:
                for i in range(size):
                    pieces[found[i, 0], found[i, 1]] = before
            else:
                n += 1
    return pieces
