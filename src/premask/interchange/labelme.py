"""labelme: a JSON file an image, with a mask a phase."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, Incoming, LabelMap, Outgoing, Target
from premask.core.phases import VOID_NAME
from premask.interchange.fields import entry, find_picture
from premask.interchange.overlay import masks_of
from premask.interchange.pictures import picture_name, write_picture
from premask.interchange.polygons import box_corners, corners, fill_polygon
from premask.interchange.runs import check_size, shown
from premask.interchange.shapes import Shape, bounding_box, lay
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.images import decode_png
from premask.io.structured import read_json

VERSION = "5.5.0"
"""Of labelme: the first whose files have been as these are."""


def load_labelme(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The labelme files of a folder, with their folders, or one file.

    Masks, polygons and rectangles are read: the last two as the pixels whose centres lie
    inside. A later shape wins, as labelme draws them. JSON files without shapes are left
    out, and reported.

    Raises
    ------
    PremaskError
        For a file that is no JSON; on reading, for a shape that does not fit its image.
    """
    files = [path] if path.is_file() else sorted(path.rglob("*.json"))
    for file in files:
        where = file.relative_to(path).as_posix() if path.is_dir() else file.name
        content = read_json(file)
        if not isinstance(content, dict) or "shapes" not in content:
            if file.name != "premask.json":
                vocabulary.report.add("left out", where, "it has no shapes of labelme")
            continue
        name = entry(content, "imagePath", str, where)
        yield Incoming(
            name.replace("\\", "/"),
            where,
            partial(_read, file, where, vocabulary),
            image=find_picture(name, file.parent),
        )


def _read(file: Path, where: str, vocabulary: Vocabulary) -> LabelMap:
    content = read_json(file)
    height, width = (entry(content, key, int, where) for key in ("imageHeight", "imageWidth"))
    check_size(height, width, where)
    other: dict[str, int] = {}

    def shapes() -> Iterator[Shape]:
        for i, shape in enumerate(entry(content, "shapes", list, where), 1):
            own = f"{where}: shape {i}"
            label = entry(shape, "label", str, own)
            told = shape.get("shape_type") is not None  # old files do not
            kind = entry(shape, "shape_type", str, own) if told else "polygon"
            if kind == "mask":
                yield label, *_mask(shape, height, width, own)
            elif kind in {"polygon", "rectangle"}:
                yield label, *fill_polygon(_corners(shape, kind, own), height, width)
            else:
                other[kind[:40]] = other.get(kind[:40], 0) + 1

    label_map = lay((height, width), shapes(), vocabulary, where)
    for kind, n in other.items():
        vocabulary.report.add(
            "left out", where, f"{n} of the shape {kind!r}; mask, polygon and rectangle are read", n
        )
    return label_map


def _points(shape: object, where: str) -> list[list[Any]]:
    points = entry(shape, "points", list, where)
    if not all(isinstance(point, list) and len(point) == 2 for point in points):
        raise PremaskError(f"{where}: its points are {shown(points)}; [[x, y], ...] is accepted")
    return points  # type: ignore[no-any-return]


def _corners(shape: object, kind: str, where: str) -> NDArray[np.float64]:
    points = _points(shape, where)
    flat = list(chain.from_iterable(points))
    if kind == "rectangle" and len(points) == 2:
        (left, top), (right, bottom) = corners([*flat, 0, 0], where)[:2].tolist()
        flat = box_corners(left, top, right, bottom)
    return corners(flat, where)


def _mask(
    shape: dict[str, Any], height: int, width: int, where: str
) -> tuple[NDArray[np.bool_], tuple[int, int]]:
    """The mask of a box, and the box's corner; the box's points lie within it."""
    points = _points(shape, where)
    if len(points) != 2:
        raise PremaskError(f"{where}: {len(points)} points; the two corners of the mask are needed")
    # two more of them, because a box is no polygon yet
    box = corners([*chain.from_iterable(points), 0, 0], where)[:2].astype(np.int64)
    (left, top), (right, bottom) = box.tolist()
    inside = 0 <= left <= right < width and 0 <= top <= bottom < height
    if not inside:
        raise PremaskError(
            f"{where}: its box from column {left}, row {top} to column {right}, row {bottom} is"
            f" not within the image of {width}x{height} px"
        )
    expected = (bottom - top + 1, right - left + 1)
    try:
        data = base64.b64decode(entry(shape, "mask", str, where), validate=True)
        pixels = decode_png(data, expected[0] * expected[1])
    except (PremaskError, binascii.Error, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise PremaskError(
            f"{where}: its mask is no PNG of {expected[1]}x{expected[0]} px ({reason})"
        ) from None
    if pixels.shape != expected:
        raise PremaskError(
            f"{where}: its mask is of shape {pixels.shape}, its box of {expected}; they must be"
            " equal"
        )
    return pixels > 0, (top, left)


def save_labelme(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``NAME.json`` for each image, and ``labels.txt`` for ``labelme --labels``.

    One mask a phase; void is nowhere.
    """
    names = target.phases.names
    for image in images:
        shapes = [_shape(names[index], mask) for index, mask in masks_of(image.label_map)]
        content: dict[str, Any] = {
            "version": VERSION,
            "flags": {},
            "shapes": shapes,
            "imagePath": f"{target.prefix}{picture_name(image)}",
            "imageData": None,
            "imageHeight": image.height,
            "imageWidth": image.width,
        }
        data = json.dumps(content, indent=1).encode()
        write_atomically(target.folder / f"{image.name}.json", data)
        if target.pictures:
            write_picture(target.folder, image)
    labels = "".join(f"{name}\n" for name in ("__ignore__", *names))
    write_atomically(target.folder / "labels.txt", labels.encode())
    return {**{name: name for name in names}, VOID_NAME: None}


def _shape(name: str, mask: NDArray[np.bool_]) -> dict[str, Any]:
    left, top, width, height = bounding_box(mask)
    crop = np.ascontiguousarray(mask[top : top + height, left : left + width], np.uint8)
    done, data = cv2.imencode(".png", crop, [cv2.IMWRITE_PNG_COMPRESSION, 6])
    assert done
    return {
        "label": name,
        "points": [[float(left), float(top)], [float(left + width - 1), float(top + height - 1)]],
        "group_id": None,
        "description": "",
        "shape_type": "mask",
        "flags": {},
        "mask": base64.b64encode(data.tobytes()).decode("ascii"),
    }
