"""Immutable files named by the hash of their content: images, regions, label maps."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

from premask.core.errors import PremaskError
from premask.io.files import TEMPORARY, sha256_of, sync_folder, write_atomically

FOLDER = "objects"


def put(root: Path, data: bytes, suffix: str) -> str:
    """Keep some bytes, once; the same bytes are never written twice.

    Returns
    -------
    str
        The key: the SHA-256 of the bytes and the suffix, e.g. ``3a7b....png``.
    """
    key = f"{sha256_of(data)}{suffix.lower()}"
    path = path_of(root, key)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    return key


def adopt(root: Path, file: Path, key: str) -> None:
    """Move a finished file on the same disk to where the bytes of its key lie."""
    path = path_of(root, key)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        file.replace(path)
        sync_folder(path.parent)


def path_of(root: Path, key: str) -> Path:
    """Where the bytes of a key lie."""
    return root / FOLDER / key[:2] / key


def sweep(root: Path, *, older_than: float = 86_400) -> int:
    """Delete half-written files that a killed process left; returns how many.

    Parameters
    ----------
    older_than : float
        Seconds; younger ones may belong to a process that is still writing.
    """
    swept = 0
    for path in (root / FOLDER).glob(f"*/{TEMPORARY}"):
        with contextlib.suppress(OSError):  # another process was quicker
            if time.time() - path.stat().st_mtime > older_than:
                path.unlink()
                swept += 1
    return swept


def existing(root: Path, key: str) -> Path:
    """The file of a key.

    Raises
    ------
    PremaskError
        Where it is gone.
    """
    path = path_of(root, key)
    if not path.is_file():
        raise PremaskError(f"{path} is missing from the project; put it back from a copy")
    return path
