"""Index PNGs: one 8-bit palette PNG an image, pixel value = phase, 255 = void."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

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
from premask.interchange.pictures import write_picture
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.label_maps import encode_label_map, read_label_map


def load_png(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The index PNGs of a folder, or one file.

    Raises
    ------
    PremaskError
        On reading, for a value that is no phase.
    """
    files = [path] if path.is_file() else sorted(path.glob("*.png"))
    for file in files:
        yield Incoming(file.name, file.name, partial(_read, file, len(vocabulary.phases)))


def _read(path: Path, n_phases: int) -> LabelMap:
    label_map = read_label_map(path)
    check_indices(label_map, n_phases, path.name)
    return label_map


def check_indices(label_map: LabelMap, n_phases: int, where: str) -> None:
    """Refuse values that are neither a phase nor void.

    Raises
    ------
    PremaskError
        With one of them and its position.
    """
    wrong = (label_map >= n_phases) & (label_map != VOID)
    if wrong.any():
        row, column = first_position(wrong)
        raise PremaskError(
            f"{where}: its label map has the value {label_map[row, column]}"
            f" ({np.count_nonzero(wrong)} px of such values, e.g. at row {row}, column {column});"
            f" the project's {n_phases} phases are 0 to {n_phases - 1}, and 255 is void"
        )


def save_png(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``NAME.png`` for each image, with the palette inside."""
    for image in images:
        data = encode_label_map(image.label_map, target.colours)
        write_atomically(target.folder / f"{image.name}.png", data)
        if target.pictures:
            write_picture(target.folder / "images", image)
    return {**{phase.name: phase.index for phase in target.phases.phases}, VOID_NAME: VOID}
