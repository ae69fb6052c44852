"""How data sets of others lie in their folders: MicroSteel, MetalDAM, plain pairs of folders."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from premask.core.datasets import Dataset, Entry, Remark
from premask.core.errors import PremaskError
from premask.core.phases import VOID, Phases, make_phases
from premask.core.words import count
from premask.io.images import IMAGE_SUFFIXES, image_stem
from premask.io.label_maps import read_label_map
from premask.project.settings import preset
from premask.workflow.dataset.metaldam import FOLDS_FILE, metadata_file, read_folds, read_metadata
from premask.workflow.dataset.splits import (
    PART_FILES,
    SPLITS,
    RawSplits,
    read_part_files,
    read_splits,
    resolve,
)
from premask.workflow.label_folders import read_column, read_types

LABEL_FOLDERS = ("labels", "masks", "label_maps")
TYPES, GROUPS = "types.csv", "groups.csv"
UNLABELLED = re.compile(r"un-?labell?ed", re.IGNORECASE)
_MICROSTEEL_TYPE = re.compile(r"Class_(I{1,3})_")
_MICROSTEEL_FOLDER = re.compile(r"images_class([123])")
_METALDAM_NAME = re.compile(r"micrograph\d+")


@dataclass
class Found:
    """The files of a folder, and what had to be settled to pair them."""

    images: dict[str, Path] = field(default_factory=dict)
    labels: dict[str, Path] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    scales: dict[str, float] = field(default_factory=dict)
    raw: RawSplits = field(default_factory=RawSplits)
    splits_file: str = SPLITS
    remarks: list[Remark] = field(default_factory=list)


def read_microsteel(root: Path) -> Dataset:
    """MicroSteel's release: ``images_class1`` to ``3``, ``labels/labels``, ``splits/*.txt``.

    The type of an image is what its name says: ``images_class2`` holds images of type III.
    """
    found = Found()
    for folder in sorted(root.glob("images_class*")):
        matched = _MICROSTEEL_FOLDER.fullmatch(folder.name)
        if not folder.is_dir():
            continue
        for stem, path in _image_files(folder, found).items():
            _put(found.images, stem, path, found, root)
            named = _MICROSTEEL_TYPE.match(stem)
            of_folder = "I" * int(matched[1]) if matched else ""
            type_ = named[1] if named else of_folder
            if type_:
                found.types[stem] = type_
            if named and of_folder and named[1] != of_folder:
                found.remarks.append(
                    Remark(
                        "type",
                        f"{folder.name}/{path.name}",
                        f"the folder is that of type"
                        f" {of_folder}, the name says {named[1]}; the name counts",
                    )
                )
    for archive in sorted(root.glob("images_class*.zip")):
        if not archive.with_suffix("").is_dir():
            found.remarks.append(Remark("left out", archive.name, "packed images; unpack them"))
    labels = root / "labels"
    nested = labels / "labels"
    found.labels = _label_files(nested if nested.is_dir() else labels, found)
    if (root / "splits").is_dir():
        found.raw, found.splits_file = read_splits(root / "splits"), "splits"
    return dataset_of(root, "microsteel", found, preset("microsteel").phases)


def read_metaldam(root: Path) -> Dataset:
    """MetalDAM's release: ``images``, ``labels``, and its metadata, an SQLite file.

    Folds are those of ``folds.json`` where its authors' program has left it there; see
    :mod:`premask.workflow.dataset.metaldam`.
    """
    found = _pairs(root)
    database = metadata_file(root)
    if database is not None:
        read = read_metadata(database, found.images)
        found.scales = read.scales
        if read.folds:
            found.raw.folds["folds"] = read.folds
            found.splits_file = database.name
        if read.folds or not (root / FOLDS_FILE).is_file():
            found.remarks += read.remarks
    if (root / FOLDS_FILE).is_file():
        names = [path.name for path in (root / "images").iterdir() if path.name[0] != "."]
        raw = read_folds(root / FOLDS_FILE, names)
        found.raw.folds |= raw.folds
        found.raw.splits |= raw.splits
        found.splits_file = FOLDS_FILE
    return dataset_of(root, "metaldam", found, preset("metaldam").phases)


def read_plain(root: Path, classes: Sequence[str] = ()) -> Dataset:
    """``images`` and ``labels`` or ``masks``, with ``splits.json`` or ``splits/*.txt`` if there.

    ``types.csv`` and ``groups.csv`` (lines of stem,type and stem,group) are read as well.
    """
    found = _pairs(root)
    if (root / TYPES).is_file():
        found.types = read_types(root / TYPES).by_stem
    if (root / GROUPS).is_file():
        found.groups = read_column(root / GROUPS, "group", "steel_07,specimen 3").by_stem
    if classes:
        phases = make_phases(classes)
    else:
        phases = _counted_phases(found)
    return dataset_of(root, "plain", found, phases)


def layout_of(root: Path) -> str | None:
    """``microsteel``, ``metaldam`` or ``plain``; None for another folder."""
    if any(path.is_dir() for path in root.glob("images_class*")):
        return "microsteel"
    if not (root / "images").is_dir() or not any((root / name).is_dir() for name in LABEL_FOLDERS):
        return None
    return "metaldam" if metadata_file(root) or _is_metaldam(root) else "plain"


def dataset_of(root: Path, layout: str, found: Found, phases: Phases) -> Dataset:
    """Pair images with label maps and resolve the splits.

    Raises
    ------
    PremaskError
        Where no image has a label map.
    """
    remarks = found.remarks
    pairs = [stem for stem in sorted(found.images) if stem in found.labels]
    if not pairs:
        raise PremaskError(
            f"{root}: none of its {count(len(found.images), 'image')} and"
            f" {count(len(found.labels), 'label map')} have the same name; a.png goes with a.png"
        )
    for stem in sorted(found.labels.keys() - found.images.keys()):
        remarks.append(Remark("no image", _shown(found.labels[stem], root), "it has no image"))
    bare = sorted(found.images.keys() - found.labels.keys())
    remarks += [
        Remark("no label map", _shown(found.images[stem], root), "an unlabelled image")
        for stem in bare
    ]
    entries = tuple(
        Entry(
            stem,
            found.images[stem],
            found.labels.get(stem),
            found.types.get(stem),
            found.groups.get(stem, stem),
            found.scales.get(stem),
        )
        for stem in sorted(found.images)
    )
    splits, folds, of_splits = resolve(found.raw, frozenset(pairs), found.splits_file)
    return Dataset(root, layout, phases, entries, splits, folds, (*remarks, *of_splits))


def _pairs(root: Path) -> Found:
    found = Found()
    found.images = _image_files(root / "images", found)
    found.labels = _label_files(_label_folder(root), found)
    for folder in sorted(path for path in root.iterdir() if UNLABELLED.search(path.name)):
        for stem, path in _image_files(folder, found).items() if folder.is_dir() else ():
            # the names of unlabelled images may repeat those of labelled ones
            name = stem if stem not in found.images else f"{folder.name}/{stem}"
            found.images[name] = path
    if (root / SPLITS).is_file():
        found.raw = read_splits(root / SPLITS)
    elif (root / "splits").is_dir():
        found.raw, found.splits_file = read_splits(root / "splits"), "splits"
    elif any((root / name).is_file() for name in PART_FILES):
        found.raw, found.splits_file = read_part_files(root), root.name
    return found


def _label_folder(root: Path) -> Path:
    return next(root / name for name in LABEL_FOLDERS if (root / name).is_dir())


def _is_metaldam(root: Path) -> bool:
    names = [path.stem for path in (root / "labels").glob("*.png")]
    return bool(names) and all(_METALDAM_NAME.fullmatch(name) for name in names)


def _image_files(folder: Path, found: Found) -> dict[str, Path]:
    return _files(folder, frozenset(IMAGE_SUFFIXES), found)


def _label_files(folder: Path, found: Found) -> dict[str, Path]:
    return _files(folder, frozenset({".png", ".bmp", ".tif", ".tiff"}), found)


def _files(folder: Path, suffixes: frozenset[str], found: Found) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_dir() or path.name.startswith("."):
            continue
        if path.suffix.lower() not in suffixes:
            found.remarks.append(
                Remark("left out", f"{folder.name}/{path.name}", "no image by its name")
            )
            continue
        stem = image_stem(path.name)
        if path.stem != stem:
            found.remarks.append(
                Remark(
                    "name",
                    f"{folder.name}/{path.name}",
                    f"taken as {stem}, without its second ending",
                )
            )
        _put(files, stem, path, found, folder.parent)
    return files


def _put(files: dict[str, Path], stem: str, path: Path, found: Found, root: Path) -> None:
    """Remember a file by its stem; the first one stays."""
    if stem in files:
        found.remarks.append(
            Remark("left out", _shown(path, root), f"{_shown(files[stem], root)} has its name too")
        )
        return
    files[stem] = path


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _counted_phases(found: Found) -> Phases:
    """As many phases as the highest index needs; they have no names."""
    highest = 1
    for path in found.labels.values():
        with contextlib.suppress(PremaskError):  # it is told of where the file is read in earnest
            values = read_label_map(path)
            highest = max(highest, int(values[values != VOID].max(initial=0)))
    try:
        return make_phases([f"phase {i}" for i in range(highest + 1)])
    except PremaskError:
        raise PremaskError(
            f"the label maps have values up to {highest}, more than there can be phases; are they"
            " index maps? If they are, name the phases with --classes"
        ) from None
