"""The event logs of sessions: only ever appended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from premask.core.errors import PremaskError
from premask.core.sessions import Event, unseen
from premask.project.database import transaction
from premask.project.project import Project
from premask.project.schema import EventRow

TRIES = 5
"""Two batches of one page may meet; the later one finds the earlier when it looks again."""


def append_events(project: Project, number: int, batch: Sequence[Event]) -> int:
    """Append what is new of a batch to a session's log, all or none; returns how many are new.

    Raises
    ------
    PremaskError
        If an event comes again with another content, or time falls within a page.
    """
    for _ in range(TRIES):
        new = unseen(_of_pages(project, number, {event.page for event in batch}), batch)
        try:
            with transaction(project.engine) as session:
                session.add_all(
                    EventRow(session_id=number, **asdict(event) | {"data": dict(event.data)})
                    for event in new
                )
        except IntegrityError:
            continue
        return len(new)
    raise PremaskError(f"the events of session {number} are being written by others; try again")


def events_of(project: Project, number: int) -> list[Event]:
    """The log of a session, in the order in which it was received."""
    return _of_pages(project, number, None)


def _of_pages(project: Project, number: int, pages: set[str] | None) -> list[Event]:
    query = select(EventRow).where(EventRow.session_id == number).order_by(EventRow.id)
    if pages is not None:
        query = query.where(EventRow.page.in_(sorted(pages)))
    with transaction(project.engine) as session:
        return [_event(row) for row in session.scalars(query)]


def event_counts(project: Project) -> dict[int, int]:
    """How many events each session's log has; sessions without any are left out."""
    query = select(EventRow.session_id, func.count().label("n")).group_by(EventRow.session_id)
    with transaction(project.engine) as session:
        return {row.session_id: row.n for row in session.execute(query)}


def events_by_session(project: Project, numbers: Iterable[int]) -> dict[int, list[Event]]:
    """The logs of several sessions, each in the order in which it was received."""
    query = select(EventRow).where(EventRow.session_id.in_(sorted(numbers))).order_by(EventRow.id)
    found: dict[int, list[Event]] = defaultdict(list)
    with transaction(project.engine) as session:
        for row in session.scalars(query):
            found[row.session_id].append(_event(row))
    return dict(found)


def _event(row: EventRow) -> Event:
    return Event(
        kind=row.kind,  # type: ignore[arg-type]  # it was checked before it was stored
        page=row.page,
        seq=row.seq,
        t=row.t,
        wall=row.wall,
        received=row.received,
        data=row.data,
    )
