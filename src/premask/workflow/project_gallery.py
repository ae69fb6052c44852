"""The gallery of a project: what the page shows, gathered from records and science."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from premask import __version__
from premask.core.errors import PremaskError
from premask.core.micrograph import window
from premask.core.phases import VOID, phase_fractions
from premask.core.records import Candidate, ImageRecord
from premask.core.words import typed
from premask.evaluate.policy import Policy
from premask.evaluate.scores import summarise
from premask.io.files import write_atomically
from premask.naming.checks import check
from premask.naming.table import NameTable
from premask.project.candidates import read_regions
from premask.project.images import all_images, read_pixels
from premask.project.label_maps import latest
from premask.project.project import Project
from premask.workflow.derive import derive
from premask.workflow.gallery import render_gallery
from premask.workflow.gallery_page import GalleryCandidate, GalleryImage, GalleryPage
from premask.workflow.method_scores import latest_candidates, score_candidate
from premask.workflow.references import REFERENCES

NAMED_BY = {
    "hand": "named by hand",
    "prototypes": "named by prototypes",
    "grey": "named by grey order",
    "truth": "named by its own truth",
    "model": "named by the model",
}


def write_gallery(
    project: Project, out: Path, *, images: Sequence[ImageRecord] | None = None
) -> int:
    """Write the page and return its size in bytes.

    Parameters
    ----------
    images : sequence of ImageRecord, optional
        All of the project by default.

    Raises
    ------
    PremaskError
        If the project has no images, or the page cannot be written.
    """
    records = list(all_images(project) if images is None else images)
    if not records:
        raise PremaskError(
            f"{project.root} has no images; add some with: premask add {typed(project.root)} FOLDER"
        )
    shown = tuple(_image(project, record) for record in records)
    page = GalleryPage(
        title=project.root.resolve().name,
        phases=tuple((phase.name, phase.colour) for phase in project.phases.phases),
        images=shown,
        notes=(f"Scores are against {REFERENCES['imported']}.",)
        if any(i.truth is not None for i in shown)
        else (),
        version=__version__,
        project=str(project.root),
    )
    data = render_gallery(page).encode()
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, data)
    return len(data)


def _image(project: Project, record: ImageRecord) -> GalleryImage:
    newest = [pairs[0][1] for pairs in latest_candidates(project, [record]).values()]
    return GalleryImage(
        name=record.name,
        type=record.type,
        image=window(read_pixels(project, record)),
        um_per_px=record.um_per_px,
        crop_bottom=record.crop_bottom,
        original_height=record.height,
        truth=latest(project, record, "reference"),
        candidates=tuple(_candidate(project, record, c) for c in newest),
    )


def _candidate(project: Project, record: ImageRecord, candidate: Candidate) -> GalleryCandidate:
    derived = derive(project, candidate)
    parameters, table = candidate.parameters, NameTable.from_dict(candidate.table)
    n_regions = int(read_regions(project, candidate).max()) + 1
    by_truth = not derived.named or table.source == "truth"
    policy = Policy(naming="many-to-one" if by_truth else "given")
    measured = score_candidate(project, record, candidate, policy)
    names = project.phases.names
    scores = summarise([(measured, None)], policy, names) if measured is not None else None
    found = check(derived.label_map, project.phases, record.type) if derived.named else []
    knobs = [f"{key}={value}" for key, value in parameters.options.items()]
    knobs += [f"seed={parameters.seed}"]
    knobs += [NAMED_BY[table.source]] if derived.named else []
    labels = len(project.phases) if derived.named else n_regions
    return GalleryCandidate(
        method=parameters.method,
        label_map=derived.label_map,
        named=derived.named,
        seconds=candidate.cost.seconds,
        cpu_seconds=candidate.cost.cpu_seconds,
        n_regions=n_regions,
        fragments=fragments(derived.label_map),
        fractions=tuple(phase_fractions(derived.label_map, labels).tolist()),
        scores=scores,
        note=" ".join(finding.sentence for finding in found),
        islands_removed=sum(removed.count for removed in derived.removed),
        options=", ".join(knobs),
    )


def fragments(label_map: NDArray[np.uint8]) -> int:
    """Number of 4-connected pieces of all labels but void."""
    return sum(
        cv2.connectedComponents((label_map == label).astype(np.uint8), connectivity=4)[0] - 1
        for label in np.unique(label_map)
        if label != VOID
    )
