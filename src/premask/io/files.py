"""Writing files so that a crash or a full disk never leaves half of one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
from pathlib import Path

from premask.core.errors import DiskFullError, PremaskError

TEMPORARY = ".premask-*.tmp"
"""Names of half-written files; only a process that was killed leaves one behind."""


def sha256_of(data: bytes) -> str:
    """The SHA-256 of some bytes in 64 hexadecimal digits: the name of immutable content."""
    return hashlib.sha256(data).hexdigest()


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made, since it or one above it is a file.

    Raises
    ------
    PremaskError
        Naming the file.
    """
    for place in (folder, *folder.parents):
        if place.exists() and not place.is_dir():
            raise PremaskError(
                f"{place} is a file, where a folder is needed; give another name, or move the file"
                " away"
            )


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old bytes or the new ones, never a mixture.

    The bytes go to a temporary file in the same folder, are forced to the disk, and the
    file is renamed; the folder is forced to the disk where the system can do that.

    Parameters
    ----------
    path : Path
        Replaced if it exists. Its folder must exist.
    data : bytes

    Raises
    ------
    DiskFullError
        If the disk or the user's quota is full.
    PremaskError
        If the folder is missing or may not be written. In both cases the old file is
        untouched, and no temporary file stays behind.
    """
    # Its own short name: the target's may already be as long as the file system allows.
    temporary = path.with_name(f".premask-{secrets.token_hex(8)}.tmp")
    try:
        try:
            _write_to_disk(temporary, data)
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise _refusal(error, path, len(data)) from error
    sync_folder(path.parent)


def _write_to_disk(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    # Not tempfile: its files are private, and a project may belong to a group.
    with os.fdopen(os.open(path, flags, 0o666), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk, where the system can do that."""
    # Windows cannot open a folder and some network drives cannot sync one; the rename
    # itself has happened by then.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def is_full(error: OSError) -> bool:
    """Whether an error says that the disk or the user's quota is full."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


def _refusal(error: OSError, path: Path, n_bytes: int) -> PremaskError:
    folder = path.parent.absolute()
    if is_full(error):
        return DiskFullError(
            f"{path.name} could not be written: the disk (or your quota) of {folder} is full,"
            f" {_size(n_bytes)} are needed; free some space and run the command again"
        )
    if not folder.is_dir():
        return PremaskError(
            f"{path.name} could not be written: there is no folder {folder}; make it first"
        )
    return PremaskError(
        f"{path.name} could not be written into {folder}: {error.strerror or error};"
        " a folder that you may write to is needed"
    )


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 100_000 else f"{n_bytes} bytes"
