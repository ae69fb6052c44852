"""How good the finished label maps are: against each other, between people, and by origin."""

from __future__ import annotations

from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from premask.core.phases import VOID
from premask.core.records import ImageRecord, LabelMapVersion, SessionRecord
from premask.core.sessions import STRATEGIES
from premask.evaluate.agreement import VOID_LINE, Agreement, agreement
from premask.evaluate.policy import Policy
from premask.evaluate.scores import Measured, measure, summarise
from premask.project.images import all_images
from premask.project.label_maps import latest, read_version, session_versions
from premask.project.project import Project
from premask.project.sessions import OPEN_STATES, all_sessions
from premask.workflow.paper_tables import blocks, defined, percent
from premask.workflow.tables import Cell, Column, Table

Submitted = dict[tuple[str, str], LabelMapVersion]


def submitted_maps(project: Project, image: ImageRecord) -> Submitted:
    """The newest version of each closed session of an image, by annotator and strategy."""
    return {
        (session.annotator, session.strategy): version
        for session, version in closed_sessions(project, image)
    }


def comparison_table(project: Project, policy: Policy) -> Table:
    """The two label maps of an image against each other and against the agreed one.

    Each annotator's repaired map against the same annotator's from scratch, and both
    against the agreed map; figures by type. Void in the map that is scored counts as a
    pixel that was not compared, since finished maps may have some.
    """
    columns = (
        Column("Compared"),
        Column("Reference"),
        Column("Type"),
        Column("Pairs", 0),
        Column("IoU %", 2),
        Column("Dice %", 2),
        Column("Boundary F1 %", 2),
        Column("Hausdorff px", 1),
        Column("Hausdorff 95 px", 1),
    )
    pairs: dict[tuple[str, str], list[tuple[Measured, str | None]]] = {}
    for image in all_images(project):
        maps = {key: read_version(project, v) for key, v in submitted_maps(project, image).items()}
        agreed = latest(project, image, "agreed")
        for (annotator, strategy), label_map in maps.items():
            scratch = maps.get((annotator, "scratch"))
            if strategy == "preannotated" and scratch is not None:
                found = _measured(label_map, scratch, len(project.phases), policy)
                pairs.setdefault((strategy, "the same person's from scratch"), []).append(
                    (found, image.type)
                )
            if agreed is not None:
                found = _measured(label_map, agreed, len(project.phases), policy)
                pairs.setdefault((strategy, "agreed"), []).append((found, image.type))
    rows: list[tuple[Cell, ...]] = []
    for (strategy, reference), counted in sorted(pairs.items()):
        for type_, part in blocks(summarise(counted, policy, project.phases.names)):
            overlap = map(percent, (part.mean_iou, part.mean_dice, part.boundary_f1))
            distances = (defined(part.hausdorff), defined(part.hausdorff95))
            rows.append((strategy, reference, type_, part.images, *overlap, *distances))
    return Table("Label maps of the same images", columns, tuple(rows), policy.lines())


def phase_comparison_table(project: Project, policy: Policy) -> Table:
    """Repaired against from scratch, phase by phase."""
    counted = []
    for image in all_images(project):
        maps = {key: read_version(project, v) for key, v in submitted_maps(project, image).items()}
        for (annotator, strategy), label_map in maps.items():
            scratch = maps.get((annotator, "scratch"))
            if strategy == "preannotated" and scratch is not None:
                found = _measured(label_map, scratch, len(project.phases), policy)
                counted.append((found, image.type))
    columns = (
        Column("Phase"),
        Column("IoU %", 2),
        Column("Dice %", 2),
        Column("Boundary F1 %", 2),
        Column("Hausdorff px", 1),
        Column("Hausdorff 95 px", 1),
    )
    rows: list[tuple[Cell, ...]] = []
    if counted:
        scores = summarise(counted, policy, project.phases.names)
        edges = scores.boundary
        rows = [
            (
                name,
                percent(scores.iou[i]),
                percent(scores.dice[i]),
                percent(edges.f1[i]),
                defined(float(edges.hausdorff_by_phase[i])),
                defined(float(edges.hausdorff95_by_phase[i])),
            )
            for i, name in enumerate(project.phases.names)
        ]
    notes = ("Reference: the same person's map from scratch.", *policy.lines())
    return Table("Repaired maps against those from scratch, by phase", columns, tuple(rows), notes)


