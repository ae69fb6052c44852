"""Tables 1, 5 and 6 of the paper, from costs and scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

import numpy as np

from premask.core.errors import PremaskError
from premask.core.records import Cost
from premask.core.words import count, verb
from premask.evaluate.scores import Scores
from premask.workflow.tables import Cell, Column, Table

ALL = "all images"
"""The row of all images together, whatever their type."""

RUNTIME_COLUMNS = (
    Column("Method"),
    Column("Images", 0),
    Column("Median s", 3),
    Column("Min s", 3),
    Column("Max s", 3),
    Column("CPU s", 3),
    Column("Memory MB", 0),
    Column("Jobs", 0),
    Column("Hardware"),
)

RUNTIME_NOTES = (
    "Wall-clock seconds per image, without the compilation of loops on their first use.",
    "Memory: the most that was held at once for it, on top of the idle process (Linux alone).",
)


def runtime_table(costs: Mapping[str, Sequence[Cost]]) -> Table:
    """Seconds per image of each method (Table 1).

    Parameters
    ----------
    costs : dict of str to sequence of Cost
        For each method, the cost of each of its candidates. Those made side by side with
        others waited for one another: beside candidates of the method that were made
        alone they are left out, and counted in a note; where there are no others they are
        shown by the number of jobs, and marked in a note.
    """
    rows: list[tuple[Cell, ...]] = []
    left_out = beside = 0
    for method, made in costs.items():
        alone = [cost for cost in made if cost.jobs == 1]
        shown = alone or list(made)
        left_out += len(made) - len(shown)
        beside += 0 if alone else len(shown)
        for hardware, jobs in dict.fromkeys((cost.hardware, cost.jobs) for cost in shown):
            same = [cost for cost in shown if (cost.hardware, cost.jobs) == (hardware, jobs)]
            seconds = [cost.seconds for cost in same]
            rows.append(
                (
                    method,
                    len(same),
                    median(seconds),
                    min(seconds),
                    max(seconds),
                    median(cost.cpu_seconds for cost in same),
                    max(cost.peak_mb for cost in same) or None,
                    jobs,
                    hardware,
                )
            )
    notes = [*RUNTIME_NOTES]
    if left_out:
        notes.append(
            f"{count(left_out, 'candidate')} {verb(left_out, 'is', 'are')} left out, made side by"
            " side with others."
        )
    if beside:
        notes.append(
            "Rows with more than one job: made side by side with others, so their seconds are"
            " longer than if they were made alone. Candidates are timed alone if they are"
            " made with premask preannotate --jobs 1; those that are there are not made again."
        )
    return Table("Table 1: seconds per image", RUNTIME_COLUMNS, tuple(rows), tuple(notes))


def iou_table(scores: Mapping[str, Scores], *, reference: str | None = None) -> Table:
    """IoU of each phase by method and type (Table 5), in percent.

    Parameters
    ----------
    scores : dict of str to Scores
        For each method, under one policy and with the same phases.
    reference : str, optional
        The label maps that were taken as the truth.

    Raises
    ------
    PremaskError
        For no method, and for scores under different policies or of different phases.
    """
    first = _alike(scores)
    columns = (
        Column("Type"),
        Column("Method"),
        Column("Images", 0),
        *(Column(f"IoU {_phase(name)} %", 2) for name in first.names),
        Column("Mean IoU %", 2),
    )
    types = list(dict.fromkeys(name for found in scores.values() for name in found.types))
    rows: list[tuple[Cell, ...]] = []
    notes: list[str] = []
    for type_ in [*types, ALL]:
        block = {
            method: found if type_ == ALL else found.types[type_]
            for method, found in scores.items()
            if type_ == ALL or type_ in found.types
        }
        rows += [
            (type_, method, part.images, *map(percent, part.iou), percent(part.mean_iou))
            for method, part in block.items()
        ]
        notes += false_pixel_notes(type_, block)
        if _truths_differ(list(block.values())):
            notes.append(
                f"{_label(type_)}: the methods were not scored on the same truth;"
                " their figures cannot be compared."
            )
    return Table(
        "Table 5: IoU of the pre-annotations",
        columns,
        tuple(rows),
        (*first.policy.lines(reference), *notes),
    )


def quality_table(
    method: str, scores: Scores, *, reference: str | None = None, against: str = "the truth"
) -> Table:
    """Overlap and boundaries of one method by type (Table 6).

    Parameters
    ----------
    method : str
        Its name, for the title.
    scores : Scores
        With its types; the last row is of all images together, no mean of the rows above.
    reference : str, optional
        The label maps that were taken as the truth.
    against : str
        Their short name, for the title.
    """
    columns = (
        Column("Type"),
        Column("Images", 0),
        Column("Jaccard %", 2),
        Column("Dice (macro) %", 2),
        Column("Dice (micro) %", 2),
        Column("Boundary F1 %", 2),
        Column("Hausdorff px", 1),
        Column("Hausdorff 95 px", 1),
        Column("Undefined", 0),
    )
    rows = tuple(
        (
            type_,
            part.images,
            percent(part.mean_iou),
            percent(part.mean_dice),
            percent(part.micro_dice),
            percent(part.boundary_f1),
            defined(part.hausdorff),
            defined(part.hausdorff95),
            int(part.boundary.undefined.sum()),
        )
        for type_, part in blocks(scores)
    )
    notes = (
        *scores.policy.lines(reference),
        "Jaccard and Dice (macro) are means over phases, Dice (micro) counts all pixels together.",
        "Undefined: pairs of an image and a phase without a Hausdorff distance.",
        f"The row {ALL!r} is computed from all images together; it is no mean of the rows above.",
    )
    return Table(f"Table 6: quality of {method} against {against}", columns, rows, notes)


def scores_table(scores: Scores, *, reference: str | None = None) -> Table:
    """Every figure by type and overall: what ``premask evaluate`` prints."""
    columns = (
        Column("Type"),
        Column("Images", 0),
        *(Column(f"IoU {_phase(name)} %", 2) for name in scores.names),
        Column("Mean IoU %", 2),
        Column("Mean Dice %", 2),
        Column("Boundary F1 %", 2),
        Column("Hausdorff px", 1),
        Column("Hausdorff 95 px", 1),
    )
    rows: list[tuple[Cell, ...]] = []
    notes = list(scores.policy.lines(reference))
    for type_, part in blocks(scores):
        overlap = [*part.iou, part.mean_iou, part.mean_dice, part.boundary_f1]
        distances = [defined(part.hausdorff), defined(part.hausdorff95)]
        rows.append((type_, part.images, *map(percent, overlap), *distances))
        notes += false_pixel_notes(type_, {"": part})
    undefined = int(scores.boundary.undefined.sum())
    if undefined:
        notes.append(
            f"{undefined} of"
            f" {count(undefined + int(scores.boundary.defined.sum()), 'Hausdorff distance')}"
            f" (image and phase) {verb(undefined, 'is', 'are')} undefined."
        )
    return Table("Label maps against the truth", columns, tuple(rows), tuple(notes))


def blocks(scores: Scores) -> list[tuple[str, Scores]]:
    """Each type's scores, then those of all images."""
    return [*scores.types.items(), (ALL, scores)]


