"""Feret diameters: the largest and the smallest width of a particle's convex hull."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from premask.jit import jit

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@jit
def feret(components: NDArray[np.int32], boxes: Ints) -> Floats:
    """Largest and smallest Feret diameter of each component, px.

    A pixel is a square of side 1, and the hull is that of the squares' corners: n pixels in
    a row measure n by 1, and the diagonal of a square of n pixels is ``n * sqrt(2)``.

    Parameters
    ----------
    components : ndarray of int32, shape (H, W)
        0 to n - 1.
    boxes : ndarray of int64, shape (n, 4)
        First and last row, first and last column of each.

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Caliper widths are largest between two corners of the hull, and smallest square to
        one of its sides, so that both are exact.
    """
    n = len(boxes)
    start = np.zeros(n + 1, np.int64)
    for i in range(n):
        start[i + 1] = start[i] + boxes[i, 1] - boxes[i, 0] + 1
    spans = _row_spans(components, boxes, start)
    tallest = 0
    for i in range(n):
        tallest = max(tallest, start[i + 1] - start[i])
    hull = np.empty((4 * tallest + 4, 2), np.int64)
    found = np.empty((n, 2), np.float64)
    for i in range(n):
        size = _hull(spans[start[i] : start[i + 1]], hull)
        found[i, 0] = _largest(hull, size)
        found[i, 1] = _smallest(hull, size)
    return found


@jit
def _row_spans(components: NDArray[np.int32], boxes: Ints, start: Ints) -> Ints:
    """First column and one past the last one of each component in each of its rows."""
    height, width = components.shape
    spans = np.empty((start[-1], 2), np.int64)
    spans[:, 0] = width
    spans[:, 1] = 0
    for y in range(height):
        for x in range(width):
            i = components[y, x]
            if x > 0 and components[y, x - 1] == i and x + 1 < width and components[y, x + 1] == i:
                continue  # inside a run
            row = start[i] + y - boxes[i, 0]
            spans[row, 0] = min(spans[row, 0], x)
            spans[row, 1] = max(spans[row, 1], x + 1)
    return spans


@jit
def _hull(spans: Ints, hull: Ints) -> int:
    """Corners of the convex hull, in order around it; how many there are.

    Rows without a pixel cannot be, as a component is connected. The left side is walked
    downwards, the right side upwards (monotone chains, in whole numbers).
    """
    size = 0
    base = 0
    for side in range(2):
        base = size
        for k in range(2 * len(spans)):
            row = k // 2 if side == 0 else len(spans) - 1 - k // 2
            y = row + k % 2 if side == 0 else row + 1 - k % 2
            x = spans[row, side]
            while size - base >= 2:
                ax, ay = hull[size - 2, 0], hull[size - 2, 1]
                bx, by = hull[size - 1, 0], hull[size - 1, 1]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0:
                    size -= 1
                else:
                    break
            hull[size, 0] = x
            hull[size, 1] = y
            size += 1
    return size


@jit
def _largest(hull: Ints, size: int) -> float:
    largest = np.int64(0)
    for i in range(size):
        for j in range(i):
            dx = hull[i, 0] - hull[j, 0]
            dy = hull[i, 1] - hull[j, 1]
            largest = max(largest, dx * dx + dy * dy)
    return float(np.sqrt(float(largest)))


@jit
def _smallest(hull: Ints, size: int) -> float:
    smallest = np.inf
    for i in range(size):
        j = (i + 1) % size
        ax, ay = hull[i, 0], hull[i, 1]
        dx, dy = hull[j, 0] - ax, hull[j, 1] - ay
        farthest = np.int64(0)
        for k in range(size):
            farthest = max(farthest, abs(dx * (hull[k, 1] - ay) - dy * (hull[k, 0] - ax)))
        smallest = min(smallest, float(farthest) / np.sqrt(float(dx * dx + dy * dy)))
    return float(smallest)
