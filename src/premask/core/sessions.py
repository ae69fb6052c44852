"""The event log of a session: what a page tells, checked before it is believed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, cast, get_args

from premask.core.errors import PremaskError, nearest

Strategy = Literal["scratch", "preannotated"]
Stage = Literal["choose", "name", "repair", "consensus"]
Kind = Literal[
    "open", "focus", "blur", "visible", "hidden", "activity", "stroke", "tool", "phase", "stage",
    "save", "submit", "close", "resume",
]  # fmt: skip

STRATEGIES: tuple[str, ...] = get_args(Strategy)
STAGES: tuple[str, ...] = get_args(Stage)
KINDS: tuple[str, ...] = get_args(Kind)

HEARTBEAT_MS = 5_000
MAX_BATCH = 5_000
_MAX_T = 366 * 86_400_000  # a page that is open for a year is a broken clock
_WALL = (946_684_800_000, 4_102_444_800_000)  # 2000 to 2100, UTC ms
_MAX_SEQ = 2**31 - 1
_MAX_DATA = 4_096  # characters of JSON
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "stroke": ("start", "end", "tool"),
    "tool": ("tool",),
    "phase": ("phase",),
    "stage": ("stage",),
}


@dataclass(frozen=True)
class Event:
    """One line of a session's log.

    Attributes
    ----------
    kind : Kind
        What happened.
    page : str
        The load of a browser page that told it; ``t`` and ``seq`` mean something within one only.
    seq : int
        Counts the page's events from 0. One that is sent again has the same.
    t : float
        The page's monotonic clock, ms since it opened the session.
    wall : float
        The client's clock, UTC ms. It may be wrong, and may be set at any time.
    received : float
        The server's clock at the event's first receipt, UTC ms. Two receipts of one event are
        equal: it is left out of comparisons.
    data : dict
        ``activity``: ``until``, the last activity that the heartbeat stands for (``t`` is the
        first). ``stroke``: ``start``, ``end`` (ms, as ``t``), ``tool``, ``phase``, ``px``.
        ``tool``, ``phase``, ``stage``: what is taken up, under that name. ``open`` and ``resume``
        may carry all three.
    """

    kind: Kind
    page: str
    seq: int
    t: float
    wall: float
    received: float = field(compare=False)
    data: Mapping[str, Any] = field(default_factory=dict)


def parse_batch(batch: object, *, received: float) -> tuple[Event, ...]:
    """Check a batch of events that a client sent.

    Parameters
    ----------
    batch : object
        Decoded JSON: a list of objects with ``kind``, ``page``, ``seq``, ``t``, ``wall`` and
        optionally ``data``. Times are rounded to whole ms.
    received : float
        The server's clock, UTC ms.

    Returns
    -------
    events : tuple of Event
        In the order given. Whether they fit the log that is there is for :func:`unseen`.

    Raises
    ------
    PremaskError
        Naming the first event that is wrong, the value, and what is accepted.
    """
    if not isinstance(batch, Sequence) or isinstance(batch, str | bytes):
        raise PremaskError(
            f"the events are {_short(batch)}; a list of objects is accepted, e.g. []"
        )
    if len(batch) > MAX_BATCH:
        raise PremaskError(
            f"{len(batch)} events in one batch; at most {MAX_BATCH} are accepted: send several"
        )
    return tuple(_event(raw, f"event {i} of the batch", received) for i, raw in enumerate(batch))


def unseen(known: Iterable[Event], batch: Iterable[Event]) -> tuple[Event, ...]:
    """What of a batch is new to a log: what is sent twice is kept once.

    Batches may come in any order, as a journal that is replayed after a crash makes them.

    Parameters
    ----------
    known : iterable of Event
        The log so far; of the batch's pages, at least the events from one before its lowest
        ``seq`` to one after its highest.
    batch : iterable of Event
        From :func:`parse_batch`.

    Returns
    -------
    events : tuple of Event
        To be appended, by page and ``seq``.

    Raises
    ------
    PremaskError
        If an event comes again with another content, or ``t`` falls within a page. Nothing of the
        batch is to be appended then.
    """
    log = {(event.page, event.seq): event for event in known}
    new: dict[tuple[str, int], Event] = {}
    for event in batch:
        key = event.page, event.seq
        before = log.get(key)
        if before is None:
            log[key] = new[key] = event
        elif before != event:
            raise PremaskError(
                f"event {event.seq} of page {event.page} was {before.kind} at {before.t:g} ms and"
                f" comes again as {event.kind} at {event.t:g} ms with other content; an event is"
                " sent again unchanged, and a new one takes the next seq"
            )
    pages = {event.page for event in new.values()}
    _check_forwards([log[key] for key in sorted(log) if key[0] in pages])
    return tuple(new[key] for key in sorted(new))


def _check_forwards(events: Sequence[Event]) -> None:
    """Time does not fall within a page. ``events``: by page and seq."""
    for before, event in pairwise(events):
        if before.page == event.page and event.t < before.t:
            raise PremaskError(
                f"event {event.seq} of page {event.page} ({event.kind}) is at {event.t:g} ms,"
                f" before event {before.seq} at {before.t:g} ms; the time of a page"
                " never falls: take it from a monotonic clock"
            )


def _event(raw: object, where: str, received: float) -> Event:
    if not isinstance(raw, Mapping):
        raise PremaskError(f"{where} is {_short(raw)}; an object with kind, page, seq, t and wall")
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise PremaskError(
            f"{where}: kind is {_short(kind)}; {', '.join(KINDS)} are"
            f" accepted{nearest(str(kind)[:20], KINDS)}"
        )
    where = f"{where} ({kind})"
    page = raw.get("page")
    if not (
        isinstance(page, str) and 1 <= len(page) <= 64 and page.isascii() and page.isprintable()
    ):
        raise PremaskError(
            f"{where}: page is {_short(page)}; 1 to 64 ASCII characters are accepted"
        )
    seq = raw.get("seq")
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq <= _MAX_SEQ:
        raise PremaskError(
            f"{where}: seq is {_short(seq)}; a whole number from 0 to {_MAX_SEQ} is accepted"
        )
    t = _ms(raw.get("t"), f"{where}: t", 0, _MAX_T)
    wall = _ms(raw.get("wall"), f"{where}: wall", *_WALL)
    data = _data(raw.get("data", {}), kind, t, where)
    return Event(cast(Kind, kind), page, seq, t, wall, received, data)


def _data(raw: object, kind: str, t: float, where: str) -> dict[str, Any]:
    """Only what a measure is derived from is looked at; the rest is kept as it came."""
    if not isinstance(raw, Mapping):
        raise PremaskError(f"{where}: data is {_short(raw)}; an object is accepted, e.g. {{}}")
    data = dict(raw)
    for name in _REQUIRED.get(kind, ()):
        if name not in data:
            raise PremaskError(
                f"{where}: data has no {name}; {', '.join(_REQUIRED[kind])} are needed"
            )
    if "until" in data:
        # Twice: timers are late under load. A longer one would claim activity that nobody saw.
        data["until"] = _ms(data["until"], f"{where}: until", t, t + 2 * HEARTBEAT_MS)
    if kind == "stroke":
        data["end"] = _ms(data["end"], f"{where}: end", 0, t)
        data["start"] = _ms(data["start"], f"{where}: start", 0, data["end"])
    _check_held(data, where)
    try:
        size = len(json.dumps(data, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise PremaskError(f"{where}: data is no JSON ({error}); finite numbers, strings") from None
    if size > _MAX_DATA:
        raise PremaskError(f"{where}: data has {size} characters; at most {_MAX_DATA} are accepted")
    return data


def _check_held(data: Mapping[str, Any], where: str) -> None:
    """The stage, the tool, the phase, and how much a stroke changed."""
    stage, tool = data.get("stage", STAGES[0]), data.get("tool", "brush")
    if not isinstance(stage, str) or stage not in STAGES:
        raise PremaskError(
            f"{where}: stage is {_short(stage)}; {', '.join(STAGES)} are"
            f" accepted{nearest(str(stage)[:20], STAGES)}"
        )
    if not isinstance(tool, str) or not 1 <= len(tool) <= 40:
        raise PremaskError(
            f"{where}: tool is {_short(tool)}; a name of 1 to 40 characters is accepted"
        )
    for name, highest in (("phase", 255), ("px", _MAX_SEQ)):
        value = data.get(name)
        whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= highest
        if value is not None and not whole:
            raise PremaskError(
                f"{where}: {name} is {_short(value)}; a whole number from 0 to {highest}"
                " is accepted"
            )


def _ms(value: object, what: str, low: float, high: float) -> int:
    """A time in whole ms: sums of whole numbers are exact, so parts add up to their total."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # An int beyond the range of floats cannot be asked whether it is finite; it is out of range.
    if number:
        value = cast(float, value)
        if (isinstance(value, int) or math.isfinite(value)) and low <= round(value) <= high:
            return round(value)
    raise PremaskError(f"{what} is {_short(value)}; {low:.0f} to {high:.0f} ms are accepted")


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**30 else "a huge number"
    return text if len(text) <= 60 else f"{text[:57]}..."
