"""Load Segment Anything from local files: a Hugging Face folder, or an official checkpoint.

An official ``.pth`` file is a pickle. It is read once, as tensors only
(``weights_only=True``), and kept as safetensors in the cache; nothing is ever downloaded.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from premask.core.errors import PremaskError
from premask.io.pins import CACHE_ENVIRONMENT, cache_folder
from premask.preannotators.sam_checkpoint import (
    PROMPT_POSITION,
    Tensors,
    infer_config,
    official_to_transformers,
    read_checkpoint,
)
from premask.preannotators.sam_weights import (
    FOLDER_FILES,
    KIND,
    find_weights,
    pinned_checksum,
)

SHARED_POSITION = "shared_image_embedding.positional_embedding"


def load_sam(weights: str | None = None, device: str = "cpu") -> Any:
    """Segment Anything, ready to run; the last one loaded is kept for the next image.

    Parameters
    ----------
    weights : str or None
        A Hugging Face folder (config.json and model.safetensors) or an official ``.pth``
        file; without it, what ``PREMASK_SAM_WEIGHTS`` names.
    device : str
        ``"cpu"``, ``"cuda"`` or another device of torch.

    Returns
    -------
    transformers.SamModel
        In evaluation mode, in float32.

    Raises
    ------
    PremaskError
        If there are no weights, they changed since their first use, or cannot be read.
    """
    path = find_weights(weights)
    return _load(path.absolute(), pinned_checksum(path), device)


@lru_cache(maxsize=1)
def _load(path: Path, checksum: str, device: str) -> Any:
    import torch

    folder = path if path.is_dir() else converted(path, checksum)
    model = build(read_config(folder), read_safetensors(folder / FOLDER_FILES[1]), str(folder))
    try:
        return model.to(torch.device(device))
    except (RuntimeError, AssertionError) as error:
        # torch says in one of these two that it was built without, or sees no, such device
        reason = str(error).splitlines()[0]
        raise PremaskError(
            f"sam cannot run on the device {device!r} ({reason}); cpu is always accepted"
        ) from None


def build(config: Any, tensors: Tensors, source: str) -> Any:
    """A SamModel with all of its tensors from a file, and none left as it was initialised."""
    import torch
    from transformers import SamModel

    tensors = dict(tensors)
    for name, twin in ((SHARED_POSITION, PROMPT_POSITION), (PROMPT_POSITION, SHARED_POSITION)):
        if name not in tensors and twin in tensors:  # one matrix, which a file may hold once
            tensors[name] = tensors[twin]
    with torch.device("meta"):  # no random initialisation only to overwrite it
        model = SamModel(config)
    expected = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in tensors.items()}
    wrong = sorted(name for name, shape in expected.items() if found.get(name) != shape)
    if wrong:
        name = wrong[0]
        raise PremaskError(
            f"{source} does not hold the weights of Segment Anything: {len(wrong)} of"
            f" {len(expected)} tensors are missing or of another shape, the first {name}"
            f" (expected {expected[name]}, found {found.get(name, 'none')})"
        )
    floats = {name: tensors[name].to(torch.float32) for name in expected}
    model.load_state_dict(floats, assign=True)
    model.requires_grad_(False)
    model.train(False)
    return model


def read_config(folder: Path) -> Any:
    """The SamConfig of a Hugging Face folder."""
    from transformers import SamConfig

    file = folder / FOLDER_FILES[0]
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        kind = content.get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise PremaskError(f"{file} cannot be read as JSON ({error}); get it again") from None
    if kind != "sam":
        raise PremaskError(
            f"{file} describes a model of type {kind!r}; sam is accepted (Segment Anything 1,"
            " e.g. facebook/sam-vit-base)"
        )
    try:
        return SamConfig.from_dict(content)
    except Exception as error:  # each version of transformers raises types of its own
        reason = " ".join(str(error).split())
        raise PremaskError(f"{file} is not a valid configuration: {reason}") from None


def read_safetensors(file: Path) -> Tensors:
    """All tensors of a safetensors file."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(file))
    except (SafetensorError, OSError) as error:
        raise PremaskError(
            f"{file} is damaged or is not a safetensors file ({error}); get it again"
        ) from None


def converted(path: Path, checksum: str) -> Path:
    """The folder in the cache that holds an official checkpoint as safetensors.

    Made on the first use, under the checksum of the ``.pth`` file, whole or not at all.
    """
    target = cache_folder(KIND) / checksum
    if target.is_dir():
        return target
    from safetensors import SafetensorError

    tensors = official_to_transformers(read_checkpoint(path))
    config = infer_config(tensors, str(path))
    build(config, tensors, str(path))  # refuses what is not Segment Anything before it is kept
    try:
        _write_folder(target, config, tensors)
    except (OSError, SafetensorError) as error:
        raise PremaskError(
            f"the converted weights cannot be written to {target} ({error});"
            f" set {CACHE_ENVIRONMENT} to a folder with free space"
        ) from None
    return target


def _write_folder(target: Path, config: Any, tensors: Tensors) -> None:
    from safetensors.torch import save_file

    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
    try:
        save_file(
            # safetensors takes no views: tensors of one storage are given one each
            {name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()},
            temporary / FOLDER_FILES[1],
        )
        (temporary / FOLDER_FILES[0]).write_text(
            json.dumps(config.to_dict(), indent=2), encoding="utf-8"
        )
        for name in FOLDER_FILES:
            with (temporary / name).open("rb+") as stream:
                os.fsync(stream.fileno())
        try:
            temporary.rename(target)
        except OSError:
            if not target.is_dir():  # another process was first: its folder is the same
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
