"""What reviewers said of submitted label maps; kept for ever, the newest counts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update

from premask.core.records import Review
from premask.project.database import transaction
from premask.project.project import Project, now
from premask.project.schema import LabelMapRow, ReviewRow, SessionRow
from premask.project.sessions import ConflictError


def add_review(
    project: Project,
    number: int,
    version: int,
    reviewer: str,
    verdict: str,
    note: str,
    *,
    states: Sequence[str],
) -> None:
    """Store a verdict on the newest version of a session, and the session's state with it.

    Parameters
    ----------
    version : int
        The one that was looked at.
    verdict : str
        ``accepted`` or ``returned``: the session's new state.
    states : sequence of str
        States from which this verdict can be given.

    Raises
    ------
    ConflictError
        Where the session has another state or a newer version by now.
    """
    with transaction(project.engine) as session:
        done = session.execute(
            update(SessionRow)
            .where(SessionRow.id == number, SessionRow.state.in_(states))
            .values(state=verdict)
        )
        if not done.rowcount:  # type: ignore[attr-defined]  # an update's result has one
            raise ConflictError("the label map is not submitted any more; load the list again")
        newest = session.scalar(
            select(func.max(LabelMapRow.id)).where(LabelMapRow.session_id == number)
        )
        if newest != version:
            raise ConflictError("the label map was submitted anew since; look at it again")
        session.add(
            ReviewRow(
                label_map_id=version, reviewer=reviewer, verdict=verdict, note=note, created=now()
            )
        )


def reviews_of(project: Project, number: int) -> dict[int, Review]:
    """The last review of each version of a session that has any, by the version's number."""
    query = (
        select(ReviewRow)
        .join(LabelMapRow, LabelMapRow.id == ReviewRow.label_map_id)
        .where(LabelMapRow.session_id == number)
        .order_by(ReviewRow.id)
    )
    with transaction(project.engine) as session:
        return {row.label_map_id: _review(row) for row in session.scalars(query)}


def newest_reviews(project: Project) -> dict[int, Review]:
    """The last review of each session that has any, by the session's number."""
    query = (
        select(LabelMapRow.session_id, ReviewRow)
        .join(LabelMapRow, LabelMapRow.id == ReviewRow.label_map_id)
        .where(LabelMapRow.session_id.is_not(None))
        .order_by(ReviewRow.id)
    )
    with transaction(project.engine) as session:
        return {int(number or 0): _review(row) for number, row in session.execute(query)}


def _review(row: ReviewRow) -> Review:
    return Review(row.id, row.label_map_id, row.reviewer, row.verdict, row.note, row.created)


def all_reviews(project: Project) -> list[Review]:
    """Every review, oldest first."""
    with transaction(project.engine) as session:
        return [_review(row) for row in session.scalars(select(ReviewRow).order_by(ReviewRow.id))]
