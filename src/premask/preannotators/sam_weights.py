"""Find the weights of Segment Anything on disk, and notice when they change; no torch here."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from premask.core.errors import PremaskError
from premask.io import pins

KIND = "sam"
"""Of the cache folder."""
ENVIRONMENT = "PREMASK_SAM_WEIGHTS"
CHECKPOINT_SUFFIXES = (".pth", ".pt")
FOLDER_FILES = ("config.json", "model.safetensors")


@dataclass(frozen=True)
class Checkpoint:
    """One of the three files that the authors of Segment Anything published."""

    encoder: str
    size: int
    sha256: str


OFFICIAL: dict[str, Checkpoint] = {
    "sam_vit_b_01ec64.pth": Checkpoint(
        "ViT-B", 375_042_383, "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912"
    ),
    "sam_vit_l_0b3195.pth": Checkpoint(
        "ViT-L", 1_249_524_607, "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622"
    ),
    "sam_vit_h_4b8939.pth": Checkpoint(
        "ViT-H", 2_564_550_879, "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e"
    ),
}

HOW_TO = (
    "get sam_vit_b_01ec64.pth (ViT-B, 375 MB) from the section Model Checkpoints of the GitHub"
    " repository facebookresearch/segment-anything, or config.json and model.safetensors of the"
    " Hugging Face model facebook/sam-vit-base into one folder, then run: premask preannotate"
    f" PROJECT --method sam --option sam.weights=FILE_OR_FOLDER (or set {ENVIRONMENT} to it)"
)


def weights_status(weights: str | None = None) -> str | None:
    """Why the method ``sam`` has no weights to run with, or None where it has.

    Looks at names and sizes only, so that ``premask doctor`` answers at once.

    Parameters
    ----------
    weights : str or None
        What the user gave; without it, the environment variable ``PREMASK_SAM_WEIGHTS``.
    """
    try:
        find_weights(weights)
    except PremaskError as error:
        return str(error)
    return None


def find_weights(weights: str | None = None) -> Path:
    """The file or folder to load, checked by name and size.

    Raises
    ------
    PremaskError
        If none was given, nothing is there, it is of another kind, or an official file has
        another size than the published one.
    """
    given = weights or os.environ.get(ENVIRONMENT, "")
    if not given:
        raise PremaskError(
            "sam needs the weights of Segment Anything, which premask never downloads by"
            f" itself: {HOW_TO}"
        )
    path = Path(given).expanduser()
    if path.is_dir():
        absent = [name for name in FOLDER_FILES if not (path / name).is_file()]
        if absent:
            raise PremaskError(
                f"the weights folder {path} has no {' and no '.join(absent)};"
                f" it needs {' and '.join(FOLDER_FILES)}: {HOW_TO}"
            )
        return path
    if not path.is_file():
        raise PremaskError(f"there are no weights at {path}: {HOW_TO}")
    if path.suffix.lower() not in CHECKPOINT_SUFFIXES:
        raise PremaskError(
            f"the weights {path} are neither a {' or '.join(CHECKPOINT_SUFFIXES)} file nor a"
            f" folder with {' and '.join(FOLDER_FILES)}: {HOW_TO}"
        )
    official = OFFICIAL.get(path.name)
    if official and path.stat().st_size != official.size:
        raise PremaskError(
            f"{path} has {path.stat().st_size:,} bytes, the published {official.encoder} file"
            f" {official.size:,}: the download is incomplete, get it again (a file of your own"
            " needs another name)"
        )
    return path


def pinned_checksum(path: Path) -> str:
    """The SHA-256 of the weights, which must be what it was when they were first used.

    The first use writes it down; a file that changed since then is refused. An official file
    must have the published checksum from the start. Hashed once per process and file.

    Parameters
    ----------
    path : Path
        From :func:`find_weights`.

    Raises
    ------
    PremaskError
        If the weights changed, or are an official file with other content.
    """
    stamps = tuple((f.stat().st_size, f.stat().st_mtime_ns) for f in files_of(path))
    return _checked_checksum(path.absolute(), stamps)


@lru_cache(maxsize=8)
def _checked_checksum(path: Path, _stamps: tuple[tuple[int, int], ...]) -> str:
    checksum = _checksum(path)
    official = OFFICIAL.get(path.name)
    if official and checksum != official.sha256:
        raise PremaskError(
            f"{path} has the SHA-256 {checksum}, the published {official.encoder} file"
            f" {official.sha256}: get it again (a file of your own needs another name)"
        )
    pins.check_pin(path, checksum, KIND)
    return checksum


def _checksum(path: Path) -> str:
    digests = [pins.checksum(file) for file in files_of(path)]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def files_of(path: Path) -> list[Path]:
    """The files that the weights consist of."""
    return [path / name for name in FOLDER_FILES] if path.is_dir() else [path]
