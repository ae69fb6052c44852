"""The project, its annotators, the overview, and the pixels of images."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from numpy.typing import NDArray

from premask import __version__
from premask.core.micrograph import window
from premask.core.records import ImageRecord
from premask.features.felzenszwalb import felzenszwalb
from premask.project.project import Project
from premask.project.sessions import add_annotator, all_annotators
from premask.project.sightings import sightings_of
from premask.server.common import REFUSALS, Annotator, OneImage, Opened, session_out
from premask.server.reply import array_reply
from premask.server.schemas import (
    AnnotatorIn,
    AnnotatorOut,
    CandidateOut,
    ImageDetailOut,
    ImageOut,
    PhaseOut,
    ProjectOut,
)
from premask.workflow.change_settings import settings_digest
from premask.workflow.inline_images import fitted_size
from premask.workflow.overview import (
    CandidateFacts,
    Overview,
    candidate_facts,
    grey_window,
    overview,
    pixels_of,
)
from premask.workflow.session_facts import SessionFacts, session_facts
from premask.workflow.study import candidates_hidden
from premask.workflow.uniform import nameable_types, uniform_methods, usual_candidate

router = APIRouter(responses=REFUSALS)
THUMBNAIL = 256
GRAINS = {"fine": 20, "medium": 80, "coarse": 320}
"""Smallest superpixel of each grain, px."""
_THUMBNAILS: dict[tuple[str, str, int], bytes] = {}


@router.get("/project")
def get_project(project: Opened) -> ProjectOut:
    """Phases, types and annotators."""
    return project_out(project)


def project_out(project: Project) -> ProjectOut:
    """A project as it is answered."""
    phases = project.phases
    return ProjectOut(
        name=project.root.resolve().name,
        version=__version__,
        phases=[
            PhaseOut(
                index=p.index,
                name=p.name,
                colour=p.colour,
                merged_into=phases.meant(p.index) if p.name in phases.merged else None,
            )
            for p in phases.phases
        ],
        types={type_: list(names) for type_, names in phases.by_type.items()},
        inside={name: list(outer) for name, outer in phases.inside.items()},
        annotators=all_annotators(project),
        settings=settings_digest(project),
    )


@router.post("/annotators")
def post_annotator(project: Opened, body: AnnotatorIn) -> AnnotatorOut:
    """Sign in with a name; a new one is entered in the list."""
    return AnnotatorOut(name=add_annotator(project, body.name))


@router.get("/images")
def get_images(project: Opened, annotator: Annotator) -> list[ImageOut]:
    """The overview."""
    known = _known(project, annotator)
    return [_image_out(project, one, known) for one in overview(project)]


@router.get("/images/{image}")
def get_image(project: Opened, annotator: Annotator, image: OneImage) -> ImageDetailOut:
    """One image and its candidates."""
    (one,) = overview(project, [image])
    hidden = candidates_hidden(project, image, annotator)
    pixels = pixels_of(project, image)
    return ImageDetailOut.model_validate(
        _image_out(project, one, _known(project, annotator)).model_dump()
        | {
            "channels": 1 if pixels.ndim == 2 else 3,
            "bits": 8 if pixels.dtype == np.uint8 else 16,
            "window": grey_window(pixels),
            "allowed": project.phases.allowed(image.type),
            "details": [
                candidate_out(candidate_facts(project, image, candidate))
                for candidate in one.candidates
                if not hidden
            ],
        }
    )


@router.get("/images/{image}/thumbnail", response_class=Response)
def get_thumbnail(project: Opened, image: OneImage) -> Response:
    """A small JPEG of the crop."""
    return Response(
        _thumbnail(project, image),
        media_type="image/jpeg",
        headers={"Cache-Control": "private, max-age=3600"},
    )


def _thumbnail(project: Project, image: ImageRecord) -> bytes:
    key = (str(project.root), image.id, image.crop_bottom)
    if key not in _THUMBNAILS:
        if len(_THUMBNAILS) > 10_000:
            _THUMBNAILS.clear()
        small = window(pixels_of(project, image))
        height, width = fitted_size(small.shape[0], small.shape[1], THUMBNAIL)
        small = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_AREA))
        ok, data = cv2.imencode(".jpg", small[..., ::-1] if small.ndim == 3 else small)
        assert ok, "JPEG holds every 8-bit picture"
        _THUMBNAILS[key] = data.tobytes()
    return _THUMBNAILS[key]


@router.get("/images/{image}/pixels", response_class=Response)
def get_pixels(project: Opened, image: OneImage, request: Request) -> Response:
    """The crop as it is stored: 8 or 16 bit, grey or RGB."""
    return array_reply(pixels_of(project, image), request, kept=True)


@router.get("/images/{image}/superpixels/{grain}", response_class=Response)
def get_superpixels(project: Opened, image: OneImage, grain: str, request: Request) -> Response:
    """The number of each pixel's superpixel, for the superpixel brush."""
    if grain not in GRAINS:
        raise HTTPException(404, f"no grain {grain!r}; {', '.join(GRAINS)} are known")
    return array_reply(_superpixels(project, image, grain), request, kept=True)


