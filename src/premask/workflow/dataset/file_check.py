"""Whether the files of a data set that premask built are those that it was built with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from premask.core.datasets import Remark
from premask.io.pins import checksum
from premask.io.staging import files_in
from premask.workflow.dataset.manifest import MANIFEST, read_manifest
from premask.workflow.dataset.sums import SUMS, read_sums


def check_files(root: Path, told: Collection[str] = ()) -> list[Remark]:
    """Compare all files with the manifest and ``SHA256SUMS``, and find those in neither.

    Hidden files (``.gitattributes``, ``.DS_Store``) are passed over.

    Parameters
    ----------
    told : collection of str
        Names of files below ``root`` that are known to be missing.
    """
    manifest, sums = read_manifest(root), read_sums(root)
    rows = {
        str(one["file"]): one
        for row in (*manifest["images"], *manifest.get("unlabelled", ()))
        for one in (row["image"], *row.get("label_maps", ()))
    }
    remarks = []
    for name in sorted({*rows, *sums}):
        path = root / name
        if path.is_file():
            fault = _difference(path, rows.get(name), sums.get(name))
            if fault:
                remarks.append(Remark("hash", name, fault))
        elif name not in told and name not in rows:  # those of the manifest are told on reading
            remarks.append(Remark("no file", name, f"{SUMS} names it; it is not there"))
    if not (root / SUMS).is_file():
        remarks.append(Remark("no file", SUMS, "premask builds no data set without it"))
    named = set(sums) if sums else {*rows, MANIFEST}
    folders = {str(Path(name).parent) for name in named}
    for path in files_in(root):
        name = path.relative_to(root).as_posix()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        known = name == SUMS or name in named or hidden
        # without the sums nobody knows what else was built
        if not known and (sums or (path.parent != root and str(Path(name).parent) in folders)):
            remarks.append(Remark("extra", name, f"it is not in {SUMS if sums else MANIFEST}"))
    return remarks


def _difference(path: Path, row: Mapping[str, Any] | None, listed: str | None) -> str:
    """What tells a file from the one that was built; empty for that one."""
    digest = checksum(path)
    if row is not None and digest != row.get("sha256"):
        size = path.stat().st_size
        same = (
            "the size is the same"
            if size == row.get("bytes")
            else f"{size} bytes instead of {row.get('bytes')}"
        )
        return f"its SHA-256 is not that of {MANIFEST} ({same})"
    return f"its SHA-256 is not that of {SUMS}" if listed not in {None, digest} else ""
