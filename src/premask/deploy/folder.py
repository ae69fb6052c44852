"""Predict a folder of micrographs: a label map and a confidence map each, done ones skipped."""

from __future__ import annotations

import io
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from premask.core.errors import DiskFullError, PremaskError
from premask.core.phases import VOID, phase_fractions
from premask.deploy.predictor import Model, Options, Prediction, predict
from premask.deploy.records import CONFIDENCE, RECORDS, files_of, read_rows
from premask.features.information_bar import information_bar
from premask.io.files import write_atomically
from premask.io.images import find_images, image_stem, read_micrograph
from premask.io.label_maps import encode_label_map
from premask.io.pins import checksum

AUTO = "auto"


@dataclass(frozen=True)
class Job:
    """What is to be predicted, and how.

    Attributes
    ----------
    model : Model
    out : Path
        Gets ``STEM.png`` for each image, in the folders that the images are in; see
        :meth:`Book.file_name` for images of one stem.
    options : Options
    confidence : bool
        Whether confidence maps are written.
    crop_bottom : str or int
        Rows at the bottom that are left out, px; ``auto`` finds the information bar.
    frame : str
        ``crop``: label maps end there; ``original``: they have the size of the image, with void
        below.
    """

    model: Model
    out: Path
    options: Options = field(default_factory=Options)
    confidence: bool = True
    crop_bottom: str | int = 0
    frame: str = "crop"

    @property
    def knobs(self) -> dict[str, Any]:
        """What a prediction hangs on beside the image and the model."""
        return {
            "tile": self.options.tile,
            "overlap": self.options.overlap,
            "test_time": self.options.test_time,
            "confidence": self.confidence,
            "crop_bottom": self.crop_bottom,
            "frame": self.frame,
        }


@dataclass
class Done:
    """What became of a folder.

    Attributes
    ----------
    made, present : int
        Predictions made now, and those that were there already.
    failed : list of str
        A line for each image that could not be predicted.
    renamed : list of str
        A line for each label map that is not called as its image, since another one is.
    """

    made: int = 0
    present: int = 0
    failed: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)


class Book:
    """What the folder of predictions says is done; read once, then kept up to date."""

    def __init__(self, job: Job, coming: Iterable[str] = ()) -> None:
        self.job = job
        self.path = job.out / RECORDS
        self.rows: dict[str, dict[str, Any]] = {}
        self.taken: set[str] = set()
        self.shared = {key for key, n in Counter(map(_key, coming)).items() if n > 1}
        for row in read_rows(self.path):
            self._keep(row)

    def has(self, name: str, sha256: str) -> bool:
        """Whether this image, as it is now, was predicted by this model in this way."""
        row = self.rows.get(name)
        return (
            row is not None
            and row.get("sha256") == sha256
            and row.get("model") == self.job.model.sha256
            and row.get("options") == self.job.knobs
            and all((self.job.out / file).is_file() for file in files_of(row))
        )

    def file_name(self, name: str) -> str:
        """``a.png`` for ``a.tif``; ``a_tif.png`` where several images are called ``a``.

        No two label maps of a folder have one stem, so that whoever matches them by name finds
        one. An image that is recorded keeps its name.
        """
        if (row := self.rows.get(name)) is not None:
            return str(row["label_map"])
        image, number = PurePosixPath(name), 1
        stem = f"{image.parent}/{image_stem(name)}".removeprefix("./")
        ending = image.name.removeprefix(image_stem(name)).replace(".", "_")
        file = f"{stem}.png"
        if _key(name) in self.shared:
            file = f"{stem}{ending}.png"
        while {_key(file), _key(f"{CONFIDENCE}/{file}")} & self.taken:
            file = f"{stem}{ending}.png" if number == 1 else f"{stem}{ending}_{number}.png"
            number += 1
        return file

    def add(self, row: dict[str, Any]) -> None:
        """Write a line; a crash leaves it whole or cut off, and a line cut off does not count."""
        data = (json.dumps(row, ensure_ascii=False) + "\n").encode()
        with self.path.open("ab") as file:
            if _ends_in_a_line(self.path):
                file.write(data)
            else:
                file.write(b"\n" + data)
            file.flush()
            os.fsync(file.fileno())
        self._keep(row)

    def _keep(self, row: dict[str, Any]) -> None:
        self.rows[row["image"]] = row
        self.taken.update(map(_key, files_of(row)))


