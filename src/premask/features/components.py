"""Connected components of equal label, of all labels at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from premask.jit import jit


def connected(
    labels: NDArray[np.uint8], *, diagonal: bool = False
) -> tuple[NDArray[np.int32], int]:
    """Number the connected components of a label map.

    Parameters
    ----------
    labels : ndarray of uint8, shape (H, W)
        Every value counts as a label of its own, 255 too.
    diagonal : bool
        Whether pixels that touch at a corner are connected (8 neighbours instead of 4).

    Returns
    -------
    components : ndarray of int32, shape (H, W)
        0 to n - 1, in reading order of their first pixels.
    n : int

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.array([[1, 0], [0, 1]], np.uint8)
    >>> connected(steps)[1], connected(steps, diagonal=True)[1]
    (4, 2)
    """
    return _connected(np.ascontiguousarray(labels), diagonal)


@jit
def _connected(labels: NDArray[np.uint8], diagonal: bool) -> tuple[NDArray[np.int32], int]:
    """Two passes with union by the lower index, so that roots come first in reading order."""
    height, width = labels.shape
    parent = np.empty(height * width, np.int32)
    components = np.empty((height, width), np.int32)
    for y in range(height):
        for x in range(width):
            p = y * width + x
            parent[p] = p
            label = labels[y, x]
            if x > 0 and label == labels[y, x - 1]:
                parent[p] = parent[p - 1]
            if y == 0:
                continue
            if label == labels[y - 1, x]:
                _join(parent, p, p - width)
            elif diagonal:  # the pixel above, where equal, is joined to both of these already
                if x > 0 and label == labels[y - 1, x - 1]:
                    _join(parent, p, p - width - 1)
                if x + 1 < width and label == labels[y - 1, x + 1]:
                    _join(parent, p, p - width + 1)
    n = 0
    for p in range(height * width):
        if parent[p] == p:
            components[p // width, p % width] = n
            n += 1
        else:  # its parent stands before it and has its number already
            q = parent[p]
            components[p // width, p % width] = components[q // width, q % width]
    return components, n


@jit
def _join(parent: NDArray[np.int32], p: int, other: int) -> None:
    """Give a pixel's set and that of an earlier pixel one root."""
    a = np.int64(parent[p])
    b = np.int64(other)
    while parent[a] != a:
        a = np.int64(parent[a])
    while parent[b] != b:
        parent[b] = parent[parent[b]]
        b = np.int64(parent[b])
    parent[max(a, b)] = min(a, b)
    parent[p] = min(a, b)
