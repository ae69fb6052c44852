"""One model of all types and one of each, on the same test images (paper, Table 8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from premask.core.datasets import Dataset, Entry
from premask.core.errors import PremaskError
from premask.core.words import count
from premask.evaluate.policy import Policy
from premask.evaluate.scores import Scores, measure, summarise
from premask.io.files import write_atomically
from premask.io.label_maps import read_label_map
from premask.train.data import Step, silent
from premask.train.processes import is_first
from premask.workflow.dataset.folder import read_pair
from premask.workflow.paper_tables import ALL, false_pixel_notes, percent
from premask.workflow.tables import Cell, Column, Table, render
from premask.workflow.train.parts import Parts, divide
from premask.workflow.train.run import Order, Result, Watch, check_place, predicted_file, train

GENERAL = "G"
TABLE = {"text": "table8.txt", "csv": "table8.csv", "latex": "table8.tex", "json": "table8.json"}

TWO_MEANS = (
    "The paper's Table 8 mixes the two means: its rows G-I, G-II and G-III count phases that a type"
    " does not contain as 0, its other rows leave them out."
)


@dataclass(frozen=True, eq=False)
class PerType:
    """All runs, and their comparison.

    Attributes
    ----------
    runs : dict of str to Result
        ``G``, and ``S-TYPE`` for each type.
    table : Table
    """

    runs: Mapping[str, Result]
    table: Table


def train_per_type(
    order: Order,
    watch: Watch = lambda _row, _order: None,
    tell: Callable[[str], None] = lambda _line: None,
    step: Step = silent,
) -> PerType | None:
    """Train the general model and the specific ones, each in a folder of its own.

    Folders whose run is over are kept, so that the same call goes on with the model that it was
    stopped in. Table 8 is made from the label maps in the folders and written beside them.
    ``watch``, ``tell`` and ``step`` are those of :func:`premask.workflow.train.run.train`.

    Returns
    -------
    PerType or None
        None in all processes but the first where torchrun has started several.

    Raises
    ------
    PremaskError
        For a data set with fewer than two types, one without test images, and as :func:`train`.
    """
    check_place(order)
    parts = divide(order.dataset, order.split, order.config)
    types = types_of(order.dataset, parts.training)
    part = parts.test
    if part is None:
        raise PremaskError(
            f"{order.dataset.root}: no labelled image is kept apart in the split {parts.split}, so"
            " that there is nothing to compare models on; choose a split with a part test"
        )
    if is_first():
        for line in lines_of_types(parts, part, types):
            tell(line)
    runs: dict[str, Result] = {}
    divided = {None: parts} | {
        type_: divide(order.dataset, order.split, order.config, type_) for type_ in types
    }
    shared = set.intersection(*(set(one.notes) for one in divided.values()))
    told: set[str] = set()
    for type_, model in divided.items():
        name = GENERAL if type_ is None else f"S-{type_}"
        one = replace(order, type=type_, out=order.out / folder_of(name), name=name)
        found = train(one, watch, _teller(tell, name, set(model.notes) - shared, told), step)
        if found is not None:
            runs[name] = found
    if not runs:
        return None
    table = table_8(order, parts, part, types)
    for form, name in TABLE.items():
        write_atomically(order.out / name, (render(table, form) + "\n").encode())
    return PerType(runs, table)


def _teller(
    tell: Callable[[str], None], name: str, own: Set[str], told: set[str]
) -> Callable[[str], None]:
    """Tell what is of one model with its name in front, and what holds for all only once."""

    def named(line: str) -> None:
        if line in own or line.endswith(" ..."):
            tell(f"{name}: {line}")
        elif line not in told:
            told.add(line)
            tell(line)

    return named


def types_of(dataset: Dataset, entries: Sequence[Entry]) -> list[str]:
    """The types of training images, in order.

    Raises
    ------
    PremaskError
        For fewer than two: there would be nothing to compare.
    """
    types = sorted({entry.type for entry in entries if entry.type})
    if len(types) < 2:
        raise PremaskError(
            f"{dataset.root}: its training images are of {count(len(types), 'type')}"
            f" ({', '.join(types) or 'none is told'}); --per-type compares two or more"
        )
    return types


def lines_of_types(parts: Parts, part: str, types: Sequence[str]) -> list[str]:
    """A sentence on each type that Table 8 will lack, and why."""
    tested = {entry.type for entry in parts.held_out[part]}
    of_others = {one.type for own in parts.held_out.values() for one in own if one.type}
    lines = [
        f"Type {one} has no image in the part {part}: Table 8 will have no row of it."
        for one in types
        if one not in tested
    ]
    return lines + [
        f"Type {one} has no training image: it gets no model, and no row in Table 8."
        for one in sorted(of_others - set(types))
    ]


def folder_of(name: str) -> str:
    """A name that any file system takes.

    Examples
    --------
    >>> folder_of("S-II"), folder_of("S-850 °C/h")
    ('S-II', 'S-850_C_h')
    """
    return re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII)


def table_8(order: Order, parts: Parts, part: str, types: Sequence[str]) -> Table:
    """Both kinds of models on the images of one part, under one policy (Table 8).

    Parameters
    ----------
    part : str
        The part of the split whose label maps are in the folders of the runs.
    types : sequence of str
    """
    entries = parts.held_out[part]
    general = _scores(order, GENERAL, part, entries)
    rows: list[tuple[Cell, ...]] = [_row(GENERAL, general)]
    notes = list(false_pixel_notes(ALL, {GENERAL: general}))
    missing = []
    for type_ in types:
        own = [entry for entry in entries if entry.type == type_]
        if not own:
            missing.append(type_)
            continue
        specific = _scores(order, f"S-{type_}", part, own)
        block = {f"{GENERAL}-{type_}": general.types[type_], f"S-{type_}": specific}
        rows += [_row(name, scores) for name, scores in block.items()]
        notes += false_pixel_notes(type_, block)
    if missing:
        notes.append(f"No image of the part {part}: type {', '.join(missing)}.")
    untrained = sorted({entry.type for entry in entries if entry.type} - set(types))
    if untrained:
        notes.append(f"No training image: type {', '.join(untrained)}.")
    names = order.dataset.phases.names
    columns = (
        Column("Model"),
        Column("Images", 0),
        *(Column(f"IoU {name} %", 2) for name in names),
        Column("Mean IoU %, phases present", 2),
        Column("Mean IoU %, absent as 0", 2),
    )
    told = (
        f"G: one model of all types; S: one of a single type. Part {part} of the split"
        f" {parts.split or '(none)'}."
    )
    lines = (
        told,
        *general.policy.lines()[:3],
        TWO_MEANS,
        *(note for note in parts.notes if part == "val" or "flatter" not in note),
        *notes,
    )
    return Table("Table 8: general and specific models", columns, tuple(rows), lines)


def _scores(order: Order, name: str, part: str, entries: Sequence[Entry]) -> Scores:
    policy, names = Policy(), order.dataset.phases.names
    measured = []
    for entry in entries:
        path: Path = predicted_file(order.out / folder_of(name), part, entry.stem)
        truth = read_pair(entry)[1]
        measured.append((measure(read_label_map(path), truth, len(names), policy), entry.type))
    return summarise(measured, policy, names)


def _row(name: str, scores: Scores) -> tuple[Cell, ...]:
    return (
        name,
        scores.images,
        *map(percent, scores.iou),
        percent(scores.mean_iou),
        percent(scores.confusion.mean_iou("zero")),
    )
