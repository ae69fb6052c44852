"""ImageJ: a labels TIFF with scale and colours for each image, and a ZIP of ROIs."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, Incoming, LabelMap, Outgoing, Target
from premask.core.phases import Phases
from premask.interchange.folders import PICTURES, files_in, root_of, with_picture
from premask.interchange.imagej_rois import encode_rois
from premask.interchange.palette import BLACK, distinct
from premask.interchange.pictures import write_picture
from premask.interchange.values import labels_of, shifted, shifted_ids
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.images import reading
from premask.io.label_maps import read_label_map
from premask.io.tiff import tiff_texts

INFO = "premask labels"
"""First line of the info (Image > Show Info) that names the phases."""

ROIS, ROI = "rois", ".roi"
SUFFIXES = (".tif", ".tiff")


def load_imagej(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The labels TIFFs of a folder, or one file. ROIs are left: they do not say their image.

    Raises
    ------
    PremaskError
        For ROIs alone; on reading, for a damaged file or values that are no labels.
    """
    folder = root_of(path, *(f"*{suffix}" for suffix in SUFFIXES))
    files = [path] if path.is_file() else files_in(folder, SUFFIXES)
    if path.suffix.lower() == ROI or not files:
        _refuse_rois(path)
    for file in files:
        one = Incoming(file.name, file.name, partial(_read, file, vocabulary))
        yield with_picture(one, file.parent, file.stem)


def _refuse_rois(path: Path) -> None:
    """Say what to do where there are ROIs and no labels TIFF."""
    files = [path] if path.is_file() else files_in(path, (ROI, ".zip"), deep=True)
    rois = [file for file in files if _is_of_rois(file)]
    if rois:
        raise PremaskError(
            f"{path.name}: it has ROIs ({rois[0].name}) and no labels TIFF; ROIs are not read,"
            " premask reads the labels TIFF: in ImageJ fill the ROIs of each phase with a"
            " number, in an 8-bit image of the micrograph's size (Process > Math > Set), save that"
            " as TIFF, and import it"
        )


def _is_of_rois(file: Path) -> bool:
    if file.suffix.lower() == ROI:
        return True
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.lower().endswith(ROI) for name in archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def _read(path: Path, vocabulary: Vocabulary) -> LabelMap:
    values = read_label_map(path)
    with reading(path):
        _, info = tiff_texts(path)
    return labels_of(values, path.name, vocabulary, _names(info))


def _names(info: str) -> dict[int, str]:
    first, _, rest = info.partition("\n")
    if first.strip() != INFO:
        return {}
    found = re.findall(r"(?m)^(\d{1,3}) = (.+?)\s*$", rest)
    return {int(number): name for number, name in found}


def save_imagej(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``NAME.tif`` and ``rois/NAME.zip`` for each image.

    0 is background (void), phases are their index + 1.
    """
    ids = shifted_ids(target.phases)
    names = {number: name for name, number in ids.items()}
    info = "\n".join([INFO, *(f"{number} = {names[number]}" for number in sorted(names))])
    colours = _colour_table(target.phases)
    (target.folder / ROIS).mkdir()
    for image in images:
        label_map = image.label_map
        data = _encode(shifted(label_map), image.um_per_px, info, colours)
        write_atomically(target.folder / f"{image.name}.tif", data)
        rois = encode_rois(label_map, target, image.name)
        write_atomically(target.folder / ROIS / f"{image.name}.zip", rois)
        if target.pictures:
            write_picture(target.folder / PICTURES, image)
    return ids


def _colour_table(phases: Phases) -> np.ndarray[Any, np.dtype[np.uint16]]:
    table = np.zeros((3, 256), np.uint16)
    colours = distinct((phase.colour for phase in phases.phases), [BLACK])
    table[:, 1 : len(phases) + 1] = np.array(colours, np.uint16).T * 257
    return table


def _encode(
    numbers: LabelMap,
    um_per_px: float | None,
    info: str,
    colours: np.ndarray[Any, np.dtype[np.uint16]],
) -> bytes:
    """Not compressed: old versions of ImageJ read no other TIFF."""
    scaled: dict[str, Any] = {"resolution": (1 / um_per_px, 1 / um_per_px)} if um_per_px else {}
    unit = {"unit": "um"} if um_per_px else {}
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        numbers,
        imagej=True,
        photometric="palette",
        colormap=colours,
        software="premask",
        metadata={"axes": "YX", "Info": info, **unit},
        **scaled,
    )
    return buffer.getvalue()
