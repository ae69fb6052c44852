"""A data set from its folder: one that premask built, MicroSteel's, MetalDAM's, or any pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.datasets import BROKEN, DOUBTFUL, REMARKS, Dataset, Entry, Remark, Split
from premask.core.errors import PremaskError
from premask.core.micrograph import Image
from premask.core.phases import Phases, make_phases
from premask.core.words import typed
from premask.io.images import read_micrograph
from premask.io.label_maps import read_label_map
from premask.io.structured import read_json
from premask.workflow.dataset_layouts import (
    layout_of,
    read_metaldam,
    read_microsteel,
    read_plain,
)
from premask.workflow.dataset_splits import SPLITS, RawSplits, read_splits, resolve

__all__ = [
    "BROKEN", "DOUBTFUL", "MANIFEST", "REMARKS", "Dataset", "Entry", "Remark", "Split",
    "read_dataset", "read_pair",
]  # fmt: skip

MANIFEST = "manifest.json"
FORMAT_VERSION = 1
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
        raise PremaskError(f"{folder} is not a folder; give the folder of a data set")
    root = _root_of(folder)
    if (root / MANIFEST).is_file():
        return _read_built(root)
    layout = layout_of(root)
    if layout == "microsteel":
        return read_microsteel(root)
    if layout == "metaldam":
        return read_metaldam(root)
    if layout == "plain":
        return read_plain(root, classes)
    raise PremaskError(
        f"{folder} is no data set: {MANIFEST}, images/ with labels/ or masks/, or MicroSteel's"
        f" images_class1/ is needed; make one with premask dataset build PROJECT {typed(folder)}"
    )


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
    if (folder / MANIFEST).is_file() or layout_of(folder):
        return folder
    below = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    fits = [path for path in below if (path / MANIFEST).is_file() or layout_of(path)]
    return fits[0] if len(fits) == 1 else folder


def _read_built(root: Path) -> Dataset:
    manifest = read_manifest(root)
    remarks: list[Remark] = []
    entries = []
    for number, row in enumerate(manifest["images"]):
        entry = _entry(root, row, f"{MANIFEST}: image {number}")
        for path in (entry.image, entry.label_map, *entry.others.values()):
            if path is not None and not path.is_file():
                shown = path.relative_to(root).as_posix()
                remarks.append(Remark("no file", shown, f"{MANIFEST} names it; it is not there"))
        entries.append(entry)
    there = frozenset(
        e.stem for e in entries if e.label_map and e.label_map.is_file() and e.image.is_file()
    )
    raw = read_splits(root / SPLITS) if (root / SPLITS).is_file() else RawSplits()
    splits, folds, of_splits = resolve(raw, there, SPLITS)
    kept = tuple(sorted((e for e in entries if e.stem in there), key=lambda entry: entry.stem))
    return Dataset(root, "premask", _phases(manifest), kept, splits, folds, (*remarks, *of_splits))


def read_manifest(root: Path) -> dict[str, Any]:
    """The manifest of a data set that premask built.

    Raises
    ------
    PremaskError
        Where it is none, or of a newer premask.
    """
    content = read_json(root / MANIFEST)
    version = content.get("premask_dataset") if isinstance(content, dict) else None
    if not isinstance(version, int) or not isinstance(content.get("images"), list):
        raise PremaskError(
            f"{root / MANIFEST}: no manifest of a data set of premask (it needs premask_dataset and"
            " images)"
        )
    if version > FORMAT_VERSION:
        raise PremaskError(
            f"{root / MANIFEST}: written by a newer premask (format {version}; this one reads"
            f" {FORMAT_VERSION}); update premask"
        )
    manifest: dict[str, Any] = content
    return manifest


def _entry(root: Path, row: Any, where: str) -> Entry:
    try:
        maps = {one["strategy"]: one for one in row["label_maps"]}
        final = row["label_map"]
        others = {
            strategy: _inside(root, one["file"], where)
            for strategy, one in maps.items()
            if strategy != final
        }
        return Entry(
            stem=_text(row["stem"]),
            image=_inside(root, row["image"]["file"], where),
            label_map=_inside(root, maps[final]["file"], where),
            type=row.get("type"),
            group=row.get("group") or row["stem"],
            um_per_px=row.get("um_per_px"),
            others=others,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise PremaskError(
            f"{where} cannot be understood ({type(error).__name__}: {error}); build it again"
        ) from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"{value!r} is no name")
    return value


def _inside(root: Path, name: Any, where: str) -> Path:
    path = PurePosixPath(_text(name))
    if path.is_absolute() or ".." in path.parts or "\\" in str(name) or ":" in path.parts[0]:
        raise PremaskError(f"{where}: the file {name!r} lies outside the data set; it is refused")
    return root / path


def _phases(manifest: Mapping[str, Any]) -> Phases:
    try:
        rows = sorted(manifest["phases"], key=lambda row: row["index"])
        if [row["index"] for row in rows] != list(range(len(rows))):
            raise PremaskError(f"{MANIFEST}: the indices of its phases are not 0, 1, 2 ...")
        made = make_phases([row["name"] for row in rows], [row["colour"] for row in rows])
        types = {name: tuple(own) for name, own in manifest.get("types", {}).items()}
        inside = {name: tuple(own) for name, own in manifest.get("inside", {}).items()}
        return Phases(made.phases, types, inside)
    except (KeyError, TypeError, AttributeError) as error:
        raise PremaskError(
            f"{MANIFEST}: its phases cannot be understood ({type(error).__name__}: {error})"
        ) from None
