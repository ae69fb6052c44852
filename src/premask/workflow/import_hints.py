"""What an import that fails says of the format, and of the folder, that were given."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from premask.core.errors import DiskFullError, PremaskError
from premask.core.exchange import Report
from premask.core.phases import VOID_NAME
from premask.core.words import count
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


def void_is_meant(
    vocabulary: Vocabulary, manifest: Manifest, format_: str, *, finished: bool
) -> bool:
    """Whether label maps that are void alone can be what somebody wanted to write.

    Somebody may have finished them so, an export of premask may hold them, numbers may be 255,
    and ``--map NAME=void`` may ask for them. Else they are files of another format, or nobody
    has labelled anything; and where something in them was not understood, they are never meant.
    """
    if any(one.kind == "unknown" for one in vocabulary.report.findings):
        return False
    idle = vocabulary.idle
    return (
        finished
        or manifest.format == format_
        or bool(vocabulary.void_files)
        or any(
            phase.casefold() == VOID_NAME and name not in idle
            for name, phase in vocabulary.renames.items()
        )
    )


def said_of_void(format_: str, path: Path, top: Path, n: int, report: Report) -> str:
    """Why an import holds no labels, as far as the report tells."""
    causes = {one.kind: one for one in reversed(report.findings)}  # the first of each kind
    said = f"nothing in the {count(n, 'label map')} in {path} was read as a phase"
    other = hint(format_, top) or f"; where their format is not {format_}, give the right --format"
    if "unknown" in causes:
        return (
            f"{said}: no name, colour or value there is one of the project's; nothing was imported"
            f" ({causes['unknown'].line}){other}"
        )
    cause = causes.get("left out") or causes.get("size")
    return (
        f"{said}: they are void alone; nothing was imported{f' ({cause.line})' if cause else ''}"
        f"{other}, else label the images there first"
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
