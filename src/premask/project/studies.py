"""Plans of studies; the newest counts, earlier ones stay."""

from __future__ import annotations

from sqlalchemy import select

from premask.core.study import Assignment, StudyPlan
from premask.project.database import transaction
from premask.project.project import Project, now
from premask.project.schema import AssignmentRow, StudyRow


def save_study(project: Project, plan: StudyPlan) -> None:
    """Store a plan; it is the project's from now on."""
    with transaction(project.engine) as session:
        row = StudyRow(
            arm=plan.arm,
            min_days=plan.min_days,
            per_image=plan.per_image,
            seed=plan.seed,
            created=now(),
        )
        session.add(row)
        session.flush()
        session.add_all(
            AssignmentRow(
                study_id=row.id,
                annotator=one.annotator,
                position=one.position,
                image_id=one.image,
                strategy=one.strategy,
            )
            for one in plan.assignments
        )


def newest_study(project: Project) -> StudyPlan | None:
    """The plan that counts, None where none was made."""
    with transaction(project.engine) as session:
        row = session.scalar(select(StudyRow).order_by(StudyRow.id.desc()).limit(1))
        if row is None:
            return None
        rows = session.scalars(
            select(AssignmentRow)
            .where(AssignmentRow.study_id == row.id)
            .order_by(AssignmentRow.annotator, AssignmentRow.position)
        )
        made = tuple(
            Assignment(one.image_id, one.annotator, one.strategy, one.position) for one in rows
        )
        return StudyPlan(made, row.arm, row.min_days, row.per_image, row.seed, row.created)
