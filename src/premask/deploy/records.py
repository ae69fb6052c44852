"""``predictions.jsonl``: what a folder of predictions keeps of itself, a line for each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

RECORDS = "predictions.jsonl"
"""A line for each prediction: the image, its SHA-256, the model's, the files and the shares."""

CONFIDENCE = "confidence"
"""The folder of the confidence maps: grey PNG, 255 = certain."""


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a ``predictions.jsonl`` that are whole; none where there is no such file."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("image"), str) and "label_map" in row:
            yield row


def files_of(row: Mapping[str, Any]) -> list[str]:
    """The files of a prediction, relative to its folder."""
    return [str(row[key]) for key in ("label_map", "confidence_map") if row.get(key)]
