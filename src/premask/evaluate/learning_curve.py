"""Minutes by the order of work, so that practice is not taken for saving."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from premask.core.sessions import STRATEGIES
from premask.evaluate.effort import SessionMinutes, countable


@dataclass(frozen=True)
class CurvePoint:
    """Median over the annotators of the minutes of their session number ``order`` (from 1)."""

    strategy: str
    order: int
    annotators: int
    median: float


@dataclass(frozen=True)
class LearningCurve:
    """Minutes by order, so that practice is not taken for saving.

    Attributes
    ----------
    points : tuple of CurvePoint
        An annotator's sessions are counted through both strategies: practice is, too.
    trend : dict of str to float
        Of each strategy the change from one session to the next, a fraction (-0.02: 2 % quicker),
        by Theil and Sen's slope of the logarithm within annotators; NaN under two sessions.
    mean_order : dict of str to float
        Where a strategy's sessions stood on average, as a fraction of each annotator's sessions
        (0 first, 1 last). Far apart: practice favours the later one.
    preannotated_second : float
        Share of the images that one annotator did under both strategies, of which the
        pre-annotated pass came second; one half is balanced, NaN where there is none.
    sessions : dict of str to int
        How many of each strategy.
    people : dict of str to LearningCurve
        The same of each annotator alone, by name.
    """

    points: tuple[CurvePoint, ...]
    trend: dict[str, float]
    mean_order: dict[str, float]
    preannotated_second: float
    sessions: dict[str, int]
    people: dict[str, LearningCurve] = field(default_factory=dict)


def learning_curve(sessions: Iterable[SessionMinutes]) -> LearningCurve:
    """Minutes by the order in which each annotator worked; see :class:`LearningCurve`.

    The sessions that :func:`~premask.evaluate.effort.effort` counts are counted here.
    """
    counted, _ = countable(sessions)
    people: dict[str, list[SessionMinutes]] = {}
    for one in sorted(counted, key=lambda one: (one.annotator, one.started, one.session)):
        people.setdefault(one.annotator, []).append(one)
    alone = {name: _curve({name: had}) for name, had in people.items()}
    return replace(_curve(people), people=alone)


def _curve(people: dict[str, list[SessionMinutes]]) -> LearningCurve:
    numbered = [(i, one, len(had)) for had in people.values() for i, one in enumerate(had)]
    minutes: dict[tuple[str, int], list[float]] = {}
    for i, one, _n in numbered:
        minutes.setdefault((one.strategy, i + 1), []).append(one.total())
    points = [
        CurvePoint(strategy, order, len(had), float(np.median(had)))
        for (strategy, order), had in sorted(minutes.items())
    ]
    positions = {
        strategy: [i / (n - 1) for i, one, n in numbered if one.strategy == strategy]
        for strategy in STRATEGIES
    }
    return LearningCurve(
        tuple(points),
        {strategy: _trend(people, strategy) for strategy in STRATEGIES},
        {name: math.fsum(had) / len(had) if had else math.nan for name, had in positions.items()},
        _preannotated_second(people),
        {name: sum(one.strategy == name for _, one, _n in numbered) for name in STRATEGIES},
    )


def _trend(people: dict[str, list[SessionMinutes]], strategy: str) -> float:
    """Theil and Sen: the median of all slopes between two sessions of one annotator."""
    slopes = []
    for had in people.values():
        mine = [(i, math.log(one.total())) for i, one in enumerate(had) if one.strategy == strategy]
        slopes += [(y - x) / (j - i) for k, (i, x) in enumerate(mine) for j, y in mine[k + 1 :]]
    return float(np.expm1(np.median(slopes))) if slopes else math.nan


def _preannotated_second(people: dict[str, list[SessionMinutes]]) -> float:
    second = []
    for had in people.values():
        first: dict[tuple[str, str], int] = {}
        for i, one in enumerate(had):
            first.setdefault((one.image, one.strategy), i)
        for image in {one.image for one in had}:
            passes = [first.get((image, strategy)) for strategy in STRATEGIES]
            if passes[0] is not None and passes[1] is not None:
                second.append(passes[1] > passes[0])
    return sum(second) / len(second) if second else math.nan
