"""Which format files look like, for those who gave another one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from premask.core.errors import PremaskError
from premask.core.exchange import Report
from premask.interchange.folders import files_in
from premask.interchange.formats import FORMATS, Load
from premask.interchange.vocabulary import Vocabulary
from premask.io.json_parts import json_entries, json_members

MANIFEST = "premask.json"
MOST_FILES = 5000
"""So many files of a folder are looked at."""

DEEPEST = 3
"""Folders within each other in which label maps are looked for."""

_HEAD = 4096
_BY_NAME = {
    "colours.json": "png-rgb",
    "colors.json": "png-rgb",
    "metadata.jsonl": "huggingface",
    "metadata.csv": "huggingface",
    "zarr.json": "ome-zarr",
    ".zgroup": "ome-zarr",
    "MetalDAM_metadata.sql": "metaldam",
}
_BY_SUFFIX = {
    ".npz": ("npz",),
    ".npy": ("npz",),
    ".ome.tif": ("ome-tiff", "imagej"),
    ".ome.tiff": ("ome-tiff", "imagej"),
    ".tif": ("imagej", "ome-tiff"),
    ".tiff": ("imagej", "ome-tiff"),
    ".png": ("png", "png-rgb"),
}
"""Formats of plain files; these lie in the folder itself."""


def hint(format_: str, path: Path) -> str:
    """`` (this looks like --format X)``; empty where the format given may be right, or none is.

    Parameters
    ----------
    format_ : str
        A key of :data:`FORMATS`.
    path : Path
        A folder or file.
    """
    found = recognise(path)
    if not found or any(same_reader(format_, one) for one in found):
        return ""
    return f" (this looks like --format {found[0]})"


def folders_with_maps(load: Load, folder: Path, vocabulary: Vocabulary) -> list[Path]:
    """The folders inside one that has no label maps itself, in which there are some.

    Those come first, and alone, whose first file is a label map that means something: pictures
    are none.
    """
    sure: list[Path] = []
    maybe: list[Path] = []
    _search(load, folder, vocabulary, DEEPEST, sure, maybe)
    return sure or maybe


def _search(
    load: Load,
    folder: Path,
    vocabulary: Vocabulary,
    depth: int,
    sure: list[Path],
    maybe: list[Path],
) -> None:
    inside = sorted(folder.iterdir()) if folder.is_dir() and depth else []
    for one in inside:
        if not one.is_dir() or one.is_symlink() or one.name.startswith((".", "__MACOSX")):
            continue
        words = replace(vocabulary, report=Report())
        try:
            first = next(iter(load(one, words)), None)
            if first is None:
                _search(load, one, vocabulary, depth - 1, sure, maybe)
                continue
            first.read()
        except PremaskError:
            continue
        unknown = any(found.kind == "unknown" for found in words.report.findings)
        (maybe if unknown else sure).append(one)


def same_reader(one: str, other: str) -> bool:
    """Whether files of two formats are read alike, so that either may be given."""
    return one == other or FORMATS[one].load is FORMATS[other].load


def recognise(path: Path) -> list[str]:
    """The formats that a folder or file may be in, the likeliest first; none where none is."""
    files = [path] if path.is_file() else list(_files(path))
    found: dict[str, None] = {}
    for file in files:
        found.update(dict.fromkeys(_of_structure(file)))
    for file in [path] if path.is_file() else files_in(path, _BY_SUFFIX):
        ending = next((one for one in _BY_SUFFIX if file.name.lower().endswith(one)), "")
        found.update(dict.fromkeys(_BY_SUFFIX.get(ending, ())))
    return list(found)


def _files(folder: Path) -> Iterator[Path]:
    files = (file for file in folder.rglob("*") if not file.name.startswith("._"))
    return islice((file for file in files if file.is_file()), MOST_FILES)


def _of_structure(file: Path) -> Iterator[str]:
    """What the name of a file, its folder or its beginning tells."""
    if file.name in _BY_NAME:
        yield _BY_NAME[file.name]
    elif "SegmentationClass" in file.parts[-2:-1]:
        listed = file.parent.parent / "ImageSets" / "Segmentation" / "default.txt"
        yield from ("cvat", "voc") if listed.is_file() else ("voc", "cvat")
    elif file.suffix.lower() in _READERS and file.name != MANIFEST:
        try:
            yield from _READERS[file.suffix.lower()](file)
        except (PremaskError, OSError):  # damaged: it tells nothing
            return


def _of_xml(file: Path) -> Iterator[str]:
    with file.open("rb") as opened:
        if re.search(rb"<annotations\b", opened.read(_HEAD)):
            yield "cvat-xml"


def _of_lines(_file: Path) -> Iterator[str]:
    yield "labelbox"


def _of_json(file: Path) -> Iterator[str]:
    with file.open("rb") as opened:
        start = opened.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"[":
        _, first = next(json_entries(file), (None, None))
        keys = set(first) if isinstance(first, dict) else set()
        if "data_row" in keys:
            yield "labelbox"
        elif keys & {"data", "annotator"}:
            yield "label-studio"
        return
    for key, _, value in json_members(file, {"annotations", "images", "shapes"}):
        if key == "shapes":
            yield "labelme"
            return
        if key == "annotations" and isinstance(value, dict):
            if "segments_info" in value:
                yield "coco"
            elif "segmentation" in value:
                yield "coco-instances"
            return


_READERS: dict[str, Callable[[Path], Iterator[str]]] = {
    ".xml": _of_xml,
    ".ndjson": _of_lines,
    ".json": _of_json,
}
