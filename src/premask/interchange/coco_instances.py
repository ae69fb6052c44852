"""COCO's instances: one JSON file, a run-length mask a phase and image."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, Incoming, LabelMap, Outgoing, Target
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
from premask.interchange.fields import entry, find_picture
from premask.interchange.overlay import masks_of
from premask.interchange.pictures import write_picture
from premask.interchange.polygons import corners, fill_polygon
from premask.interchange.rle import decode_coco, encode_coco_text
from premask.interchange.runs import check_size, shown
from premask.interchange.shapes import Shape, bounding_box, lay
from premask.interchange.vocabulary import Vocabulary
from premask.io.json_parts import Entry, json_members

FILE = "instances_default.json"


@dataclass
class Contents:
    """A file of instances, without their masks.

    Attributes
    ----------
    images : dict of int to dict
        By their ids.
    categories : dict of int to str
    annotations : dict of int to list of Entry
        Of each image: where they are in the file.
    """

    images: dict[int, dict[str, Any]] = field(default_factory=dict)
    categories: dict[int, str] = field(default_factory=dict)
    annotations: dict[int, list[Entry]] = field(default_factory=dict)


def load_coco_instances(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The images of the instance files in a folder, or of one file.

    Masks are run lengths, compressed or not, or polygons: the pixels whose centres lie
    inside. A later annotation wins.

    Raises
    ------
    PremaskError
        Where there is none, or one is not as it should be; on reading, for a mask that does
        not fit its image.
    """
    for file in annotation_files(path, "segmentation", vocabulary.report):
        contents = _read_contents(file)
        for number, image in contents.images.items():
            name = entry(image, "file_name", str, f"{file.name}: image {number}")
            yield Incoming(
                name,
                f"{file.name}: {name}",
                partial(_read, contents, number, f"{file.name}: {name}", vocabulary),
                image=find_picture(name, *picture_folders(file)),
            )


def _read_contents(file: Path) -> Contents:
    contents = Contents()
    for key, place, value in json_members(file, {"images", "annotations"}):
        if key == "images":
            where = f"{file.name}: image {place.number}"
            number = entry(value, "id", int, where)
            if number in contents.images:
                raise PremaskError(f"{where}: the id {number} is there twice")
            contents.images[number] = value
        if key == "annotations":
            where = f"{file.name}: annotation {place.number}"
            if not isinstance(value, dict) or "segmentation" not in value:
                raise PremaskError(
                    f"{where}: it is {shown(value)}, without a segmentation; panoptic annotations"
                    " are --format coco"
                )
            number = entry(value, "image_id", int, where)
            contents.annotations.setdefault(number, []).append(place)
        if key == "categories":
            contents.categories = category_names({"categories": value}, file.name)
    for key, found in (("images", contents.images), ("categories", contents.categories)):
        if not found:
            raise PremaskError(f"{file.name}: it has no {key!r}; are these COCO instances?")
    for number in contents.annotations:
        if number not in contents.images:
            first = contents.annotations[number][0].number
            raise PremaskError(
                f"{file.name}: annotation {first}: there is no image {number} in the file"
            )
    return contents


def _read(contents: Contents, number: int, where: str, vocabulary: Vocabulary) -> LabelMap:
    places = contents.annotations.get(number, [])
    size = image_size(contents.images[number], where)
    if size is None:
        raise PremaskError(f"{where}: its height and width are missing; export it again")
    left_out: list[int] = []

    def shapes() -> Iterator[Shape]:
        for place in places:
            one = place.read()
            own = f"{place.path.name}: annotation {place.number}"
            category = entry(one, "category_id", int, own)
            if category not in contents.categories:
                raise PremaskError(f"{own}: there is no category {category} in the file")
            if not one["segmentation"]:  # a box or key points alone
                left_out.append(place.number)
                continue
            for mask in _masks(one["segmentation"], size, own):
                yield contents.categories[category], *mask

    label_map = lay(size, shapes(), vocabulary, where)
    if left_out:
        vocabulary.report.add(
            "left out",
            where,
            f"{len(left_out)} annotations without a mask, e.g. annotation {left_out[0]}",
            len(left_out),
        )
    return label_map


def _masks(
    segmentation: object, size: tuple[int, int], where: str
) -> Iterator[tuple[Any, tuple[int, int]]]:
    if isinstance(segmentation, list):
        for i, polygon in enumerate(segmentation, 1):
            yield fill_polygon(corners(polygon, f"{where}: polygon {i}"), *size)
        return
    told = entry(segmentation, "size", list, where)
    if len(told) != 2 or check_size(told[0], told[1], where) != size:
        raise PremaskError(
            f"{where}: its mask is of height and width {shown(told)}, its image of {list(size)};"
            " they must be equal"
        )
    counts = entry(segmentation, "counts", str if _is_text(segmentation) else list, where)
    try:
        mask = decode_coco(counts, *size)
    except PremaskError as error:
        raise PremaskError(f"{where}: {error}") from None
    if not mask.any():
        yield mask, (0, 0)
        return
    left, top, width, height = bounding_box(mask)
    yield mask[top : top + height, left : left + width], (top, left)


def _is_text(segmentation: object) -> bool:
    return isinstance(segmentation, dict) and isinstance(segmentation.get("counts"), str)


def save_coco_instances(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``annotations/instances_default.json``: a compressed mask a phase and image.

    ``iscrowd`` is 1, as for every run-length mask of COCO: a phase is no single object. Void
    is nowhere.
    """
    folder = target.folder / ANNOTATIONS
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    with (folder / FILE).open("w", encoding="ascii", newline="\n") as file:
        file.write(json.dumps(header(target))[:-1] + ', "annotations": [')
        separator, number = "\n", 0
        for image_number, image in enumerate(images, 1):
            records.append(image_record(image_number, image, target))
            for index, mask in masks_of(image.label_map):
                number += 1
                annotation = {
                    "id": number,
                    "image_id": image_number,
                    "category_id": index + 1,
                    "segmentation": {"size": list(mask.shape), "counts": encode_coco_text(mask)},
                    "area": int(np.count_nonzero(mask)),
                    "bbox": list(bounding_box(mask)),
                    "iscrowd": 1,
                }
                file.write(separator + json.dumps(annotation))
                separator = ",\n"
            if target.pictures:
                write_picture(target.folder / PICTURES, image)
        file.write('\n], "images": ' + json.dumps(records) + "}\n")
    return category_ids(target, void=None)
