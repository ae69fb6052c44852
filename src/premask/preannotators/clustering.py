"""Weighted k-means: clusters of regions or colours that stand for many pixels each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError
from premask.jit import jit

MAX_ROUNDS = 300
MAX_SAMPLE = 30_000
N_FINALISTS = 3
STILL = 1e-5
"""Centres that together move less than this share of the variance end a start."""
SAME = 1e-4
"""Starts whose inertias differ by less have met in one optimum."""


@dataclass(frozen=True)
class Clusters:
    """What k-means found.

    Attributes
    ----------
    labels : ndarray of int64, shape (n,)
        The nearest centre of each point, 0 to k - 1; the lowest of equally near ones.
    centres : ndarray of float64, shape (k, d)
        Fewer than asked for where there are fewer distinct points.
    inertia : float
        Weighted sum of the squared distances to the nearest centre.
    """

    labels: NDArray[np.int64]
    centres: NDArray[np.float64]
    inertia: float


def weighted_kmeans(
    features: ArrayLike, weights: ArrayLike, k: int, *, seed: int = 0, n_init: int = 10
) -> Clusters:
    """Cluster weighted points: Lloyd's rounds from several k-means++ starts.

    Every start runs until its centres hardly move; the best then runs until no point
    changes its cluster. Among more than 30,000 points the starts run on 30,000 drawn by
    weight, and only the best three different ends of them on all.

    A point of weight w counts as w equal points, so that clustering the distinct colours
    of an image by their counts is the same as clustering all of its pixels.

    Parameters
    ----------
    features : array_like of shape (n, d)
        Finite numbers; scale them beforehand so that distances mean something.
    weights : array_like of shape (n,)
        Zero or more, not all zero; e.g. areas in px.
    k : int
        Clusters asked for, at least 1.
    seed : int
        Same points, weights and seed: same clusters.
    n_init : int
        Starts. Each seeding draws several candidates for each centre and takes the one
        that helps most (greedy k-means++, as in scikit-learn).

    Raises
    ------
    PremaskError
        For no points, other shapes, or weights that are negative or all zero.

    Examples
    --------
    >>> found = weighted_kmeans([[0.0], [1.0], [9.0]], [1, 1, 2], 2)
    >>> sorted(found.centres[:, 0].tolist()), found.inertia
    ([0.5, 9.0], 0.5)
    """
    points = np.ascontiguousarray(features, dtype=np.float64)
    mass = np.ascontiguousarray(weights, dtype=np.float64)
    _check(points, mass, k, n_init)
    rng = np.random.default_rng(seed)
    starts: list[NDArray[np.float64]] = []
    if len(points) > MAX_SAMPLE:
        share = np.cumsum(mass) / mass.sum()
        drawn = np.searchsorted(share, rng.random(MAX_SAMPLE), side="right")
        chosen, times = np.unique(np.minimum(drawn, len(mass) - 1), return_counts=True)
        starts = _seedings(points[chosen], times.astype(np.float64), k, n_init, rng)
        starts = _settled(points[chosen], times.astype(np.float64), starts)[:N_FINALISTS]
    if not starts or len(starts[0]) < k:  # few points, or the draw missed some rare ones
        starts = _seedings(points, mass, k, n_init, rng)
    best = _settled(points, mass, starts)[0]
    labels, centres, inertia = _lloyd(points, mass, best, MAX_ROUNDS, 0.0)
    return Clusters(labels, centres, float(inertia))


def nearest_centres(features: ArrayLike, centres: ArrayLike) -> NDArray[np.int64]:
    """The nearest centre of each point, the lowest of equally near ones.

    Parameters
    ----------
    features : array_like of shape (n, d)
    centres : array_like of shape (k, d)

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    points = np.ascontiguousarray(features, dtype=np.float64)
    labels = np.full(len(points), -1, np.int64)
    _nearest(points, np.ascontiguousarray(centres, dtype=np.float64), labels)
    return labels


def _check(points: NDArray[np.float64], mass: NDArray[np.float64], k: int, n_init: int) -> None:
    if points.ndim != 2 or mass.shape != points.shape[:1] or points.size == 0:
        raise PremaskError(
            f"features of shape {points.shape} with weights of shape {mass.shape} cannot be"
            " clustered; (n, d) and (n,) are accepted, with n and d at least 1"
        )
    if not (np.isfinite(points).all() and np.isfinite(mass).all()):
        raise PremaskError("features or weights hold NaN or infinite values; fill them first")
    if mass.min() < 0 or mass.max() == 0:
        raise PremaskError(
            f"weights from {mass.min()} to {mass.max()} cannot be used;"
            " zero or more is accepted, at least one above zero"
        )
    if k < 1 or n_init < 1:
        raise PremaskError(f"k is {k} and n_init {n_init}; both must be at least 1")


