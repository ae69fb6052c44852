"""What was settled and what reviewers said: for the report."""

from __future__ import annotations

from collections import Counter

from premask.project.consensus import agreements
from premask.project.images import all_images
from premask.project.label_maps import image_versions
from premask.project.project import Project
from premask.project.reviews import all_reviews
from premask.workflow.audited import LABELS
from premask.workflow.consensus import AUTOMATICALLY, agreed_versions
from premask.workflow.effort import Settling
from premask.workflow.tables import Cell, Column, Table

CONSENSUS_NOTE = (
    "The newest agreed map of each image. Regions of doubt: connected pixels on which label maps"
    " differ or that somebody flagged. By: who decided on how many. Unsettled regions stay void;"
    " by the rule labels, an audit's, they stay as labelled. Smaller ones are left to the rule."
    " Minutes: of all people together, over all agreed"
    " maps of the image."
)


def consensus_table(project: Project, settled: list[Settling]) -> Table:
    """The agreed map of each image: what it was made from, who settled what, the time.

    Parameters
    ----------
    settled : list of Settling
        The time of each image's consensus.
    """
    made = agreements(project)
    minutes = {one.image: one.minutes for one in settled}
    rows: list[tuple[Cell, ...]] = []
    for image in all_images(project):
        versions = agreed_versions(project, image)
        if not versions:
            continue
        newest = versions[-1]
        facts: tuple[Cell, ...] = (None,) * 7
        if newest.id in made:
            one = made[newest.id]
            done = sum(one.settled.values())
            by = ", ".join(
                f"{name.removeprefix(AUTOMATICALLY)} {n}" for name, n in one.settled.items()
            )
            area = image.width * image.view_height
            facts = (
                len(one.consensus.versions),
                f"{one.consensus.method}, {one.consensus.min_px} px",
                one.regions,
                done,
                0 if one.consensus.method == LABELS else one.regions - done,
                100 * one.void_px / area,
                by or None,
            )
        rows.append((image.name, len(versions), *facts, minutes.get(image.id)))
    columns = (
        Column("Image"),
        Column("Agreed maps", 0),
        Column("Label maps", 0),
        Column("Rule, from"),
        Column("Regions", 0),
        Column("Settled", 0),
        Column("Left void", 0),
        Column("Void %", 2),
        Column("By"),
        Column("Minutes", 1),
    )
    return Table("Consensus", columns, tuple(rows), (CONSENSUS_NOTE,))


def reviews_table(project: Project) -> Table:
    """Every review of a label map, in the order in which they were given."""
    versions = {
        version.id: (image.name, version)
        for image in all_images(project)
        for version in image_versions(project, image)
    }
    found = [one for one in all_reviews(project) if one.version in versions]
    rows = tuple(
        (name, version.annotator, version.strategy, one.reviewer, one.verdict, one.note or None)
        for one in found
        for name, version in [versions[one.version]]
    )
    said = Counter(one.verdict for one in found)
    notes = (f"{said['accepted']} accepted, {said['returned']} sent back.",) if found else ()
    columns = ("Image", "Annotator", "Strategy", "Reviewer", "Verdict", "Note")
    return Table("Reviews of label maps", tuple(map(Column, columns)), rows, notes)
