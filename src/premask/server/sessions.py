"""Sessions: begin, save, submit, go back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Header, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from premask.core.sessions import Event, parse_batch
from premask.core.tiles import decode_tiles
from premask.evaluate.session_time import MEASURES, time_of
from premask.project.events import append_events, events_of
from premask.project.images import all_images
from premask.project.label_maps import session_versions
from premask.project.reviews import reviews_of
from premask.project.sessions import get_session, save_tiles, submit, working_copy
from premask.server.common import REFUSALS, Annotator, Opened, OwnSession, session_out
from premask.server.reply import array_reply
from premask.server.schemas import (
    BeginIn,
    ChoiceIn,
    ChooseIn,
    EventsIn,
    EventsOut,
    RestoreIn,
    RevisionOut,
    SessionOut,
    SessionVersionOut,
    SubmitIn,
    TimeOut,
    VersionOut,
)
from premask.workflow.annotate import Choice, begin, choose, image_of, restore
from premask.workflow.independence import reopen

router = APIRouter(responses=REFUSALS)


@router.post("/sessions")
def post_session(project: Opened, annotator: Annotator, body: BeginIn) -> SessionOut:
    """Open an image under a strategy, or go on where it was left."""
    found = [image for image in all_images(project) if image.id == body.image]
    if not found:
        raise HTTPException(404, "there is no such image in the project")
    session = begin(
        project,
        found[0],
        annotator,
        body.strategy,
        choice=_choice(body.choice) if body.choice else None,
        ground=body.ground,
    )
    return session_out(project, session)


@router.get("/sessions/{session}")
def get_one(project: Opened, session: OwnSession) -> SessionOut:
    """A session as it stands."""
    return session_out(project, session)


@router.get("/sessions/{session}/planes", response_class=Response)
def get_planes(project: Opened, session: OwnSession, request: Request) -> Response:
    """Labels, then origins; the revision is in a header."""
    copy = working_copy(project, session.id)
    planes = np.stack([copy.labels, copy.origins])
    return array_reply(planes, request, X_Revision=copy.revision, X_Save=copy.save)


@router.patch("/sessions/{session}/tiles")
async def patch_tiles(
    project: Opened,
    session: OwnSession,
    request: Request,
    x_revision: Annotated[int, Header(ge=0, le=2**53)],
    x_save: Annotated[str, Header(min_length=1, max_length=100)],
) -> RevisionOut:
    """Save changed tiles (see :mod:`premask.core.tiles`) that were made on a revision."""
    data = await request.body()

    def work() -> int:
        image = image_of(project, session)
        tiles = decode_tiles(data, image.view_height, image.width, len(project.phases))
        return save_tiles(project, session.id, tiles, revision=x_revision, save=x_save)

    return RevisionOut(revision=await run_in_threadpool(work))


@router.post("/sessions/{session}/events")
def post_events(project: Opened, session: OwnSession, body: EventsIn) -> EventsOut:
    """Append to the session's log; what is sent twice counts once."""
    batch = parse_batch(body.events, received=time.time() * 1000)
    return EventsOut(new=append_events(project, session.id, batch))


@router.get("/sessions/{session}/time")
def get_time(project: Opened, session: OwnSession) -> TimeOut:
    """Minutes by each measure, from the log."""
    total = time_of(events_of(project, session.id)).total
    return TimeOut(**{measure: total.minutes(measure) for measure in MEASURES})


@router.post("/sessions/{session}/choice")
def post_choice(project: Opened, session: OwnSession, body: ChooseIn) -> RevisionOut:
    """Begin the map anew from candidates."""
    choice = _choice(body.choice)
    return RevisionOut(revision=choose(project, session.id, choice, revision=body.revision))


@router.post("/sessions/{session}/submit")
def post_submit(project: Opened, session: OwnSession, body: SubmitIn) -> VersionOut:
    """Make a version of the map as it stands."""
    number = submit(project, session.id, revision=body.revision, note=body.note)
    (made,) = [one for one in session_versions(project, session.id) if one.id == number]
    return VersionOut.model_validate(made, from_attributes=True)


@router.post("/sessions/{session}/reopen")
def post_reopen(project: Opened, session: OwnSession) -> SessionOut:
    """Open a submitted session again."""
    reopen(project, session)
    return session_out(project, get_session(project, session.id))


@router.get("/sessions/{session}/versions")
def get_versions(project: Opened, session: OwnSession) -> list[SessionVersionOut]:
    """The versions that were submitted, oldest first."""
    log, reviews = events_of(project, session.id), reviews_of(project, session.id)
    return [
        SessionVersionOut.model_validate(
            {
                "id": one.id,
                "created": one.created,
                "parent": one.parent,
                "note": one.note,
                "minutes": time_until(log, datetime.fromisoformat(one.created)),
                "review": asdict(reviews[one.id]) if one.id in reviews else None,
            }
        )
        for one in session_versions(project, session.id)
    ]


@router.post("/sessions/{session}/restore")
def post_restore(project: Opened, session: OwnSession, body: RestoreIn) -> RevisionOut:
    """Go back to an earlier version; the later ones stay."""
    return RevisionOut(revision=restore(project, session.id, body.version, revision=body.revision))


def time_until(log: Sequence[Event], moment: datetime) -> float:
    """Active minutes of what a log had received by a moment, which is given in whole seconds."""
    end = moment.timestamp() * 1000 + 999
    return time_of([event for event in log if event.received <= end]).total.minutes()


def _choice(body: ChoiceIn) -> Choice:
    return Choice(
        candidate=body.candidate,
        phases={int(phase): candidate for phase, candidate in body.phases.items()},
        reason=body.reason,
        uniform=body.uniform,
    )
