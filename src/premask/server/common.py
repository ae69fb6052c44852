"""What the routes share: the project, the annotator, one image by its id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Path, Request

from premask.core.errors import PremaskError
from premask.core.records import ImageRecord, SessionRecord
from premask.project.images import all_images
from premask.project.project import Project
from premask.project.sessions import all_annotators, get_session
from premask.server.schemas import SessionOut
from premask.server.security import annotator_of
from premask.workflow.session_facts import SessionFacts, session_facts

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "What was wrong, in one line"},
    401: {"description": "The token is missing, or nobody is signed in"},
    403: {"description": "Not from here, or not this annotator's"},
    404: {"description": "There is no such thing"},
    409: {"description": "Saved elsewhere since"},
    413: {"description": "Too large"},
    507: {"description": "The disk of the project is full"},
}


def _project(request: Request) -> Project:
    project: Project = request.app.state.project
    return project


Opened = Annotated[Project, Depends(_project)]


def _annotator(request: Request, project: Opened) -> str:
    name = annotator_of(request)
    if name not in all_annotators(project):
        raise HTTPException(401, "nobody is signed in; sign in with a name first")
    return name


Annotator = Annotated[str, Depends(_annotator)]


def _image(
    project: Opened, image: Annotated[str, Path(max_length=100, pattern="^[0-9a-f-]+$")]
) -> ImageRecord:
    for record in all_images(project):
        if record.id == image:
            return record
    raise HTTPException(404, "there is no such image in the project")


OneImage = Annotated[ImageRecord, Depends(_image)]


def _session(
    project: Opened, annotator: Annotator, session: Annotated[int, Path(ge=1, le=2**53)]
) -> SessionRecord:
    try:
        found = get_session(project, session)
    except PremaskError as error:
        raise HTTPException(404, str(error)) from None
    if found.annotator != annotator:
        # Nobody sees another's map before consensus.
        raise HTTPException(403, "this session is another annotator's")
    return found


OwnSession = Annotated[SessionRecord, Depends(_session)]


def session_out(
    project: Project, session: SessionRecord, facts: Mapping[int, SessionFacts] | None = None
) -> SessionOut:
    """A session as it is answered; ``facts``: of all sessions, where several are asked for."""
    known = session_facts(project) if facts is None else facts
    own = known.get(session.id, SessionFacts())
    return SessionOut.model_validate(
        {
            "id": session.id,
            "image": session.image,
            "annotator": session.annotator,
            "strategy": session.strategy,
            "state": session.state,
            "revision": session.revision,
            "created": session.created,
            "choice": session.choice,
            "minutes": own.minutes,
            "review": own.review and asdict(own.review),
        }
    )
