"""Predictions that experts verify (paper, section 4.2)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from premask.project.project import Project
from premask.server.common import REFUSALS, Annotator, Opened
from premask.server.schemas import PredictionOut, PredictionVerdictIn, VerdictOut
from premask.workflow.verify import Prediction, give_verdict, predictions

router = APIRouter(responses=REFUSALS)


@router.get("/predictions")
def get_predictions(project: Opened, annotator: Annotator) -> list[PredictionOut]:
    """The newest named candidates, method by method, with what was said of them."""
    return _all(project, annotator)


@router.post("/predictions/{candidate}")
def post_verdict(
    project: Opened,
    annotator: Annotator,
    candidate: Annotated[int, Path(ge=1, le=2**53)],
    body: PredictionVerdictIn,
) -> list[PredictionOut]:
    """Accept or reject a prediction; answers all of them as they stand."""
    give_verdict(project, candidate, annotator, body.verdict, body.reason)
    return _all(project, annotator)


def _all(project: Project, annotator: str) -> list[PredictionOut]:
    return [_out(one) for one in predictions(project, annotator)]


def _out(one: Prediction) -> PredictionOut:
    return PredictionOut(
        candidate=one.candidate.id,
        method=one.candidate.parameters.method,
        image=one.image.id,
        name=one.image.name,
        type=one.image.type,
        verdicts=[
            VerdictOut.model_validate(verdict, from_attributes=True)
            for verdict in one.verdicts.values()
        ],
        refusal=one.refusal,
    )