def _seedings(
    points: NDArray[np.float64],
    mass: NDArray[np.float64],
    k: int,
    n_init: int,
    rng: np.random.Generator,
) -> list[NDArray[np.float64]]:
    n_trials = 2 + int(np.log(k))
    return [_seeded(points, mass, k, rng.random((k, n_trials))) for _ in range(n_init)]


def _settled(
    points: NDArray[np.float64], mass: NDArray[np.float64], starts: list[NDArray[np.float64]]
) -> list[NDArray[np.float64]]:
    """The centres of each start once they hardly move, best first, each optimum once."""
    mean = np.average(points, axis=0, weights=mass)
    still = STILL * float(np.average((points - mean) ** 2, axis=0, weights=mass).sum())
    runs = [_lloyd(points, mass, start, MAX_ROUNDS, still) for start in starts]
    runs.sort(key=lambda run: run[2])
    found: list[NDArray[np.float64]] = []
    last = -np.inf
    for _, centres, inertia in runs:
        if inertia > last * (1 + SAME) or not found:
            found.append(centres)
            last = inertia
    return found


@jit
def _square(points: NDArray[np.float64], i: int, centres: NDArray[np.float64], c: int) -> float:
    total = 0.0
    for j in range(points.shape[1]):
        step = points[i, j] - centres[c, j]
        total += step * step
    return total


@jit
def _seeded(
    points: NDArray[np.float64],
    mass: NDArray[np.float64],
    k: int,
    draws: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Greedy k-means++; fewer than k centres once every point lies on one."""
    n = len(points)
    near = np.full(n, 1.0)
    share = np.empty(n)
    trial = np.empty(n)
    kept = np.empty(n)
    chosen = np.empty(k, np.int64)
    for c in range(k):
        total = 0.0
        for i in range(n):
            total += mass[i] * near[i]
            share[i] = total
        if total <= 0.0:
            return points[chosen[:c]]
        lowest = np.inf
        for t in range(1 if c == 0 else draws.shape[1]):
            # side="right" and the bound keep the draw on a point of positive share
            drawn = np.searchsorted(share, draws[c, t] * total, side="right")
            drawn = min(drawn, np.searchsorted(share, total))
            potential = 0.0
            for i in range(n):
                square = _square(points, i, points, drawn)
                trial[i] = square if c == 0 else min(near[i], square)
                potential += mass[i] * trial[i]
            if potential < lowest:
                lowest = potential
                chosen[c] = drawn
                kept[:] = trial
        near[:] = kept
    return points[chosen]


@jit
def _nearest(
    points: NDArray[np.float64], centres: NDArray[np.float64], labels: NDArray[np.int64]
) -> bool:
    """Assign each point; True if any moved."""
    moved = False
    for i in range(len(points)):
        best = 0
        lowest = _square(points, i, centres, 0)
        for c in range(1, len(centres)):
            square = _square(points, i, centres, c)
            if square < lowest:
                lowest = square
                best = c
        if labels[i] != best:
            labels[i] = best
            moved = True
    return moved


@jit
def _lloyd(
    points: NDArray[np.float64],
    mass: NDArray[np.float64],
    centres: NDArray[np.float64],
    rounds: int,
    still: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64], float]:
    n, d = points.shape
    labels = np.full(n, -1, np.int64)
    sums = np.empty(centres.shape)
    total = np.empty(len(centres))
    for _ in range(rounds):
        if not _nearest(points, centres, labels):
            break
        sums[:] = 0.0
        total[:] = 0.0
        for i in range(n):
            total[labels[i]] += mass[i]
            for j in range(d):
                sums[labels[i], j] += mass[i] * points[i, j]
        shift = 0.0
        for c in range(len(centres)):
            if total[c] > 0.0:
                for j in range(d):
                    new = sums[c, j] / total[c]
                    shift += (new - centres[c, j]) ** 2
                    centres[c, j] = new
            else:  # an empty cluster starts again at the point that costs most
                worst = 0
                cost = -1.0
                for i in range(n):
                    now = mass[i] * _square(points, i, centres, labels[i])
                    if now > cost:
                        cost = now
                        worst = i
                centres[c] = points[worst]
                labels[worst] = c
                shift = np.inf
        if shift <= still:
            break
    _nearest(points, centres, labels)
    inertia = 0.0
    for i in range(n):
        inertia += mass[i] * _square(points, i, centres, labels[i])
    return labels, centres, inertia
