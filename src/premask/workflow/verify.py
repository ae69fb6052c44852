"""Experts verify predictions: accept, or reject with a reason (paper, section 4.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from premask.core.errors import PremaskError
from premask.core.records import Candidate, ImageRecord, Verdict
from premask.project.candidates import has_names
from premask.project.images import all_images
from premask.project.project import Project
from premask.project.verdicts import add_verdict, newest_verdicts
from premask.workflow.method_scores import latest_candidates
from premask.workflow.study import candidates_hidden
from premask.workflow.tables import Cell, Column, Table

VERDICTS = ("accepted", "rejected")
REASONS_SHOWN = 3
VERDICTS_LINE = (
    "Predictions: the newest of the method on each image. Accepted, rejected: by every expert who"
    " looked at it; differ: accepted by some and rejected by others. Accepted %: of the verified"
    " ones. An expert's last verdict on a prediction counts."
)


@dataclass(frozen=True)
class Prediction:
    """A candidate to be looked at.

    Attributes
    ----------
    verdicts : dict of str to Verdict
        By expert.
    refusal : str
        Why the one who asks may not see it; empty where they may.
    """

    image: ImageRecord
    candidate: Candidate
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    refusal: str = ""


def predictions(project: Project, annotator: str) -> list[Prediction]:
    """The newest candidate of each image and method that has names, method by method.

    An expert who still has to label an image from scratch in a study may not see what is
    predicted for it.
    """
    given = newest_verdicts(project)
    hidden = {
        image.id: candidates_hidden(project, image, annotator) for image in all_images(project)
    }
    return [
        Prediction(
            image,
            candidate,
            given.get(candidate.id, {}),
            "you have to label this image from scratch first" if hidden[image.id] else "",
        )
        for pairs in latest_candidates(project).values()
        for image, candidate in pairs
        if has_names(candidate.table)
    ]


def give_verdict(
    project: Project, candidate: int, annotator: str, verdict: str, reason: str = ""
) -> None:
    """Store what an expert says of a prediction.

    Raises
    ------
    PremaskError
        For another verdict, a rejection without a reason, a candidate that there is not or
        that the expert may not see.
    """
    if verdict not in VERDICTS:
        raise PremaskError(f"no verdict {verdict!r}; {' or '.join(VERDICTS)} is accepted")
    if verdict == "rejected" and not reason.strip():
        raise PremaskError("say why it is rejected, in a few words: a model is mended by reasons")
    found = {one.candidate.id: one for one in predictions(project, annotator)}
    if candidate not in found:
        raise PremaskError(f"there is no named candidate {candidate} to verify in the project")
    if found[candidate].refusal:
        raise PremaskError(found[candidate].refusal)
    add_verdict(project, found[candidate].candidate, annotator, verdict, reason.strip())


def verdicts_table(project: Project) -> Table:
    """Per method and type how many predictions experts accepted, and why not the others."""
    columns = (
        Column("Method"),
        Column("Type"),
        Column("Predictions", 0),
        Column("Verified", 0),
        Column("Accepted", 0),
        Column("Rejected", 0),
        Column("Differ", 0),
        Column("Accepted %", 1),
        Column("Experts"),
        Column("Reasons"),
    )
    given = newest_verdicts(project)
    rows: list[tuple[Cell, ...]] = []
    for method, pairs in latest_candidates(project).items():
        of_type: dict[str, list[dict[str, Verdict]]] = {}
        for image, candidate in pairs:
            of_type.setdefault(image.type or "", []).append(given.get(candidate.id, {}))
        rows += [
            (method, type_ or None, *_counts(own))
            for type_, own in sorted(of_type.items())
            if any(own)
        ]
    return Table("Predictions verified by experts", columns, tuple(rows), (VERDICTS_LINE,))


def _counts(verdicts: Sequence[dict[str, Verdict]]) -> tuple[Cell, ...]:
    said = [{one.verdict for one in own.values()} for own in verdicts if own]
    accepted, rejected = said.count({"accepted"}), said.count({"rejected"})
    experts = sorted({name for own in verdicts for name in own})
    reasons = Counter(one.reason for own in verdicts for one in own.values() if one.reason)
    listed = [
        f"{reason} ({n})" if n > 1 else reason for reason, n in reasons.most_common(REASONS_SHOWN)
    ]
    more = [f"{len(reasons) - REASONS_SHOWN} more"] * (len(reasons) > REASONS_SHOWN)
    return (
        len(verdicts),
        len(said),
        accepted,
        rejected,
        len(said) - accepted - rejected,
        100 * accepted / len(said),
        ", ".join(experts),
        "; ".join([*listed, *more]) or None,
    )
