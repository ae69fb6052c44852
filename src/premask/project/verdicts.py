"""What experts said of predictions; kept for ever, the newest of each expert counts."""

from __future__ import annotations

from sqlalchemy import select

from premask.core.records import Candidate, Verdict
from premask.project.database import transaction
from premask.project.project import Project, now
from premask.project.schema import VerdictRow


def add_verdict(
    project: Project, candidate: Candidate, annotator: str, verdict: str, reason: str
) -> None:
    """Store what an expert says of a candidate."""
    with transaction(project.engine) as session:
        session.add(
            VerdictRow(
                candidate_id=candidate.id,
                annotator=annotator,
                verdict=verdict,
                reason=reason,
                created=now(),
            )
        )


def newest_verdicts(project: Project) -> dict[int, dict[str, Verdict]]:
    """By candidate and expert, in the order in which they were first given."""
    found: dict[int, dict[str, Verdict]] = {}
    with transaction(project.engine) as session:
        for row in session.scalars(select(VerdictRow).order_by(VerdictRow.id)):
            one = Verdict(row.candidate_id, row.annotator, row.verdict, row.reason, row.created)
            found.setdefault(row.candidate_id, {})[row.annotator] = one
    return found
