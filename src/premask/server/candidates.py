"""Candidates: their maps for the gallery, and the names of their regions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from fastapi.responses import Response

from premask.core.records import Candidate, ImageRecord
from premask.project.candidates import all_candidates, read_regions
from premask.project.images import all_images
from premask.project.project import Project
from premask.server.common import REFUSALS, Annotator, OneImage, Opened
from premask.server.images import candidate_out
from premask.server.reply import array_reply
from premask.server.schemas import CandidateOut, NamesIn
from premask.workflow.name import name_by_prototypes, name_regions
from premask.workflow.overview import candidate_facts, derived_of, in_order

router = APIRouter(responses=REFUSALS)
CandidateNumber = Annotated[int, Path(ge=1, le=2**53)]


@router.get("/candidates/{candidate}/regions", response_class=Response)
def get_regions(project: Opened, candidate: CandidateNumber, request: Request) -> Response:
    """The region of each pixel."""
    return array_reply(read_regions(project, _find(project, candidate)[0]), request, kept=True)


@router.get("/candidates/{candidate}/labels", response_class=Response)
def get_labels(project: Opened, candidate: CandidateNumber, request: Request) -> Response:
    """The label map: phases where there are names (void where a region has none)."""
    return array_reply(
        derived_of(project, _find(project, candidate)[0]).label_map, request, kept=True
    )


@router.put("/candidates/{candidate}/names")
def put_names(
    project: Opened, annotator: Annotator, candidate: CandidateNumber, body: NamesIn
) -> CandidateOut:
    """Name regions by hand; those that are not mentioned stay as they are."""
    found, image = _find(project, candidate)
    names = {int(region): phase for region, phase in body.names.items()}
    name_regions(project, image, found, names, annotator)
    return _facts(project, candidate)


@router.post("/images/{image}/suggest-names")
def post_suggest(project: Opened, _annotator: Annotator, image: OneImage) -> list[CandidateOut]:
    """Name what nobody has named on this image by the images named so far."""
    name_by_prototypes(project, image=image.id)
    return [
        candidate_out(candidate_facts(project, image, candidate))
        for candidate in in_order(all_candidates(project, [image]))
    ]


def _facts(project: Project, number: int) -> CandidateOut:
    candidate, image = _find(project, number)
    return candidate_out(candidate_facts(project, image, candidate))


def _find(project: Project, number: int) -> tuple[Candidate, ImageRecord]:
    images = {image.id: image for image in all_images(project)}
    for candidate in all_candidates(project):
        if candidate.id == number:
            return candidate, images[candidate.image]
    raise HTTPException(404, f"there is no candidate {number} in the project")
