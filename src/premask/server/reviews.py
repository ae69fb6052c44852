"""Reviews: what waits, how it looks, and the verdict."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from premask.core.origins import fresh_origins
from premask.io.label_maps import read_label_map
from premask.project import objects
from premask.project.images import all_images
from premask.project.label_maps import read_version, session_versions
from premask.project.sessions import get_session
from premask.project.sightings import sightings_of
from premask.server.common import REFUSALS, Annotator, Opened, session_out
from premask.server.reply import array_reply
from premask.server.schemas import SessionOut, VerdictIn, WaitingOut
from premask.workflow.review import refusal, review, reviewable, submitted_version
from premask.workflow.session_facts import session_facts

router = APIRouter(responses=REFUSALS)
SessionNumber = Annotated[int, Path(ge=1, le=2**53)]


@router.get("/reviews")
def get_reviews(project: Opened, reviewer: Annotator) -> list[WaitingOut]:
    """Submitted and accepted label maps."""
    facts, seen = session_facts(project), sightings_of(project, reviewer)
    names = {image.id: image.name for image in all_images(project)}
    rows = []
    for session in reviewable(project):
        version = session_versions(project, session.id)[-1]
        rows.append(
            WaitingOut(
                session=session_out(project, session, facts),
                name=names[session.image],
                version=version.id,
                submitted=version.created,
                note=version.note,
                refusal=refusal(project, session, reviewer),
                seen=session.annotator == reviewer or (session.image, session.crop_bottom) in seen,
            )
        )
    return rows


@router.get("/reviews/{session}/planes", response_class=Response)
def get_review_planes(
    project: Opened, reviewer: Annotator, session: SessionNumber, request: Request
) -> Response:
    """Labels, then origins, of the submitted version."""
    version = submitted_version(project, session, reviewer)
    labels = read_version(project, version)
    origins = (
        read_label_map(objects.existing(project.root, version.origins))
        if version.origins
        else fresh_origins(labels, "expert")
    )
    return array_reply(np.stack([labels, origins]), request)


@router.post("/reviews/{session}")
def post_review(
    project: Opened, reviewer: Annotator, session: SessionNumber, body: VerdictIn
) -> SessionOut:
    """Accept, or send back with a note."""
    review(project, session, body.version, reviewer, body.verdict, body.note)
    return session_out(project, get_session(project, session))
