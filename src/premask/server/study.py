"""The study as one annotator sees it."""

from __future__ import annotations

from fastapi import APIRouter

from premask.project.studies import newest_study
from premask.server.common import REFUSALS, Annotator, Opened
from premask.server.schemas import StudyOut, TaskOut
from premask.workflow.study import next_task, tasks

router = APIRouter(responses=REFUSALS)


@router.get("/study")
def get_study(project: Opened, annotator: Annotator) -> StudyOut | None:
    """The passes of the one who asks, in their order; null for who is in no study."""
    plan = newest_study(project)
    if plan is None or annotator not in plan.annotators:
        return None
    found = tasks(project, plan, annotator)
    following = next_task(found)
    return StudyOut(
        arm=plan.arm,
        min_days=plan.min_days,
        next=None if following is None else following.assignment.position,
        tasks=[
            TaskOut(
                image=task.assignment.image,
                name=task.name,
                strategy=task.assignment.strategy,
                position=task.assignment.position,
                state=task.state,
                due=task.due.isoformat() if task.due else None,
                session=task.session,
            )
            for task in found
        ],
    )
