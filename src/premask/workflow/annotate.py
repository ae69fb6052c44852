"""Choose, repair, submit: a session of an annotator on an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.origins import ORIGINS, fresh_origins
from premask.core.phases import VOID
from premask.core.records import Candidate, ImageRecord, SessionRecord
from premask.core.sessions import STRATEGIES
from premask.io.label_maps import read_label_map
from premask.project import objects
from premask.project.candidates import all_candidates
from premask.project.images import all_images
from premask.project.label_maps import read_version, session_versions
from premask.project.project import Project
from premask.project.sessions import (
    find_session,
    get_session,
    replace_base,
    start_session,
)
from premask.workflow.derive import derive
from premask.workflow.independence import check_unseen
from premask.workflow.study import check_pass
from premask.workflow.uniform import carry_names

MODEL = "model:"
"""Begins the method's name of what a trained model proposes."""


@dataclass(frozen=True)
class Choice:
    """What a label map is begun with under the strategy ``preannotated``.

    Attributes
    ----------
    candidate : int
        Number of the candidate that the map is made of.
    phases : dict of int to int
        Phases that are taken from other candidates, by the candidate's number.
    reason : str
        Why, in the annotator's words; may be empty.
    uniform : bool
        Whether it was chosen for all images of the type at once (paper, section 4.1).
    """

    candidate: int
    phases: Mapping[int, int] = field(default_factory=dict)
    reason: str = ""
    uniform: bool = False


def begin(
    project: Project,
    image: ImageRecord,
    annotator: str,
    strategy: str,
    *,
    choice: Choice | None = None,
    ground: int | None = None,
) -> SessionRecord:
    """Begin the session of an annotator on an image, or go on with the one that is there.

    Parameters
    ----------
    choice : Choice, optional
        Under ``preannotated``: what to begin with. Until it is known the map is void.
    ground : int, optional
        Under ``scratch``: the phase that the whole image is of at first; void by default.

    Raises
    ------
    PremaskError
        For an unknown strategy, phase or candidate, a candidate without names, or for whoever
        has seen another's label map of the image.
    """
    if strategy not in STRATEGIES:
        raise PremaskError(f"no strategy {strategy!r}; scratch or preannotated is accepted")
    found = find_session(project, image, annotator, strategy)
    if found is not None:
        return found
    check_unseen(project, image.id, image.crop_bottom, annotator, "begin one of your own")
    if strategy == "scratch" and choice is not None:
        raise PremaskError("a map from scratch begins without a candidate")
    if strategy == "preannotated" and ground is not None:
        raise PremaskError("a ground phase belongs to the strategy scratch")
    labels, origins = _empty(project, image, ground)
    record: dict[str, Any] = {"ground": ground}
    if choice is not None:
        labels, origins = compose(project, image, choice)
        record = choice_record(project, choice)
    check_pass(project, image, annotator, strategy, record.get("methods", {}).values())
    return start_session(project, image, annotator, strategy, labels, origins, record)


def choose(project: Project, number: int, choice: Choice, *, revision: int) -> int:
    """Begin a session's map anew from candidates; returns the new revision.

    Raises
    ------
    PremaskError
        Under ``scratch``: both strategies would be mixed.
    """
    session = get_session(project, number)
    if session.strategy != "preannotated":
        raise PremaskError("a map from scratch begins without a candidate")
    image = image_of(project, session)
    labels, origins = compose(project, image, choice)
    record = choice_record(project, choice)
    check_pass(project, image, session.annotator, session.strategy, record["methods"].values())
    return replace_base(project, number, labels, origins, record, revision=revision)


def restore(project: Project, number: int, version: int, *, revision: int) -> int:
    """Go back to an earlier version of a session; returns the new revision.

    Later versions stay; the next submission is a new one.
    """
    for one in session_versions(project, number):
        if one.id == version:
            labels = read_version(project, one)
            origins = (
                read_label_map(objects.existing(project.root, one.origins))
                if one.origins
                else fresh_origins(labels, "expert")
            )
            record = {"version": version}
            return replace_base(project, number, labels, origins, record, revision=revision)
    raise PremaskError(f"session {number} has no version {version}")


def compose(
    project: Project, image: ImageRecord, choice: Choice
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The label map of a choice and the origins of its labels, both (H, W).

    A phase that is taken from another candidate is there exactly where that one has it:
    where only the first has it, the other's label stands instead.

    Raises
    ------
    PremaskError
        For a candidate of another image, one that is not there, or one without names.
    """
    by_number = {one.id: one for one in all_candidates(project, [image])}
    if choice.uniform and choice.candidate in by_number:
        by_number |= carry_names(project, image, by_number[choice.candidate])
    labels = _named(project, by_number, choice.candidate, image)
    origins = np.full(labels.shape, _origin(by_number[choice.candidate]), np.uint8)
    for phase, number in sorted(choice.phases.items()):
        if not 0 <= phase < len(project.phases):
            raise PremaskError(f"no phase {phase}; 0 to {len(project.phases) - 1} are accepted")
        other = _named(project, by_number, number, image)
        taken = (other == phase) | (labels == phase)
        labels = np.where(taken, other, labels)
        origins[taken] = _origin(by_number[number])
    origins[labels == VOID] = ORIGINS["none"]
    return labels, origins


def _origin(candidate: Candidate) -> int:
    """What a candidate's labels come from: a trained model, or a method without training."""
    learned = candidate.parameters.method.startswith(MODEL)
    return ORIGINS["model" if learned else "candidate"]


def choice_record(project: Project, choice: Choice) -> dict[str, Any]:
    """The choice as it is stored: with the methods' names and who had named the regions."""
    by_number = {one.id: one for one in all_candidates(project)}
    kept = asdict(choice) | {"phases": {str(p): c for p, c in choice.phases.items()}}
    used = {
        str(number): by_number[number] for number in [choice.candidate, *choice.phases.values()]
    }
    return kept | {
        "methods": {number: one.parameters.method for number, one in used.items()},
        "named": {
            number: {"source": one.table.get("source", "hand"), "by": one.table.get("by", [])}
            for number, one in used.items()
        },
    }


def image_of(project: Project, session: SessionRecord) -> ImageRecord:
    """The image of a session."""
    return next(image for image in all_images(project) if image.id == session.image)


def _empty(
    project: Project, image: ImageRecord, ground: int | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    if ground is not None and not 0 <= ground < len(project.phases):
        raise PremaskError(f"no phase {ground}; 0 to {len(project.phases) - 1} are accepted")
    shape = (image.view_height, image.width)
    labels = np.full(shape, VOID if ground is None else ground, np.uint8)
    return labels, np.full(shape, ORIGINS["none"], np.uint8)


def _named(
    project: Project, by_number: Mapping[int, Candidate], number: int, image: ImageRecord
) -> NDArray[np.uint8]:
    if number not in by_number:
        raise PremaskError(f"{image.name} has no candidate {number}; choose one of its own")
    derived = derive(project, by_number[number])
    if not derived.named:
        method = by_number[number].parameters.method
        raise PremaskError(f"the regions of {method} on {image.name} have no names yet; name them")
    return derived.label_map