def agreement_tables(project: Project) -> list[Table]:
    """Between annotators, under each strategy: pairs, and kappa by phase."""
    made: list[Table] = []
    for strategy in STRATEGIES:
        found = _agreement(project, strategy)
        if found is None:
            continue
        pairs = tuple(
            (a, b, percent(pair.mean_iou), defined(pair.kappa))
            for (a, b), pair in found.pairs.items()
        )
        left = f"{found.left_out} px were left out, since somebody left them void."
        columns: tuple[Column, ...] = (
            Column("Annotator"),
            Column("and"),
            Column("IoU %", 2),
            Column("Cohen's kappa", 3),
        )
        title = f"Between annotators, {strategy}"
        made.append(Table(title, columns, pairs, (VOID_LINE, left)))
        kappas = found.fleiss_kappa_of_phases
        rows: tuple[tuple[Cell, ...], ...] = (
            *((name, defined(float(kappas[i]))) for i, name in enumerate(project.phases.names)),
            ("all phases", defined(found.fleiss_kappa)),
        )
        columns = (Column("Phase"), Column("Fleiss' kappa", 3))
        made.append(Table(f"Between annotators by phase, {strategy}", columns, rows, (VOID_LINE,)))
    return made


def disagreement(project: Project, image: ImageRecord) -> NDArray[np.bool_] | None:
    """Where the submitted maps of an image differ, (H, W); None for fewer than two."""
    maps = [read_version(project, v) for v in submitted_maps(project, image).values()]
    if len(maps) < 2:
        return None
    stack = np.stack(maps)
    labelled = np.where(stack == VOID, 0, stack).max(0)
    lowest = np.where(stack == VOID, 255, stack).min(0)
    differ: NDArray[np.bool_] = (lowest != 255) & (labelled != lowest)
    return differ


def choices_table(project: Project) -> Table:
    """What everybody chose to begin with, and why (paper, section 4.1)."""
    names = {image.id: image.name for image in all_images(project)}
    rows: list[tuple[Cell, ...]] = []
    for session in all_sessions(project):
        choice = session.choice
        if session.strategy != "preannotated" or "methods" not in choice:
            continue
        methods = choice["methods"]
        others = ", ".join(
            f"{project.phases.names[int(phase)]} from {methods[str(number)]}"
            for phase, number in choice["phases"].items()
        )
        rows.append(
            (
                names[session.image],
                session.annotator,
                methods[str(choice["candidate"])],
                others,
                "all of its type" if choice["uniform"] else "this image",
                choice["reason"],
            )
        )
    columns = ("Image", "Annotator", "Method", "Phases from elsewhere", "For", "Reason")
    return Table("What was chosen to begin with", tuple(map(Column, columns)), tuple(rows))


def closed_sessions(
    project: Project, image: ImageRecord
) -> list[tuple[SessionRecord, LabelMapVersion]]:
    """Closed sessions with what they submitted; one without any (a damaged one) has no part."""
    return [
        (one, found[-1])
        for one in all_sessions(project, image)
        if one.strategy in STRATEGIES
        and one.state not in OPEN_STATES
        and one.crop_bottom == image.crop_bottom
        and (found := session_versions(project, one.id))
    ]


def _measured(
    label_map: NDArray[np.uint8], reference: NDArray[np.uint8], n: int, policy: Policy
) -> Measured:
    """Finished maps may have void where the other has none: such pixels are not compared."""
    return measure(label_map, np.where(label_map == VOID, VOID, reference), n, policy)


def _agreement(project: Project, strategy: str) -> Agreement | None:
    found = []
    for image in all_images(project):
        maps = {
            annotator: read_version(project, version)
            for (annotator, arm), version in submitted_maps(project, image).items()
            if arm == strategy
        }
        if len(maps) > 1:
            found.append(agreement(maps, len(project.phases)))
    return reduce(add, found) if found else None