_SUPERPIXELS: OrderedDict[tuple[str, str, int, str], NDArray[np.int32]] = OrderedDict()


def _superpixels(project: Project, image: ImageRecord, grain: str) -> NDArray[np.int32]:
    key = (str(project.root), image.id, image.crop_bottom, grain)
    if key not in _SUPERPIXELS:
        smallest = GRAINS[grain]
        found = felzenszwalb(
            pixels_of(project, image), scale=smallest, sigma=0.8, min_size=smallest
        )
        _SUPERPIXELS[key] = found.astype(np.int32)
        while len(_SUPERPIXELS) > 8:
            _SUPERPIXELS.popitem(last=False)
    return _SUPERPIXELS[key]


def candidate_out(facts: CandidateFacts) -> CandidateOut:
    """A candidate as it is answered."""
    one = facts.candidate
    return CandidateOut(
        id=one.id,
        method=one.parameters.method,
        n_regions=one.parameters.n_regions,
        content=one.content,
        seconds=one.cost.seconds,
        names=list(facts.table.names),
        margins=list(facts.table.margins),
        source=facts.table.source if facts.table.names else None,
        fractions=facts.fractions,
        fragments=facts.fragments,
        islands_removed=facts.islands_removed,
        findings=facts.findings,
    )


@dataclass(frozen=True)
class _Known:
    """What the answers about all images are made with."""

    annotator: str
    facts: Mapping[int, SessionFacts]
    methods: Mapping[str | None, str]
    """By type, see :func:`uniform_methods`."""
    seen: Collection[tuple[str, int]]
    """See :func:`sightings_of`."""
    nameable: Collection[str | None]
    """See :func:`nameable_types`."""


def _known(project: Project, annotator: str) -> _Known:
    return _Known(
        annotator,
        session_facts(project),
        uniform_methods(project, annotator),
        sightings_of(project, annotator),
        nameable_types(project),
    )


def _image_out(project: Project, one: Overview, known: _Known) -> ImageOut:
    type_ = one.image.type
    nameable = type_ in known.nameable
    usual = usual_candidate(one.candidates, known.methods.get(type_), nameable=nameable)
    return ImageOut.model_validate(
        {
            "id": one.image.id,
            "name": one.image.name,
            "type": type_,
            "width": one.image.width,
            "height": one.image.view_height,
            "um_per_px": one.image.um_per_px,
            "state": one.state,
            "candidates": len(one.candidates),
            "named": one.named,
            "sessions": [
                session_out(project, session, known.facts)
                for session in one.sessions
                if session.annotator == known.annotator
            ],
            "annotators": sorted({session.annotator for session in one.sessions}),
            "uniform": None if usual is None else usual.id,
            "nameable": nameable,
            "seen": (one.image.id, one.image.crop_bottom) in known.seen,
        }
    )
