"""Folders of files that appear at their place when all of them are finished."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from premask.core.errors import DiskFullError, PremaskError
from premask.io.archives import pack
from premask.io.files import is_full


@contextlib.contextmanager
def staging(out: Path) -> Iterator[Path]:
    """A temporary folder beside the place that an export goes to; gone in the end."""
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".premask-", dir=out.parent) as folder:
            yield Path(folder)
    except OSError as error:
        if is_full(error):
            raise DiskFullError(
                f"the disk of {out.parent.absolute()} is full; nothing was exported: free some"
                " space and run the command again"
            ) from None
        raise PremaskError(
            f"{out} could not be written: {error.strerror or error}; a folder that you may write"
            " to is needed"
        ) from None


def publish(folder: Path, out: Path, *, last: str = "") -> None:
    """Bring a finished export to its place, file by file; each is whole at any moment.

    Parameters
    ----------
    out : Path
        A folder, or a name that ends in ``.zip``.
    last : str
        The file that tells of the others comes after them.
    """
    if out.suffix.lower() == ".zip":
        pack(folder, out)
        return
    for file in sorted(
        files_in(folder), key=lambda path: path.relative_to(folder).as_posix() == last
    ):
        place = out / file.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)


def files_in(folder: Path) -> list[Path]:
    """All files of a folder and the folders below it, sorted."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
