"""What imports and exports have in common: the manifest and the validation report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from premask.core.errors import PremaskError
from premask.core.exchange import FINDINGS, Finding, Report
from premask.io.structured import read_json

MANIFEST = "premask.json"
"""Beside every export: the images' ids and what stands for each phase in the files."""


def read_manifest(path: Path) -> dict[str, str]:
    """The ids of images by their names in an export; empty where there is no manifest."""
    if not path.is_file():
        return {}
    content = read_json(path)
    images = content.get("images", {}) if isinstance(content, dict) else None
    if not isinstance(images, dict):
        raise PremaskError(f"{path.name}: no manifest of an export of premask; move it elsewhere")
    return {
        name: one["id"]
        for name, one in images.items()
        if isinstance(one, dict) and isinstance(one.get("id"), str)
    }


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
