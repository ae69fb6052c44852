"""``premask dataset check``: what is wrong with a data set, whoever made it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from premask.core.datasets import LOST, REMARKS, Dataset, Entry, Remark
from premask.core.errors import PremaskError
from premask.core.exchange import first_position
from premask.core.micrograph import Image
from premask.core.phases import VOID
from premask.core.words import count
from premask.features.information_bar import information_bar
from premask.io.archives import unpacked
from premask.io.images import read_indices, read_micrograph
from premask.io.label_maps import read_label_map
from premask.splits.near_duplicates import Thumbnail, near_duplicates, thumbnail
from premask.workflow.dataset.file_check import check_files
from premask.workflow.dataset.folder import MOST_BAR, read_dataset
from premask.workflow.dataset.split_check import Pair, check_splits

LabelMap = NDArray[np.uint8]
Watch = Callable[[int, int], None]


@dataclass
class Checked:
    """What was found.

    Attributes
    ----------
    dataset : Dataset
    pixels : dict of str to ndarray of int64, shape (n_phases,)
        By stem, of the label maps that can be read.
    remarks : list of Remark
        By kind, in the order of :data:`REMARKS`.
    """

    dataset: Dataset
    pixels: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    @property
    def broken(self) -> list[Remark]:
        """Those for which the data set cannot be used as it says."""
        return [remark for remark in self.remarks if remark.broken]


def check_dataset(
    path: Path,
    *,
    classes: Sequence[str] = (),
    compare: bool = True,
    on_image: Watch = lambda _done, _total: None,
    on_comparison: Watch = lambda _done, _total: None,
) -> Checked:
    """Read every file of a data set and say what is wrong with it.

    Parameters
    ----------
    path : Path
        A folder, see :func:`read_dataset`, or a zip archive of one.
    classes : sequence of str
        Names of the phases, for a plain folder.
    compare : bool
        Whether near-duplicates are looked for among all images.

    Raises
    ------
    PremaskError
        For a folder that is no data set at all, and a file that is no zip archive.
    """
    with unpacked(path) as folder:
        if folder.is_file():
            raise PremaskError(
                f"{path} is a file; give the folder of a data set, or a zip archive of one"
            )
        dataset = read_dataset(folder, classes=classes)
        checked = Checked(dataset, remarks=list(dataset.remarks))
        seen: dict[str, str] = {}
        small: dict[str, Thumbnail] = {}
        bars: dict[int, list[str]] = {}
        for done, entry in enumerate(dataset.entries):
            on_image(done, len(dataset.entries))
            pixels = _check_entry(checked, entry, bars)
            if pixels is not None:
                seen[entry.stem] = _digest(pixels)
                if compare:
                    small[entry.stem] = thumbnail(pixels)
        on_image(len(dataset.entries), len(dataset.entries))
        checked.remarks += [
            Remark("bar", count(len(stems), "image"), f"{rows} px taller than the label map"
                   f" ({_some(stems)})")
            for rows, stems in sorted(bars.items())
        ]  # fmt: skip
        if dataset.layout == "premask":
            missing = [
                remark.where for remark in checked.remarks if remark.kind in {"no file", LOST}
            ]
            checked.remarks += check_files(dataset.root, missing)
        pairs = _pairs(seen, small, on_comparison)
        checked.remarks += check_splits(dataset, checked.pixels, pairs)
    order = list(REMARKS)
    checked.remarks.sort(key=lambda remark: order.index(remark.kind))
    return checked


def _check_entry(checked: Checked, entry: Entry, bars: dict[int, list[str]]) -> Image | None:
    """Check an image and its label map; the image without its bar, None where it is unreadable."""
    dataset, pixels = checked.dataset, None
    try:
        pixels = read_micrograph(entry.image).pixels
    except PremaskError as error:
        _say(checked, "unreadable", entry.image, error)
    if entry.label_map is None:
        if pixels is None or dataset.layout == "premask":  # which has cut the bar off itself
            return pixels
        return pixels[: len(pixels) - information_bar(pixels)]
    label_map = _label_map(checked, entry.label_map)
    if label_map is not None:
        _check_values(checked, entry, label_map)
    for other in entry.others.values():
        further = _label_map(checked, other)
        if further is not None and label_map is not None and further.shape != label_map.shape:
            _say(checked, "size", other, f"{_size(further)}, the final one {_size(label_map)}")
    if pixels is None or label_map is None:
        return pixels
    (height, width), (rows, columns) = label_map.shape, pixels.shape[:2]
    if columns != width or not height <= rows <= (1 + MOST_BAR) * height:
        shown = _shown(dataset.root, entry.label_map)
        message = f"{_size(label_map)}, its image {_size(pixels)}"
        checked.remarks.append(Remark("size", shown, message))
    elif rows > height:
        bars.setdefault(rows - height, []).append(entry.stem)
    return pixels[:height]


def _label_map(checked: Checked, path: Path) -> LabelMap | None:
    try:
        label_map = read_label_map(path)
        stored, _ = read_indices(path)
    except PremaskError as error:
        _say(checked, "unreadable", path, error)
        return None
    if stored.ndim == 3 or stored.dtype not in {np.dtype(np.uint8), np.dtype(bool)}:
        form = "colour with R=G=B" if stored.ndim == 3 else str(stored.dtype)
        _say(checked, "form", path, f"stored as {form}; read as indices")
    return label_map


def _check_values(checked: Checked, entry: Entry, label_map: LabelMap) -> None:
    assert entry.label_map is not None
    phases, path = checked.dataset.phases, entry.label_map
    counts = np.bincount(label_map.ravel(), minlength=256)
    checked.pixels[entry.stem] = counts[: len(phases)].astype(np.int64)
    wrong = (label_map >= len(phases)) & (label_map != VOID)
    if wrong.any():
        row, column = first_position(wrong)
        values = ", ".join(map(str, np.unique(label_map[wrong])[:5]))
        _say(
            checked,
            "values",
            path,
            f"{np.count_nonzero(wrong)} px have {values}; 0 to {len(phases) - 1} and {VOID} are"
            f" phases and void (row {row}, column {column})",
        )
    there = np.flatnonzero(counts)
    if len(there) == 1:
        value = int(there[0])
        named = phases.names[value] if value < len(phases) else "void" if value == VOID else ""
        _say(checked, "constant", path, f"every pixel is {value}{f' ({named})' if named else ''}")
    allowed = phases.allowed(entry.type)
    for index in (int(i) for i in there if i < len(phases) and i not in allowed):
        name = phases.names[index]
        _say(checked, "phases", path, f"{counts[index]} px of {name} in type {entry.type}")


def _pairs(
    digests: Mapping[str, str], small: Mapping[str, Thumbnail], on_comparison: Watch
) -> list[Pair]:
    """Images that show the same: equal in every pixel, or alike."""
    first: dict[str, str] = {}
    pairs = []
    for stem, digest in digests.items():
        if digest in first:
            pairs.append(Pair(first[digest], stem, 1.0, equal=True))
        first.setdefault(digest, stem)
    stems = list(small)
    equal = {(pair.first, pair.second) for pair in pairs}
    for one in near_duplicates([small[stem] for stem in stems], on_comparison):
        both = stems[one.first], stems[one.second]
        if both not in equal:
            pairs.append(Pair(*both, one.overlap))
    return pairs


def _digest(pixels: Image) -> str:
    header = f"{pixels.shape} {pixels.dtype}".encode()
    return hashlib.sha256(header + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def _say(checked: Checked, kind: str, path: Path, message: object) -> None:
    # errors begin with the file's name, which is told already
    text = str(message).removeprefix(f"{path.name}: ")
    checked.remarks.append(Remark(kind, _shown(checked.dataset.root, path), text))


def _shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _size(array: Image | LabelMap) -> str:
    return f"{array.shape[1]}x{array.shape[0]} px"


def _some(stems: Sequence[str]) -> str:
    return ", ".join(stems[:3]) + (f" and {len(stems) - 3} more" if len(stems) > 3 else "")
