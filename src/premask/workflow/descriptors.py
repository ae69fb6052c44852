"""Descriptors of a candidate's regions, made once: what they depend on never changes."""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path

import numpy as np

from premask.core.errors import PremaskError
from premask.core.records import Candidate, ImageRecord
from premask.io.files import sha256_of, write_atomically
from premask.naming.descriptors import RegionDescriptors, describe
from premask.project.candidates import read_regions
from premask.project.images import read_pixels
from premask.project.project import Project

FOLDER = "cache"
"""In the project; what lies in it may be deleted at any time and is made again."""


def describe_candidate(
    project: Project, image: ImageRecord, candidate: Candidate
) -> RegionDescriptors:
    """The descriptors of a candidate's regions: those kept before, else made and kept."""
    path = _path(project, image, candidate)
    kept = _kept(path)
    if kept is not None:
        return kept
    made = describe(read_pixels(project, image), read_regions(project, candidate))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **made.to_arrays())  # type: ignore[arg-type]
    with contextlib.suppress(PremaskError, OSError):  # it is only a cache
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, buffer.getvalue())
    return made


def _path(project: Project, image: ImageRecord, candidate: Candidate) -> Path:
    content = f"{image.content} {image.page} {image.crop_bottom} {candidate.content}"
    key = sha256_of(content.encode())
    return project.root / FOLDER / key[:2] / f"{key}.npz"


def _kept(path: Path) -> RegionDescriptors | None:
    try:
        # the bytes first: of a damaged file numpy would leave the handle open
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            return RegionDescriptors.from_arrays(dict(arrays))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # not there, or damaged
