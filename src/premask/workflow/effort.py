"""The sessions of a project as the effort statistics take them (paper, Table 7)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

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


@dataclass(frozen=True)
class Settling:
    """Settling the doubtful pixels of an image, of all people together.

    Attributes
    ----------
    name : str
        Of the image, as in :class:`TimedSession`.
    people : tuple of str
    minutes : float
        By one measure.
    """

    image: str
    name: str
    people: tuple[str, ...]
    minutes: float


def settling(project: Project, measure: str = "active") -> list[Settling]:
    """The time that went into the consensus of each image, in the order of the images."""
    names = names_of([*all_images(project), *removed_images(project)])
    sessions = [one for one in all_sessions(project) if one.strategy == CONSENSUS]
    logs = events_by_session(project, [one.id for one in sessions])
    spent = {number: time_of(log).total.minutes(measure) for number, log in logs.items()}
    made = []
    for image in all_images(project):
        own = [one for one in sessions if one.image == image.id and spent.get(one.id)]
        if own:
            people = tuple(sorted({one.annotator for one in own}))
            total = sum(spent[one.id] for one in own)
            made.append(Settling(image.id, names[image.id], people, total))
    return made


def with_consensus(
    sessions: Iterable[SessionMinutes], found: Sequence[Settling]
) -> list[SessionMinutes]:
    """The minutes of an image's consensus added to each strategy.

    It settles the label maps of both, so that an agreed map costs it either way. Of the
    sessions of one annotator under one strategy the first bears it.
    """
    minutes = {one.name: one.minutes for one in found}
    borne: set[tuple[str, str, str]] = set()
    made = []
    for one in sorted(sessions, key=lambda one: one.session):
        key = one.image, one.annotator, one.strategy
        more = 0.0 if key in borne else minutes.get(one.image, 0.0)
        borne.add(key)
        own = one.minutes.get("consensus", 0.0) + more
        made.append(replace(one, minutes={**one.minutes, "consensus": own}) if more else one)
    return made


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
