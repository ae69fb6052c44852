"""``manifest.json``: the data sets that premask built, read back."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from premask.core.datasets import LOST, Dataset, Entry, Remark
from premask.core.errors import PremaskError
from premask.core.phases import Phases, make_phases
from premask.io.structured import read_json
from premask.workflow.dataset.splits import SPLITS, RawSplits, read_splits, resolve
from premask.workflow.dataset.sums import SUMS, read_sums

MANIFEST = "manifest.json"
FORMAT_VERSION = 1


def read_built(root: Path) -> Dataset:
    """A data set with a manifest.

    Raises
    ------
    PremaskError
        Where the manifest or the splits cannot be understood. Files that are missing are remarks.
    """
    manifest = read_manifest(root)
    entries = [
        _entry(root, row, f"{MANIFEST}: image {number}")
        for number, row in enumerate(manifest["images"])
    ]
    bare = manifest.get("unlabelled", [])
    if not isinstance(bare, list):
        raise PremaskError(f"{MANIFEST}: unlabelled is no list of images; build it again")
    entries += [
        _entry(root, row, f"{MANIFEST}: unlabelled image {number}", labelled=False)
        for number, row in enumerate(bare)
    ]
    twice = [stem for stem, n in Counter(entry.stem for entry in entries).items() if n > 1]
    if twice:
        raise PremaskError(f"{MANIFEST}: {', '.join(twice)} is in it twice; build it again")
    remarks = [
        Remark(
            "no file", path.relative_to(root).as_posix(), f"{MANIFEST} names it; it is not there"
        )
        for entry in entries
        for path in (entry.image, entry.label_map, *entry.others.values())
        if path is not None and not path.is_file()
    ]
    kept = [
        e for e in entries if e.image.is_file() and (e.label_map is None or e.label_map.is_file())
    ]
    labelled = frozenset(entry.stem for entry in kept if entry.label_map)
    raw = read_splits(root / SPLITS) if (root / SPLITS).is_file() else RawSplits()
    splits, folds, of_splits = resolve(raw, labelled, SPLITS)
    return Dataset(
        root,
        "premask",
        _phases(manifest),
        tuple(sorted(kept, key=lambda entry: entry.stem)),
        splits,
        folds,
        (*remarks, *of_splits, *_lost(root, manifest, {*raw.splits, *raw.folds})),
    )


def _lost(root: Path, manifest: Mapping[str, Any], found: Collection[str]) -> list[Remark]:
    """Splits that the data set was built with, and that are not there."""
    named = manifest.get("splits", [])  # not there in what older versions built
    if not isinstance(named, list):
        raise PremaskError(f"{MANIFEST}: splits is no list of names; build it again")
    gone = [_text(name) for name in named if isinstance(name, str) and name not in found]
    if (root / SPLITS).is_file():
        return [Remark(LOST, SPLITS, f"{MANIFEST} names the split {name}") for name in gone]
    told = MANIFEST if gone else SUMS if SPLITS in read_sums(root) else ""
    return [Remark(LOST, SPLITS, f"{told} names it; it is not there")] if told else []


def read_manifest(root: Path) -> dict[str, Any]:
    """The manifest of a data set that premask built, as it is.

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


def sources_of(dataset: Dataset) -> dict[str, str]:
    """The micrograph that each image was built from, by stem: its id in the project.

    Empty for data sets that premask did not build, and without images whose source is not told.
    """
    if dataset.layout != "premask":
        return {}
    found = {}
    for row in read_manifest(dataset.root)["images"]:
        source = row.get("source")
        if isinstance(source, dict) and isinstance(source.get("sha256"), str):
            page = source.get("page") or 0
            found[str(row["stem"])] = f"{source['sha256']}-{page}" if page else source["sha256"]
    return found


def types_of_built(root: Path) -> dict[str, str]:
    """The types of the labelled images of a data set that premask built, by stem.

    Empty for any other folder: it may have a ``manifest.json`` of something else.
    """
    try:
        rows = read_manifest(root)["images"] if (root / MANIFEST).is_file() else []
        return {row["stem"]: row["type"] for row in rows if isinstance(row["type"], str)}
    except (PremaskError, KeyError, TypeError):
        return {}


def _entry(root: Path, row: Any, where: str, *, labelled: bool = True) -> Entry:
    try:
        maps = {_text(one["strategy"]): one for one in row["label_maps"]} if labelled else {}
        final = _text(row["label_map"]) if labelled else ""
        return Entry(
            stem=_text(row["stem"]),
            image=_inside(root, row["image"]["file"], where),
            label_map=_inside(root, maps[final]["file"], where) if labelled else None,
            type=None if row["type"] is None else _text(row["type"]),
            group=_text(row["group"]),
            um_per_px=None if row["um_per_px"] is None else _scale(row["um_per_px"]),
            others={
                strategy: _inside(root, one["file"], where)
                for strategy, one in maps.items()
                if strategy != final
            },
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise PremaskError(
            f"{where} cannot be understood ({_told(error)}); build it again"
        ) from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise TypeError(f"{value!r:.60} is no name")
    return value


def _scale(value: Any) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not math.isfinite(value) or value <= 0:
        raise TypeError(f"{value!r:.60} is no scale")
    return float(value)


def _told(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else " ".join(str(error).split())


def _inside(root: Path, name: Any, where: str) -> Path:
    path = PurePosixPath(_text(name))
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0]:
        raise PremaskError(f"{where}: the file {name!r} lies outside the data set; it is refused")
    return root / path


def _phases(manifest: Mapping[str, Any]) -> Phases:
    try:
        rows = sorted(manifest["phases"], key=lambda row: int(row["index"]))
        if [row["index"] for row in rows] != list(range(len(rows))):
            raise PremaskError(f"{MANIFEST}: the indices of its phases are not 0, 1, 2 ...")
        made = make_phases([_text(r["name"]) for r in rows], [_text(r["colour"]) for r in rows])
        by_type, inside = (
            {_text(name): tuple(map(_text, own)) for name, own in manifest[key].items()}
            for key in ("types", "inside")
        )
        return Phases(made.phases, by_type, inside)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PremaskError(
            f"{MANIFEST}: its phases cannot be understood ({_told(error)}); build it again"
        ) from None
