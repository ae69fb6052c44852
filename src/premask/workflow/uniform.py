"""One method for all images of a type, and the names that carry over to them (section 4.1)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from premask.core.errors import PremaskError
from premask.core.records import Candidate, ImageRecord
from premask.project.candidates import all_candidates, has_names
from premask.project.images import all_images
from premask.project.project import Project
from premask.project.sessions import all_sessions
from premask.project.studies import newest_study
from premask.workflow.name import TRUSTED, name_by_prototypes


def uniform_methods(project: Project, annotator: str) -> dict[str | None, str]:
    """The method that an annotator takes for all images of a type, by the type.

    The newest choice on an image of the type decides (paper, section 4.1: one method for
    all images of a set); for who is in a study with a uniform arm, the study does.
    """
    types = {image.id: image.type for image in all_images(project)}
    methods: dict[str | None, str] = {}
    plan = newest_study(project)
    if plan is not None and plan.method and annotator in plan.annotators:
        return dict.fromkeys(types.values(), plan.method)
    for session in all_sessions(project):
        choice = session.choice
        if session.annotator != annotator or session.image not in types or "methods" not in choice:
            continue
        methods.pop(types[session.image], None)
        if choice["uniform"]:
            methods[types[session.image]] = choice["methods"][str(choice["candidate"])]
    return methods


def nameable_types(project: Project) -> set[str | None]:
    """Types of which some candidate was named by a person, so that names can carry over."""
    types = {image.id: image.type for image in all_images(project)}
    return {
        types[one.image]
        for one in all_candidates(project)
        if one.image in types and one.table.get("source") in TRUSTED and has_names(one.table)
    }


def usual_candidate(
    candidates: Sequence[Candidate], method: str | None, *, nameable: bool
) -> Candidate | None:
    """The newest of an image's candidates of a method that a label map can begin with.

    Parameters
    ----------
    nameable : bool
        Whether names can carry over to the image: one without names gets them when it is
        begun with, so that looking for it costs nothing.
    """
    usable = [
        one
        for one in candidates
        if one.parameters.method == method and (nameable or has_names(one.table))
    ]
    return max(usable, key=lambda one: (has_names(one.table), one.id), default=None)


def carry_names(project: Project, image: ImageRecord, candidate: Candidate) -> dict[int, Candidate]:
    """Name a candidate that nobody has named by the images named so far, where there are any.

    Returns
    -------
    candidates : dict of int to Candidate
        Those of the image and method by number, as they are named now.
    """
    methods = [candidate.parameters.method]
    if not has_names(candidate.table):
        with contextlib.suppress(PremaskError):  # nothing was named yet
            name_by_prototypes(project, image=image.id, method=methods[0])
    return {one.id: one for one in all_candidates(project, [image], methods)}
