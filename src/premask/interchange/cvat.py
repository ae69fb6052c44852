"""CVAT's "Segmentation mask 1.1": a colour PNG an image, and a list of the colours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.exchange import (
    VOID_NAME,
    Ids,
    Incoming,
    LabelMap,
    Outgoing,
    Target,
    first_position,
)
from premask.core.phases import VOID
from premask.interchange.fields import find_picture, safe_path
from premask.interchange.label_colours import BLACK, RGB, label_colours, painted, voc_colours
from premask.interchange.pictures import picture_name, write_picture
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.images import read_colours, read_indices
from premask.io.structured import read_text

LABELS = "labelmap.txt"
LIST = Path("ImageSets", "Segmentation", "default.txt")
CLASSES, OBJECTS, PICTURES = "SegmentationClass", "SegmentationObject", "JPEGImages"
COLOUR = r"[0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5]"
BACKGROUND = "background"
"""What CVAT calls pixels without a label."""


def load_cvat(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The masks of ``SegmentationClass``; those of ``SegmentationObject`` tell nothing more.

    Raises
    ------
    PremaskError
        For a folder that is none of CVAT's; on reading, for a colour that ``labelmap.txt``
        does not declare.
    """
    root = _root(path)
    labels = _read_labels(root / LABELS)
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
    found = sorted(path.rglob(LABELS)) if path.is_dir() else []
    if len(found) != 1 or not (found[0].parent / CLASSES).is_dir():
        raise PremaskError(
            f"{path.name}: it has {len(found)} {LABELS} beside a folder {CLASSES}; one is needed:"
            " export from CVAT as Segmentation mask 1.1"
        )
    return found[0].parent


def _read_labels(path: Path) -> list[tuple[str, RGB | None]]:
    """Name and colour of each line, in order."""
    labels: list[tuple[str, RGB | None]] = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, *rest = line.strip().split(":")
        colour = rest[0].split(",") if rest else []
        if colour == [""]:
            labels.append((name.strip(), None))
        elif len(colour) == 3 and all(re.fullmatch(COLOUR, one.strip()) for one in colour):
            red, green, blue = map(int, colour)
            labels.append((name.strip(), (red, green, blue)))
        else:
            raise PremaskError(
                f"{path.name}: line {number} is {line.strip()[:40]!r};"
                " label:red,green,blue:parts:actions is accepted"
            )
    if len(labels) > 256 or not labels:
        raise PremaskError(f"{path.name}: it has {len(labels)} labels; 1 to 256 are accepted")
    if all(colour is None for _, colour in labels):  # datumaro leaves them out: Pascal VOC's
        return list(zip((name for name, _ in labels), voc_colours(len(labels)), strict=True))
    return labels


def _read(path: Path, labels: list[tuple[str, RGB | None]], vocabulary: Vocabulary) -> LabelMap:
    numbers = _numbers(path, labels)
    counts = np.bincount(numbers.ravel(), minlength=len(labels))
    table = np.full(256, VOID, np.uint8)
    for number in np.flatnonzero(counts):
        name = labels[number][0]
        if name == BACKGROUND and vocabulary.find(name) is None:
            continue  # no label
        at = first_position(numbers == number) if vocabulary.find(name) is None else None
        table[number] = vocabulary.index(name, path.name, int(counts[number]), at)
    return table[numbers]


def _numbers(path: Path, labels: list[tuple[str, RGB | None]]) -> NDArray[np.uint8]:
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
            f" ({np.count_nonzero(~known)} px of such colours) is not declared in {LABELS}"
        )
    return numbers


def _declared_values(path: Path, n_labels: int) -> NDArray[np.uint8]:
    values = read_indices(path)[0]
    values = values if values.ndim == 2 else values[..., 0]
    if (values >= n_labels).any():
        row, column = first_position(values >= n_labels)
        raise PremaskError(
            f"{path.name}: the value {values[row, column]} at row {row}, column {column} has no"
            f" line in {LABELS}, which has {n_labels}"
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
    colours = label_colours(target.colours)
    void = VOID_NAME if BACKGROUND in map(str.casefold, names) else BACKGROUND
    lines = ["# label:color_rgb:parts:actions", _line(void, BLACK)]
    lines += [_line(name, colour) for name, colour in zip(names, colours, strict=True)]
    _write(target.folder / LABELS, "\n".join([*lines, ""]).encode())
    objects = voc_colours()[1:]
    stems = []
    for image in images:
        picture = safe_path(f"{target.prefix}{picture_name(image)}", image.file_name)
        stem = picture.with_name(image.name).as_posix()
        label_map = image.label_map
        for folder, palette in ((CLASSES, colours), (OBJECTS, objects)):
            path = target.folder / folder / f"{stem}.png"
            _write(path, _png(painted(label_map, palette)))
        if target.pictures:
            write_picture((target.folder / PICTURES / stem).parent, image)
        stems.append(stem)
        if stem.startswith("#"):
            target.report.add(
                "loss", image.name, f"CVAT skips names with # in front in {LIST.name}; rename it"
            )
    _write(target.folder / LIST, "".join(f"{stem}\n" for stem in stems).encode())
    return _ids(dict(zip(names, colours, strict=True)))


def _ids(colours: Mapping[str, RGB]) -> Ids:
    return {**{name: list(colour) for name, colour in colours.items()}, VOID_NAME: list(BLACK)}


def _line(name: str, colour: RGB) -> str:
    if ":" in name or name.startswith("#") or not name.isprintable() or name != name.strip():
        raise PremaskError(
            f"the phase {name!r} cannot stand in CVAT's {LABELS} (it has a colon, a # in front or"
            " a control character); rename it, or export as cvat-xml"
        )
    return f"{name}:{','.join(map(str, colour))}::"


def _png(colours: NDArray[np.uint8]) -> bytes:
    pixels = np.ascontiguousarray(colours[..., ::-1])
    done, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    assert done
    return data.tobytes()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data)
