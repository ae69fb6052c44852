"""MetalDAM, as it is released: https://github.com/ari-dasci/OD-MetalDAM."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from premask.core.exchange import Ids, Incoming, Outgoing, Report, Target
from premask.interchange.folders import files_in, root_of
from premask.interchange.pictures import write_picture
from premask.interchange.releases import (
    Picture,
    as_released,
    load_release,
    pictures_in,
    release_ids,
    released_colours,
)
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.images import image_stem
from premask.io.label_maps import encode_label_map

CLASSES = ("Matrix", "Austenite", "Martensite/Austenite", "Precipitate", "Defect")
LABELS, PICTURES, METADATA = "labels", "images", "MetalDAM_metadata.sql"
_STEPS, _LENGTH = 1_000_000, 10_000
"""Of SQLite's machine and of a text, for a table of some hundred lines; a hostile file has more."""


def load_metaldam(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The index PNGs in ``labels``, with the pictures in ``images`` and their scale.

    Raises
    ------
    PremaskError
        On reading, for a damaged label map.
    """
    root = root_of(path, LABELS)
    scales = _scales(root / METADATA, vocabulary.report)
    pictures = {
        name: Picture(file, um_per_px=scales.get(name))
        for name, file in pictures_in(root / PICTURES, vocabulary.report).items()
    }
    yield from load_release(files_in(root / LABELS, [".png"]), pictures, CLASSES, vocabulary)


def _scales(path: Path, report: Report) -> dict[str, float]:
    """µm per pixel by the names of images; the file is a SQLite database."""
    if not path.is_file():
        return {}
    try:
        address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            database.set_progress_handler(lambda: 1, _STEPS)
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LENGTH)
            rows = database.execute(
                "SELECT image_path, pixels_per_micron FROM micrograph LIMIT 100000"
            ).fetchall()
    except sqlite3.Error as error:
        report.add("left out", path.name, f"the scales cannot be read ({error})")
        return {}
    found = {}
    for name, per_um in rows:
        with contextlib.suppress(TypeError, ValueError, ZeroDivisionError, OverflowError):
            size = 1 / float(per_um)
            if isinstance(name, str) and 0 < size < 1e5:
                found[image_stem(PurePosixPath(name).name)] = size
    return found


def save_metaldam(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``labels`` and ``images``.

    Values are the release's where all phases are its classes, else the phases' indices, which
    the manifest names.
    """
    ids = release_ids(target.phases, CLASSES)
    palette = released_colours(target.phases, ids)
    (target.folder / LABELS).mkdir()
    for image in images:
        data = encode_label_map(as_released(image.label_map, target.phases, ids), palette)
        write_atomically(target.folder / LABELS / f"{image.name}.png", data)
        if target.pictures:
            write_picture(target.folder / PICTURES, image)
    return ids
