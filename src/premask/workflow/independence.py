"""Label maps of one image are independent: whoever has seen another's begins none any more.

Nobody sees another's label map of an image while they are at work on it themselves, or have a
pass over it before them in the study. Whoever has seen one, as a reviewer or in its consensus,
neither begins a map of that image nor reopens one; a map that is sent back by a reviewer can be
changed.
"""

from __future__ import annotations

from premask.core.errors import PremaskError
from premask.core.records import SessionRecord
from premask.core.sessions import STRATEGIES
from premask.project import sessions
from premask.project.project import Project
from premask.project.sightings import add_sighting, sightings_of
from premask.workflow.study import pass_pending


def hindrance(project: Project, image: str, crop_bottom: int, annotator: str) -> str:
    """Why somebody may not see another's label map of an image; empty where they may."""
    if at_work(project, image, crop_bottom, annotator):
        return "you are still at work on this image yourself; submit yours before you see another's"
    if pass_pending(project, image, annotator):
        return "in the study you have yet to label this image yourself; then you see another's"
    return ""


def at_work(project: Project, image: str, crop_bottom: int, annotator: str) -> bool:
    """Whether somebody has a label map of an image in a crop that is not submitted yet."""
    return any(
        (one.image, one.crop_bottom, one.annotator) == (image, crop_bottom, annotator)
        and one.strategy in STRATEGIES
        and one.state in sessions.OPEN_STATES
        for one in sessions.all_sessions(project)
    )


def saw(project: Project, session: SessionRecord, annotator: str) -> None:
    """Enter that somebody has seen the label map of a session, where it is another's."""
    if annotator != session.annotator:
        add_sighting(project, session.image, session.crop_bottom, annotator)


def check_unseen(
    project: Project, image: str, crop_bottom: int, annotator: str, doing: str
) -> None:
    """Refuse to label an image of which another's map was seen.

    Raises
    ------
    PremaskError
        Where it was.
    """
    if (image, crop_bottom) in sightings_of(project, annotator):
        raise PremaskError(
            f"you have seen another's label map of this image, so that you cannot {doing}; send"
            " theirs back to have it repaired, or have yours sent back by a reviewer"
        )


def reopen(project: Project, session: SessionRecord) -> None:
    """Open one's own submitted session again.

    Raises
    ------
    PremaskError
        Where another's label map of the image was seen since.
    ConflictError
        Where a reviewer accepted it.
    """
    if session.state == "submitted":
        key = session.image, session.crop_bottom, session.annotator
        check_unseen(project, *key, doing="reopen your own")
    sessions.reopen(project, session.id)
