"""What MetalDAM says of its images: scales and folds, from its SQLite file and its authors' files.

Known of the release (https://github.com/ari-dasci/OD-MetalDAM, 1.0) are ``images``, ``labels``,
``coloured_labels`` and ``MetalDAM_metadata.sql``, whose table ``micrograph`` has ``image_path``,
``height``, ``width``, ``pixels_per_micron`` and the pixels of each phase. It is not documented
where in that file the folds are. The files of folds and parts are those that its authors' program
writes and reads (https://github.com/ari-dasci/S-metallograph-segmentation).
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from premask.core.datasets import Remark
from premask.core.errors import PremaskError
from premask.io.images import image_stem
from premask.io.structured import read_json
from premask.workflow.dataset.splits import RawSplits

FOLDS_FILE = "folds.json"
_FOLD = re.compile(r"(k_?)?folds?(_?(id|no|number|index))?", re.IGNORECASE)
_PART = frozenset({"part", "split", "subset", "partition", "role", "set"})
_TRAINING = frozenset({"train", "training"})
_FORM = (
    'the form is {"fold0": {"train": [0, 2], "test": [1, 3]}, ...}, places in the sorted names of'
    " the images, from 0"
)
_STEPS = 5_000_000
"""Of SQLite's machine, for tables of some hundred lines; a hostile file would take more."""

Row = dict[str, Any]


@dataclass
class Metadata:
    """What the SQLite file tells.

    Attributes
    ----------
    scales : dict of str to float
        µm per pixel, by stem.
    folds : dict of str to list of str
        The images that each fold holds out.
    remarks : list of Remark
    """

    scales: dict[str, float] = field(default_factory=dict)
    folds: dict[str, list[str]] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


def metadata_file(root: Path) -> Path | None:
    """The first ``*.sql`` of a folder that is an SQLite file."""
    for path in sorted(root.glob("*.sql")):
        with path.open("rb") as file:
            if file.read(16) == b"SQLite format 3\0":
                return path
    return None


def read_metadata(path: Path, stems: Collection[str]) -> Metadata:
    """Scales and folds, wherever the tables of an SQLite file have them.

    A scale is in a column ``pixels_per_micron``. A fold is in a column ``fold``, beside the image's
    name or beside the number that another table has for the image (``micrograph_id``). Where a
    column tells parts, rows that train are none of the fold's own.

    Parameters
    ----------
    stems : collection of str
        Of the images that are there.
    """
    found = Metadata()
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            database.set_progress_handler(lambda: 1, _STEPS)
            columns = _columns(database)
            numbers = _numbers(database, columns, stems)
            for table in columns:
                for row in _rows(database, table, columns[table]):
                    _read_row(row, stems, numbers, found)
    except sqlite3.Error as error:
        found.remarks.append(Remark("left out", path.name, f"it cannot be read ({error})"))
        return found
    found.folds = dict(sorted(found.folds.items()))
    if not found.folds:
        told = "; ".join(f"{table}: {', '.join(names)}" for table, names in columns.items())
        found.remarks.append(
            Remark("left out", path.name, f"no column fold in its tables ({told}); give the folds"
                   " in splits.json")
        )  # fmt: skip
    return found


def _columns(database: sqlite3.Connection) -> dict[str, list[str]]:
    named = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    found = {}
    for (table,) in named:
        cursor = database.execute(f"SELECT * FROM {_quoted(table)} LIMIT 0")  # noqa: S608
        found[table] = [column[0].casefold() for column in cursor.description]
    return found


def _quoted(table: str) -> str:
    return '"' + table.replace('"', '""') + '"'


def _rows(database: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[Row]:
    for row in database.execute(f"SELECT * FROM {_quoted(table)}"):  # noqa: S608 - its own name
        yield dict(zip(columns, row, strict=False))


def _numbers(
    database: sqlite3.Connection, columns: Mapping[str, Sequence[str]], stems: Collection[str]
) -> dict[str, dict[int, str]]:
    """The image of each number, by the columns in which other tables tell it."""
    found: dict[str, dict[int, str]] = {}
    for table, names in columns.items():
        own = f"{table.casefold()}_id"
        key = next((name for name in (own, "id") if name in names), None)
        if key is None:
            continue
        for row in _rows(database, table, names):
            stem = _named(row.values(), stems)
            if stem is not None and isinstance(row[key], int):
                for column in (own, table.casefold()):
                    found.setdefault(column, {})[row[key]] = stem
    return found


def _read_row(
    row: Row, stems: Collection[str], numbers: Mapping[str, Mapping[int, str]], found: Metadata
) -> None:
    stem = _named(row.values(), stems)
    for column, own in numbers.items():
        if stem is None and isinstance(row.get(column), int):
            stem = own.get(row[column])
    if stem is None:
        return
    per_um = row.get("pixels_per_micron")
    if isinstance(per_um, int | float) and 1e-5 < per_um < 1e6:
        found.scales[stem] = 1 / per_um
    if any(str(row[name]).casefold() in _TRAINING for name in row.keys() & _PART):
        return
    fold = next((value for name, value in row.items() if _FOLD.fullmatch(name)), None)
    if isinstance(fold, int | str) and str(fold).isdecimal():
        held_out = found.folds.setdefault(str(fold), [])
        if stem not in held_out:
            held_out.append(stem)


def _named(values: Iterable[object], stems: Collection[str]) -> str | None:
    """The image that a row of a table names in any of its columns."""
    named = (image_stem(value) for value in values if isinstance(value, str))
    return next((stem for stem in named if stem in stems), None)


def read_folds(path: Path, names: Sequence[str]) -> RawSplits:
    """The folds as MetalDAM's authors keep them: places in the list of its images.

    ``{"fold0": {"train": [0, 2 ...], "test": [1, 6 ...]}, ...}`` counts from 0 in the sorted names
    of the files in ``images``. Folds that hold out each image once are a k-fold
    cross-validation; else each is a split of its own.

    Parameters
    ----------
    names : sequence of str
        Of the files in ``images``.

    Raises
    ------
    PremaskError
        For another form, and places that there are not.
    """
    content, ordered = read_json(path), sorted(names)
    if not isinstance(content, dict) or not content:
        raise PremaskError(f"{path.name}: {_FORM}")
    folds = [
        {part: _at(own, part, ordered, f"{path.name}: {name}") for part in ("train", "test")}
        for name, own in content.items()
    ]
    held_out = [name for own in folds for name in own["test"]]
    whole = sorted(held_out) == ordered and all(
        sorted([*own["train"], *own["test"]]) == ordered for own in folds
    )
    if whole:
        return RawSplits(folds={"folds": {str(i): own["test"] for i, own in enumerate(folds)}})
    return RawSplits(splits={f"fold{i}": own for i, own in enumerate(folds)})


def _at(own: Any, part: str, ordered: Sequence[str], where: str) -> list[str]:
    places = own.get(part) if isinstance(own, dict) else None
    if not isinstance(places, list) or not all(type(place) is int for place in places):
        raise PremaskError(f"{where} cannot be understood; {_FORM}")
    gone = [place for place in places if not 0 <= place < len(ordered)]
    if gone:
        raise PremaskError(
            f"{where}, {part}: there is no image {gone[0]}; 0 to {len(ordered) - 1} are there"
        )
    return [ordered[place] for place in places]
