"""Labelbox: NDJSON with masks in, exports with downloaded masks out."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, Incoming, LabelMap, Outgoing, Report, Target, first_position
from premask.core.phases import VOID, VOID_NAME, Phases
from premask.interchange.folders import files_in
from premask.interchange.labelbox_masks import encode_mask, files_by_stem, read_mask
from premask.interchange.labelbox_rows import (
    Object,
    export_labels,
    import_row,
    is_import_row,
)
from premask.interchange.newest import Row, newest
from premask.interchange.overlay import Region, masks_of, overlay
from premask.interchange.pictures import PICTURES, picture_beside, picture_name, write_picture
from premask.interchange.runs import check_size
from premask.interchange.vocabulary import Vocabulary
from premask.io.json_parts import Entry, json_entries, json_lines
from premask.io.structured import read_json

ROWS, ONTOLOGY, DATA_ROWS = "annotations.ndjson", "ontology.json", "data-rows.json"
MANIFEST = "premask.json"

Files = dict[str, Path]


def load_labelbox(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The labels of an export, or of the NDJSON that is imported there.

    Parameters
    ----------
    path : Path
        A file of rows (NDJSON, or a JSON array), or a folder of them; downloaded masks lie
        beside or below, named by feature id or by the id of the composite mask.

    Raises
    ------
    PremaskError
        For a file that is none of these; on reading, for a mask that is not there.
    """
    folder = path.parent if path.is_file() else path
    files = [path] if path.is_file() else _row_files(path)
    masks = files_by_stem(files_in(folder, [".png"], deep=True))
    imported: dict[str, list[Entry]] = {}
    rows: list[Row] = []
    for file in files:
        for entry, row in _entries(file):
            if not is_import_row(row):
                rows += _rows(entry, row, folder, masks, vocabulary)
                continue
            image, one = import_row(row, entry.where)
            if one is None:
                vocabulary.report.add("left out", entry.where, "it is no mask")
            else:
                imported.setdefault(image, []).append(entry)
    yield from newest(rows, vocabulary.report)
    for image, entries in imported.items():
        where = entries[0].where
        read = partial(_read_imported, where, entries, masks, vocabulary)
        yield Incoming(image, where, read, image=picture_beside(folder, image))
    labelled = {Path(image).stem for image in imported}
    for name, shape in _shapes(folder / MANIFEST).items():
        if name not in labelled:
            yield Incoming(f"{name}.png", f"{MANIFEST}: {name}", partial(_void, shape))


def _row_files(folder: Path) -> list[Path]:
    others = {ONTOLOGY, DATA_ROWS, MANIFEST}
    return [one for one in files_in(folder, [".ndjson", ".json"]) if one.name not in others]


def _entries(file: Path) -> Iterator[tuple[Entry, Any]]:
    """The rows of a file: a JSON array, or a row a line."""
    try:
        with file.open("rb") as opened:
            start = opened.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    except OSError as error:
        raise PremaskError(f"{file.name}: it cannot be read: {error.strerror or error}") from None
    return json_entries(file) if start == b"[" else json_lines(file)


def _shapes(manifest: Path) -> dict[str, tuple[int, int]]:
    """The images of an export of premask and their sizes: a map that is all void has no row."""
    content = read_json(manifest) if manifest.is_file() else None
    if not isinstance(content, dict) or content.get("format") != "labelbox":
        return {}
    images = content.get("images")
    return {
        name: check_size(one.get("height"), one.get("width"), f"{MANIFEST}: {name}")
        for name, one in (images.items() if isinstance(images, dict) else [])
        if isinstance(one, dict)
    }


def _void(shape: tuple[int, int]) -> LabelMap:
    return np.full(shape, VOID, np.uint8)


def _rows(
    entry: Entry, row: object, folder: Path, masks: Files, vocabulary: Vocabulary
) -> Iterator[Row]:
    for number, label in enumerate(export_labels(row, entry.where, vocabulary.report)):
        if not label.objects and label.shape is None:
            vocabulary.report.add("no label map", label.where, f"{label.image}: no masks")
            continue
        incoming = Incoming(
            label.image,
            label.where,
            partial(_read_exported, entry, number, masks, vocabulary),
            annotator=label.annotator,
            times=label.times,
            image=picture_beside(folder, label.image),
        )
        yield label.image, label.changed, incoming


