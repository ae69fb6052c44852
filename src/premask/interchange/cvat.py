"""CVAT's "Segmentation mask 1.1": a colour PNG an image, and a list of the colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, Incoming, LabelMap, Outgoing, Target, first_position
from premask.core.phases import VOID, VOID_NAME
from premask.interchange.fields import find_picture, safe_path
from premask.interchange.palette import (
    BLACK,
    LABELMAP,
    Rgb,
    distinct,
    labelmap_text,
    read_labelmap,
    voc_colour,
)
from premask.interchange.pictures import picture_name, write_picture
from premask.interchange.vocabulary import BACKGROUND, Vocabulary
from premask.io.files import write_atomically
from premask.io.images import read_colours, read_indices

LIST = Path("ImageSets", "Segmentation", "default.txt")
CLASSES, OBJECTS, PICTURES = "SegmentationClass", "SegmentationObject", "JPEGImages"
Labels = list[tuple[str, Rgb | None]]


def load_cvat(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The masks of ``SegmentationClass``; those of ``SegmentationObject`` tell nothing more.

    Raises
    ------
    PremaskError
        For a folder that is none of CVAT's; on reading, for a colour that ``labelmap.txt``
        does not declare.
    """
    root = _root(path)
    listed = read_labelmap(root / LABELMAP)
    if len(listed) > 256:
        raise PremaskError(f"{LABELMAP}: it has {len(listed)} labels; up to 256 are accepted")
    labels = [(vocabulary.without_background(name), colour) for name, colour in listed]
    folder = root / CLASSES
    for file in sorted(folder.rglob("*.png")):
        name = file.relative_to(folder).as_posix()
        yield Incoming(
            name,
            f"{CLASSES}/{name}",
            partial(_read, file, labels, vocabulary),
            image=find_picture(name.removesuffix(".png"), root / PICTURES),
        )


def _root(path: Path) -> Path:
    found = sorted(path.rglob(LABELMAP)) if path.is_dir() else []
    if len(found) != 1 or not (found[0].parent / CLASSES).is_dir():
        raise PremaskError(
            f"{path.name}: it has {len(found)} {LABELMAP} beside a folder {CLASSES}; one is needed:"
            " export from CVAT as Segmentation mask 1.1"
        )
    return found[0].parent


def _read(path: Path, labels: Labels, vocabulary: Vocabulary) -> LabelMap:
    numbers = _numbers(path, labels)
    counts = np.bincount(numbers.ravel(), minlength=len(labels))
    table = np.full(256, VOID, np.uint8)
    for number in np.flatnonzero(counts):
        name = labels[number][0]
        at = first_position(numbers == number) if vocabulary.find(name) is None else None
        table[number] = vocabulary.index(name, path.name, int(counts[number]), at)
    return table[numbers]


def _numbers(path: Path, labels: Labels) -> NDArray[np.uint8]:
    """For each pixel the line of its label."""
    colours = read_colours(path)
    if colours.dtype != np.uint8:
        raise PremaskError(f"{path.name}: pixels of type {colours.dtype}; 8 bits are accepted")
    if colours.ndim == 2 or colours.shape[2] < 3:  # grey: the value is the line
        return _declared_values(path, len(labels))
    red, green, blue = (colours[..., i].astype(np.uint32) for i in range(3))
    codes = red << 16 | green << 8 | blue
    numbers = np.zeros(codes.shape, np.uint8)
    known = np.zeros(codes.shape, bool)
    for number, (_, colour) in reversed(list(enumerate(labels))):  # the first line of a colour
        if colour is not None:
            own = codes == colour[0] << 16 | colour[1] << 8 | colour[2]
            numbers[own] = number
            known |= own
    if not known.all():
        row, column = first_position(~known)
        shown = ",".join(map(str, colours[row, column, :3]))
        raise PremaskError(
            f"{path.name}: the colour {shown} at row {row}, column {column}"
            f" ({np.count_nonzero(~known)} px of such colours) is not declared in {LABELMAP}"
        )
    return numbers


def _declared_values(path: Path, n_labels: int) -> NDArray[np.uint8]:
    values = read_indices(path)[0]
    values = values if values.ndim == 2 else values[..., 0]
    if (values >= n_labels).any():
        row, column = first_position(values >= n_labels)
        raise PremaskError(
            f"{path.name}: the value {values[row, column]} at row {row}, column {column} has no"
            f" line in {LABELMAP}, which has {n_labels}"
        )
    return values.astype(np.uint8)


def save_cvat(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write the folder that CVAT's "Upload annotations" takes as Segmentation mask 1.1.

    Void is black. ``SegmentationObject`` goes along, with one object a phase: without it
    CVAT takes black for a label of its own and refuses the whole file.

    Raises
    ------
    PremaskError
        For a phase whose name cannot stand in ``labelmap.txt``.
    """
    names = target.phases.names
    for name in names:
        _check_name(name)
    colours = distinct(target.colours, [BLACK])
    void = next(n for n in BACKGROUND if n not in map(str.casefold, names))  # CVAT: the first
    named = dict(zip(names, colours, strict=True))
    _write(target.folder / LABELMAP, labelmap_text({void: BLACK, **named}).encode())
    objects = [voc_colour(number) for number in range(1, 256)]
    stems = []
    for image in images:
        picture = safe_path(f"{target.prefix}{picture_name(image)}", image.file_name)
        stem = picture.with_name(image.name).as_posix()
        label_map = image.label_map
        for folder, palette in ((CLASSES, colours), (OBJECTS, objects)):
            path = target.folder / folder / f"{stem}.png"
            _write(path, _png(_painted(label_map, palette)))
        if target.pictures:
            write_picture((target.folder / PICTURES / stem).parent, image)
        stems.append(stem)
        if stem.startswith("#"):
            target.report.add(
                "loss", image.name, f"CVAT skips names with # in front in {LIST.name}; rename it"
            )
    _write(target.folder / LIST, "".join(f"{stem}\n" for stem in stems).encode())
    return {**{name: list(colour) for name, colour in named.items()}, VOID_NAME: list(BLACK)}


def _painted(label_map: LabelMap, colours: Sequence[Rgb]) -> NDArray[np.uint8]:
    """A label map in colours: uint8 (H, W, 3); void is black."""
    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)] = colours
    table[VOID] = BLACK
    return table[label_map]


def _check_name(name: str) -> None:
    if ":" in name or name.startswith("#") or not name.isprintable() or name != name.strip():
        raise PremaskError(
            f"the phase {name!r} cannot stand in CVAT's {LABELMAP} (it has a colon, a # in front or"
            " a control character); rename it, or export as cvat-xml"
        )


def _png(colours: NDArray[np.uint8]) -> bytes:
    pixels = np.ascontiguousarray(colours[..., ::-1])
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    assert done
    return data.tobytes()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data)
