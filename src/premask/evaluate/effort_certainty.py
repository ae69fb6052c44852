"""How sure a saving is: bootstrap intervals and paired tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from premask.core.errors import PremaskError
from premask.evaluate.effort import Effort, ImageMinutes

Floats = NDArray[np.float64]

_EXACT = 14  # images up to which all 2**n signs are tried
_CHUNK = 1_000  # resamples at a time, to bound the memory


@dataclass(frozen=True)
class Interval:
    """A percentile interval; NaN where a type has fewer than two images."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """From low to high."""
        return self.high - self.low


@dataclass(frozen=True)
class TypeIntervals:
    """Intervals of a row of Table 7: medians in min, the saving by medians as a fraction."""

    type: str
    scratch: Interval
    preannotated: Interval
    saving: Interval


@dataclass(frozen=True)
class Intervals:
    """Bootstrap intervals of Table 7; savings are fractions."""

    types: tuple[TypeIntervals, ...]
    saving_by_hours: Interval
    saving_mean_of_types: Interval
    level: float
    resamples: int
    seed: int


@dataclass(frozen=True)
class PairedTest:
    """Whether the minutes of the two strategies differ; both tests are two-sided.

    Attributes
    ----------
    images : int
        Pairs, one an image.
    median_difference : float
        Of the pairs, from scratch minus pre-annotated, min.
    wilcoxon_p : float
        Wilcoxon's signed-rank test; pairs without a difference are dropped.
    permutation_p : float
        Sign-flip test on the mean difference; all signs up to 14 images, else drawn.
    """

    images: int
    median_difference: float
    wilcoxon_p: float
    permutation_p: float


def intervals(
    effort: Effort, *, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Intervals:
    """Percentile bootstrap: images are drawn within their type, both strategies of one together.

    The interval tells what other images of these types would have given these annotators; that
    other people differ it does not know.

    Parameters
    ----------
    effort : Effort
        From :func:`premask.evaluate.effort.effort`.
    level : float
        Coverage, between 0 and 1.
    resamples : int
        How often images are drawn.
    seed : int
        Of the draws.

    Raises
    ------
    PremaskError
        If the level or the number of resamples is out of range.
    """
    if not 0 < level < 1:
        raise PremaskError(f"the level is {level}; more than 0 and less than 1 is accepted")
    if not 100 <= resamples <= 1_000_000:
        raise PremaskError(f"{resamples} resamples; 100 to 1000000 are accepted")
    medians, sums = _resampled(effort, resamples, np.random.default_rng(seed))
    if not medians:
        nothing = Interval(math.nan, math.nan)
        return Intervals((), nothing, nothing, level, resamples, seed)
    few = [row.images < 2 for row in effort.types]
    types = tuple(
        TypeIntervals(
            row.type,
            _interval(median[:, 0], level, one),
            _interval(median[:, 1], level, one),
            _interval(_savings(median), level, one),
        )
        for row, median, one in zip(effort.types, medians, few, strict=True)
    )
    hours = _savings(np.sum(sums, axis=0))
    mean = np.mean([_savings(median) for median in medians], axis=0)
    alone = all(few)
    return Intervals(
        types,
        _interval(hours, level, alone),
        _interval(mean, level, alone),
        level,
        resamples,
        seed,
    )


def paired_test(
    images: Sequence[ImageMinutes], *, resamples: int = 10_000, seed: int = 0
) -> PairedTest:
    """Compare the strategies image by image (``Effort.images``, or those of one type).

    Parameters
    ----------
    images : sequence of ImageMinutes
        The pairs.
    resamples : int
        Signs drawn by the permutation test where there are too many to try all.
    seed : int
        Of the draws.

    Returns
    -------
    test : PairedTest
        NaN without images; p is 1 where no pair differs.
    """
    pairs = _pairs(sorted(images, key=lambda one: (one.type, one.image)))
    differences = pairs[:, 0] - pairs[:, 1]
    if not len(differences):
        return PairedTest(0, math.nan, math.nan, math.nan)
    wilcoxon = 1.0
    if differences.any():
        wilcoxon = float(stats.wilcoxon(differences).pvalue)
    return PairedTest(
        len(differences),
        float(np.median(differences)),
        wilcoxon,
        _permutation(differences, resamples, seed),
    )


def _permutation(differences: Floats, resamples: int, seed: int) -> float:
    """Share of sign patterns whose mean is as far from 0 as the one observed."""
    n = len(differences)
    observed = abs(differences.sum())
    # Sums of the same numbers in another order differ in the last bits.
    reached = observed - 1e-9 * np.abs(differences).sum()
    if n <= _EXACT:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return float(np.mean(np.abs((2 * bits - 1) @ differences) >= reached))
    rng = np.random.default_rng(seed)
    hits = sum(
        int((np.abs(rng.choice([-1.0, 1.0], (k, n)) @ differences) >= reached).sum())
        for k in _chunks(resamples)
    )
    # The pattern observed is one of those possible: p is never 0.
    return (hits + 1) / (resamples + 1)


def _pairs(images: Sequence[ImageMinutes]) -> Floats:
    """(N, 2): from scratch, pre-annotated."""
    return np.array([(one.scratch, one.preannotated) for one in images], float).reshape(-1, 2)


def _resampled(
    effort: Effort, resamples: int, rng: np.random.Generator
) -> tuple[list[Floats], list[Floats]]:
    """Of each type the medians and the sums of both strategies, (resamples, 2), min."""
    medians, sums = [], []
    for row in effort.types:
        pairs = _pairs([one for one in effort.images if one.type == row.type])
        drawn = [_draw(pairs, rng, n) for n in _chunks(resamples)]
        medians.append(np.concatenate([np.median(one, axis=1) for one in drawn]))
        sums.append(np.concatenate([one.sum(axis=1) for one in drawn]))
    return medians, sums


def _draw(pairs: Floats, rng: np.random.Generator, n: int) -> Floats:
    drawn: Floats = pairs[rng.integers(0, len(pairs), (n, len(pairs)))]
    return drawn


def _chunks(n: int) -> list[int]:
    return [min(_CHUNK, n - i) for i in range(0, n, _CHUNK)]


def _savings(minutes: Floats) -> Floats:
    scratch = minutes[:, 0]
    share = np.divide(minutes[:, 1], scratch, out=np.full(len(scratch), np.nan), where=scratch > 0)
    saved: Floats = 1 - share
    return saved


def _interval(values: Floats, level: float, undefined: bool) -> Interval:
    if undefined or np.isnan(values).any():
        return Interval(math.nan, math.nan)
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))
