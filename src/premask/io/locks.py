"""One process at a time in a folder; the system itself lets go when a process dies."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from premask.core.errors import PremaskError

_BYTE = 1 << 20
"""Which byte is locked where the system locks bytes: one beyond the text, which can be read."""


@contextlib.contextmanager
def hold(path: Path, doing: str) -> Iterator[None]:
    """Hold a lock file. Folders that are made for it and stay empty are removed again.

    A process that was killed leaves the file behind, but not the lock on it. On a file system
    without locks nothing is held.

    Parameters
    ----------
    path : Path
        The file; it holds the number of the process.
    doing : str
        What a second one is told: ``another premask is {doing}``.

    Raises
    ------
    PremaskError
        If another process holds it.
    """
    made = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _take(path, doing)
        try:
            yield
        finally:
            _let_go(path, descriptor)
    finally:
        with contextlib.suppress(OSError):  # not empty, or another's by now
            for folder in made:
                folder.rmdir()


def _take(path: Path, doing: str) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not _lock(descriptor):
                raise _refusal(path, descriptor, doing)  # noqa: TRY301 (it closes the file)
            if _is(path, descriptor):
                os.truncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its holder removed the file between our opening and locking it


def _refusal(path: Path, descriptor: int, doing: str) -> PremaskError:
    number = os.read(descriptor, 20).decode("ascii", "replace").strip()
    process = f" (process {number})" if number.isdigit() else ""
    return PremaskError(
        f"{path.parent}: another premask is {doing}{process}; wait for it, stop it, or give"
        " another folder"
    )


def _is(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _let_go(path: Path, descriptor: int) -> None:
    if sys.platform == "win32":  # an open file cannot be removed there
        os.close(descriptor)
        with contextlib.suppress(OSError):
            path.unlink()
    else:  # removed while it is held: whoever waits for it sees that it is gone
        with contextlib.suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Whether the file is ours now, or cannot be locked at all."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, _BYTE, os.SEEK_SET)
            try:
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            finally:
                os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:  # a network drive without locks
        return True
    return True
