"""Folders of label maps, matched by stem, and what a CSV says of their images."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from premask.core.errors import PremaskError
from premask.io.images import image_stem

_HEADINGS = frozenset({"stem", "image", "name", "file", "filename", "micrograph"})


@dataclass(frozen=True)
class Matched:
    """Which files belong together, and which have no partner.

    Attributes
    ----------
    pairs : dict of str to (Path, Path)
        By stem, the predicted file and the true one.
    only_predicted, only_truth : tuple of str
        Names of the files without a partner.
    ignored : tuple of str
        Files in either folder that are no PNG.
    """

    pairs: dict[str, tuple[Path, Path]]
    only_predicted: tuple[str, ...]
    only_truth: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True)
class ByStem:
    """What a CSV says of images, by stem, and its entries as they were written."""

    by_stem: dict[str, str]
    entries: dict[str, str]


def match_folders(predicted: Path, truth: Path) -> Matched:
    """Match the index PNGs of two folders by stem.

    Raises
    ------
    PremaskError
        For a folder that does not exist, two files of one stem in a folder, no match.
    """
    mine, mine_ignored = index_pngs(predicted)
    true, true_ignored = index_pngs(truth)
    stems = [stem for stem in mine if stem in true]
    if not stems:
        raise PremaskError(
            f"no file of {predicted} ({_some(file.name for file in mine.values())}) has the stem"
            f" of one in {truth} ({_some(file.name for file in true.values())});"
            " files are matched by name, a.png with a.png"
        )
    return Matched(
        {stem: (mine[stem], true[stem]) for stem in stems},
        tuple(file.name for stem, file in mine.items() if stem not in true),
        tuple(file.name for stem, file in true.items() if stem not in mine),
        tuple(dict.fromkeys([*mine_ignored, *true_ignored])),
    )


def read_types(path: Path) -> ByStem:
    """Read a CSV of ``stem,type``; see :func:`read_column`."""
    return read_column(path, "type", "steel_07,II")


def read_column(path: Path, what: str, example: str) -> ByStem:
    """Read a CSV of ``stem,WHAT``, with or without a header; ``;`` and tab separate too.

    Entries with endings (``x.png``, ``x.jpg.png``) and folders count by their stem.

    Parameters
    ----------
    what : str
        The second column, as errors name it.
    example : str
        A line of such a file.

    Raises
    ------
    PremaskError
        For a file that cannot be read, a line without a second entry, two for one stem.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PremaskError(
            f"the {what}s {path} cannot be read ({_reason(error)});"
            f" give a CSV in UTF-8 with a line stem,{what} for each image"
        ) from None
    lines = text.splitlines()
    # commas last: where others separate, a comma is one of a number or a name
    separator = next((c for c in "\t;," if lines and c in lines[0]), ",")
    by_stem: dict[str, str] = {}
    entries: dict[str, str] = {}
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise PremaskError(f"{path}: no CSV ({error}); save it again, in UTF-8") from None
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and cells[0].casefold() in _HEADINGS):
            continue
        if len(cells) < 2 or not all(cells[:2]):
            raise PremaskError(
                f"{path}, line {number}: {separator.join(row)!r} is not stem,{what}; e.g. {example}"
            )
        stem = image_stem(cells[0])
        if by_stem.setdefault(stem, cells[1]) != cells[1]:
            raise PremaskError(
                f"{path}, line {number}: {stem} has the {what} {cells[1]!r} and, further up,"
                f" {by_stem[stem]!r}; give each image one {what}"
            )
        entries[stem] = cells[0]
    return ByStem(by_stem, entries)


def label_map_files(folder: Path) -> dict[str, Path]:
    """The PNGs of a folder by their stems.

    Raises
    ------
    PremaskError
        For a folder that does not exist or has none, and two files of one stem.
    """
    return index_pngs(folder)[0]


def index_pngs(folder: Path) -> tuple[dict[str, Path], list[str]]:
    """The PNGs of a folder by their stems, and the names of its other files.

    Raises
    ------
    PremaskError
        As :func:`label_map_files`.
    """
    if not folder.is_dir():
        raise PremaskError(
            f"{folder} {'is not a folder' if folder.exists() else 'is not there'}; give a folder of"
            " index PNGs"
        )
    found: dict[str, Path] = {}
    ignored = []
    for file in sorted(folder.iterdir()):
        if file.is_dir() or file.name.startswith("."):
            continue
        if file.suffix.lower() != ".png":
            ignored.append(file.name)
            continue
        stem = image_stem(file.name)
        if stem in found:
            raise PremaskError(
                f"{folder} has {found[stem].name} and {file.name}, which are one image by stem"
                f" ({stem}); keep one of them"
            )
        found[stem] = file
    if not found:
        raise PremaskError(
            f"{folder} has no PNG; give a folder of index PNGs, one an image{_deeper(folder)}"
        )
    return found, ignored


def _deeper(folder: Path) -> str:
    """Where the PNGs may be that a folder itself does not have; nothing if nowhere near."""
    near = [
        one.name
        for one in sorted(folder.iterdir())
        if one.is_dir() and any(one.glob("*.[pP][nN][gG]"))
    ]
    if not near:
        return ""
    best = "test" if "test" in near else near[0]
    return f": there are some in {_some(near)} within it, e.g. {folder / best}"


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:3]) + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "unreadable" if isinstance(error, OSError) else "not UTF-8"
