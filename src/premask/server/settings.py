"""Settings in the application: phases and types, scale, images that go."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Annotated

import cv2
import numpy as np
from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import Response

from premask.core.micrograph import window
from premask.io.images import read_micrograph
from premask.project import objects
from premask.project.candidates import all_candidates
from premask.project.images import remove_image, update_image
from premask.project.label_maps import image_versions
from premask.project.sessions import all_sessions
from premask.server.common import REFUSALS, Annotator, OneImage, Opened
from premask.server.images import project_out
from premask.server.schemas import (
    CalibrationIn,
    CalibrationOut,
    ConcernedOut,
    HoldingsOut,
    ProjectOut,
    RemoveIn,
    SettingsIn,
    TypeIn,
)
from premask.workflow.add import check_type
from premask.workflow.change_settings import (
    PhaseEntry,
    calibrate,
    change_phases,
    concerned,
    of_same_frame,
)

router = APIRouter(responses=REFUSALS)
_LOCK = threading.Lock()
"""Two changes of one moment come one after the other, so that the later one is refused."""


@router.put("/settings")
def put_settings(
    request: Request, project: Opened, _annotator: Annotator, body: SettingsIn
) -> ProjectOut:
    """Phases, and which of them each type may show."""
    entries = [PhaseEntry(one.index, one.name, one.colour) for one in body.phases]
    with _LOCK:
        changed = change_phases(
            project, entries, body.types, merged=body.merged, based_on=body.based_on
        )
        request.app.state.project = changed
    return project_out(changed)


@router.get("/phases/{phase}/concerned")
def get_concerned(
    project: Opened, _annotator: Annotator, phase: Annotated[int, Path(ge=0, le=254)]
) -> list[ConcernedOut]:
    """The images where a phase is labelled, before it is merged into another."""
    return [
        ConcernedOut(
            image=one.image.id,
            name=one.image.name,
            drafts=one.drafts,
            submitted=one.submitted,
            agreed=one.agreed,
            imported=one.imported,
            candidates=one.candidates,
        )
        for one in concerned(project, phase)
    ]


@router.put("/images/{image}/type", status_code=204)
def put_type(project: Opened, _annotator: Annotator, image: OneImage, body: TypeIn) -> None:
    """The processing type of an image."""
    check_type(project, body.type)
    update_image(project, replace(image, type=body.type))


@router.get("/images/{image}/frame", response_class=Response)
def get_frame(project: Opened, image: OneImage) -> Response:
    """The whole frame with its information bar, where the scale bar is, as PNG."""
    path = objects.existing(project.root, image.content)
    frame = window(read_micrograph(path, page=image.page).pixels)
    ok, data = cv2.imencode(".png", frame[..., ::-1] if frame.ndim == 3 else frame)
    assert ok, "PNG holds every 8-bit picture"
    return Response(np.asarray(data).tobytes(), media_type="image/png")


@router.get("/images/{image}/same-frame")
def get_same_frame(project: Opened, image: OneImage) -> list[str]:
    """The names of the images that a calibration can reach besides this one."""
    return [one.name for one in of_same_frame(project, image)]


@router.put("/images/{image}/scale")
def put_scale(
    project: Opened, _annotator: Annotator, image: OneImage, body: CalibrationIn
) -> CalibrationOut:
    """The scale of an image, and of those like it that have none."""
    return CalibrationOut(images=calibrate(project, image, body.um_per_px, alike=body.alike))


@router.get("/images/{image}/holdings")
def get_holdings(project: Opened, image: OneImage) -> HoldingsOut:
    """What is lost with an image."""
    return HoldingsOut(
        candidates=len(all_candidates(project, [image])),
        sessions=len(all_sessions(project, image)),
        versions=len(image_versions(project, image)),
    )


@router.post("/images/{image}/remove", status_code=204)
def post_remove(project: Opened, _annotator: Annotator, image: OneImage, body: RemoveIn) -> None:
    """Take an image out of the project; its name confirms that it is meant."""
    if body.name != image.name:
        raise HTTPException(400, f"to remove {image.name}, give its name; this is {body.name!r}")
    remove_image(project, image)