def _key(name: str) -> str:
    """What files of one name share: folder and stem, in whatever case."""
    return f"{PurePosixPath(name).parent}/{image_stem(name)}".casefold()


def _ends_in_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def images_of(source: Path, out: Path) -> list[Path]:
    """The images of a file or folder, without what lies in the folder of the predictions.

    Raises
    ------
    PremaskError
        For a path that does not exist.
    """
    own = out.resolve()
    return [path for path in find_images([source]) if own not in path.resolve().parents]


def predict_images(
    job: Job,
    source: Path,
    images: Iterable[Path],
    on_image: Callable[[Done], None] = lambda _done: None,
) -> Done:
    """Predict images one after the other; those that are done are skipped.

    Parameters
    ----------
    source : Path
        The folder that names are relative to, or the only image.
    images : iterable of Path
        May go on for ever: it is taken one at a time.
    on_image : callable
        Called after each image.

    Returns
    -------
    Done
        Images that cannot be read are in it, and end nothing.

    Raises
    ------
    DiskFullError
        What was made before is whole.
    """
    job.out.mkdir(parents=True, exist_ok=True)
    listed = [_name(path, source) for path in images] if isinstance(images, Sequence) else []
    book, done = Book(job, listed), Done()
    for path in images:
        name = _name(path, source)
        try:
            if predict_file(book, path, name):
                done.made += 1
                file = str(book.rows[name]["label_map"])
                if _key(file) != _key(name):
                    done.renamed.append(f"the label map of {name} is {file}")
            else:
                done.present += 1
        except DiskFullError:
            raise
        except PremaskError as error:
            done.failed.append(f"{name}: {str(error).removeprefix(f'{path.name}: ')}")
        except MemoryError:
            done.failed.append(f"{name}: not enough memory; try a smaller --tile")
        on_image(done)
    return done


def _name(path: Path, source: Path) -> str:
    return path.name if path == source else path.relative_to(source).as_posix()


def predict_file(book: Book, path: Path, name: str) -> bool:
    """Predict one image, or find that it is done; whether it was made now.

    Raises
    ------
    PremaskError
        If it cannot be read, or the disk is full.
    """
    job = book.job
    try:
        sha256 = checksum(path)
    except OSError as error:
        raise PremaskError(f"the file cannot be read ({error.strerror})") from None
    if book.has(name, sha256):
        return False
    started = time.perf_counter()
    micrograph = read_micrograph(path)
    height = micrograph.pixels.shape[0]
    bottom = information_bar(micrograph.pixels) if job.crop_bottom == AUTO else job.crop_bottom
    if not 0 <= int(bottom) < height:
        raise PremaskError(
            f"{bottom} rows are to be cut off an image of {height}; 0 to {height - 1} is accepted"
        )
    found = predict(job.model, micrograph.pixels[: height - int(bottom)], job.options)
    if job.frame == "original" and bottom:
        found = _padded(found, int(bottom))
    file = book.file_name(name)
    confidence_file = f"{CONFIDENCE}/{file}" if job.confidence else None
    _write(job.out / file, encode_label_map(found.labels, job.model.card.colours))
    if confidence_file:
        _write(job.out / confidence_file, encode_grey(found.confidence))
    names = job.model.card.names
    shares = phase_fractions(found.labels, len(names))
    seen = found.confidence[found.labels != VOID]
    book.add(
        {
            "image": name,
            "sha256": sha256,
            "model": job.model.sha256,
            "options": job.knobs,
            "label_map": file,
            "confidence_map": confidence_file,
            "size": [found.labels.shape[1], found.labels.shape[0]],
            "um_per_px": micrograph.um_per_px,
            "fractions": {
                one: round(float(share), 6) for one, share in zip(names, shares, strict=True)
            },
            "mean_confidence": round(float(seen.mean()) / 255, 4),
            "seconds": round(time.perf_counter() - started, 3),
        }
    )
    return True


def _padded(found: Prediction, bottom: int) -> Prediction:
    """With void, and no confidence, where the information bar is."""
    below = [(0, bottom), (0, 0)]
    return Prediction(
        np.pad(found.labels, below, constant_values=VOID), np.pad(found.confidence, below)
    )


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, data)


def encode_grey(levels: NDArray[np.uint8]) -> bytes:
    """An 8-bit grey PNG; quickly rather than small, as confidence hardly compresses."""
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
