from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from premask.core.errors import PremaskError
from premask.preannotators.one_dimensional import (
    cluster_positions,
    level_counts,
    look_up,
    optimal_thresholds,
    threshold_table,
)


def gain(counts: NDArray[np.int64], thresholds: list[int]) -> Fraction:
    """Sum over the classes of moment squared by mass, in exact fractions."""
    total, start = Fraction(0), 0
    for end in [*(t + 1 for t in thresholds), len(counts)]:
        mass = sum(int(c) for c in counts[start:end])
        moment = sum(level * int(counts[level]) for level in range(start, end))
        total += Fraction(moment**2, mass) if mass else 0
        start = end
    return total


def exhaustive(counts: NDArray[np.int64], n_classes: int) -> list[int]:
    """Every division; max() keeps the first of equals, the lowest thresholds."""
    levels = np.flatnonzero(counts).tolist()
    divisions = itertools.combinations(levels[:-1], n_classes - 1)
    return list(max(divisions, key=lambda thresholds: gain(counts, list(thresholds))))


@settings(max_examples=300, deadline=None)
@given(
    counts=st.lists(st.integers(0, 4), min_size=2, max_size=11),
    mirrored=st.booleans(),
    n_classes=st.integers(2, 5),
)
def test_equals_the_exhaustive_search_ties_included(
    counts: list[int], mirrored: bool, n_classes: int
) -> None:
    # small counts and symmetric histograms are full of equally good divisions
    histogram = np.array((counts[:6] + counts[:6][::-1]) if mirrored else counts, np.int64)
    if np.count_nonzero(histogram) < n_classes:
        with pytest.raises(PremaskError, match="distinct grey levels"):
            optimal_thresholds(histogram, n_classes)
        return
    found = optimal_thresholds(histogram, n_classes).tolist()
    assert found == exhaustive(histogram, n_classes)


def test_ties_go_to_the_lowest_thresholds() -> None:
    assert optimal_thresholds(np.array([1, 1, 1]), 2).tolist() == [0]
    assert optimal_thresholds(np.array([7, 7, 7, 7, 7]), 3).tolist() == [0, 2]
    assert optimal_thresholds(np.array([4, 0, 0, 0, 4]), 2).tolist() == [0]


def test_large_counts_at_high_levels_lose_nothing() -> None:
    counts = np.zeros(65536, np.int64)
    # One pixel of 120 million decides: the sums differ by 1/4 of 5e17.
    counts[65500:65503] = 40_000_000, 40_000_000, 40_000_001
    assert optimal_thresholds(counts, 2).tolist() == exhaustive(counts, 2) == [65501]
    counts[65500:65503] = 40_000_001, 40_000_000, 40_000_000
    assert optimal_thresholds(counts, 2).tolist() == exhaustive(counts, 2) == [65500]


@pytest.mark.parametrize("n_classes", [2, 3, 5, 12, 64])
def test_no_neighbouring_division_is_better_on_16_bits(n_classes: int) -> None:
    rng = np.random.default_rng(n_classes)
    counts = np.bincount(rng.normal(30000, 6000, 20000).astype(np.int64), minlength=65536)
    thresholds = optimal_thresholds(counts, n_classes)
    assert np.all(np.diff(thresholds) > 0)
    mass = np.concatenate([[0], np.cumsum(counts)])
    moment = np.concatenate([[0], np.cumsum(counts * np.arange(65536))])

    def term(low: int, high: int) -> Fraction:
        n, m = int(mass[high] - mass[low]), int(moment[high] - moment[low])
        return Fraction(m * m, n) if n else Fraction(0)

    ends = [0, *(int(t) + 1 for t in thresholds), 65536]
    for low, middle, high in zip(ends, ends[1:], ends[2:], strict=False):
        here = term(low, middle) + term(middle, high)
        for other in (middle - 40, middle - 1, middle + 1, middle + 40):
            if low < other < high:
                assert term(low, other) + term(other, high) <= here


def test_as_many_classes_as_levels_give_each_its_own() -> None:
    assert optimal_thresholds(np.array([3, 0, 1, 0, 9, 2]), 4).tolist() == [0, 2, 4]


def test_too_few_levels_say_how_many_there_are() -> None:
    with pytest.raises(PremaskError, match=r"2 distinct grey levels.*at most 2"):
        optimal_thresholds(np.array([0, 5, 0, 1]), 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_counting_and_looking_up_equal_numpy(dtype: type[np.uint8 | np.uint16]) -> None:
    rng = np.random.default_rng(0)
    n = np.iinfo(dtype).max + 1
    levels = rng.integers(0, n, (37, 41)).astype(dtype)[:, ::2]  # not contiguous
    table = rng.integers(0, 64, n).astype(np.uint8)
    np.testing.assert_array_equal(level_counts(levels), np.bincount(levels.ravel(), minlength=n))
    np.testing.assert_array_equal(look_up(table, levels), table[levels])


@settings(max_examples=150, deadline=None)
@given(
    points=st.lists(st.tuples(st.integers(-20, 20), st.integers(1, 6)), min_size=1, max_size=10),
    n_classes=st.integers(1, 4),
)
def test_positions_equal_the_exhaustive_search(
    points: list[tuple[int, int]], n_classes: int
) -> None:
    positions, weights = (np.array(column) for column in zip(*points, strict=True))
    labels = cluster_positions(positions / 3, weights, n_classes)
    counts = np.bincount(positions + 20, weights=weights, minlength=41).astype(np.int64)
    levels = np.flatnonzero(counts)
    if len(levels) <= n_classes:
        np.testing.assert_array_equal(labels, np.searchsorted(levels, positions + 20))
    elif n_classes == 1:
        assert not labels.any()
    else:
        table = threshold_table(np.array(exhaustive(counts, n_classes)), 41)
        np.testing.assert_array_equal(labels, table[positions + 20])


def test_positions_are_never_worse_than_scipy_k_means() -> None:
    rng = np.random.default_rng(7)
    positions = rng.gamma(2, 20, 500)

    def inertia(labels: NDArray[np.int64]) -> float:
        return sum(
            float(((positions[labels == c] - positions[labels == c].mean()) ** 2).sum())
            for c in np.unique(labels)
        )

    ours = inertia(cluster_positions(positions, np.ones(500), 6))
    for seed in range(5):
        _, labels = kmeans2(positions[:, None], 6, minit="++", rng=seed)
        assert ours <= inertia(labels) * (1 + 1e-12)
