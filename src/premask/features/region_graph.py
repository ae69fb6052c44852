"""Which superpixels touch, along how many pixels, and across what step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.features.jit import jit


@dataclass(frozen=True)
class RegionGraph:
    """The neighbours of each superpixel, both ways round, sorted.

    Attributes
    ----------
    starts : ndarray of int64, shape (n + 1,)
        The neighbours of superpixel i stand at ``starts[i]:starts[i + 1]``.
    neighbours : ndarray of int64, shape (m,)
    border : ndarray of float64, shape (m,)
        Pairs of 4-neighbouring pixels that the two share.
    contrast : ndarray of float64, shape (m,)
        Mean absolute step of the grey level over those pairs.
    """

    starts: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    border: NDArray[np.float64]
    contrast: NDArray[np.float64]

    @property
    def sources(self) -> NDArray[np.int64]:
        """The superpixel on the near side of each entry of ``neighbours``."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


def region_graph(labels: NDArray[np.int32], view: NDArray[np.float32]) -> RegionGraph:
    """Collect the borders between superpixels.

    Parameters
    ----------
    labels : ndarray of int, shape (H, W)
        0 to n - 1, every one of them present.
    view : ndarray of float, shape (H, W)
        Grey levels for the contrast.

    Raises
    ------
    PremaskError
        Where the shapes differ.

    Examples
    --------
    >>> import numpy as np
    >>> graph = region_graph(
    ...     np.array([[0, 0, 1], [0, 0, 2]], np.int32),
    ...     np.array([[0, 0, 5], [0, 0, 9]], np.float32),
    ... )
    >>> graph.neighbours.tolist(), graph.border.tolist(), graph.contrast.tolist()
    ([1, 2, 0, 2, 0, 1], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [5.0, 9.0, 5.0, 4.0, 9.0, 4.0])
    """
    if labels.ndim != 2 or labels.shape != view.shape:
        raise PremaskError(
            f"labels of shape {labels.shape} and a view of shape {view.shape} do not fit;"
            " both must be (H, W)"
        )
    n = int(labels.max()) + 1
    keys, steps = _borders(labels.astype(np.int32), view.astype(np.float32), n)
    pairs, place, border = np.unique(keys, return_inverse=True, return_counts=True)
    contrast = np.bincount(place, weights=steps, minlength=len(pairs)) / border
    low, high = pairs // n, pairs % n
    source = np.concatenate([low, high])
    target = np.concatenate([high, low])
    order = np.lexsort((target, source))
    starts = np.searchsorted(source[order], np.arange(n + 1))
    twice = np.concatenate([np.arange(len(pairs))] * 2)[order]
    return RegionGraph(
        starts.astype(np.int64), target[order], border[twice].astype(np.float64), contrast[twice]
    )


@jit
def _borders(
    labels: NDArray[np.int32], view: NDArray[np.float32], n: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Each pair of 4-neighbours with different labels: low * n + high, and the step."""
    height, width = labels.shape
    keys = np.empty(2 * height * width, np.int64)
    steps = np.empty(2 * height * width, np.float32)
    count = 0
    for y in range(height):
        for x in range(width):
            for d in range(2):
                y2 = y + d
                x2 = x + 1 - d
                if y2 == height or x2 == width or labels[y, x] == labels[y2, x2]:
                    continue
                a = np.int64(labels[y, x])
                b = np.int64(labels[y2, x2])
                keys[count] = min(a, b) * n + max(a, b)
                steps[count] = abs(view[y, x] - view[y2, x2])
                count += 1
    return keys[:count].copy(), steps[:count].copy()
