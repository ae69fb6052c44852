"""``README.md`` of a data set: what it holds, how it was labelled, how long that took."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
import numpy as np

from premask import __version__
from premask.core.phases import Phases
from premask.core.words import count, verb
from premask.evaluate.dataset import Classes
from premask.evaluate.session_time import MEASURE_LINES, MEASURES
from premask.workflow.dataset.about import About
from premask.workflow.dataset.files import LABELS, Written
from premask.workflow.dataset.metadata import HUB_PARTS, bibtex, part_file, quoted
from premask.workflow.dataset.sides import Sides
from premask.workflow.dataset.tables import images_table, shares_table
from premask.workflow.dataset.unlabelled import UNLABELLED, Bare, lines_of
from premask.workflow.final_maps import ORDER_LINE
from premask.workflow.paper_tables import percent
from premask.workflow.tables import Cell, Column, Table

STRATEGY_LINES: Mapping[str, str] = {
    "agreed": "settled among several annotators",
    "preannotated": "repaired from a pre-annotation",
    "scratch": "drawn from scratch",
    "reference": "imported from elsewhere",
}
SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))
"""Hugging Face's categories of size."""


@dataclass(frozen=True)
class Contents:
    """All that a card is made from.

    Attributes
    ----------
    figures : tuple of (str, str)
        Title and file of each.
    times : tuple of Table
        Table 7, where both strategies were timed.
    folder : str
        The data set's own name.
    """

    about: About
    phases: Phases
    written: Sequence[Written]
    bare: Sequence[Bare]
    classes: Classes
    sides: Sides
    figures: tuple[tuple[str, str], ...]
    times: tuple[Table, ...]
    simulated: bool
    folder: str


