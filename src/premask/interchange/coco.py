"""COCO's panoptic form: a PNG of segment ids an image, and one JSON file of what they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.exchange import (
    Ids,
    Incoming,
    LabelMap,
    Outgoing,
    Target,
)
from premask.core.phases import VOID
from premask.interchange.coco_files import (
    ANNOTATIONS,
    PICTURES,
    annotation_files,
    category_ids,
    category_names,
    header,
    image_record,
    image_size,
    picture_folders,
)
from premask.interchange.fields import entry, find_picture, safe_path
from premask.interchange.overlay import masks_of
from premask.interchange.pictures import write_picture
from premask.interchange.shapes import bounding_box
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.images import read_colours
from premask.io.structured import read_json

NAME = "panoptic_default"

MAX_ID = 1 << 24
"""Ids are red + 256 green + 65536 blue."""


@dataclass(frozen=True)
class Segments:
    """One entry of ``annotations``: what the ids of a PNG are.

    Attributes
    ----------
    file : Path
        The PNG.
    where : str
        For messages.
    names : dict of int to str
        The category of each segment's id.
    size : (int, int) or None
        Height and width of the image, px, where the JSON file tells.
    """

    file: Path
    where: str
    names: Mapping[int, str]
    size: tuple[int, int] | None


def load_coco(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The images of the panoptic JSON files in a folder, or of one file.

    Raises
    ------
    PremaskError
        Where there is none, or one is not as it should be; on reading, for a PNG with an id
        that is no segment of it.
    """
    for file in annotation_files(path, "segments_info", vocabulary.report):
        content = read_json(file)
        categories = category_names(content, file.name)
        images = {
            entry(one, "id", int, f"{file.name}: image {i}"): one
            for i, one in enumerate(entry(content, "images", list, file.name), 1)
        }
        for i, one in enumerate(entry(content, "annotations", list, file.name), 1):
            where = f"{file.name}: annotation {i}"
            image = images.get(entry(one, "image_id", int, where))
            if image is None:
                raise PremaskError(f"{where}: there is no image {one['image_id']} in the file")
            name = entry(image, "file_name", str, where)
            segments = _segments(file, one, image, categories, where)
            yield Incoming(
                name,
                f"{file.name}: {name}",
                partial(_read, segments, vocabulary),
                image=find_picture(name, *picture_folders(file)),
            )


def _segments(
    file: Path, one: dict[str, Any], image: object, categories: Mapping[int, str], where: str
) -> Segments:
    names: dict[int, str] = {}
    for j, segment in enumerate(entry(one, "segments_info", list, where), 1):
        own = f"{where}: segment {j}"
        number = entry(segment, "id", int, own)
        category = entry(segment, "category_id", int, own)
        if not 0 < number < MAX_ID or number in names:
            raise PremaskError(
                f"{own}: its id is {number}; 1 to {MAX_ID - 1}, each once, are accepted"
            )
        if category not in categories:
            raise PremaskError(f"{own}: there is no category {category} in the file")
        names[number] = categories[category]
    name = safe_path(entry(one, "file_name", str, where), where)
    folders = (file.parent / file.stem, file.parent)
    found = next((f / name for f in folders if (f / name).is_file()), folders[0] / name)
    return Segments(found, where, names, image_size(image, where))


def _read(segments: Segments, vocabulary: Vocabulary) -> LabelMap:
    if not segments.file.is_file():
        raise PremaskError(f"{segments.where}: its PNG {segments.file.name}: there is no such file")
    ids = _ids_of(segments.file)
    if segments.size is not None and ids.shape != segments.size:
        raise PremaskError(
            f"{segments.where}: its PNG has {ids.shape[1]}x{ids.shape[0]} px, its image"
            f" {segments.size[1]}x{segments.size[0]} px; they must be equal"
        )
    numbers, where_first, inverse, counts = np.unique(
        ids, return_index=True, return_inverse=True, return_counts=True
    )
    indices = np.full(numbers.size, VOID, np.uint8)
    unknown: dict[str, tuple[int, tuple[int, int]]] = {}
    for i, number in enumerate(numbers.tolist()):
        row, column = divmod(int(where_first[i]), ids.shape[1])
        if number == 0:
            continue
        if number not in segments.names:
            raise PremaskError(
                f"{segments.file.name}: the id {number} at row {row}, column {column}"
                f" ({counts[i]} px) is no segment of it in {segments.where}"
            )
        name = segments.names[number]
        index = vocabulary.find(name)
        if index is None:
            count, at = unknown.get(name, (0, (row, column)))
            unknown[name] = count + int(counts[i]), at
        indices[i] = VOID if index is None else index
    for name, (count, at) in unknown.items():
        vocabulary.index(name, segments.where, count, at)
    return indices[inverse].reshape(ids.shape)


def _ids_of(path: Path) -> NDArray[np.uint32]:
    pixels = read_colours(path)
    if pixels.dtype != np.uint8:
        raise PremaskError(f"{path.name}: pixels of type {pixels.dtype}; 8 bits are accepted")
    if pixels.ndim == 2 or pixels.shape[2] < 3:  # grey: as much as the red alone
        grey = pixels if pixels.ndim == 2 else pixels[..., 0]
        return grey.astype(np.uint32)
    red, green, blue = (pixels[..., i].astype(np.uint32) for i in range(3))
    ids: NDArray[np.uint32] = red | green << np.uint32(8) | blue << np.uint32(16)
    return ids


def save_coco(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``annotations/panoptic_default.json`` and the PNGs beside it.

    Categories are 1, 2 ...; each phase of an image is one segment, whose id is its category.
    Void is 0.
    """
    folder = target.folder / ANNOTATIONS / NAME
    folder.mkdir(parents=True, exist_ok=True)
    records, annotations = [], []
    for number, image in enumerate(images, 1):
        label_map = image.label_map
        segments = []
        for index, mask in masks_of(label_map):
            segments.append(
                {
                    "id": index + 1,
                    "category_id": index + 1,
                    "area": int(np.count_nonzero(mask)),
                    "bbox": list(bounding_box(mask)),
                    "iscrowd": 0,
                }
            )
        name = f"{image.name}.png"
        annotations.append({"image_id": number, "file_name": name, "segments_info": segments})
        records.append(image_record(number, image, target))
        write_atomically(folder / name, _png(label_map))
        if target.pictures:
            write_picture(target.folder / PICTURES, image)
    content = {
        **header(target),
        "images": records,
        "annotations": annotations,
    }
    data = json.dumps(content, separators=(",", ":")).encode()
    write_atomically(folder.with_suffix(".json"), data)
    return category_ids(target, void=0)


def _png(label_map: LabelMap) -> bytes:
    pixels = np.zeros((*label_map.shape, 3), np.uint8)
    pixels[..., 2] = label_map + np.uint8(1)  # blue, green, red; void, 255, becomes 0
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    assert done
    return data.tobytes()
