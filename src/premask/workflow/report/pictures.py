"""The pictures of the report: examples as in the paper's Figures 2 and 4, and disagreement."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from premask.core.micrograph import window
from premask.core.phases import VOID
from premask.core.records import Candidate, ImageRecord
from premask.project.candidates import all_candidates
from premask.project.images import all_images, read_pixels
from premask.project.label_maps import read_version
from premask.project.project import Project
from premask.project.sessions import all_sessions
from premask.workflow.effort_tables import SPOKEN
from premask.workflow.final_maps import final_version
from premask.workflow.inline_images import label_uri, photo_uri
from premask.workflow.overview import derived_of
from premask.workflow.quality import disagreement, submitted_maps
from premask.workflow.report.page import Picture, Section

SIDE = 480
"""Longest side of the pictures of the report, px."""
EXAMPLES = 1
"""Images of each type that are shown."""
DIFFERENCES = 6
"""Images whose disagreement is shown, those that differ most."""


def examples(project: Project) -> Section:
    """Micrograph, pre-annotation and label maps: from scratch beside repaired where both are."""
    section = Section("Examples")
    by_type: dict[str | None, list[ImageRecord]] = {}
    for image in all_images(project):
        by_type.setdefault(image.type, []).append(image)
    for images in by_type.values():
        rows = [row for image in images if (row := _example(project, image))]
        # The fullest rows say most; of equally full ones the first.
        section.pictures += sorted(rows, key=len, reverse=True)[:EXAMPLES]
    if not section.pictures:
        section.missing.append("No image has a label map yet.")
    return section


def _example(project: Project, image: ImageRecord) -> list[Picture]:
    """A row of one image; empty without any label map."""
    final = final_version(project, image)
    if final is None:
        return []
    maps = submitted_maps(project, image)
    both = [
        who for who, strategy in maps if strategy == "scratch" and (who, "preannotated") in maps
    ]
    shown = {key: maps[key] for key in sorted(maps, reverse=True) if key[0] in both[:1]}
    chosen = _chosen(project, image, both[0] if both else None)
    photo = photo_uri(window(read_pixels(project, image)), SIDE)
    kind = f"type {image.type}, " if image.type else ""
    row = [Picture(f"{kind}{image.name}", photo)]
    if chosen is not None:
        labels = derived_of(project, chosen).label_map
        row.append(
            Picture(f"pre-annotation: {chosen.parameters.method}", photo, _labels(project, labels))
        )
    for (who, strategy), version in shown.items():
        labels = read_version(project, version)
        row.append(Picture(f"{SPOKEN[strategy]}, {who}", photo, _labels(project, labels)))
    if final.id not in {version.id for version in shown.values()}:
        labels = read_version(project, final)
        name = (
            "imported"
            if final.strategy == "reference"
            else SPOKEN.get(final.strategy, final.strategy)
        )
        row.append(Picture(f"{name}, final", photo, _labels(project, labels)))
    return row


def disagreements(project: Project) -> list[list[Picture]]:
    """The images whose maps differ most in one row, those pixels in red."""
    found = []
    for image in all_images(project):
        differ = disagreement(project, image)
        if differ is not None and differ.any():
            found.append((float(differ.mean()), image, differ))
    found.sort(key=lambda one: (-one[0], one[1].name))
    row = [
        Picture(
            f"{image.name}: label maps differ on {100 * share:.1f} %",
            photo_uri(window(read_pixels(project, image)), SIDE),
            label_uri(np.where(differ, np.uint8(0), np.uint8(VOID)), ["#d1242f"], SIDE),
        )
        for share, image, differ in found[:DIFFERENCES]
    ]
    return [row] if row else []


def _chosen(project: Project, image: ImageRecord, annotator: str | None) -> Candidate | None:
    """What the annotator began with; whoever began last for None."""
    by_number = {one.id: one for one in all_candidates(project, [image])}
    for session in reversed(all_sessions(project, image)):
        if annotator in (None, session.annotator) and session.choice.get("candidate") in by_number:
            return by_number[session.choice["candidate"]]
    return None


def _labels(project: Project, labels: NDArray[np.uint8]) -> str:
    return label_uri(labels, [phase.colour for phase in project.phases.phases], SIDE)
