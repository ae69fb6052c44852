"""The events of several pages on one time axis that clock changes and sleep cannot bend.

Within a page the monotonic clock rules. On some systems it stands still while the computer
sleeps; on a page's wall clock that looks exactly like somebody setting the clock forward. The
server's receipt tells the two apart: time that passed for the server, too, was slept.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from premask.core.sessions import Event
from premask.core.words import count

# Wall and monotonic clock drift apart by less between two events; receipts are later than the
# events by less, where the network is up.
_JUMP_MS = 2_000
_LATENCY_MS = 10_000

Times = NDArray[np.int64]


@dataclass(frozen=True)
class Finding:
    """Something wrong with a log; ``fatal``: the session must not be counted."""

    code: str
    message: str
    fatal: bool = False


@dataclass(frozen=True, eq=False)
class Placed:
    """The events of a log, each once, by page and seq.

    Attributes
    ----------
    at : int64, (N,)
        UTC ms of each event. Differences within a page are those of its monotonic clock, plus
        the sleep that it missed.
    """

    events: tuple[Event, ...]
    at: Times
    findings: tuple[Finding, ...]


def place(log: Iterable[Event]) -> Placed:
    """Put a session's events on one time axis.

    Parameters
    ----------
    log : iterable of Event
        In any order, with repetitions.

    Returns
    -------
    placed : Placed
        With empty ``at`` where a finding is fatal.
    """
    events, findings = _once(log)
    t = np.array([round(event.t) for event in events], np.int64)
    pages = np.array([event.page for event in events])
    backwards = np.flatnonzero((np.diff(t) < 0) & (pages[1:] == pages[:-1])) + 1
    if backwards.size:
        worst, before = events[backwards[0]], events[backwards[0] - 1]
        message = (
            f"time runs backwards at event {worst.seq} of page {worst.page} ({worst.t:g} ms after"
            f" {before.t:g} ms), {count(backwards.size, 'time')} in all"
        )
        findings.append(Finding("backwards", message, True))
    if any(finding.fatal for finding in findings):
        return Placed(events, np.empty(0, np.int64), tuple(findings))
    wall = np.array([round(event.wall) for event in events], np.int64)
    received = np.array([round(event.received) for event in events], np.int64)
    bounds = np.flatnonzero(np.r_[True, pages[1:] != pages[:-1], True])
    axes, offsets = [], []
    for begin, end in pairwise(bounds.tolist()):
        span = slice(begin, end)
        findings += _told(events[begin:end])
        awake, found = _with_sleep(t[span], wall[span], received[span], events[begin].page)
        findings += found
        axis = awake + (wall[begin] - awake[0])
        axes.append(axis)
        offsets.append(int((received[span] - axis).min()))
    # Pages whose clocks differ, seen from the server, are moved onto one clock.
    moves = [offset - min(offsets) for offset in offsets]
    for i, (move, begin) in enumerate(zip(moves, bounds[:-1].tolist(), strict=True)):
        if move > _LATENCY_MS:
            axes[i] = axes[i] + move
            message = f"page {events[begin].page} had another clock: moved by {move} ms"
            findings.append(Finding("clocks-differ", message))
    return Placed(events, np.concatenate(axes), tuple(findings))


def _once(log: Iterable[Event]) -> tuple[tuple[Event, ...], list[Finding]]:
    """Each event once, by page and seq."""
    kept: dict[tuple[str, int], Event] = {}
    findings: list[Finding] = []
    # The first receipt first: which of two copies is kept does not hang on the log's order.
    for event in sorted(log, key=lambda event: event.received):
        if kept.setdefault((event.page, event.seq), event) != event:
            message = f"event {event.seq} of page {event.page} is there twice, with other content"
            findings.append(Finding("conflict", message, True))
    if not kept:
        findings.append(Finding("no-events", "the session has no events", True))
    return tuple(kept[key] for key in sorted(kept)), findings


def _with_sleep(t: Times, wall: Times, received: Times, page: str) -> tuple[Times, list[Finding]]:
    """A page's monotonic clock with the sleep that it missed."""
    excess = np.diff(wall) - np.diff(t)
    jumps = np.flatnonzero(np.abs(excess) > _JUMP_MS) + 1
    if not jumps.size:
        return t, []
    starts = np.r_[0, jumps]
    # When the server would have seen the monotonic zero, by the quickest receipt between jumps:
    # sleep moves it, a change of the wall clock does not.
    zero = np.minimum.reduceat(received - t, starts)
    shift = np.zeros(len(t), np.int64)
    findings: list[Finding] = []
    for jump, seen, told in zip(jumps, np.diff(zero), excess[jumps - 1], strict=True):
        slept = int(np.clip(seen, 0, max(told, 0)))
        near = min(_LATENCY_MS, told // 2)
        if told > 0 and told - slept <= near:
            slept = int(told)
        elif slept <= near:
            slept = 0
        shift[jump] = slept
        if slept:
            message = f"the clock of page {page} stood still for {slept} ms of sleep"
            findings.append(Finding("slept", message))
        if told != slept:
            message = f"the wall clock of page {page} was set by {told - slept} ms: not counted"
            findings.append(Finding("clock-set", message))
    return t + np.cumsum(shift), findings


def _told(events: tuple[Event, ...]) -> list[Finding]:
    """What a page did not tell."""
    findings = []
    lost = events[-1].seq + 1 - len(events)
    page = events[0].page
    if lost:
        findings.append(Finding("lost-events", f"{count(lost, 'event')} of page {page} missing"))
    if not any(event.kind in {"submit", "close"} for event in events[-3:]):
        message = f"page {page} ended without submitting or closing"
        findings.append(Finding("vanished", message))
    return findings
