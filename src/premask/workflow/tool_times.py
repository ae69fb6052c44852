"""Minutes that other tools have measured, beside those of the event logs (paper, Table 7)."""

from __future__ import annotations

from premask.core.errors import PremaskError, nearest
from premask.evaluate.effort import SessionMinutes
from premask.evaluate.session_time import MEASURE_LINES, MEASURES
from premask.project.images import all_images, removed_images
from premask.project.imports import timed_maps
from premask.project.project import Project
from premask.workflow.effort import names_of, problem_of_image, timed_sessions
from premask.workflow.study import UNTYPED


def minutes_by(project: Project, measure: str) -> list[SessionMinutes]:
    """The minutes of both strategies by one measure.

    Parameters
    ----------
    measure : str
        Of the event logs (``active``, ``strict60``, ``gap100``, ``wall``), or of the tool that
        label maps were imported from, as in ``labelbox:seconds_to_create``. The two are never
        mixed.

    Raises
    ------
    PremaskError
        For a measure that there is not.
    """
    if measure in MEASURES:
        return [one.minutes(measure) for one in timed_sessions(project)]
    _check(project, measure)
    gone = removed_images(project)
    images = {image.id: image for image in [*all_images(project), *gone]}
    names, removed = names_of(list(images.values())), {image.id for image in gone}
    # A map that was imported again stands for the earlier one.
    newest = {(one.image, one.annotator, one.strategy): one for one in timed_maps(project)}
    return [
        SessionMinutes(
            one.label_map,
            names[one.image],
            images[one.image].type or UNTYPED,
            one.annotator,
            one.strategy,
            {None: time.seconds / 60},
            problem=problem_of_image(one.crop_bottom, images[one.image], one.image in removed),
        )
        for one in newest.values()
        for time in one.times
        if time.measure == measure
    ]


def measure_line(project: Project, measure: str) -> str:
    """A measure and its rule, to stand beside every figure."""
    if measure in MEASURES:
        return MEASURE_LINES[measure]
    return f"{measure}: {_check(project, measure)}"


def _check(project: Project, measure: str) -> str:
    rules = {time.measure: time.rule for one in timed_maps(project) for time in one.times}
    if measure not in rules:
        known = [*MEASURES, *rules]
        raise PremaskError(
            f"the time measure is {measure!r}; {', '.join(known)} are accepted here"
            f"{nearest(measure, known)}"
        )
    return rules[measure]