def card(contents: Contents) -> bytes:
    """The README, with a head that Hugging Face reads."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("premask.workflow"),
        autoescape=False,  # noqa: S701 - Markdown, from the user's own project
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"markdown": markdown, "cell": _cell}
    rows = [one.row for one in contents.written]
    names = contents.phases.names
    text = environment.get_template("dataset_card.md.j2").render(
        front=_front(contents),
        about=contents.about,
        simulated=contents.simulated,
        n_images=len(rows),
        untouched=sum(row["image"]["untouched"] for row in rows),
        others=_other_folders(rows, contents.bare),
        phases=contents.phases.phases,
        contents=[images_table(contents.classes, names), shares_table(contents.classes, names)],
        figures=contents.figures,
        split_table=split_table(contents.sides.splits, contents.written, names),
        split_lines=[
            *_split_lines(contents.sides),
            *(_cell(line) for line in lines_of(contents.bare, contents.sides)),
        ],
        how=_how(rows),
        minutes_lines=_minutes(rows),
        times=contents.times,
        bibtex=bibtex(contents.about, newest_date(rows)),
        folder=contents.folder,
        premask=__version__,
    )
    return (text.rstrip() + "\n").encode()


def markdown(table: Table) -> str:
    """A table as Markdown, with its notes."""
    right = ["---" if column.digits is None else "---:" for column in table.columns]
    rows = [table.header, right, *table.printed()]
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    notes = [line for note in table.notes for line in ("", note)]
    return "\n".join([f"**{table.title}**", "", *lines, *notes])


def split_table(
    splits: Mapping[str, Mapping[str, Sequence[str]]],
    written: Sequence[Written],
    names: Sequence[str],
) -> Table:
    """Images and the share of each phase in every part of every split."""
    by_stem = {one.stem: one for one in written}
    shares_of = [Column(f"{name} %", 2) for name in names]
    columns = (Column("Split"), Column("Part"), Column("Images", 0), Column("Types"), *shares_of)
    rows: list[tuple[Cell, ...]] = []
    for name, parts in splits.items():
        for part, stems in parts.items():
            own = [by_stem[stem] for stem in stems]
            types = Counter(one.type or "-" for one in own)
            told = ", ".join(f"{type_} ({n})" for type_, n in sorted(types.items()))
            pixels = np.sum([one.classes.pixels for one in own], axis=0) if own else None
            shares: list[Cell] = [None] * len(names)
            if pixels is not None and pixels.sum():
                shares = [percent(float(share)) for share in pixels / pixels.sum()]
            rows.append((name, part, len(own), told, *shares))
    return Table("Images and shares of the phases by split", columns, tuple(rows))


def newest_date(rows: Sequence[Mapping[str, Any]]) -> str:
    """The day of the newest label map: what the data set is dated by."""
    return max(str(one["date"]) for row in rows for one in row["label_maps"])


def _front(contents: Contents) -> list[str]:
    about, n = contents.about, len(contents.written)
    lines = [f"pretty_name: {quoted(about.title)}"]
    if about.licence:
        lines.append(f"license: {about.licence.hub}")
        if about.licence.hub == "other":
            lines.append(f"license_name: {quoted(about.licence.name)}")
    lines += [
        "task_categories:",
        "- image-segmentation",
        "tags:",
        "- microscopy",
        "- microstructure",
        "size_categories:",
        f"- {next((name for most, name in SIZES if n < most), '100K<n<1M')}",
    ]
    default = contents.sides.splits["default"]
    parts = [part for part in HUB_PARTS if default.get(part)]
    lines += ["configs:", "- config_name: default", "  metadata_filenames:"]
    lines += [f"  - {part_file(part)}" for part in parts]
    lines.append("  data_files:")
    for part in parts:
        lines += [f"  - split: {HUB_PARTS[part]}", f'    path: [{part_file(part)}, "images/*"]']
    return lines


def _other_folders(
    rows: Sequence[Mapping[str, Any]], bare: Sequence[Bare]
) -> list[tuple[str, str]]:
    found = Counter(one["strategy"] for row in rows for one in row["label_maps"][1:])
    folders = [
        (f"{LABELS}_{strategy}", f"further label maps of {count(n, 'image')}: {what}")
        for strategy, what in STRATEGY_LINES.items()
        if (n := found[strategy])
    ]
    if bare:
        folders.append((UNLABELLED, f"{count(len(bare), 'image')} without a label map"))
    return folders


def _split_lines(sides: Sides) -> list[str]:
    n_specimens = len(set(sides.specimens.values()))
    groups = "No groups (specimens) were given: each image is its own."
    if sides.specimens:
        images = count(len(sides.specimens), "image")
        groups = f"Groups: {count(n_specimens, 'specimen')} of {images}."
    pairs = count(len(sides.duplicates), "pair")
    compared = (
        f"All pairs of images were compared: {pairs} of near-duplicates (copies, and fields that"
        f" overlap) {verb(len(sides.duplicates), 'counts', 'count')} as one group."
    )
    alike = (
        "Each part has its share of the images, of each type, and of the pixels of each phase, as"
        " far as the groups allow."
    )
    lines = [f"Images of one group stay on one side. {groups}", compared, alike]
    return [*lines, *(_cell(remark) for remark in sides.remarks)]


def _how(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    finals = Counter(row["label_map"] for row in rows)
    lines = [ORDER_LINE]
    lines += [
        f"{count(finals[strategy], 'final label map')} {what}."
        for strategy, what in STRATEGY_LINES.items()
        if finals[strategy]
    ]
    maps = [one for row in rows for one in row["label_maps"]]
    methods = Counter(name for one in maps for name in one["methods"])
    if methods:
        told = ", ".join(f"{name} ({n})" for name, n in sorted(methods.items()))
        lines.append(f"Pre-annotations by: {told}.")
    people = {one["annotator"] for one in maps if one["annotator"]}
    if people:
        lines.append(f"{count(len(people), 'annotator')}: {', '.join(sorted(people))}.")
    both = sum(
        {"scratch", "preannotated"} <= {m["strategy"] for m in r["label_maps"]} for r in rows
    )
    if both:
        lines.append(
            f"{count(both, 'image')} with both: one from scratch and one that was repaired."
        )
    return lines


def _minutes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    maps = [one for row in rows for one in row["label_maps"]]
    timed = [one for one in maps if one["minutes"]]
    if not timed:
        return ["No time was measured."]
    lines = [
        f"Derived from the event logs of {len(timed)} of the {count(len(maps), 'label map')} here."
    ]
    for strategy, what in STRATEGY_LINES.items():
        own = [one["minutes"] for one in timed if one["strategy"] == strategy]
        if own:
            figures = "; ".join(
                f"{m} {statistics.median(one[m] for one in own):.1f} min"
                f" ({sum(one[m] for one in own) / 60:.1f} h)"
                for m in MEASURES
            )
            lines.append(f"- {what}, {count(len(own), 'map')}, median (sum): {figures}")
    lines.append("Measures: " + ". ".join(MEASURE_LINES[m] for m in MEASURES) + ".")
    return lines


def _cell(text: str) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")
