"""The study: who labels what and when, and what the application lets them begin."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from premask.core.errors import PremaskError, nearest
from premask.core.records import ImageRecord, SessionRecord
from premask.core.sessions import STRATEGIES
from premask.core.study import Assignment, StudyPlan
from premask.core.words import count
from premask.evaluate.study_design import assign
from premask.preannotators.methods import all_methods
from premask.project.candidates import all_candidates
from premask.project.images import all_images, removed_images
from premask.project.label_maps import submitted_at
from premask.project.project import Project
from premask.project.sessions import OPEN_STATES, add_annotator, all_sessions
from premask.project.studies import newest_study, save_study
from premask.workflow.model_method import is_model
from premask.workflow.model_names import known_name

UNTYPED = "-"
"""The type of images that have none, in tables."""

State = Literal["done", "begun", "ready", "waiting", "later", "removed"]
STATE_LINES = {
    "done": "submitted",
    "begun": "begun",
    "ready": "can be begun",
    "waiting": "waits for the interval between the two passes",
    "later": "comes after the other pass",
    "removed": "the image was removed",
}


@dataclass(frozen=True)
class Task:
    """A pass as it stands.

    Attributes
    ----------
    name : str
        Of the image, also where it was removed.
    state : str
        See :data:`STATE_LINES`.
    due : datetime or None
        When the interval is over, for ``waiting``.
    session : int or None
    """

    assignment: Assignment
    name: str
    state: State
    due: datetime | None = None
    session: int | None = None


def plan_study(
    project: Project,
    annotators: Sequence[str],
    *,
    arm: str = "choice",
    per_image: int = 1,
    min_days: float = 7.0,
    seed: int = 0,
    types: Collection[str] = (),
    replace_plan: bool = False,
) -> StudyPlan:
    """Plan a study on a project's images and store the plan.

    Parameters
    ----------
    annotators : sequence of str
        Entered in the list of annotators where they are new.
    arm : str
        ``choice`` or ``uniform:METHOD``, see :class:`premask.core.study.StudyPlan`.
    per_image, seed
        As in :func:`premask.evaluate.study_design.assign`.
    min_days : float
        Between the two passes of one annotator over one image.
    types : collection of str, optional
        Processing types to take; all by default.
    replace_plan : bool
        Plan anew although passes of the present plan have begun.

    Raises
    ------
    PremaskError
        For an arm that there is not, no image, an interval below 0, or a plan that is at work.
    """
    check_arm(arm)
    kind, colon, method = arm.partition(":")
    arm = f"{kind}{colon}{known_name(project, method)}"
    if not 0 <= min_days <= 3650:
        raise PremaskError(f"{min_days:g} days between the passes; 0 to 3650 are accepted")
    images = all_images(project)
    known = {image.type for image in images}
    for type_ in types:
        if type_ not in known:
            named = sorted(name for name in known if name)
            raise PremaskError(
                f"no image has the type {type_!r}; the types are {', '.join(named) or 'none'}"
                f"{nearest(type_, named)}"
            )
    chosen = [(i.id, i.type or UNTYPED) for i in images if not types or i.type in types]
    if not chosen:
        raise PremaskError(f"{project.root} has no images; add them with premask add")
    present = newest_study(project)
    begun = [] if present is None else sorted(_sessions(project, present))
    if begun and not replace_plan:
        raise PremaskError(
            f"{count(len(begun), 'pass', 'passes')} of the present plan"
            f" {'has' if len(begun) == 1 else 'have'} begun; --replace plans anew and keeps them"
        )
    # A plan that cannot be made enters nobody.
    assign(chosen, annotators, per_image=per_image, seed=seed)
    names = [add_annotator(project, name) for name in annotators]
    made = assign(chosen, names, per_image=per_image, seed=seed)
    save_study(project, StudyPlan(made, arm, min_days, per_image, seed))
    stored = newest_study(project)
    assert stored is not None
    return stored


def check_arm(arm: str) -> None:
    """Refuse what is no pre-annotated arm."""
    kind, colon, method = arm.partition(":")
    if kind == "choice" and not colon:
        return
    if kind == "uniform" and (method in all_methods() or is_model(method)):
        return
    methods = list(all_methods())
    raise PremaskError(
        f"the pre-annotated arm is {arm!r}; choice or uniform:METHOD is accepted, with METHOD one"
        f" of {', '.join(methods)}{_near_arm(arm, methods)}"
    )


def _near_arm(arm: str, methods: Sequence[str]) -> str:
    """An arm as it may have been meant, whole, to be typed again."""
    kind, _, method = arm.partition(":")
    if kind in methods:  # uniform: was forgotten
        return f"; did you mean uniform:{kind}?"
    near = nearest(method, methods).removeprefix("; did you mean ")
    if near:
        return f"; did you mean uniform:{near}"
    return nearest(kind, ["choice", "uniform"]).replace("uniform?", "uniform:METHOD?")


def without_candidate(project: Project, plan: StudyPlan) -> list[ImageRecord]:
    """Images of the plan that have no candidate for the pre-annotated arm yet."""
    planned = {one.image for one in plan.assignments}
    have = {
        one.image for one in all_candidates(project) if plan.method in (None, one.parameters.method)
    }
    return [image for image in all_images(project) if image.id in planned - have]


def tasks(
    project: Project, plan: StudyPlan, annotator: str, *, at: datetime | None = None
) -> list[Task]:
    """The passes of one annotator as they stand, in the order of the plan."""
    found = _sessions(project, plan)
    times = submitted_at(project)
    names = {image.id: image.name for image in all_images(project)}
    gone = {image.id: image.name for image in removed_images(project)}
    moment = at or datetime.now(UTC)
    made = []
    for one in plan.of(annotator):
        key = (one.image, annotator, one.strategy)
        task = Task(one, names.get(one.image) or gone.get(one.image, one.image[:12]), "ready")
        if one.image not in names:
            made.append(replace(task, state="removed"))
        elif key in found:
            session = found[key]
            state: State = "begun" if session.state in OPEN_STATES else "done"
            made.append(replace(task, state=state, session=session.id))
        else:
            made.append(_not_begun(task, plan, found, times, moment))
    return made


def next_task(found: Sequence[Task]) -> Task | None:
    """What an annotator goes on with: a pass that is begun, else the first that can be."""
    for state in ("begun", "ready"):
        for task in found:
            if task.state == state:
                return task
    return None


def pass_pending(project: Project, image: str, annotator: str) -> bool:
    """Whether an annotator has a pass over an image before them, or is at one."""
    plan = newest_study(project)
    if plan is None or not any(one.image == image for one in plan.of(annotator)):
        return False
    return any(
        task.assignment.image == image and task.state not in ("done", "removed")
        for task in tasks(project, plan, annotator)
    )


def candidates_hidden(project: Project, image: ImageRecord, annotator: str) -> bool:
    """Whether an annotator has to label the image from scratch before any proposal is shown."""
    plan = newest_study(project)
    mine = [] if plan is None else [one for one in plan.of(annotator) if one.image == image.id]
    if plan is None or not mine or mine[0].strategy != "scratch":
        return False
    session = _sessions(project, plan).get((image.id, annotator, "scratch"))
    return session is None or session.state in OPEN_STATES


def check_pass(
    project: Project,
    image: ImageRecord,
    annotator: str,
    strategy: str,
    methods: Collection[str] = (),
    *,
    at: datetime | None = None,
) -> None:
    """Refuse to begin what the study has in another way; who and what is not in it is free.

    Parameters
    ----------
    methods : collection of str
        Those that the label map is begun with.

    Raises
    ------
    PremaskError
        For a second pass before the first or before its time, and for another method than
        the plan's.
    """
    plan = newest_study(project)
    if plan is None:
        return
    for task in tasks(project, plan, annotator, at=at):
        if (task.assignment.image, task.assignment.strategy) != (image.id, strategy):
            continue
        other = STRATEGIES[1 - STRATEGIES.index(strategy)]
        if task.state == "later":
            raise PremaskError(
                f"in the study you label {image.name} {_spoken(other)} first; submit that, and"
                f" {_spoken(strategy)} follows after {plan.min_days:g} days"
            )
        if task.state == "waiting" and task.due:
            raise PremaskError(
                f"the study leaves {plan.min_days:g} days between your two passes over"
                f" {image.name}; {_spoken(strategy)} can begin from"
                f" {task.due:%Y-%m-%d %H:%M} UTC on"
            )
        if plan.method and set(methods) - {plan.method}:
            raise PremaskError(
                f"the study begins every pre-annotated pass with {plan.method}, not with"
                f" {', '.join(sorted(set(methods) - {plan.method}))}"
            )


def _spoken(strategy: str) -> str:
    return "from scratch" if strategy == "scratch" else "from the pre-annotation"


def _sessions(project: Project, plan: StudyPlan) -> dict[tuple[str, str, str], SessionRecord]:
    """Sessions of the plan's passes in the images' present crops."""
    planned = {(one.image, one.annotator, one.strategy) for one in plan.assignments}
    crops = {image.id: image.crop_bottom for image in all_images(project)}
    return {
        key: session
        for session in all_sessions(project)
        if (key := (session.image, session.annotator, session.strategy)) in planned
        and crops[session.image] == session.crop_bottom
    }


def _not_begun(
    task: Task,
    plan: StudyPlan,
    found: dict[tuple[str, str, str], SessionRecord],
    times: dict[int, str],
    moment: datetime,
) -> Task:
    """Whether the pass can be begun, by where the other pass over its image stands."""
    one = task.assignment
    other = STRATEGIES[1 - STRATEGIES.index(one.strategy)]
    first = next(
        (
            had
            for had in plan.of(one.annotator)
            if had.image == one.image and had.strategy == other and had.position < one.position
        ),
        None,
    )
    if first is None:
        return task
    session = found.get((one.image, one.annotator, other))
    if session is None or session.state in OPEN_STATES or session.id not in times:
        return replace(task, state="later")
    due = datetime.fromisoformat(times[session.id]) + timedelta(days=plan.min_days)
    return task if moment >= due else replace(task, state="waiting", due=due)
