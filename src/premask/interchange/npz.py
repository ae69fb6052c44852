"""NumPy files: one NPZ an image, with its label map and what the numbers in it mean."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, Incoming, LabelMap, Outgoing, Target
from premask.core.phases import VOID
from premask.interchange.folders import files_in, root_of
from premask.interchange.values import index_ids, labels_of
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.images import MAX_PIXELS
from premask.io.raster import check_size
from premask.io.structured import guarded

LABELS, NAMES, COLOURS, IMAGE = "labels", "phases", "colours", "image"
SUFFIXES = (".npz", ".npy")
_MAX_NAMES = 1 << 20
"""Bytes of a table of names, at most."""


def load_npz(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The NPZ and NPY files of a folder, or one file.

    An NPZ has its label map under ``labels`` or as its only array of two dimensions, and may
    name the phases in ``phases``, in the order of the numbers.

    Raises
    ------
    PremaskError
        On reading, for a file that is damaged, or has no or several label maps.
    """
    folder = root_of(path, "*.npz", "*.npy")
    for file in [path] if path.is_file() else files_in(folder, SUFFIXES):
        yield Incoming(f"{file.stem}.png", file.name, partial(_read, file, vocabulary))


def _read(path: Path, vocabulary: Vocabulary) -> LabelMap:
    with guarded(path.name):
        values, names = _npy(path) if path.suffix.lower() == ".npy" else _npz(path)
    return labels_of(
        _as_label_map(values, path.name), path.name, vocabulary, names, by_definition=True
    )


def _npy(path: Path) -> tuple[NDArray[Any], dict[int, str]]:
    with path.open("rb") as file:
        return _array(file, path.name), {}


def _npz(path: Path) -> tuple[NDArray[Any], dict[int, str]]:
    with zipfile.ZipFile(path) as archive:
        members = {name.removesuffix(".npy"): name for name in archive.namelist()}
        key = LABELS if LABELS in members else _only_map(archive, members)
        with archive.open(members[key]) as file:
            values = _array(file, key)
        names: dict[int, str] = {}
        if NAMES in members:
            with archive.open(members[NAMES]) as file:
                listed = _array(file, NAMES, text=True)
            names = {index: str(name) for index, name in enumerate(listed.ravel().tolist())}
    return values, names


def _only_map(archive: zipfile.ZipFile, members: dict[str, str]) -> str:
    flat = []
    for key, member in members.items():
        with archive.open(member) as file:
            shape, dtype = _header(file)
        if len(shape) == 2 and dtype.kind in "bui":
            flat.append(key)
    if len(flat) != 1:
        raise PremaskError(
            f"its arrays are {', '.join(members) or 'none'}; one named {LABELS!r}, or a single one"
            " of whole numbers with two dimensions, is needed"
        )
    return flat[0]


def _header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(file)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def _array(file: BinaryIO | Any, key: str, *, text: bool = False) -> NDArray[Any]:
    """An array, after its header has been looked at."""
    shape, dtype = _header(file)
    if text:
        if dtype.kind != "U" or len(shape) != 1 or shape[0] * dtype.itemsize > _MAX_NAMES:
            raise PremaskError(f"its {key} are {dtype} of shape {shape}; a list of names is needed")
    elif len(shape) != 2 or dtype.kind not in "bui":
        raise PremaskError(
            f"its array {key} is {dtype} of shape {shape}; whole numbers of shape (height, width)"
            " are needed"
        )
    else:
        check_size(shape[1], shape[0], MAX_PIXELS)
    file.seek(0)
    return np.asarray(npy.read_array(file, allow_pickle=False))


def _as_label_map(values: NDArray[Any], where: str) -> LabelMap:
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > VOID:
        raise PremaskError(
            f"{where}: values from {low} to {high} cannot be phase indices; 0 to 254 are"
            " accepted, and 255 for void"
        )
    return np.ascontiguousarray(values, np.uint8)


def save_npz(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``NAME.npz`` for each image: ``labels``, ``phases``, ``colours``, maybe ``image``."""
    names = np.array(target.phases.names)
    colours = np.array(target.colours)
    for image in images:
        arrays: dict[str, NDArray[Any]] = {LABELS: image.label_map, NAMES: names, COLOURS: colours}
        if target.pictures:
            arrays[IMAGE] = image.read_image()
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        write_atomically(target.folder / f"{image.name}.npz", buffer.getvalue())
    return index_ids(target.phases)
