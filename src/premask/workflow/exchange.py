"""What imports and exports have in common: the manifest and the validation report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from premask.core.errors import PremaskError
from premask.core.exchange import FINDINGS, Finding, LabelMap, Report, first_position
from premask.core.phases import VOID, VOID_NAME
from premask.io.structured import read_json

MANIFEST = "premask.json"
"""Beside every export: the images' ids and what stands for each phase in the files."""


@dataclass(frozen=True)
class Manifest:
    """What an export tells of itself.

    Attributes
    ----------
    format : str
    ids : dict of str to str
        The images' ids by their names in the export.
    numbers : dict of int to str
        What the numbers in the files stand for, where phases are told by numbers.
    unnamed : set of str
        Images whose label maps are regions without names, whatever the numbers.
    methods : dict of str to str
        Of candidates, by the names of their images in the export, where it is one alone.
    files : set of str
        All that exports have written here, relative to the folder.
    """

    format: str = ""
    ids: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[int, str] = field(default_factory=dict)
    unnamed: frozenset[str] = frozenset()
    methods: Mapping[str, str] = field(default_factory=dict)
    files: frozenset[str] = frozenset()


def read_manifest(path: Path) -> Manifest:
    """The manifest of an export; an empty one where there is none.

    Raises
    ------
    PremaskError
        For a file of its name that is something else.
    """
    if not path.is_file():
        return Manifest()
    content = read_json(path)
    images, phases = (
        (content.get("images", {}), content.get("phases", []))
        if isinstance(content, dict)
        else (None, None)
    )
    if not isinstance(images, dict) or not isinstance(phases, list):
        raise PremaskError(f"{path.name}: no manifest of an export of premask; move it elsewhere")
    files = content.get("files")
    files = files if isinstance(files, list) else []
    named = [*phases, {"name": VOID_NAME, "id": content.get("void")}]
    return Manifest(
        str(content.get("format", "")),
        {
            name: one["id"]
            for name, one in images.items()
            if isinstance(one, dict) and isinstance(one.get("id"), str)
        },
        {
            one["id"]: one["name"]
            for one in named
            if isinstance(one, dict)
            and type(one.get("id")) is int
            and isinstance(one.get("name"), str)
        },
        frozenset(
            name for name, one in images.items() if isinstance(one, dict) and one.get("unnamed")
        ),
        {name: one["methods"][0] for name, one in images.items() if _has_a_method(one)},
        frozenset(map(str, files))
        if isinstance(files := content.get("files"), list)
        else frozenset(),
    )


def _has_a_method(image: Any) -> bool:
    methods = image.get("methods") if isinstance(image, dict) else None
    return (
        isinstance(methods, list)
        and len(methods) == 1
        and isinstance(methods[0], str)
        and bool(methods[0].strip())
    )


def refuse_if_strict(strict: bool, report: Report, outcome: str) -> None:
    """Make the findings an error where that was asked for.

    Raises
    ------
    PremaskError
        With the first finding and how many there are.
    """
    if strict and report.findings:
        n = len(report.findings)
        raise PremaskError(
            f"{report.findings[0].line} ({n} finding{'s' * (n > 1)} under --strict; {outcome})"
        )


def report_lines(findings: Sequence[Finding], most: int = 3) -> list[str]:
    """A validation report for people: each kind, how often, and its first lines."""
    lines: list[str] = []
    for kind, what in FINDINGS.items():
        own = [one for one in findings if one.kind == kind]
        if own:
            lines.append(f"{what}: {len(own)}")
            lines += [f"  {one.line}" for one in own[:most]]
            lines += [f"  and {len(own) - most} more (--json lists all)"] * (len(own) > most)
    return lines


def as_json(findings: Sequence[Finding]) -> list[Mapping[str, Any]]:
    """A validation report for programs."""
    return [
        {
            "kind": one.kind,
            "where": one.where,
            "message": one.message,
            "count": one.count,
            "at": one.at,
        }
        for one in findings
    ]


def report_void(label_map: LabelMap, where: str, report: Report, whose: str = "") -> None:
    """Tell the report of the pixels of a label map that have no label."""
    void = label_map == VOID
    n = int(np.count_nonzero(void))
    if n:
        kind = "empty" if n == label_map.size else "unlabelled"
        message = f"{n} px ({100 * n / label_map.size:.3g} %){whose} are void"
        report.add(kind, where, message, n, first_position(void) if kind == "unlabelled" else None)
