"""What the files of COCO have in common: images, categories, and where the pictures are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, Outgoing, Report, Target
from premask.core.phases import VOID_NAME
from premask.interchange.fields import entry
from premask.interchange.palette import BLACK, distinct
from premask.interchange.pictures import picture_name
from premask.interchange.runs import check_size
from premask.io.json_parts import json_members

ANNOTATIONS, PICTURES = "annotations", Path("images", "default")


def annotation_files(path: Path, key: str, report: Report) -> Iterator[Path]:
    """The JSON files of a folder whose annotations have a key, told by the first of them.

    A file without any annotation is one if it is alone. What is no JSON is reported.

    Raises
    ------
    PremaskError
        Where there is no such file; what is wrong with one, if there is no other.
    """
    files = [path] if path.is_file() else sorted(path.rglob("*.json"))
    files = [file for file in files if file.name != "premask.json"]
    broken: list[tuple[Path, PremaskError]] = []
    found = 0
    for file in files:
        try:
            first = _first_annotation(file)
        except PremaskError as error:
            broken.append((file, error))
            continue
        if (first is None and len(files) == 1) or (isinstance(first, dict) and key in first):
            found += 1
            yield file
    if not found and broken:
        raise broken[0][1]
    for file, reason in broken:
        report.add("left out", file.name, str(reason))
    if not found:
        raise PremaskError(
            f"{path.name}: no COCO annotations with {key!r} in it; segments_info is that of"
            " --format coco (panoptic), segmentation that of --format coco-instances"
        )


def _first_annotation(file: Path) -> object:
    keys = set()
    for key, _, value in json_members(file, {"annotations", "images"}):
        if key == "annotations":
            return value
        keys.add(key)
    return None if {"images", "categories"} <= keys else ""


def category_names(content: object, where: str) -> dict[int, str]:
    """The names of a file's categories by their ids.

    Raises
    ------
    PremaskError
        For categories without an id or a name, and for an id that is there twice.
    """
    names: dict[int, str] = {}
    for i, one in enumerate(entry(content, "categories", list, where), 1):
        number = entry(one, "id", int, f"{where}: category {i}")
        if number in names:
            raise PremaskError(f"{where}: category {i}: the id {number} is there twice")
        names[number] = entry(one, "name", str, f"{where}: category {i}")
    return names


def picture_folders(file: Path) -> Sequence[Path]:
    """Where the micrographs of a JSON file may be: as datumaro, COCO and CVAT lay them."""
    root = file.parent.parent if file.parent.name == ANNOTATIONS else file.parent
    subset = file.stem.rpartition("_")[2]
    pictures = root / "images"
    return pictures / subset, pictures / "default", pictures, root / subset, root


def image_size(image: object, where: str) -> tuple[int, int] | None:
    """Height and width of an entry of ``images``, px; None where it does not tell."""
    if not isinstance(image, dict) or image.get("height") is None or image.get("width") is None:
        return None
    return check_size(image["height"], image["width"], where)


def header(target: Target) -> dict[str, Any]:
    """What begins a COCO file: ``info``, ``licenses``, ``categories``."""
    colours = distinct(target.colours, [BLACK])
    return {
        "info": {"description": "premask", "version": "", "year": 0},
        "licenses": [],
        "categories": [
            {
                "id": phase.index + 1,
                "name": phase.name,
                "supercategory": "",
                "isthing": 0,
                "color": list(colour),
            }
            for phase, colour in zip(target.phases.phases, colours, strict=True)
        ],
    }


def image_record(number: int, image: Outgoing, target: Target) -> dict[str, Any]:
    """The entry of an image in ``images``."""
    return {
        "id": number,
        "file_name": f"{target.prefix}{picture_name(image)}",
        "width": image.width,
        "height": image.height,
    }


def category_ids(target: Target, *, void: int | None) -> Ids:
    """What stands for each phase: its category."""
    return {**{phase.name: phase.index + 1 for phase in target.phases.phases}, VOID_NAME: void}
