"""The splits of a data set: ``splits.json``, a folder of text files, or a CSV of stem,part."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from premask.core.datasets import DEFAULT_SPLIT, PARTS, Remark, Split
from premask.core.errors import PremaskError
from premask.core.words import count
from premask.io.images import IMAGE_SUFFIXES, image_stem
from premask.io.structured import read_json, read_text
from premask.workflow.label_folders import read_types

SPLITS = "splits.json"
PART_FILES = ("train.txt", "val.txt", "test.txt")
"""What holds one split where the folder holds other things as well."""
_PART_FILE = re.compile(r"([a-z]+)(?:[_-](.+))?\.txt", re.IGNORECASE)


@dataclass
class RawSplits:
    """Splits as they are written: entries that nobody has looked for yet.

    Attributes
    ----------
    splits : dict of str to dict of str to list of str
        Name, part, entries.
    folds : dict of str to dict of str to list of str
        Name, fold, entries of its own images.
    """

    splits: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    folds: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


def read_splits(path: Path) -> RawSplits:
    """Read splits, whatever they are written in.

    Parameters
    ----------
    path : Path
        A JSON file ``{name: {part: [entries]}}``, or ``{part: [entries]}`` for one split; parts
        that are numbers are the folds of a cross-validation. A folder of ``PART.txt`` and
        ``PART_NAME.txt`` with an entry a line (MicroSteel). A CSV of ``stem,part``; parts that are
        all numbers are folds there, too.

    Raises
    ------
    PremaskError
        For a file that cannot be understood.
    """
    if path.is_dir():
        return _from_folder(path)
    if path.suffix.lower() == ".json":
        return parse_splits(read_json(path), path.name)
    raw = RawSplits()
    parts: dict[str, list[str]] = {}
    for stem, part in read_types(path).by_stem.items():
        parts.setdefault(part_name(part), []).append(stem)
    if parts and all(part.isdecimal() for part in parts):
        raw.folds["folds"] = dict(sorted(parts.items(), key=lambda one: int(one[0])))
    else:
        raw.splits[DEFAULT_SPLIT] = parts
    return raw


def read_part_files(folder: Path) -> RawSplits:
    """One split from the files of :data:`PART_FILES` in a folder; no others are looked at."""
    raw = RawSplits()
    raw.splits[DEFAULT_SPLIT] = {
        name.removesuffix(".txt"): _lines(folder / name)
        for name in PART_FILES
        if (folder / name).is_file()
    }
    return raw


def parse_splits(content: Any, where: str) -> RawSplits:
    """Splits from the content of a JSON file; ``where`` starts the message of what is wrong."""
    if not isinstance(content, dict):
        raise PremaskError(
            f"{where}: splits must be an object of names, not a {type(content).__name__};"
            ' e.g. {"default": {"train": ["steel_01"], "test": ["steel_02"]}}'
        )
    raw = RawSplits()
    if content and all(name.casefold() in PARTS for name in content):
        content = {DEFAULT_SPLIT: content}
    for name, parts in content.items():
        _check_name(name, where)
        if not isinstance(parts, dict):
            raw.remarks.append(
                Remark("left out", where, f"{name!r} is no split (parts with lists of images)")
            )
            continue
        for part in parts:
            _check_name(part, where)
        lists = {part: _entries(own, f"{where}: {name}, {part}") for part, own in parts.items()}
        if lists and all(part.isdecimal() for part in lists):
            raw.folds[name] = lists
            continue
        merged: dict[str, list[str]] = {}
        for part, own in lists.items():
            merged.setdefault(part_name(part), []).extend(own)
        raw.splits[name] = merged
    return raw


def part_name(part: str) -> str:
    """A part's name here: ``validate`` is ``val``; an unknown one is kept."""
    return PARTS.get(part.strip().casefold(), part.strip())


def resolve(
    raw: RawSplits, stems: Collection[str], where: str
) -> tuple[dict[str, Split], dict[str, tuple[str, ...]], list[Remark]]:
    """Splits of images that are there, and a remark for each entry that is not.

    Parameters
    ----------
    stems : collection of str
        Images with a label map.

    Returns
    -------
    splits : dict of str to Split
    folds : dict of str to tuple of str
    remarks : list of Remark
    """
    remarks = list(raw.remarks)
    splits = {
        name: _split(name, parts, stems, where, remarks) for name, parts in raw.splits.items()
    }
    folds: dict[str, tuple[str, ...]] = {}
    for name, own in raw.folds.items():
        found = _split(name, own, stems, where, remarks)
        for number, held_out in found.parts.items():
            others = [s for other, part in found.parts.items() if other != number for s in part]
            rest = tuple(stem for stem in others if stem not in held_out)
            missing = found.missing.get(number, ())
            splits[f"{name}/{number}"] = Split(
                f"{name}/{number}",
                {"train": rest, "val": held_out},
                {"val": missing} if missing else {},
            )
        folds[name] = tuple(f"{name}/{number}" for number in found.parts)
    return splits, folds, remarks


def _split(
    name: str,
    parts: Mapping[str, list[str]],
    stems: Collection[str],
    where: str,
    remarks: list[Remark],
) -> Split:
    found: dict[str, tuple[str, ...]] = {}
    missing: dict[str, tuple[str, ...]] = {}
    for part, entries in parts.items():
        by_stem: dict[str, str] = {}
        for entry in entries:
            by_stem.setdefault(_stem_of(entry, stems), entry)
        place = f"{where} ({name}, {part})"
        found[part] = tuple(stem for stem in by_stem if stem in stems)
        gone = tuple(entry for stem, entry in by_stem.items() if stem not in stems)
        if gone:
            missing[part] = gone
            named = ", ".join(gone)
            remarks.append(
                Remark(
                    "split",
                    place,
                    f"{count(len(gone), 'entry', 'entries')} without a file or label map: {named}",
                )
            )
        twice = [entry for entry in by_stem.values() if _endings(entry) > 1]
        if twice:
            remarks.append(
                Remark("name", place, f"found only without a second ending: {', '.join(twice)}")
            )
    return Split(name, found, missing)


def _stem_of(entry: str, stems: Collection[str]) -> str:
    return entry if entry in stems else image_stem(entry)


def _endings(entry: str) -> int:
    """How many endings of image formats an entry has."""
    path, n = Path(entry.strip()), 0
    while path.suffix.lower() in IMAGE_SUFFIXES:
        path, n = path.with_suffix(""), n + 1
    return n


def _check_name(name: str, where: str) -> None:
    if not name.strip() or not name.isprintable():
        raise PremaskError(f"{where}: {name!r} cannot name a split or a part of one; rename it")


def _entries(own: Any, where: str) -> list[str]:
    good = isinstance(own, list) and all(isinstance(e, str) and e.isprintable() for e in own)
    if not good:
        raise PremaskError(f"{where}: a list of image names is needed, e.g. ['steel_01']")
    entries: list[str] = own
    return entries


def _from_folder(folder: Path) -> RawSplits:
    raw = RawSplits()
    for file in sorted(folder.glob("*.txt")):
        matched = _PART_FILE.fullmatch(file.name)
        if not matched or matched[1].casefold() not in PARTS:
            raw.remarks.append(
                Remark(
                    "left out", f"{folder.name}/{file.name}", "no train, val or test is its name"
                )
            )
            continue
        entries = _lines(file)
        parts = raw.splits.setdefault(matched[2] or DEFAULT_SPLIT, {})
        parts.setdefault(part_name(matched[1]), []).extend(entries)
    return raw


def _lines(file: Path) -> list[str]:
    return [line.strip() for line in read_text(file).splitlines() if line.strip()]
