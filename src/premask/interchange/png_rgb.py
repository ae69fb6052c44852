"""Colour masks: RGB pictures whose colours stand for phases."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from premask.core.exchange import Ids, Incoming, Outgoing, Target
from premask.core.phases import VOID, VOID_NAME
from premask.interchange.colour_masks import encode_colour_mask, read_colour_mask
from premask.interchange.folders import PICTURES, files_in, root_of, with_picture
from premask.interchange.palette import (
    COLOURS,
    LABELMAP,
    Rgb,
    hex_of,
    project_colours,
    read_colours,
    read_labelmap,
)
from premask.interchange.pictures import write_picture
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.images import IMAGE_SUFFIXES


def load_png_rgb(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The colour masks of a folder, or one file: PNG, JPEG, BMP or TIFF.

    What the colours mean is told by ``colours.json`` or ``labelmap.txt`` beside them, else
    they are the project's phases' own, and white is void.

    Raises
    ------
    PremaskError
        For a table of colours that cannot be read; on reading, for a damaged picture.
    """
    folder = path.parent if path.is_file() else root_of(path, *(f"*{s}" for s in IMAGE_SUFFIXES))
    colours = _colours_beside(folder) or project_colours(vocabulary.phases)
    for file in [path] if path.is_file() else files_in(folder):
        read = partial(read_colour_mask, file, colours, vocabulary)
        yield with_picture(Incoming(file.name, file.name, read), file.parent, file.stem)


def _colours_beside(folder: Path) -> dict[str, Rgb]:
    for name in COLOURS:
        if (folder / name).is_file():
            return read_colours(folder / name)
    if (folder / LABELMAP).is_file():
        listed = read_labelmap(folder / LABELMAP)
        return {name: colour for name, colour in listed if colour is not None}
    return {}


def save_png_rgb(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``NAME.png`` for each image and ``colours.json``, which says what the colours mean.

    Where two phases have one colour, or one is white, the later gets the next free one.
    """
    colours = project_colours(target.phases)
    table = {target.phases.index(name): own for name, own in colours.items() if name != VOID_NAME}
    table[VOID] = colours[VOID_NAME]
    ids: Ids = {name: hex_of(colour) for name, colour in colours.items()}
    content = json.dumps(ids, indent=1, ensure_ascii=False).encode()
    write_atomically(target.folder / COLOURS[0], content)
    for image in images:
        data = encode_colour_mask(image.label_map, table)
        write_atomically(target.folder / f"{image.name}.png", data)
        if target.pictures:
            write_picture(target.folder / PICTURES, image)
    return ids
