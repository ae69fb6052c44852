"""Find the weights of Segment Anything on disk, and notice when they change; no torch here."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from premask.core.errors import PremaskError

ENVIRONMENT = "PREMASK_SAM_WEIGHTS"
CACHE_ENVIRONMENT = "PREMASK_CACHE"
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
    pin = cache_folder() / "pins" / f"{hashlib.sha256(str(path).encode()).hexdigest()[:24]}.json"
    if not pin.exists():
        write_atomically(pin, json.dumps({"weights": str(path), "sha256": checksum}).encode())
        return checksum
    if pinned := _read_pin(pin):
        if pinned == checksum:
            return checksum
        raise PremaskError(
            f"the weights {path} changed since they were first used (SHA-256 {checksum}, then"
            f" {pinned}); if you replaced them yourself, delete {pin} and run again"
        )
    raise PremaskError(f"the record of the weights {path} is damaged; delete {pin} and run again")


def _read_pin(pin: Path) -> str | None:
    try:
        return str(json.loads(pin.read_text())["sha256"])
    except (ValueError, KeyError, TypeError):
        return None


def _checksum(path: Path) -> str:
    digests = []
    for file in files_of(path):
        with file.open("rb") as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def files_of(path: Path) -> list[Path]:
    """The files that the weights consist of."""
    return [path / name for name in FOLDER_FILES] if path.is_dir() else [path]


def cache_folder() -> Path:
    """Where premask keeps converted weights and their checksums; ``PREMASK_CACHE`` moves it."""
    if given := os.environ.get(CACHE_ENVIRONMENT):
        return Path(given).expanduser() / "sam"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "premask" / "sam"


def make_cache_folder(folder: Path) -> None:
    """Make a folder of the cache, or say how to have the cache elsewhere."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PremaskError(
            f"the cache folder {folder} cannot be made ({error.strerror}); set"
            f" {CACHE_ENVIRONMENT} to a folder that can be written to"
        ) from None


def write_atomically(target: Path, content: bytes) -> None:
    """Write a small file of the cache so that another process sees all of it or nothing."""
    make_cache_folder(target.parent)
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".new-")
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(target)
    except OSError as error:
        raise PremaskError(
            f"{target} cannot be written ({error.strerror}); set {CACHE_ENVIRONMENT} to a"
            " folder with free space"
        ) from None
