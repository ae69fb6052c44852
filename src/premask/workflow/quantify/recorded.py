"""Label maps whose folder says what they are: those that were predicted, and a data set's."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from premask.core.errors import PremaskError
from premask.core.phases import default_colour, make_phases
from premask.core.words import typed
from premask.deploy.predictor import MODEL_FILE
from premask.deploy.records import RECORDS, read_rows
from premask.io.images import IMAGE_SUFFIXES, image_stem
from premask.io.label_maps import read_label_map
from premask.workflow.dataset.folder import read_dataset
from premask.workflow.quantify.given import read_photo
from premask.workflow.quantify.sources import (
    BY_TYPE,
    ONE_SPECIMEN,
    Source,
    Sources,
    colours_of,
)
from premask.workflow.train.run import PREDICTIONS

OF_RECORDS = f"The phases' names and the scales are those of {RECORDS}."
BY_GROUP = (
    "The images of one group of the data set are taken as fields of one specimen; --specimens CSV"
    " says otherwise."
)


def is_predicted(folder: Path) -> bool:
    """Whether a folder is what ``premask predict`` has made."""
    return (folder / RECORDS).is_file()


def predicted_sources(folder: Path, classes: str | None = None) -> Sources:
    """What was predicted, in all folders below too, with the scales and names that were recorded.

    Parameters
    ----------
    classes : str, optional
        Names of the phases, ``A,B,C``, in place of the model's.

    Raises
    ------
    PremaskError
        Where no label map is there, or they are of models with different phases.
    """
    rows = {str(row["label_map"]): row for row in read_rows(folder / RECORDS)}
    there = {file: row for file, row in rows.items() if (folder / file).is_file()}
    if not there:
        raise PremaskError(
            f"{folder} has no label map that {RECORDS} names; run premask predict again"
        )
    names = _names(classes) or _recorded_names(folder, there)
    colours = colours_of(folder / next(iter(there)), len(names))
    title = folder.resolve().name
    images = tuple(
        Source(
            file,
            image_stem(row["image"]),
            title,
            _scale(row.get("um_per_px")),
            partial(read_label_map, folder / file),
        )
        for file, row in sorted(there.items())
    )
    notes = (OF_RECORDS, *([ONE_SPECIMEN] if len(images) > 1 else []))
    found = Sources(title, tuple(zip(names, colours, strict=True)), images, notes)
    found = found.with_told(f"in {RECORDS}, but not there", sorted(set(rows) - set(there)))
    others = [
        path.name
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in IMAGE_SUFFIXES and path.name not in rows
    ]
    return found.with_told(f"not in {RECORDS}", others)


def dataset_sources(folder: Path, classes: str | None = None) -> Sources:
    """The final label maps of a data set, with its images, scales, types and phases.

    The images of a type are one specimen; where there are no types, those of a group are.

    Parameters
    ----------
    classes : str, optional
        Names of the phases, ``A,B,C``, in place of the data set's.

    Raises
    ------
    PremaskError
        For a data set that cannot be read or has no label map.
    """
    dataset = read_dataset(folder, classes=_names(classes))
    entries = [entry for entry in dataset.entries if entry.label_map]
    if not entries:
        raise PremaskError(f"no image of {folder} has a label map; label maps are needed")
    phases = [(one.name, one.colour) for one in dataset.phases.phases]
    if names := _names(classes):
        colours = [colour for _, colour in phases]
        phases = [
            (name, colours[i] if len(names) == len(phases) else default_colour(i))
            for i, name in enumerate(names)
        ]
    title = folder.resolve().name
    types = any(entry.type for entry in entries)
    groups = len({entry.group for entry in entries}) < len(entries)
    images = tuple(
        Source(
            entry.stem,
            entry.stem,
            (entry.type if types else entry.group if groups else None) or title,
            entry.um_per_px,
            partial(read_label_map, entry.label_map),
            partial(read_photo, entry.image),
        )
        for entry in entries
        if entry.label_map
    )
    note = BY_TYPE if types else BY_GROUP if groups else ONE_SPECIMEN
    found = Sources(title, tuple(phases), images, (note,) if len(images) > 1 else ())
    bare = [entry.stem for entry in dataset.entries if not entry.label_map]
    return found.with_told("without a label map", bare)


def refuse_run(folder: Path) -> None:
    """Say where the label maps of a run are.

    Raises
    ------
    PremaskError
        If the folder is that of a run.
    """
    if not (folder / MODEL_FILE).is_file() or not (folder / PREDICTIONS).is_dir():
        return
    parts = sorted(path.name for path in (folder / PREDICTIONS).iterdir() if path.is_dir())
    part = "test" if "test" in parts or not parts else parts[0]
    raise PremaskError(
        f"{folder} is the folder of a run; its label maps of the images that were held out are"
        f" below it: premask quantify {typed(folder / PREDICTIONS / part)}"
    )


def _names(classes: str | None) -> tuple[str, ...]:
    return make_phases(classes.split(",")).names if classes is not None else ()


def _recorded_names(folder: Path, rows: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    """The model's names, which all label maps must share."""
    found: dict[tuple[str, ...], str] = {}
    for file, row in rows.items():
        shares = row.get("fractions")
        found.setdefault(tuple(map(str, shares)) if isinstance(shares, dict) else (), file)
    if len(found) > 1:
        (one, first), (other, second), *_ = found.items()
        raise PremaskError(
            f"{folder} holds predictions of models with different phases: {first} of"
            f" {', '.join(one)}, {second} of {', '.join(other)}; predict all with one model into a"
            " new folder, or give --classes A,B,C"
        )
    (names,) = found
    return make_phases(names).names


def _scale(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return float(value) if good else None
