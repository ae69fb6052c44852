"""PASCAL VOC: palette PNGs with 0 = background and 255 = ignore, and a ``labelmap.txt``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, Incoming, LabelMap, Outgoing, Report, Target
from premask.core.phases import VOID, VOID_NAME
from premask.interchange.colour_masks import labels_of_colours, read_colour_mask
from premask.interchange.folders import by_stem, files_in, root_of
from premask.interchange.palette import (
    BLACK,
    LABELMAP,
    WHITE,
    Rgb,
    distinct,
    hex_of,
    labelmap_text,
    project_colours,
    read_labelmap,
)
from premask.interchange.pictures import write_picture
from premask.interchange.values import labels_of, shifted_ids
from premask.interchange.vocabulary import BACKGROUND, Vocabulary
from premask.io.files import write_atomically
from premask.io.images import read_indices, read_rgb
from premask.io.label_maps import encode_label_map, read_label_map
from premask.io.structured import read_text

MASKS, PICTURES, SETS = "SegmentationClass", "JPEGImages", "ImageSets/Segmentation"
LEFT_OUT = {"SegmentationObject": "objects", "Annotations": "boxes"}
Labels = list[tuple[str, Rgb | None]]


def load_voc(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The masks in ``SegmentationClass``, palette, grey or RGB.

    Raises
    ------
    PremaskError
        Without such a folder, or for a damaged ``labelmap.txt``; on reading, for a damaged
        mask.
    """
    root = root_of(path, MASKS, LABELMAP)
    if not (root / MASKS).is_dir():
        raise PremaskError(f"{path.name}: there is no folder {MASKS} in it, with a PNG an image")
    masks = files_in(root / MASKS, [".png"], deep=True)
    labels = _labels(root, vocabulary)
    pictures = by_stem(files_in(root / PICTURES, deep=True), root / PICTURES, vocabulary.report)
    names = [file.relative_to(root / MASKS).with_suffix("").as_posix() for file in masks]
    _report_missing(root, set(names), pictures, vocabulary.report)
    for name, file in zip(names, masks, strict=True):
        picture = pictures.get(name)
        yield Incoming(
            f"{name}.png",
            f"{MASKS}/{name}.png",
            partial(_read, file, labels, vocabulary),
            image=picture,
            image_name=picture.name if picture else "",
        )


def _labels(root: Path, vocabulary: Vocabulary) -> Labels:
    """Names and colours in the order of their numbers; background is void."""
    if (root / LABELMAP).is_file():
        listed = read_labelmap(root / LABELMAP)
        return [(vocabulary.without_background(name), colour) for name, colour in listed]
    if not vocabulary.numbers:
        vocabulary.report.add(
            "assumed",
            root.name,
            f"there is no {LABELMAP}: colours are taken for the project's own, numbers for"
            f" 0 = background, {', '.join(f'{i} = {n}' for i, n in _from_one(vocabulary))}",
        )
    own = project_colours(vocabulary.phases)
    return [(VOID_NAME, BLACK), *((name, own[name]) for _, name in _from_one(vocabulary))]


def _from_one(vocabulary: Vocabulary) -> Iterable[tuple[int, str]]:
    return enumerate(vocabulary.phases.names, 1)


def _report_missing(root: Path, masks: set[str], pictures: dict[str, Path], report: Report) -> None:
    listed = [
        line.strip()
        for file in files_in(root / SETS, [".txt"])
        for line in read_text(file).splitlines()
        if line.strip()
    ]
    for name in dict.fromkeys([*listed, *pictures]):
        if name not in masks:
            report.add("no label map", name, f"there is no {MASKS}/{name}.png")
    for folder, what in LEFT_OUT.items():
        if (root / folder).is_dir() and any((root / folder).iterdir()):
            report.add("left out", folder, f"{what} are not kept, only the classes of pixels")


def _read(path: Path, labels: Labels, vocabulary: Vocabulary) -> LabelMap:
    colours = {name: colour for name, colour in labels if colour is not None}
    if read_indices(path)[0].ndim == 3:
        return read_colour_mask(path, colours, vocabulary)
    values, (picture, _) = read_label_map(path), read_rgb(path)
    own = _palette(values, picture)
    by_number = {index: labels[index][1] for index in own if index < len(labels)}
    if own != by_number and set(own.values()) <= set(colours.values()):
        # a palette in an order of its own: its colours tell
        label_map = labels_of_colours(picture, colours, vocabulary, path.name)
        label_map[values == VOID] = VOID
        return label_map
    return labels_of(values, path.name, vocabulary, {i: name for i, (name, _) in enumerate(labels)})


def _palette(values: LabelMap, picture: LabelMap) -> dict[int, Rgb]:
    """The colour of each number that occurs, but for 255, which is void."""
    present, first = np.unique(values, return_index=True)
    found = picture.reshape(-1, 3)[first].tolist()
    return {
        int(value): (red, green, blue)
        for value, (red, green, blue) in zip(present, found, strict=True)
        if value != VOID
    }


def save_voc(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``SegmentationClass``, ``ImageSets``, ``labelmap.txt`` and maybe the pictures.

    0 is background and does not occur, phases are their index + 1, void is 255.
    """
    phases = target.phases
    colours = distinct((phase.colour for phase in phases.phases), [BLACK, WHITE])
    named = dict(zip(phases.names, colours, strict=True))
    background = next(n for n in BACKGROUND if n not in map(str.casefold, phases.names))
    text = labelmap_text({background: BLACK, **named, VOID_NAME: WHITE})
    write_atomically(target.folder / LABELMAP, text.encode())
    palette = [hex_of(colour) for colour in (BLACK, *colours)]
    (target.folder / MASKS).mkdir()
    names = []
    for image in images:
        label_map = image.label_map
        numbers = np.where(label_map == VOID, VOID, label_map + np.uint8(1)).astype(np.uint8)
        data = encode_label_map(numbers, palette)
        write_atomically(target.folder / MASKS / f"{image.name}.png", data)
        names.append(image.name)
        if target.pictures:
            write_picture(target.folder / PICTURES, image)
    (target.folder / SETS).mkdir(parents=True)
    listed = "".join(f"{name}\n" for name in names)
    write_atomically(target.folder / SETS / "trainval.txt", listed.encode())
    return {**shifted_ids(phases), background: 0, VOID_NAME: VOID}
