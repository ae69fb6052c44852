"""Exact clustering of numbers on a line: the optimum of multi-Otsu and of grey k-means.

Clusters of least variance are intervals, so that a dynamic programme over their ends finds
the best of all divisions. Multi-Otsu's criterion (N. Otsu, IEEE Trans. Syst. Man Cybern. 9,
1979), most variance between the classes, is least variance within them: the same division.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import Image
from premask.jit import jit


def optimal_thresholds(counts: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """Grey levels that divide a histogram into classes of least total variance.

    Parameters
    ----------
    counts : ndarray of int64, shape (n_levels,)
        Pixels of each grey level.
    n_classes : int
        At least 2.

    Returns
    -------
    ndarray of int64, shape (n_classes - 1,)
        The highest level of each class but the last: a pixel belongs to the first class
        whose threshold it does not exceed. Of equally good divisions the one with the
        lowest first threshold, then the lowest second, and so on; so a threshold is
        always a level that occurs.

    Raises
    ------
    PremaskError
        If fewer levels occur than classes are asked for.

    Examples
    --------
    >>> optimal_thresholds(np.array([5, 5, 0, 0, 3, 3, 0, 9]), 3)
    array([1, 5])
    """
    levels = np.flatnonzero(counts)
    if len(levels) < n_classes:
        raise PremaskError(
            f"the image has {len(levels)} distinct grey levels, too few for {n_classes} classes;"
            f" ask for at most {len(levels)}"
        )
    weights = counts[levels].astype(np.int64)
    # Whole numbers, counted from the mean: sums are exact, and what is lost in the division
    # below is lost from the variance, not from the far larger square of the mean.
    centre = int(np.dot(levels, weights)) // int(weights.sum())
    mass = np.concatenate([[0], np.cumsum(weights)]).astype(np.float64)
    moment = np.concatenate([[0], np.cumsum(weights * (levels - centre))]).astype(np.float64)
    spread = float(np.dot(weights.astype(np.float64), (levels - centre).astype(np.float64) ** 2))
    ends = _partition(mass, moment, n_classes, _tie(spread, n_classes))
    return levels[ends - 1].astype(np.int64)


def level_counts(levels: Image) -> NDArray[np.int64]:
    """Pixels of each grey level: 256 of them for 8 bit, 65,536 for 16 bit."""
    counts = np.zeros((4, 256 if levels.dtype == np.uint8 else 65536), np.int64)
    _count(levels.ravel(), counts)
    total: NDArray[np.int64] = counts.sum(axis=0)
    return total


def look_up(table: NDArray[np.uint8], levels: Image) -> NDArray[np.uint8]:
    """The class of every pixel from the class of its grey level."""
    classes = np.empty(levels.shape, np.uint8)
    _look_up(table, levels.ravel(), classes.ravel())
    return classes


def threshold_table(thresholds: NDArray[np.int64], n_levels: int) -> NDArray[np.uint8]:
    """The class of every grey level, for a look-up.

    Examples
    --------
    >>> threshold_table(np.array([1, 4]), 6)
    array([0, 0, 1, 1, 1, 2], dtype=uint8)
    """
    return np.searchsorted(thresholds, np.arange(n_levels)).astype(np.uint8)


def cluster_positions(
    positions: ArrayLike, weights: ArrayLike, n_classes: int
) -> NDArray[np.int64]:
    """Exact weighted k-means of numbers, e.g. of the regions' mean grey levels by area.

    Parameters
    ----------
    positions, weights : array_like of shape (n,)
        Finite numbers; weights above zero.
    n_classes : int
        At least 1.

    Returns
    -------
    ndarray of int64, shape (n,)
        Classes from 0 (lowest positions); fewer than ``n_classes`` where there are fewer
        distinct positions.

    Examples
    --------
    >>> cluster_positions([0.0, 9.0, 1.0, 10.0], [1, 1, 1, 5], 2)
    array([0, 1, 0, 1])
    """
    distinct, inverse = np.unique(np.asarray(positions, np.float64), return_inverse=True)
    summed = np.bincount(inverse, weights=np.asarray(weights, np.float64))
    if len(distinct) <= n_classes:
        return inverse.astype(np.int64)
    centred = distinct - np.average(distinct, weights=summed)
    mass = np.concatenate([[0.0], np.cumsum(summed)])
    moment = np.concatenate([[0.0], np.cumsum(summed * centred)])
    spread = float(np.dot(summed, centred**2))
    ends = _partition(mass, moment, n_classes, _tie(spread, n_classes))
    return np.searchsorted(ends, np.arange(len(distinct)), side="right")[inverse].astype(np.int64)


@jit
def _count(levels: NDArray[Any], counts: NDArray[np.int64]) -> None:
    # Four histograms in turn: neighbouring pixels are alike, and the next count of the
    # same level would have to wait for the last one.
    for i in range(len(levels)):
        counts[i & 3, levels[i]] += 1


@jit
def _look_up(table: NDArray[np.uint8], levels: NDArray[Any], classes: NDArray[np.uint8]) -> None:
    for i in range(len(levels)):
        classes[i] = table[levels[i]]


def _tie(spread: float, n_classes: int) -> float:
    """What rounding can add to or take from two sums of ``n_classes`` terms within ``spread``."""
    return spread * (n_classes + 4) * 2.0**-51


@jit
def _term(mass: NDArray[np.float64], moment: NDArray[np.float64], i: int, j: int) -> float:
    total = moment[j] - moment[i]
    return float(total * total / (mass[j] - mass[i]))


@jit
def _best_end(
    mass: NDArray[np.float64],
    moment: NDArray[np.float64],
    rest: NDArray[np.float64],
    start: int,
    bounds: tuple[int, int],
    tie: float,
) -> tuple[int, float]:
    """Where the class that begins at ``start`` best ends, and what it and the rest give."""
    end = bounds[0]
    first = _term(mass, moment, start, end) + rest[end]
    best = first
    for i in range(bounds[0] + 1, bounds[1] + 1):
        value = _term(mass, moment, start, i) + rest[i]
        if value > first + tie:
            end = i
            first = value
        best = max(best, value)
    return end, best


@jit
def _partition(
    mass: NDArray[np.float64], moment: NDArray[np.float64], k: int, tie: float
) -> NDArray[np.int64]:
    """Ends (exclusive) of the first k - 1 of the k intervals of most variance between them.

    ``mass`` and ``moment`` are running sums of weights and weighted positions. The best end
    of a class never moves down when its start moves up, so that each start has only to
    look between the ends of two neighbours that are already known: m log m steps a class.
    """
    m = len(mass) - 1
    rest = np.empty(m + 1)
    for j in range(m):
        rest[j] = _term(mass, moment, j, m)
    ends = np.empty((k + 1, m), np.int32)
    now = np.empty(m + 1)
    for c in range(2, k):
        last = m - c + 1
        step = 1
        while 2 * step <= last:
            step *= 2
        while step > 0:
            for j in range(step - 1, last, 2 * step):
                low = j + 1 if j < step else max(j + 1, ends[c, j - step])
                high = last if j + step >= last else ends[c, j + step]
                ends[c, j], now[j] = _best_end(mass, moment, rest, j, (low, high), tie)
            step //= 2
        rest[:] = now
    found = np.empty(k - 1, np.int64)
    start = 0
    for c in range(k, 1, -1):
        if c == k:
            start, _ = _best_end(mass, moment, rest, 0, (1, m - k + 1), tie)
        else:
            start = ends[c, start]
        found[k - c] = start
    return found
