"""A reviewer looks at a submitted label map, and accepts it or sends it back with a note."""

from __future__ import annotations

from typing import Literal

from premask.core.errors import PremaskError
from premask.core.records import LabelMapVersion, SessionRecord
from premask.project.label_maps import session_versions
from premask.project.project import Project
from premask.project.reviews import add_review
from premask.project.sessions import all_annotators, get_session
from premask.workflow.independence import hindrance, saw
from premask.workflow.overview import overview

Verdict = Literal["accepted", "returned"]
REVIEWED: dict[str, tuple[str, ...]] = {
    "accepted": ("submitted",),
    # What was accepted by mistake can be sent back too.
    "returned": ("submitted", "accepted"),
}
"""States from which each verdict can be given."""


def reviewable(project: Project) -> list[SessionRecord]:
    """Submitted and accepted sessions, in the order of the images."""
    return [
        session
        for image in overview(project)
        for session in image.sessions
        if session.state in REVIEWED["returned"]
    ]


def refusal(project: Project, session: SessionRecord, reviewer: str) -> str:
    """Why somebody may not review a session; empty where they may.

    Nobody reviews their own label map, but for a project of one person. Whose map of an image
    may be seen is said in :mod:`premask.workflow.independence`.
    """
    if session.state not in REVIEWED["returned"]:
        return f"the label map is {session.state}; a reviewer looks at it when it is submitted"
    if session.annotator == reviewer and len(all_annotators(project)) > 1:
        return "this is your own label map; somebody else has to review it"
    if session.annotator == reviewer:
        return ""
    return hindrance(project, session.image, session.crop_bottom, reviewer)


def submitted_version(project: Project, number: int, reviewer: str) -> LabelMapVersion:
    """The version of a session that a reviewer looks at, who has seen it from now on.

    Raises
    ------
    PremaskError
        Where they may not.
    """
    session = get_session(project, number)
    _check(project, session, reviewer)
    saw(project, session, reviewer)
    return session_versions(project, number)[-1]


def review(
    project: Project, number: int, version: int, reviewer: str, verdict: Verdict, note: str = ""
) -> None:
    """Accept the version of a label map that was looked at, or send it back.

    Raises
    ------
    PremaskError
        Where they may not, or where a map is sent back without a note.
    ConflictError
        Where the session has another state or a newer version by now.
    """
    if verdict not in REVIEWED:
        raise PremaskError(f"no verdict {verdict!r}; accepted or returned is accepted")
    session = get_session(project, number)
    _check(project, session, reviewer)
    if verdict == "returned" and not note.strip():
        raise PremaskError("a label map is sent back with a note: say what is to be repaired")
    states = REVIEWED[verdict]
    saw(project, session, reviewer)
    add_review(project, number, version, reviewer, verdict, note.strip(), states=states)


def _check(project: Project, session: SessionRecord, reviewer: str) -> None:
    reason = refusal(project, session, reviewer)
    if reason:
        raise PremaskError(reason)
