"""Hugging Face: an ``imagefolder`` with ``metadata.jsonl``, ``id2label.json`` and a card."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, Incoming, LabelMap, Outgoing, Target
from premask.core.phases import VOID
from premask.interchange.folders import files_in, inside
from premask.interchange.huggingface_card import card
from premask.interchange.pictures import write_picture
from premask.interchange.values import index_ids, labels_of
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.label_maps import encode_label_map, read_label_map
from premask.io.structured import parse_json, read_json, read_text

METADATA = ("metadata.jsonl", "metadata.csv")
ID2LABEL = "id2label.json"
IMAGE_KEYS = ("file_name", "image_file_name")
MASK_KEYS = ("mask_file_name", "label_file_name", "segmentation_file_name", "annotation_file_name")


def load_huggingface(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The masks that the metadata of all splits name.

    Raises
    ------
    PremaskError
        For metadata that cannot be read, a mask that is not there; on reading, for a damaged
        mask.
    """
    names = _id2label(path)
    tables = [file for name in METADATA for file in files_in(path, [name], deep=True)]
    for table in tables:
        for line, row in _rows(table):
            where = f"{table.name}: line {line}"
            mask = _file(table, row, MASK_KEYS, where)
            image = _file(table, row, IMAGE_KEYS, where)
            if mask is None:
                named = row.get(IMAGE_KEYS[0]) or row.get(IMAGE_KEYS[1])
                vocabulary.report.add("no label map", where, f"{named} has no mask")
                continue
            named = image or mask
            yield Incoming(
                named.name,
                mask.name,
                partial(_read, mask, vocabulary, names),
                image=image,
                image_name=named.name,
                type=row["type"] if isinstance(row.get("type"), str) and row["type"] else None,
                um_per_px=_size(row.get("um_per_px")),
            )


def _size(value: Any) -> float | None:
    try:
        size = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return size if 0 < size < 1e6 else None


def _id2label(path: Path) -> dict[int, str]:
    for file in files_in(path, [ID2LABEL], deep=True):
        content = read_json(file)
        if not isinstance(content, dict) or not all(
            re.fullmatch(r"\d{1,3}", key) and isinstance(name, str) for key, name in content.items()
        ):
            raise PremaskError(f'{file.name}: no table of classes; {{"0": "Alpha", ...}} is')
        return {int(key): name for key, name in content.items()}
    return {}


def _rows(table: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    text = read_text(table)
    if table.suffix == ".csv":
        try:
            for number, row in enumerate(csv.DictReader(io.StringIO(text), strict=True), 2):
                yield number, row
        except csv.Error as error:
            raise PremaskError(f"{table.name}: no table ({error}); export it again") from None
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            content = parse_json(line, f"{table.name}: line {number}")
            if not isinstance(content, dict):
                raise PremaskError(f"{table.name}: line {number} is no JSON object")
            yield number, content


def _file(table: Path, row: Mapping[str, Any], keys: tuple[str, ...], where: str) -> Path | None:
    key = next((key for key in keys if row.get(key) is not None), None)
    if key is None:
        return None
    path = inside(table.parent, row[key], f"{where}: {key}")
    if not path.is_file():
        raise PremaskError(f"{where}: there is no file {row[key]!r:.60} beside it; {key} names it")
    return path


def _read(path: Path, vocabulary: Vocabulary, names: Mapping[int, str]) -> LabelMap:
    return labels_of(read_label_map(path), path.name, vocabulary, names)


def save_huggingface(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write the split ``train``: ``images/``, ``masks/`` and a line of metadata for each image.

    Values of the masks are the phases' indices, 255 is void (the ``ignore_index`` that is
    usual there).
    """
    folder = target.folder / "train"
    (folder / "masks").mkdir(parents=True)
    lines: list[str] = []
    pixels = np.zeros(256, np.int64)
    for image in images:
        label_map = image.label_map
        pixels += np.bincount(label_map.ravel(), minlength=256)
        data = encode_label_map(label_map, target.colours)
        write_atomically(folder / "masks" / f"{image.name}.png", data)
        row: dict[str, Any] = {"mask_file_name": f"masks/{image.name}.png"}
        if target.pictures:
            picture = write_picture(folder / "images", image)
            row = {"file_name": f"images/{picture.name}", **row}
        row |= {"type": image.type, "um_per_px": image.um_per_px}
        lines.append(json.dumps(row, ensure_ascii=False))
    write_atomically(folder / METADATA[0], "".join(f"{line}\n" for line in lines).encode())
    id2label = {str(phase.index): phase.name for phase in target.phases.phases}
    write_atomically(
        target.folder / ID2LABEL, json.dumps(id2label, indent=1, ensure_ascii=False).encode()
    )
    shares = pixels[: len(target.phases)] / max(int(pixels[:VOID].sum()), 1)
    n_void = int(pixels[VOID])
    text = card(target.phases, shares.tolist(), len(lines), n_void, pictures=target.pictures)
    write_atomically(target.folder / "README.md", text.encode())
    return index_ids(target.phases)
