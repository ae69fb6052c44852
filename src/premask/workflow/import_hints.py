"""What an import that fails says of the format, and of the folder, that were given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from premask.core.errors import DiskFullError, PremaskError
from premask.interchange.formats import FORMATS, Format
from premask.interchange.recognise import folders_with_maps, hint, same_reader
from premask.interchange.vocabulary import Vocabulary
from premask.workflow.exchange import MANIFEST, Manifest


def said_of_empty(
    found: Format, format_: str, path: Path, top: Path, vocabulary: Vocabulary
) -> str:
    """That there are no label maps, and where there are some, or in which format."""
    said = f"no label maps in {path} in the format {format_}; nothing was imported"
    folders = folders_with_maps(found.load, top, vocabulary)
    if not folders:
        return said + hint(format_, top)
    names = ", ".join(folder.relative_to(top).as_posix() for folder in folders[:3])
    if len(folders) > 1:
        said += f"; its folders {names} have some: give one of them"
    elif path.is_dir():
        return f"{said}; its folder {names} has some: give {folders[0]}"
    else:
        said += f"; its folder {names} has some: give that"
    return said if path.is_dir() else f"{said}, unpacked"


def check_told(manifest: Manifest, format_: str, top: Path) -> None:
    """Refuse an export of premask in another format than the one given.

    Parameters
    ----------
    top : Path
        The folder with the manifest, or a file beside it, of which it may know nothing.

    Raises
    ------
    PremaskError
        With the format to give.
    """
    told = manifest.format
    of_others = top.is_file() and top.name not in manifest.files
    if told in FORMATS and not of_others and not same_reader(told, format_):
        raise PremaskError(
            f"{MANIFEST}: it says that this is an export in the format {told}, not {format_}; give"
            f" --format {told}, or move {MANIFEST} elsewhere if these are other files"
        )


@contextlib.contextmanager
def diagnosed(format_: str, top: Path) -> Iterator[None]:
    """Tell with what is wrong with a file which format it looks like, where that is another."""
    try:
        yield
    except DiskFullError:
        raise
    except PremaskError as error:
        other = hint(format_, top)
        if not other:
            raise
        raise PremaskError(f"{error}{other}") from error
