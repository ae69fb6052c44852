"""Names from the images named so far: the same phase, the same name, across a type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.naming.descriptors import RegionDescriptors
from premask.naming.table import NameTable

Floats = NDArray[np.float64]

KERNEL = 0.1  # of the mean squared distance per channel, in variances between prototypes
BALANCE = 0.5  # 0: prototypes of common phases count fully; 1: all phases count equally
SHRINKAGE = 0.5  # of the covariance of the discriminant towards the identity
CONTEXT_FLOOR = 0.05  # variance of context shares that few prototypes cannot show
ROUNDS = 2
SAME = 1e-12


@dataclass(frozen=True)
class _Prototypes:
    """All named regions, stacked: what they look like, phase, area, context of phases."""

    means: Floats
    ranks: Floats
    phase: NDArray[np.intp]
    area: Floats
    context: Floats


def name_by_prototypes(
    named: Sequence[tuple[RegionDescriptors, NameTable]],
    new: RegionDescriptors,
    n_phases: int,
    allowed: Sequence[int] | None = None,
) -> NameTable:
    """Name the regions of an image after the named regions of others.

    Three opinions are averaged: the nearest prototypes by ranks; by ranks and means; and a
    linear discriminant on the ranks. Then the names of a region's surroundings are weighed
    against what surrounds each phase in the named images, as far as that tells phases apart.

    Parameters
    ----------
    named : sequence of (RegionDescriptors, NameTable)
        Images whose regions have names, best of the same type and the same method. Regions
        without a name, or whose phase is not allowed, are no prototypes.
    new : RegionDescriptors
    n_phases : int
    allowed : sequence of int, optional
        Phases that the image's type may show; all by default.

    Returns
    -------
    NameTable
        Every region that the image shows has a name. The margin is the difference between
        the best and the second best phase, 0 to 1. A region that is itself among the
        prototypes keeps its name, with margin 1.

    Raises
    ------
    PremaskError
        If no named region of an allowed phase is there, or a table does not fit.
    """
    prototypes = _collect(named, n_phases, range(n_phases) if allowed is None else allowed)
    shown = np.flatnonzero(new.areas > 0)
    looks = _looks(prototypes, new.means[shown], new.ranks[shown], n_phases)
    context = new.context[np.ix_(shown, shown)]
    probability = _weigh_context(prototypes, looks, context, n_phases)
    for row, region in enumerate(shown):
        twin = (np.abs(prototypes.ranks - new.ranks[region]) < SAME).all(axis=1) & (
            np.abs(prototypes.means - new.means[region]) < SAME
        ).all(axis=1)
        if twin.any():
            # a later naming of the same region stands for what the person thinks now
            probability[row] = np.eye(n_phases)[prototypes.phase[np.flatnonzero(twin)[-1]]]
    names: list[int | None] = [None] * len(new)
    margins = [0.0] * len(new)
    ordered = np.sort(probability, axis=1)
    for row, region in enumerate(shown):
        names[region] = int(probability[row].argmax())
        margins[region] = float(np.clip(ordered[row, -1] - ordered[row, -2], 0, 1))
    return NameTable(tuple(names), tuple(margins), "prototypes")


def _collect(
    named: Sequence[tuple[RegionDescriptors, NameTable]], n_phases: int, allowed: Sequence[int]
) -> _Prototypes:
    parts: list[tuple[Floats, Floats, NDArray[np.intp], Floats, Floats]] = []
    for descriptors, table in named:
        if len(descriptors) != len(table):
            raise PremaskError(
                f"a table of {len(table)} regions was given for an image of"
                f" {len(descriptors)}; each image needs its own table"
            )
        phases = np.array([-1 if name is None else name for name in table.names], np.intp)
        if (phases >= n_phases).any():
            raise PremaskError(
                f"a region is named {phases.max()}, but there are {n_phases} phases;"
                f" 0 to {n_phases - 1} are accepted"
            )
        one_hot = np.eye(n_phases)[phases] * (phases >= 0)[:, None]
        keep = (descriptors.areas > 0) & np.isin(phases, allowed)
        parts.append(
            (
                descriptors.means[keep],
                descriptors.ranks[keep],
                phases[keep],
                descriptors.areas[keep],
                (descriptors.context @ one_hot)[keep],
            )
        )
    if not sum(len(part[2]) for part in parts):
        raise PremaskError(
            "there is no named region to compare with; name the regions of one image of this"
            " type by hand first, as in: premask name PROJECT --image I --method M 0=Alpha"
        )
    means, ranks, phase, area, context = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return _Prototypes(means, ranks, phase, area, context)


def _looks(prototypes: _Prototypes, means: Floats, ranks: Floats, n_phases: int) -> Floats:
    """Probability of each phase for each region, from its own grey levels and texture."""
    by_rank = _distance(prototypes.ranks, ranks)
    by_mean = _distance(prototypes.means, means)
    return np.asarray(
        np.mean(
            [
                _neighbours(prototypes, by_rank, n_phases),
                _neighbours(prototypes, (by_rank + by_mean) / 2, n_phases),
                _discriminant(prototypes, ranks, n_phases),
            ],
            axis=0,
        ),
        np.float64,
    )


def _distance(known: Floats, new: Floats) -> Floats:
    """Mean squared difference per channel, in units of the prototypes' variance; (K, N)."""
    spread = known.std(axis=0) + 1e-3
    return np.asarray((((new[:, None] - known[None]) / spread) ** 2).mean(axis=2), np.float64)


