"""The effort of annotation, from scratch and from pre-annotations (paper, Table 7)."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest
from premask.core.sessions import STAGES, STRATEGIES

Minutes = NDArray[np.float64]


@dataclass(frozen=True)
class SessionMinutes:
    """The minutes of one session by one measure (see :class:`..session_time.SessionTime`).

    Attributes
    ----------
    minutes : dict
        Of each stage, min; ``None``: before any stage was told.
    started : int
        First activity, UTC ms; only its order counts.
    submitted : bool
        A session that is still open has no time yet.
    problem : str
        Why it must not be counted, e.g. :attr:`SessionTime.problem` or that its image was removed.
    """

    session: int
    image: str
    type: str
    annotator: str
    strategy: str
    minutes: Mapping[str | None, float]
    started: int = 0
    submitted: bool = True
    problem: str = ""

    def total(self, without: Collection[str] = ()) -> float:
        """Minutes of all stages but those named."""
        return math.fsum(m for stage, m in self.minutes.items() if stage not in without)


@dataclass(frozen=True)
class LeftOut:
    """What is not counted, and why."""

    what: str
    why: str


@dataclass(frozen=True)
class Arm:
    """One strategy on the images of a set.

    Attributes
    ----------
    median : float
        Over the images, min.
    hours : float
        Sum over the images, h.
    std : float
        Over the images, min; n - 1 below the line, NaN for a single image.
    """

    median: float
    hours: float
    std: float


@dataclass(frozen=True)
class TypeEffort:
    """A row of Table 7. Savings are fractions of the time from scratch; NaN where that is 0.

    Attributes
    ----------
    saving : float
        By the medians, as the paper's column.
    saving_by_hours : float
        By the total hours.
    """

    type: str
    images: int
    scratch: Arm
    preannotated: Arm

    @property
    def saving(self) -> float:
        """Saving by the medians, a fraction."""
        return _saving(self.scratch.median, self.preannotated.median)

    @property
    def saving_by_hours(self) -> float:
        """Saving by total hours, a fraction."""
        return _saving(self.scratch.hours, self.preannotated.hours)


@dataclass(frozen=True)
class ImageMinutes:
    """One image: the median across its annotators under each strategy, min."""

    image: str
    type: str
    scratch: float
    preannotated: float


@dataclass(frozen=True)
class Effort:
    """Table 7.

    Attributes
    ----------
    types : tuple of TypeEffort
        By name.
    images : tuple of ImageMinutes
        What all figures are computed from.
    sessions : int
        How many were counted.
    without : tuple of str
        The stages whose time was taken away.
    left_out : tuple of LeftOut
        What was not counted.
    """

    types: tuple[TypeEffort, ...]
    images: tuple[ImageMinutes, ...]
    sessions: int
    without: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = field(default=())

    @property
    def hours(self) -> tuple[float, float]:
        """Total of both strategies, h: from scratch, pre-annotated."""
        return (
            math.fsum(row.scratch.hours for row in self.types),
            math.fsum(row.preannotated.hours for row in self.types),
        )

    @property
    def saving_by_hours(self) -> float:
        """Saving by total hours, a fraction; the paper's 78 % (170 h to 37 h)."""
        return _saving(*self.hours)

    @property
    def saving_mean_of_types(self) -> float:
        """Mean of the types' savings by medians, a fraction; 78.6 % from the paper's rows."""
        savings = [row.saving for row in self.types]
        return math.fsum(savings) / len(savings) if savings else math.nan

    def to_dict(self) -> dict[str, Any]:
        """The table as JSON; None where a figure is undefined."""
        scratch, preannotated = self.hours
        return {
            "types": [_row(row) for row in self.types],
            "hours": {"scratch": scratch, "preannotated": preannotated},
            "saving_by_hours": _number(self.saving_by_hours),
            "saving_mean_of_types": _number(self.saving_mean_of_types),
            "images": len(self.images),
            "sessions": self.sessions,
            "without": list(self.without),
            "left_out": [{"what": one.what, "why": one.why} for one in self.left_out],
        }


def effort(sessions: Iterable[SessionMinutes], *, without: Collection[str] = ()) -> Effort:
    """Minutes and savings of the two strategies (paper, Table 7).

    Per image the median across its annotators, per type the median over its images. An annotator's
    sessions on one image under one strategy are added up. An annotator's work on an image counts
    only where it was done under both strategies: otherwise the difference between the strategies
    would be one between images or people.

    Parameters
    ----------
    sessions : iterable of SessionMinutes
        By one measure.
    without : collection of str
        Stages whose time is taken away, e.g. ``("consensus",)``.

    Returns
    -------
    effort : Effort
        Without types where nothing can be counted; ``left_out`` says why.

    Raises
    ------
    PremaskError
        For a stage that there is not.
    """
    for stage in without:
        if stage not in STAGES:
            raise PremaskError(
                f"the stage to take away is {stage!r}; {', '.join(STAGES)} are"
                f" accepted{nearest(stage, STAGES)}"
            )
    counted, left_out = countable(sessions)
    images = _image_minutes(counted, without)
    rows = [
        _type_effort(name, list(group)) for name, group in groupby(images, key=lambda one: one.type)
    ]
    return Effort(
        tuple(rows),
        tuple(images),
        len(counted),
        tuple(stage for stage in STAGES if stage in without),
        left_out,
    )