def _read_exported(entry: Entry, number: int, masks: Files, vocabulary: Vocabulary) -> LabelMap:
    # What is left out of the row has been reported when it was listed.
    label = list(export_labels(entry.read(), entry.where, Report()))[number]
    return _laid(label.where, label.objects, label.shape, masks, vocabulary)


def _read_imported(
    where: str, entries: list[Entry], masks: Files, vocabulary: Vocabulary
) -> LabelMap:
    found = (import_row(entry.read(), entry.where)[1] for entry in entries)
    return _laid(where, (one for one in found if one is not None), None, masks, vocabulary)


def _laid(
    where: str,
    objects: Iterable[Object],
    shape: tuple[int, int] | None,
    masks: Files,
    vocabulary: Vocabulary,
) -> LabelMap:
    regions = _regions(objects, shape, masks, vocabulary)
    first = next(regions, None)
    if first is None:
        assert shape is not None  # a label without masks is listed only with its size
        return _void(shape)
    height, width = first[1].shape
    return overlay((height, width), chain([first], regions), vocabulary.report, where)


def _regions(
    objects: Iterable[Object],
    shape: tuple[int, ...] | None,
    masks: Files,
    vocabulary: Vocabulary,
) -> Iterator[Region]:
    for one in objects:
        mask = read_mask(one.mask, masks, one.where)
        shape = shape or mask.shape
        if mask.shape != shape:
            raise PremaskError(
                f"{one.where}: its mask has {mask.shape[1]}x{mask.shape[0]} px, the image"
                f" {shape[1]}x{shape[0]} px; they must be equal"
            )
        n = int(np.count_nonzero(mask))
        index = vocabulary.index(one.name, one.where, n, first_position(mask)) if n else VOID
        yield index, mask, (0, 0)


def save_labelbox(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write a row for each phase of each image, the ontology, and the data rows to create."""
    ontology = json.dumps(ontology_of(target.phases), indent=1, ensure_ascii=False)
    (target.folder / ONTOLOGY).write_text(ontology, encoding="utf-8", newline="\n")
    data_rows = []
    with (target.folder / ROWS).open("w", encoding="utf-8", newline="\n") as file:
        for image in images:
            data_row = {"globalKey": picture_name(image)}
            for row in mask_rows(image.label_map, target.phases, data_row):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            data_rows.append(data_row_of(image, target.prefix or f"{PICTURES}/"))
            if target.pictures:
                write_picture(target.folder / PICTURES, image)
    rows = json.dumps(data_rows, indent=1, ensure_ascii=False)
    (target.folder / DATA_ROWS).write_text(rows, encoding="utf-8", newline="\n")
    return {**{name: name for name in target.phases.names}, VOID_NAME: None}


def mask_rows(
    label_map: LabelMap, phases: Phases, data_row: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """The rows of a label map: a mask for each phase; void is none.

    Parameters
    ----------
    data_row : dict
        Its ``globalKey`` or ``id``.
    """
    for index, mask in masks_of(label_map):
        png = base64.b64encode(encode_mask(mask)).decode("ascii")
        name = phases.names[index]
        # the same mask has the same id, so that Labelbox knows it when it comes again
        known_by = f"premask:{sorted(data_row.values())}/{name}/{png}"
        yield {
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, known_by)),
            "dataRow": data_row,
            "name": name,
            "classifications": [],
            "mask": {"png": png},
        }


def data_row_of(image: Outgoing, prefix: str) -> dict[str, Any]:
    """What Labelbox is told to make a data row of an image's picture."""
    key = picture_name(image)
    return {"row_data": f"{prefix}{key}", "global_key": key, "external_id": key}


def ontology_of(phases: Phases) -> dict[str, Any]:
    """The ontology: a raster tool for each phase, in its colour."""
    return {
        "tools": [
            {
                "tool": "raster-segmentation",
                "name": one.name,
                "required": False,
                "color": one.colour,
                "classifications": [],
                "schemaNodeId": None,
                "featureSchemaId": None,
            }
            for one in phases.phases
        ],
        "classifications": [],
    }
