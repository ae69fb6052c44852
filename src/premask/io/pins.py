"""Files of others that are used again and again: their checksum is written down at first use."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

from premask.core.errors import PremaskError
from premask.io.files import write_atomically

CACHE_ENVIRONMENT = "PREMASK_CACHE"


def cache_folder(kind: str) -> Path:
    """Where premask keeps converted files and their checksums; ``PREMASK_CACHE`` moves it.

    Raises
    ------
    PremaskError
        If it cannot be made.
    """
    if given := os.environ.get(CACHE_ENVIRONMENT):
        base = Path(given).expanduser()
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "premask"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "premask"
    folder = base / kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PremaskError(
            f"the cache folder {folder} cannot be made ({error.strerror}); set"
            f" {CACHE_ENVIRONMENT} to a folder that can be written to"
        ) from None
    return folder


def checksum(path: Path) -> str:
    """The SHA-256 of a file, read piece by piece."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def pinned_checksum(path: Path, kind: str) -> str:
    """The SHA-256 of a file, which must be what it was when it was first used.

    Parameters
    ----------
    path : Path
        Known by its whole path.
    kind : str
        Of the cache folder that remembers it.

    Raises
    ------
    PremaskError
        If the file changed since.
    """
    found = checksum(path)
    check_pin(path, found, kind)
    return found


def check_pin(path: Path, found: str, kind: str) -> None:
    """Hold a checksum against the one that was written down, or write it down at first use.

    Parameters
    ----------
    path : Path
        A file, or a folder that is used as one; known by its whole path.
    found : str
        The SHA-256 of what is there now.
    kind : str
        Of the cache folder that remembers it.

    Raises
    ------
    PremaskError
        If they differ, or the record cannot be read or written.
    """
    whole = str(path.absolute())
    pin = cache_folder(f"{kind}/pins") / f"{hashlib.sha256(whole.encode()).hexdigest()[:24]}.json"
    if not pin.exists():
        write_atomically(pin, json.dumps({"file": whole, "sha256": found}).encode())
        return
    try:
        pinned = str(json.loads(pin.read_text(encoding="utf-8"))["sha256"])
    except (ValueError, KeyError, TypeError):
        raise PremaskError(f"the record of {path} is damaged; delete {pin} and run again") from None
    if pinned != found:
        raise PremaskError(
            f"{path} changed since it was first used (SHA-256 {found}, then {pinned});"
            f" if you replaced it yourself, delete {pin} and run again"
        )
