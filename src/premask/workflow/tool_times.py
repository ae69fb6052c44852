"""Minutes that other tools have measured, beside those of the event logs (paper, Table 7)."""

from __future__ import annotations

from dataclasses import dataclass

from premask.core.errors import PremaskError, nearest
from premask.core.exchange import ToolTime
from premask.evaluate.effort import SessionMinutes
from premask.evaluate.session_time import MEASURE_LINES, MEASURES
from premask.project.images import all_images, removed_images
from premask.project.imports import timed_maps
from premask.project.project import Project
from premask.workflow.effort import names_of, problem_of_image, timed_sessions
from premask.workflow.study import UNTYPED

AGAIN = "its label map was imported again since"
"""The problem of a time that a newer one stands for."""


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
    return [
        SessionMinutes(
            one.label_map,
            one.image,
            one.type or UNTYPED,
            one.annotator,
            one.strategy,
            {None: one.time.seconds / 60},
            problem=one.problem,
        )
        for one in imported_times(project)
        if one.time.measure == measure and one.problem != AGAIN
    ]


@dataclass(frozen=True)
class ImportedTime:
    """A time that came along with a label map.

    Attributes
    ----------
    image : str
        Its name, with the start of its id where several have it.
    type : str or None
    strategy : str
        What the label map was imported as.
    problem : str
        Why it must not be counted; empty where it may.
    """

    label_map: int
    image: str
    type: str | None
    annotator: str
    strategy: str
    time: ToolTime
    problem: str


def imported_times(project: Project) -> list[ImportedTime]:
    """Every time that came with an import, oldest first, on removed images too."""
    gone = removed_images(project)
    images = {image.id: image for image in [*all_images(project), *gone]}
    names, removed = names_of(list(images.values())), {image.id for image in gone}
    maps = timed_maps(project)
    # A map that was imported again stands for the earlier one.
    newest = {(one.image, one.annotator, one.strategy): one.label_map for one in maps}
    return [
        ImportedTime(
            one.label_map,
            names[one.image],
            images[one.image].type,
            one.annotator,
            one.strategy,
            time,
            problem_of_image(one.crop_bottom, images[one.image], one.image in removed)
            if newest[one.image, one.annotator, one.strategy] == one.label_map
            else AGAIN,
        )
        for one in maps
        for time in one.times
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
