"""Consensus: which images there are, one image's regions of doubt, decisions, the agreed map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from premask.core.records import Decision
from premask.project.consensus import decisions_of
from premask.project.images import all_images
from premask.project.project import Project
from premask.server.common import REFUSALS, Annotator, OneImage, Opened
from premask.server.reply import array_reply
from premask.server.schemas import (
    ConsensusOut,
    DecisionOut,
    DecisionsIn,
    DoubtOut,
    SettleRowOut,
    VersionOut,
)
from premask.workflow.consensus import (
    MIN_PX,
    Sitting,
    agreed_versions,
    consensus_session,
    finish,
    open_consensus,
    refusal,
    settle,
    sitting,
    voters,
)

router = APIRouter(responses=REFUSALS)
Number = Annotated[int, Path(ge=1, le=2**53)]


@router.get("/consensus")
def get_rows(project: Opened, annotator: Annotator) -> list[SettleRowOut]:
    """The images that have label maps to settle."""
    rows = []
    for image in all_images(project):
        names = list(voters(project, image))
        if names:
            rows.append(
                SettleRowOut(
                    image=image.id,
                    name=image.name,
                    type=image.type,
                    votes=len(names),
                    agreed=len(agreed_versions(project, image)),
                    refusal=refusal(project, image, annotator),
                )
            )
    return rows


@router.post("/images/{image}/consensus")
def post_consensus(
    project: Opened,
    annotator: Annotator,
    image: OneImage,
    method: Annotated[str, Query(max_length=20)] = "majority",
    min_px: Annotated[int, Query(ge=0, le=10**9)] = MIN_PX,
) -> ConsensusOut:
    """Open the consensus of an image's label maps as they stand, or go on with it."""
    found = open_consensus(project, image, annotator, method=method, min_px=min_px)
    return _out(project, found, annotator)


@router.get("/consensus/{consensus}/regions", response_class=Response)
def get_regions(
    project: Opened, annotator: Annotator, consensus: Number, request: Request
) -> Response:
    """The number of the region of doubt that each pixel belongs to, 0 outside."""
    return array_reply(sitting(project, consensus, annotator).doubts.regions, request)


@router.get("/consensus/{consensus}/votes", response_class=Response)
def get_votes(
    project: Opened, annotator: Annotator, consensus: Number, request: Request
) -> Response:
    """The automatic map, then everybody's label map in the order of their names."""
    found = sitting(project, consensus, annotator)
    return array_reply(np.stack([found.automatic, *found.votes.values()]), request)


@router.post("/consensus/{consensus}/decisions")
def post_decisions(
    project: Opened, annotator: Annotator, consensus: Number, body: DecisionsIn
) -> list[DecisionOut]:
    """Settle regions, or take decisions back; answers all that stand."""
    labels = {one.region: one.label for one in body.decisions}
    return _decisions(settle(project, consensus, annotator, labels))


@router.post("/consensus/{consensus}/finish")
def post_finish(project: Opened, annotator: Annotator, consensus: Number) -> VersionOut:
    """Make the agreed map a version; regions that nobody settled stay void, in an audit as is."""
    number = finish(project, consensus, annotator)
    image = sitting(project, consensus, annotator).image
    (version,) = [one for one in agreed_versions(project, image) if one.id == number]
    return VersionOut.model_validate(version, from_attributes=True)


def _out(project: Project, found: Sitting, annotator: str) -> ConsensusOut:
    return ConsensusOut(
        id=found.consensus.id,
        image=found.image.id,
        session=consensus_session(project, found, annotator),
        method=found.consensus.method,
        min_px=found.consensus.min_px,
        voters=list(found.votes),
        regions=[
            DoubtOut(
                number=one.number,
                box=[one.left, one.top, one.right, one.bottom],
                px=one.px,
                flagged=one.flagged,
                votes=[dict(one.votes[name]) for name in found.votes],
            )
            for one in found.doubts.queue
        ],
        small=found.doubts.small,
        undecided=found.undecided,
        decisions=_decisions(decisions_of(project, found.consensus.id)),
    )


def _decisions(found: Mapping[int, Decision]) -> list[DecisionOut]:
    return [DecisionOut.model_validate(one, from_attributes=True) for one in found.values()]
