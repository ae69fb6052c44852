"""Index PNGs: one 8-bit palette PNG an image, pixel value = phase, 255 = void."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.io.files import write_atomically
from premask.io.label_maps import encode_label_map, read_label_map


def load_png(path: Path) -> Iterator[tuple[str, Callable[[], NDArray[np.uint8]]]]:
    """The label maps of a folder (or one file): the stem and a function that reads it.

    Raises
    ------
    PremaskError
        Where the path does not exist.
    """
    if not path.exists():
        raise PremaskError(f"{path} does not exist; give a folder of index PNGs")
    files = [path] if path.is_file() else sorted(path.glob("*.png"))
    for file in files:
        yield file.stem, partial(read_label_map, file)


def save_png(folder: Path, name: str, label_map: NDArray[np.uint8], colours: Sequence[str]) -> Path:
    """Write one label map as ``folder/name.png`` and return the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.png"
    write_atomically(path, encode_label_map(label_map, colours))
    return path
