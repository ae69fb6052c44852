"""A data set from its folder: one that premask built, MicroSteel's, MetalDAM's, or any pairs."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from premask.core.datasets import BROKEN, DOUBTFUL, REMARKS, Dataset, Entry, Remark, Split
from premask.core.errors import PremaskError
from premask.core.micrograph import Image
from premask.core.words import count, typed
from premask.io.images import read_micrograph
from premask.io.label_maps import read_label_map
from premask.project.settings import FILE_NAME
from premask.workflow.dataset.layouts import (
    layout_of,
    read_metaldam,
    read_microsteel,
    read_plain,
)
from premask.workflow.dataset.manifest import MANIFEST, read_built

__all__ = [
    "BROKEN", "DOUBTFUL", "MANIFEST", "REMARKS", "Dataset", "Entry", "Remark", "Split",
    "is_dataset", "read_dataset", "read_pair",
]  # fmt: skip

MOST_NAMED = 5
"""Folders that are named where one of them may be meant."""

MOST_BAR = 0.25
"""An image may be taller than its label map by this share of the label map's height."""


def read_dataset(folder: Path, *, classes: Sequence[str] = ()) -> Dataset:
    """Read a data set: which images, label maps and splits there are. No pixel is read.

    Parameters
    ----------
    folder : Path
        What ``premask dataset build`` made; the unpacked release of MicroSteel or MetalDAM; or
        ``images/`` with ``labels/`` or ``masks/``, matched by stem, with ``splits.json`` if there.
        One folder further down is found as well.
    classes : sequence of str
        Names of the phases, for a plain folder. Without them the label maps are read once to
        see how many there are.

    Raises
    ------
    PremaskError
        For a folder that is none of these, in which no image has a label map, or whose manifest
        or splits cannot be understood. What is merely wrong is in ``remarks``.
    """
    if not folder.is_dir():
        if zipfile.is_zipfile(folder):
            raise PremaskError(f"{folder} is an archive; unpack it, and give its folder")
        raise PremaskError(f"{folder} is not a folder; give the folder of a data set")
    root = _root_of(folder)
    if (root / MANIFEST).is_file():
        return read_built(root)
    layout = layout_of(root)
    if layout == "microsteel":
        return read_microsteel(root)
    if layout == "metaldam":
        return read_metaldam(root)
    if layout == "plain":
        return read_plain(root, classes)
    raise PremaskError(_refusal(folder))


def read_pair(entry: Entry) -> tuple[Image, NDArray[np.uint8]]:
    """The image and the label map of an entry, which fit pixel for pixel.

    Returns
    -------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
        Cut off at the bottom where it is taller: the information bar, which label maps leave
        out in MicroSteel and MetalDAM.
    label_map : ndarray of uint8, shape (H, W)
        255 is void.

    Raises
    ------
    PremaskError
        For files that cannot be read or do not fit, and an entry without a label map.
    """
    if entry.label_map is None:
        raise PremaskError(f"{entry.stem}: it has no label map")
    label_map = read_label_map(entry.label_map)
    pixels = read_micrograph(entry.image).pixels
    (height, width), (rows, columns) = label_map.shape, pixels.shape[:2]
    if columns != width or not height <= rows <= (1 + MOST_BAR) * height:
        raise PremaskError(
            f"{entry.stem}: its image has {columns}x{rows} px and its label map {width}x{height};"
            " they must be equal, or the image taller by its information bar"
        )
    return pixels[:height], label_map


def _root_of(folder: Path) -> Path:
    """The folder itself, or the one below it that an archive put around the data set."""
    if is_dataset(folder):
        return folder
    fits = _below(folder)
    return fits[0] if len(fits) == 1 else folder


def is_dataset(folder: Path) -> bool:
    """Whether a folder is laid out as a data set, of premask or of others."""
    return (folder / MANIFEST).is_file() or layout_of(folder) is not None


def _below(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.is_dir() and is_dataset(path)]


def _refusal(folder: Path) -> str:
    """Why a folder is no data set, and which one may be meant."""
    if (folder / FILE_NAME).is_file():
        return (
            f"{folder} is a project, not a data set; build one from it with premask dataset build"
            f" {typed(folder)} NEWFOLDER"
        )
    told = f"{folder} is no data set"
    if below := _below(folder):
        named = ", ".join(typed(path) for path in below[:MOST_NAMED])
        more = f" and {len(below) - MOST_NAMED} more" if len(below) > MOST_NAMED else ""
        return (
            f"{told}, but {count(len(below), 'folder')} in it are: {named}{more}; give one of them"
        )
    above = next((path for path in folder.resolve().parents[:2] if is_dataset(path)), None)
    if above is not None:
        return f"{told}, but a part of one; give its folder, {typed(above)}"
    return (
        f"{told}: {MANIFEST}, images/ with labels/ or masks/, or MicroSteel's images_class1/ is"
        " needed; make one with premask dataset build PROJECT NEWFOLDER"
    )
