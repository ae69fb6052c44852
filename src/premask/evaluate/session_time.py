"""Annotation time from the event log of a session: never typed in, and the rule is named.

A *gap* is the time between two successive activities. Activities are: opening and resuming,
heartbeats, the start and the end of a stroke, a change of tool, phase or stage, submitting,
closing. Saves are not: the page saves by itself. A page that becomes hidden or loses the focus
does not end a gap, and heartbeats from behind another window do not count, so time away is one
gap from the last activity before to the first one after: at most the cap of the measure.
From ``submit`` or ``close`` to the next ``open`` or ``resume`` nobody works: nothing is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest
from premask.core.sessions import Event
from premask.evaluate.session_clock import Finding, place

Measure = Literal["active", "strict60", "gap100", "wall"]
MEASURES: tuple[str, ...] = get_args(Measure)
MEASURE_LINES: Mapping[str, str] = {
    "active": "active: gaps between activities, each at most 300 s (Labelbox's rule)",
    "strict60": "strict60: gaps between activities, each at most 60 s",
    "gap100": "gap100: gaps between activities under 100 s, longer ones dropped (CVAT's rule)",
    "wall": "wall: all time from opening to submitting or closing",
}

# The end of a stroke and the last activity of a heartbeat are activities of their own.
_SECOND = {"stroke": "end", "activity": "until"}
_NO_ACTIVITY = {"focus", "blur", "visible", "hidden", "save"}
_ENDS = {"submit", "close"}
_AFTER_END = {"open", "resume", "close"}

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Time:
    """One length of time by the four measures, in whole ms: parts sum exactly to the total."""

    active: int = 0
    strict60: int = 0
    gap100: int = 0
    wall: int = 0

    def __add__(self, other: Time) -> Time:
        return Time(
            self.active + other.active,
            self.strict60 + other.strict60,
            self.gap100 + other.gap100,
            self.wall + other.wall,
        )

    def minutes(self, measure: str = "active") -> float:
        """The time by one measure, min."""
        if measure not in MEASURES:
            raise PremaskError(
                f"the time measure is {measure!r}; {', '.join(MEASURES)} are"
                f" accepted{nearest(measure, MEASURES)}"
            )
        return float(getattr(self, measure)) / 60_000


@dataclass(frozen=True)
class SessionTime:
    """The time of a session and its parts; ``None`` as a key: before any was told.

    Attributes
    ----------
    total : Time
        Of the whole session.
    by_stage, by_tool, by_phase : dict
        Each sums to the total. A gap belongs to what was in hand during it: to the page whose
        activity ends it, and what that activity itself takes up counts only after it.
    started : int or None
        First activity, UTC ms.
    submitted : bool
        Whether the log has a ``submit``.
    events, strokes : int
        How many, each counted once.
    findings : tuple of Finding
        What is wrong with the log.
    """

    total: Time = field(default_factory=Time)
    by_stage: Mapping[str | None, Time] = field(default_factory=dict)
    by_tool: Mapping[str | None, Time] = field(default_factory=dict)
    by_phase: Mapping[int | None, Time] = field(default_factory=dict)
    started: int | None = None
    submitted: bool = False
    events: int = 0
    strokes: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def problem(self) -> str:
        """Why the session must not be counted, empty where it may."""
        return "; ".join(finding.message for finding in self.findings if finding.fatal)

    def stage_minutes(self, measure: str = "active") -> dict[str | None, float]:
        """Minutes of each stage by one measure, as :class:`..effort.SessionMinutes` takes them."""
        return {stage: time.minutes(measure) for stage, time in self.by_stage.items()}


def time_of(log: Iterable[Event]) -> SessionTime:
    """Derive the annotation time from the log of one session.

    Parameters
    ----------
    log : iterable of Event
        All of the session's events, in any order; what is there twice counts once.

    Returns
    -------
    time : SessionTime
        Of a log that cannot be trusted (see its ``problem``) the time is 0.
    """
    placed = place(log)
    events, findings = placed.events, placed.findings
    if any(finding.fatal for finding in findings):
        return SessionTime(events=len(events), findings=findings)
    instants, ignored = _instants(events, placed.at)
    findings += ignored
    submitted = any(event.kind == "submit" for event in events)
    strokes = sum(event.kind == "stroke" for event in events)
    if len(instants.at) < 2:
        one = Finding("no-activity", "the log has no two activities to take a time between", True)
        return SessionTime(events=len(events), strokes=strokes, findings=(*findings, one))
    lengths = np.diff(instants.at)
    lengths[instants.ended[:-1] & instants.restarts[1:]] = 0
    by_stage, by_tool, by_phase = (
        _parts(lengths, _in_force(codes, instants.page)[1:], names)
        for codes, names in zip(instants.takes, instants.names, strict=True)
    )
    return SessionTime(
        total=_time(lengths),
        by_stage=by_stage,
        by_tool=by_tool,
        by_phase=by_phase,
        started=int(instants.at[0]),
        submitted=submitted,
        events=len(events),
        strokes=strokes,
        findings=findings,
    )


@dataclass(frozen=True, eq=False)
class _Instants:
    """Activities on one time axis, in order. ``takes``: codes of stage, tool, phase; -1: none."""

    at: Codes
    page: Codes
    ended: NDArray[np.bool_]
    restarts: NDArray[np.bool_]
    takes: list[Codes]
    names: list[list[Any]]


def _instants(
    events: Sequence[Event], at: NDArray[np.int64]
) -> tuple[_Instants, tuple[Finding, ...]]:
    """The activities of events that are in order of page and seq."""
    times: list[int] = []
    pages: list[int] = []
    kinds: list[str] = []
    takes: list[list[int]] = [[], [], []]
    codes: list[dict[Any, int]] = [{}, {}, {}]
    page_codes: dict[str, int] = {}
    away: set[str] = set()  # what keeps the present page from being worked on
    behind = 0
    for event, place_at in zip(events, at.tolist(), strict=True):
        if event.page not in page_codes:
            away = set()
        page = page_codes.setdefault(event.page, len(page_codes))
        if event.kind in {"hidden", "blur"}:
            away.add(event.kind)
        if event.kind in _NO_ACTIVITY:
            away -= {{"visible": "hidden", "focus": "blur"}.get(event.kind, "")}
            continue
        if event.kind == "activity" and away:
            behind += 1
            continue
        # Any other act needs the page before one's eyes: a browser may forget to tell.
        away = set()
        shift = place_at - round(event.t)
        first = round(event.data["start"]) if event.kind == "stroke" else round(event.t)
        name = _SECOND.get(event.kind, "")
        second = [round(event.data[name])] if name in event.data else []
        for i, t in enumerate([first, *second]):
            times.append(t + shift)
            pages.append(page)
            kinds.append(event.kind)
            for taken, known, key in zip(takes, codes, ("stage", "tool", "phase"), strict=True):
                value = event.data.get(key) if i == 0 else None
                taken.append(-1 if value is None else known.setdefault(value, len(known)))
    order = np.argsort(np.array(times, np.int64), kind="stable")
    instants = _Instants(
        np.array(times, np.int64)[order],
        np.array(pages, np.int64)[order],
        np.isin(kinds, list(_ENDS))[order],
        np.isin(kinds, list(_AFTER_END))[order],
        [np.array(taken, np.int64)[order] for taken in takes],
        [list(known) for known in codes],
    )
    message = f"{behind} heartbeats came from a hidden or unfocused page and do not count"
    return instants, (Finding("while-away", message),) if behind else ()


def _in_force(taken: Codes, page: Codes) -> Codes:
    """What was in hand before each activity, on its own page; -1: none yet.

    A page on which nothing was taken up yet inherits what the session had in hand last.
    """
    n = len(taken)
    by_page = np.lexsort((np.arange(n), page))
    own = np.empty(n, np.int64)
    own[by_page] = _last_before(taken[by_page], page[by_page])
    session = _last_before(taken, np.zeros(n, np.int64))
    return np.where(own >= 0, own, session)


def _last_before(taken: Codes, group: Codes) -> Codes:
    """The last code of the same group before each place, -1 where there is none."""
    n = len(taken)
    starts = np.maximum.accumulate(np.where(np.diff(group, prepend=-1) != 0, np.arange(n), 0))
    last = np.maximum.accumulate(np.where(taken >= 0, np.arange(n), -1))
    before = np.concatenate([[-1], last[:-1]])
    return np.where(before >= starts, taken[before], -1)


def _parts(lengths: Codes, codes: Codes, names: Sequence[Any]) -> dict[Any, Time]:
    keys = [(code, names[code] if code >= 0 else None) for code in np.unique(codes).tolist()]
    return {name: _time(lengths[codes == code]) for code, name in keys}


def _time(lengths: Codes) -> Time:
    return Time(
        active=int(np.minimum(lengths, 300_000).sum()),
        strict60=int(np.minimum(lengths, 60_000).sum()),
        gap100=int(lengths[lengths < 100_000].sum()),
        wall=int(lengths.sum()),
    )