def _neighbours(prototypes: _Prototypes, distance: Floats, n_phases: int) -> Floats:
    share = np.bincount(prototypes.phase, weights=prototypes.area, minlength=n_phases)
    share = np.maximum(share / share.sum(), 1e-6)
    # measured from the nearest prototype: far from all of them, the nearest still counts
    kernel = np.exp(-(distance - distance.min(axis=1, keepdims=True)) / KERNEL)
    votes = (kernel * share[prototypes.phase] ** -BALANCE) @ np.eye(n_phases)[prototypes.phase]
    return np.asarray(votes / votes.sum(axis=1, keepdims=True), np.float64)


def _discriminant(prototypes: _Prototypes, ranks: Floats, n_phases: int) -> Floats:
    """Linear discriminant analysis, every phase with the same weight, shrunken covariance."""
    known, phase = prototypes.ranks, prototypes.phase
    centre, spread = known.mean(axis=0), known.std(axis=0) + 1e-3
    known, ranks = (known - centre) / spread, (ranks - centre) / spread
    counts = np.bincount(phase, minlength=n_phases)
    one_hot = np.eye(n_phases)[phase]
    means = (one_hot.T @ known) / np.maximum(counts, 1)[:, None]
    residual = (known - means[phase]) / np.sqrt(counts[phase])[:, None]
    covariance = residual.T @ residual / np.count_nonzero(counts)
    level = max(float(np.trace(covariance)) / len(covariance), 1e-3)
    covariance = (1 - SHRINKAGE) * covariance + SHRINKAGE * level * np.eye(len(covariance))
    weights = np.linalg.solve(covariance, means.T)
    score = ranks @ weights - (means.T * weights).sum(axis=0) / 2
    score[:, counts == 0] = -np.inf
    return _softmax(score)


def _weigh_context(
    prototypes: _Prototypes, looks: Floats, context: Floats, n_phases: int
) -> Floats:
    """Multiply by how well the phases around a region fit what surrounds a phase elsewhere."""
    one_hot = np.eye(n_phases)[prototypes.phase]
    counts = one_hot.sum(axis=0)[:, None]
    overall = prototypes.context.mean(axis=0)
    # one more prototype of the overall mean: a phase that was seen once proves little
    expected = (one_hot.T @ prototypes.context + overall) / (counts + 1)
    residual = prototypes.context - expected[prototypes.phase]
    variance = float((residual**2).mean()) + CONTEXT_FLOOR

    def score(around: Floats) -> Floats:
        distance = ((around[:, None] - expected[None]) ** 2).sum(axis=2)
        return np.asarray(-distance / (2 * variance), np.float64)

    weight = _skill(prototypes.phase, score(prototypes.context), counts[:, 0]) ** 2
    probability = looks
    for _ in range(ROUNDS):
        probability = looks * _softmax(weight * score(context @ probability))
        probability = probability / probability.sum(axis=1, keepdims=True)
    return probability


def _skill(phase: NDArray[np.intp], score: Floats, counts: Floats) -> float:
    """How well the context alone names the prototypes: 0 no better than chance, 1 always.

    In some materials every phase lies in the same matrix and its surroundings say nothing;
    there they must not overrule what a region looks like.
    """
    seen = np.flatnonzero(counts)
    if len(seen) < 2:
        return 0.0
    guess = seen[score[:, seen].argmax(axis=1)]
    recall = float(np.mean([(guess[phase == each] == each).mean() for each in seen]))
    chance = 1 / len(seen)
    return max(0.0, (recall - chance) / (1 - chance))


def _softmax(score: Floats) -> Floats:
    raised = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float64)
