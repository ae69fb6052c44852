"""The runs of ``premask train`` in an audit: what each has seen, and what it says of an image."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.phases import Phases
from premask.core.records import ImageRecord
from premask.deploy.predictor import Model, load_model, probabilities
from premask.io.files import sha256_of, write_atomically
from premask.project.images import read_pixels
from premask.project.project import Project
from premask.workflow.descriptors import FOLDER
from premask.workflow.seen_images import Seen, read_seen

Planes = NDArray[np.uint8]
"""(K, H, W) in the order of a model's phases, 0 to 255 for 0 to 1."""


@dataclass(frozen=True, eq=False)
class Run:
    """A trained model, and the images that it must not judge.

    Attributes
    ----------
    phases : tuple of int
        The project's phase of each of the model's.
    seen : Seen
        Images that it was trained on, or that told its best epoch.
    """

    folder: Path
    model: Model
    phases: tuple[int, ...]
    seen: Seen

    def judges(self, image: ImageRecord) -> bool:
        """Whether it has not seen an image, and is of its type."""
        return image not in self.seen and self.seen.type in (None, image.type)


def read_run(folder: Path, phases: Phases, *, threads: int | None = None) -> Run:
    """A folder that ``premask train`` wrote.

    Raises
    ------
    PremaskError
        For another folder, a run without a model, and a model of other phases.
    """
    seen = read_seen(folder)
    model = load_model(folder, threads=threads)
    matched = match_phases(model.card.names, phases, str(folder))
    return Run(folder, model, matched, seen)


def match_phases(names: Sequence[str], phases: Phases, where: str) -> tuple[int, ...]:
    """The project's phase of each of a model's, by name (case does not matter).

    Raises
    ------
    PremaskError
        Where one of the two has a phase that the other has not.
    """
    own = {name.casefold() for name in names}
    known = {name.casefold() for name in phases.names}
    needed = {name.casefold() for name in phases.names if name not in phases.merged}
    if not needed <= own <= known:
        raise PremaskError(
            f"{where}: its model knows the phases {', '.join(names)}, the project has"
            f" {', '.join(phases.names)}; train it on a data set of this project"
        )
    return tuple(phases.meant(phases.index(name)) for name in names)


def mean_probabilities(
    project: Project, image: ImageRecord, runs: Sequence[Run]
) -> NDArray[np.float32]:
    """What runs say of an image on average, in steps of 1/255, (phases, H, W).

    Each run's answer is kept in the project's cache, a byte for each pixel and phase before it
    is compressed.
    """
    total = np.zeros((len(project.phases), image.view_height, image.width), np.float32)
    for run in runs:
        planes = _planes(project, image, run.model)
        for phase, plane in zip(run.phases, planes, strict=True):
            total[phase] += plane
    total /= np.float32(255 * len(runs))
    return total


def _planes(project: Project, image: ImageRecord, model: Model) -> Planes:
    key = sha256_of(f"{image.content} {image.page} {image.crop_bottom} {model.sha256}".encode())
    path = project.root / FOLDER / key[:2] / f"{key}.npz"
    shape = (len(model.card.names), image.view_height, image.width)
    kept = _kept(path)
    if kept is not None and kept.shape == shape and kept.dtype == np.uint8:
        return kept
    found = probabilities(model, read_pixels(project, image))
    found *= 255
    made = np.clip(np.rint(found, out=found), 0, 255, out=found).astype(np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, planes=made)
    with contextlib.suppress(PremaskError, OSError):  # it is only a cache
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())
    return made


def _kept(path: Path) -> Planes | None:
    try:
        # the bytes first: of a damaged file numpy would leave the handle open
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            planes: Planes = arrays["planes"]
            return planes
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # not there, or damaged