def percent(share: float) -> float | None:
    """A share as a percentage, None where it is undefined."""
    return defined(100 * float(share))


def defined(value: float) -> float | None:
    """None for NaN."""
    return None if math.isnan(value) else float(value)


def _alike(scores: Mapping[str, Scores]) -> Scores:
    if not scores:
        raise PremaskError("no method has been scored yet; name candidates and import a truth")
    (first_name, first), *others = scores.items()
    for name, found in others:
        if (found.policy, found.names) != (first.policy, first.names):
            raise PremaskError(
                f"the scores of {name} and {first_name} have different policies or phases;"
                " score all methods with one policy before putting them into one table"
            )
    return first


def _phase(name: str) -> str:
    """A phase in a heading; without a name it is known by its index."""
    return f"phase {name}" if name.isdecimal() else name


def _label(type_: str) -> str:
    return "All images" if type_ == ALL else f"Type {type_}"


def _truths_differ(block: list[Scores]) -> bool:
    pixels = [part.confusion.true_pixels for part in block]
    return any(not np.array_equal(pixels[0], other) for other in pixels[1:])


def false_pixel_notes(type_: str, block: Mapping[str, Scores]) -> Iterator[str]:
    """A sentence for each method that predicts phases which the truth of a type has none of."""
    for method, part in block.items():
        falsely = [f"{_phase(name)} {n} px" for name, n in part.false_pixels_of_absent.items() if n]
        if falsely:
            of = f", {method}" if method else ""
            yield f"{_label(type_)}{of}: false pixels of absent phases: {', '.join(falsely)}."