def effort_by_stage(sessions: Iterable[SessionMinutes]) -> dict[str | None, Effort]:
    """Table 7 with all stages (key None), and without each in turn."""
    sessions = list(sessions)
    whole: dict[str | None, Effort] = {None: effort(sessions)}
    return whole | {stage: effort(sessions, without=(stage,)) for stage in STAGES}


def countable(
    sessions: Iterable[SessionMinutes],
) -> tuple[tuple[SessionMinutes, ...], tuple[LeftOut, ...]]:
    """The sessions that a comparison may count, by id, and what is left out of it.

    Who labelled an image under one strategy alone is not counted on it.
    """
    left, out = [], []
    for one in sorted(sessions, key=lambda one: one.session):
        why = _why_not(one)
        if why:
            out.append(LeftOut(_session(one), why))
        else:
            left.append(one)
    out += _types_that_differ(left)
    differing = {one.what.removeprefix("image ") for one in out if one.what.startswith("image ")}
    left = [one for one in left if one.image not in differing]
    alone = _unpaired(left)
    out += alone.values()
    paired = [one for one in left if (one.annotator, one.image) not in alone]
    return tuple(paired), tuple(dict.fromkeys(out))


def _unpaired(sessions: Sequence[SessionMinutes]) -> dict[tuple[str, str], LeftOut]:
    """Annotators and images that are there under one strategy alone.

    An annotator who did one strategy on all images is one entry, not one for each image.
    """
    pairs: dict[tuple[str, str], list[SessionMinutes]] = {}
    people: dict[str, list[SessionMinutes]] = {}
    for one in sessions:
        pairs.setdefault((one.annotator, one.image), []).append(one)
        people.setdefault(one.annotator, []).append(one)
    found = {}
    for (annotator, image), had in sorted(pairs.items()):
        if len({one.strategy for one in had}) > 1:
            continue
        whole = len({one.strategy for one in people[annotator]}) == 1
        named = people[annotator] if whole else had
        numbers = [one.session for one in named]
        ids = f"{'session' if len(numbers) == 1 else 'sessions'} {', '.join(map(str, numbers))}"
        what = f"annotator {annotator}" if whole else f"annotator {annotator}, image {image}"
        found[annotator, image] = LeftOut(what, f"has {had[0].strategy} only ({ids})")
    return found


def _types_that_differ(sessions: Sequence[SessionMinutes]) -> list[LeftOut]:
    types: dict[str, set[str]] = {}
    for one in sessions:
        types.setdefault(one.image, set()).add(one.type)
    return [
        LeftOut(f"image {image}", f"has several types: {', '.join(sorted(had))}")
        for image, had in sorted(types.items())
        if len(had) > 1
    ]


def _why_not(one: SessionMinutes) -> str:
    if one.problem:
        return one.problem
    if one.strategy not in STRATEGIES:
        return f"its strategy is {one.strategy}; {' and '.join(STRATEGIES)} are compared"
    if not one.submitted:
        return "it is not submitted yet"
    wrong = [m for m in one.minutes.values() if not (math.isfinite(m) and m >= 0)]
    if wrong:
        return f"its time is {wrong[0]} min"
    return "" if one.total() > 0 else "it has no time"


def _session(one: SessionMinutes) -> str:
    return f"session {one.session} ({one.annotator}, image {one.image}, {one.strategy})"


def _image_minutes(
    sessions: Sequence[SessionMinutes], without: Collection[str]
) -> list[ImageMinutes]:
    """By type, then image."""
    shares: dict[tuple[str, str], dict[str, dict[str, list[float]]]] = {}
    for one in sessions:
        strategies = shares.setdefault((one.type, one.image), {})
        people = strategies.setdefault(one.strategy, {})
        people.setdefault(one.annotator, []).append(one.total(without))
    return [
        ImageMinutes(image, name, *(_across(had[strategy]) for strategy in STRATEGIES))
        for (name, image), had in sorted(shares.items())
    ]


def _across(people: Mapping[str, Sequence[float]]) -> float:
    return float(np.median([math.fsum(minutes) for minutes in people.values()]))


def _type_effort(name: str, images: Sequence[ImageMinutes]) -> TypeEffort:
    return TypeEffort(
        name,
        len(images),
        _arm([one.scratch for one in images]),
        _arm([one.preannotated for one in images]),
    )


def _arm(minutes: Sequence[float]) -> Arm:
    std = float(np.std(sorted(minutes), ddof=1)) if len(minutes) > 1 else math.nan
    return Arm(float(np.median(minutes)), math.fsum(minutes) / 60, std)


def _saving(scratch: float, preannotated: float) -> float:
    return 1 - preannotated / scratch if scratch > 0 else math.nan


def _row(row: TypeEffort) -> dict[str, Any]:
    arms = {"scratch": row.scratch, "preannotated": row.preannotated}
    return {
        "type": row.type,
        "images": row.images,
        **{
            name: {"median_min": arm.median, "hours": arm.hours, "std_min": _number(arm.std)}
            for name, arm in arms.items()
        },
        "saving": _number(row.saving),
        "saving_by_hours": _number(row.saving_by_hours),
    }


def _number(x: float) -> float | None:
    return x if math.isfinite(x) else None
