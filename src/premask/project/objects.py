"""Immutable files named by the hash of their content: images, regions, label maps."""

from __future__ import annotations

from pathlib import Path

from premask.core.errors import PremaskError
from premask.io.files import sha256_of, write_atomically

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


def path_of(root: Path, key: str) -> Path:
    """Where the bytes of a key lie."""
    return root / FOLDER / key[:2] / key


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
