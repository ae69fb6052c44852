"""Files of an export, found where people put them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from premask.core.errors import PremaskError
from premask.core.exchange import Incoming, Report
from premask.io.images import IMAGE_SUFFIXES


def files_in(
    folder: Path, suffixes: Iterable[str] = IMAGE_SUFFIXES, *, deep: bool = False
) -> list[Path]:
    """The files of a folder with some endings, by name; case does not matter.

    Hidden ones (macOS puts a ``._a.png`` beside each ``a.png`` of an archive) are left out, and
    links that lead out of the folder.

    Parameters
    ----------
    deep : bool
        Whether those in folders inside it count too.
    """
    if not folder.is_dir():
        return []
    wanted, root = tuple(suffixes), folder.resolve()
    return sorted(
        file
        for file in (folder.rglob("*") if deep else folder.iterdir())
        if file.name.lower().endswith(wanted)
        and not file.name.startswith(".")
        and file.is_file()
        and file.resolve().is_relative_to(root)
    )


def by_stem(files: Iterable[Path], folder: Path, report: Report) -> dict[str, Path]:
    """Pictures by their paths in a folder without the ending; of two of one stem the first."""
    found: dict[str, Path] = {}
    for file in files:
        name = file.relative_to(folder).with_suffix("").as_posix()
        if found.setdefault(name, file) is not file:
            report.add("left out", file.name, f"{found[name].name} is taken for the image {name}")
    return found


PICTURES = "images"
"""Where the micrographs of an export lie, in formats that have no place of their own for them."""


def with_picture(one: Incoming, folder: Path, stem: str) -> Incoming:
    """A label map with its micrograph, where that lies in ``images`` beside it."""
    for suffix in IMAGE_SUFFIXES:
        picture = folder / PICTURES / f"{stem}{suffix}"
        if picture.is_file():
            return replace(one, image=picture, image_name=picture.name)
    return one


def inside(folder: Path, name: object, where: str) -> Path:
    """What a name in a file of others leads to, which must lie in a folder.

    Parameters
    ----------
    where : str
        The file and the position of the name in it; starts the message.

    Raises
    ------
    PremaskError
        For what is no name, and a way out of the folder. It need not exist.
    """
    text = name.replace("\\", "/") if isinstance(name, str) else ""
    parts = PurePosixPath(text).parts
    safe = parts and ".." not in parts and parts[0] != "/" and ":" not in parts[0]
    lengths = [len(part.encode("utf-8", "surrogatepass")) for part in parts]
    if not safe or re.search(r"[\x00-\x1f\ud800-\udfff]", text) or max(lengths) > 255:
        raise PremaskError(f"{where}: {name!r:.60} is no path inside {folder.name}")
    path = folder.joinpath(*parts)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise PremaskError(f"{where}: {name!r:.60} leads out of {folder.name}")
    return path


def root_of(path: Path, *wanted: str) -> Path:
    """The folder that has one of some files or folders: the one given, or the only one in it.

    Those who pack a folder often pack what is around it too.
    """
    folder = path
    while folder.is_dir():
        if any(next(folder.glob(pattern), None) is not None for pattern in wanted):
            return folder
        inside = [one for one in folder.iterdir() if not one.name.startswith((".", "__MACOSX"))]
        if len(inside) != 1:
            break
        folder = inside[0]
    return path


def report_others(folder: Path, taken: Iterable[Path], what: str, report: Report) -> None:
    """Tell the report of the pictures in a folder that were not taken."""
    seen = set(taken)
    others = [file.name for file in files_in(folder) if file not in seen]
    if others:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        report.add(
            "left out", folder.name, f"{', '.join(others[:3])}{more}: no {what}", len(others)
        )
