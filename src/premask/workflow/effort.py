"""The sessions of a project as the effort statistics take them (paper, Table 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from premask.core.records import ImageRecord, SessionRecord
from premask.core.sessions import STRATEGIES
from premask.core.study import StudyPlan
from premask.evaluate.effort import SessionMinutes
from premask.evaluate.session_time import SessionTime, time_of
from premask.project.events import events_by_session
from premask.project.images import all_images, removed_images
from premask.project.label_maps import submitted_at
from premask.project.project import Project
from premask.project.sessions import OPEN_STATES, all_sessions, sessions_of_removed_images
from premask.project.studies import newest_study
from premask.workflow.study import UNTYPED

CONSENSUS = "agreed"
"""The strategy of the sessions in which doubtful pixels were settled; no arm of the comparison."""


@dataclass(frozen=True)
class TimedSession:
    """A session and the time that its log tells.

    Attributes
    ----------
    name : str
        Of the image, with the start of its id where several have it.
    problem : str
        Why it must not be counted; empty where it may.
    """

    record: SessionRecord
    name: str
    type: str
    time: SessionTime
    problem: str

    def minutes(self, measure: str = "active") -> SessionMinutes:
        """As the statistics take it, by one measure."""
        return SessionMinutes(
            self.record.id,
            self.name,
            self.type,
            self.record.annotator,
            self.record.strategy,
            self.time.stage_minutes(measure),
            started=self.time.started or 0,
            submitted=self.record.state not in OPEN_STATES,
            problem=self.problem,
        )


def timed_sessions(project: Project) -> tuple[TimedSession, ...]:
    """Every session of both strategies, on images that are there and on removed ones."""
    plan = newest_study(project)
    gone = removed_images(project)
    images = {image.id: image for image in [*all_images(project), *gone]}
    names = names_of(list(images.values()))
    sessions = [
        one
        for one in [*all_sessions(project), *sessions_of_removed_images(project)]
        if one.strategy in STRATEGIES
    ]
    logs = events_by_session(project, [one.id for one in sessions])
    removed = {image.id for image in gone}
    submitted = submitted_at(project)
    made = []
    for one in sorted(sessions, key=lambda one: one.id):
        image, time = images[one.image], time_of(logs.get(one.id, ()))
        problem = _problem(one, image, one.image in removed, plan) or time.problem
        if not problem and one.state not in OPEN_STATES and one.id not in submitted:
            problem = "it is submitted, but has no label map"
        made.append(TimedSession(one, names[one.image], image.type or UNTYPED, time, problem))
    return tuple(made)


def consensus_minutes(project: Project, measure: str = "active") -> float:
    """Minutes that went into settling doubtful pixels, of all people together."""
    numbers = [one.id for one in all_sessions(project) if one.strategy == CONSENSUS]
    logs = events_by_session(project, numbers)
    return sum(time_of(log).total.minutes(measure) for log in logs.values())


def _problem(
    session: SessionRecord, image: ImageRecord, removed: bool, plan: StudyPlan | None
) -> str:
    problem = problem_of_image(session.crop_bottom, image, removed)
    if problem:
        return problem
    key = (session.image, session.annotator, session.strategy)
    if plan and key not in {(p.image, p.annotator, p.strategy) for p in plan.assignments}:
        return "it is not in the plan of the study"
    return ""


def problem_of_image(crop_bottom: int, image: ImageRecord, removed: bool) -> str:
    """Why work on an image must not be counted; empty where it may."""
    if removed:
        return "its image was removed from the project"
    if crop_bottom != image.crop_bottom:
        return (
            f"it was drawn in another crop of the image ({crop_bottom} px cut off at the"
            f" bottom, now {image.crop_bottom} px)"
        )
    return ""


def names_of(images: Sequence[ImageRecord]) -> dict[str, str]:
    """Names of images by their ids, with the start of the id where several have one name."""
    often = Counter(image.name for image in images)
    return {
        image.id: image.name if often[image.name] == 1 else f"{image.name} ({image.id[:8]})"
        for image in images
    }
