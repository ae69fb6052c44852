"""Read an official ``.pth`` checkpoint of Segment Anything: tensors only, names translated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from premask.core.errors import PremaskError

if TYPE_CHECKING:
    from torch import Tensor

Tensors = dict[str, "Tensor"]

PROMPT_POSITION = "prompt_encoder.shared_embedding.positional_embedding"

# The authors' names of the layers and those of transformers. The patterns are tried on the
# whole name, in this order, each at most once.
RENAMES: tuple[tuple[str, str], ...] = (
    (r"^image_encoder\.", "vision_encoder."),
    (r"\.blocks\.", ".layers."),
    (r"\.patch_embed\.proj\.", ".patch_embed.projection."),
    (r"\.neck\.0\.", ".neck.conv1."),
    (r"\.neck\.1\.", ".neck.layer_norm1."),
    (r"\.neck\.2\.", ".neck.conv2."),
    (r"\.neck\.3\.", ".neck.layer_norm2."),
    (r"\.pe_layer\.positional_encoding_gaussian_matrix$", ".shared_embedding.positional_embedding"),
    (r"\.point_embeddings\.", ".point_embed."),
    (r"\.mask_downscaling\.0\.", ".mask_embed.conv1."),
    (r"\.mask_downscaling\.1\.", ".mask_embed.layer_norm1."),
    (r"\.mask_downscaling\.3\.", ".mask_embed.conv2."),
    (r"\.mask_downscaling\.4\.", ".mask_embed.layer_norm2."),
    (r"\.mask_downscaling\.6\.", ".mask_embed.conv3."),
    (r"\.output_upscaling\.0\.", ".upscale_conv1."),
    (r"\.output_upscaling\.1\.", ".upscale_layer_norm."),
    (r"\.output_upscaling\.3\.", ".upscale_conv2."),
    (r"\.norm", ".layer_norm"),
)

# The authors' ten heads of perceptrons number their layers 0 .. depth - 1; transformers calls
# the first one proj_in and the last one proj_out.
PERCEPTRON = re.compile(
    r"^(mask_decoder\.(?:iou_prediction_head|output_hypernetworks_mlps\.\d+))\.layers\.(\d+)\.(.+)$"
)


def read_checkpoint(path: Path) -> Tensors:
    """The tensors of a ``.pth`` file; code in it is never run.

    Raises
    ------
    PremaskError
        If the file is damaged, holds anything but tensors, or is not a dictionary of them.
    """
    import pickle

    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = str(error).strip().splitlines()[0].split(". ")[0]
        raise PremaskError(
            f"{path} was refused: it holds more than tensors, which could run code, or is"
            f" damaged ({reason}); use the official file or a safetensors folder"
        ) from None
    except Exception as error:  # torch reports damage by many types
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise PremaskError(
            f"{path} is damaged or is not a PyTorch checkpoint ({reason}); get it again"
        ) from None
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(value, torch.Tensor) for name, value in content.items()
    ):
        raise PremaskError(
            f"{path} is a PyTorch file but not a dictionary of tensors, as Segment Anything's"
            " checkpoints are; save the model's state_dict alone"
        )
    return dict(content)


def official_to_transformers(tensors: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the tensors of an official checkpoint to the names of transformers' SamModel."""
    depth: dict[str, int] = {}
    for name in tensors:
        if match := PERCEPTRON.match(name):
            depth[match[1]] = max(depth.get(match[1], 0), int(match[2]))
    return {
        official_name_to_transformers(name, depth): tensor
        for name, tensor in tensors.items()
        if name not in {"pixel_mean", "pixel_std"}  # constants of the preprocessing
    }


def official_name_to_transformers(name: str, last_layer: Mapping[str, int]) -> str:
    """One name; ``last_layer`` is the number of the last layer of each perceptron."""
    if match := PERCEPTRON.match(name):
        head, layer, rest = match[1], int(match[2]), match[3]
        if layer == 0:
            return f"{head}.proj_in.{rest}"
        if layer == last_layer[head]:
            return f"{head}.proj_out.{rest}"
        return f"{head}.layers.{layer - 1}.{rest}"
    for pattern, replacement in RENAMES:
        name = re.sub(pattern, replacement, name, count=1)
    return name


def infer_config(tensors: Mapping[str, Any], source: str) -> Any:
    """The SamConfig that the shapes of renamed tensors imply.

    Raises
    ------
    PremaskError
        If they are not the tensors of Segment Anything.
    """
    from transformers import SamConfig

    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    try:
        vision = _encoder_options(shapes)
        return SamConfig(
            vision_config=vision,
            prompt_encoder_config={
                "hidden_size": shapes["mask_decoder.iou_token.weight"][1],
                "image_size": vision["image_size"],
                "patch_size": vision["patch_size"],
                "mask_input_channels": shapes["prompt_encoder.mask_embed.conv2.weight"][0],
            },
            mask_decoder_config=_decoder_options(shapes),
        )
    except (KeyError, ValueError, IndexError, ZeroDivisionError) as error:
        raise PremaskError(
            f"{source} does not hold the weights of Segment Anything (no good {error}); use a"
            " file of the GitHub repository facebookresearch/segment-anything"
        ) from None


def _encoder_options(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    width, _, patch, _ = shapes["vision_encoder.patch_embed.projection.weight"]
    side = shapes["vision_encoder.pos_embed"][1]
    layers = _count(shapes, r"vision_encoder\.layers\.(\d+)\.")
    reach = [shapes[f"vision_encoder.layers.{i}.attn.rel_pos_h"] for i in range(layers)]
    windows = [(length + 1) // 2 for length, _ in reach]  # positions from -(w - 1) to w - 1
    return {
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // reach[0][1],
        "global_attn_indexes": [i for i, window in enumerate(windows) if window == side],
        "window_size": min(windows),
        "image_size": side * patch,
        "patch_size": patch,
        "output_channels": shapes["vision_encoder.neck.conv1.weight"][0],
        "mlp_dim": shapes["vision_encoder.layers.0.mlp.lin1.weight"][0],
        "num_pos_feats": shapes[PROMPT_POSITION][1],
    }


def _decoder_options(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    head = "mask_decoder.iou_prediction_head."
    return {
        "hidden_size": shapes["mask_decoder.iou_token.weight"][1],
        "mlp_dim": shapes["mask_decoder.transformer.layers.0.mlp.lin1.weight"][0],
        "num_hidden_layers": _count(shapes, r"mask_decoder\.transformer\.layers\.(\d+)\."),
        "num_attention_heads": 8,  # not in the shapes; all published checkpoints have 8
        "num_multimask_outputs": shapes["mask_decoder.mask_tokens.weight"][0] - 1,
        "iou_head_hidden_dim": shapes[f"{head}proj_in.weight"][0],
        "iou_head_depth": _count(shapes, re.escape(head) + r"(proj_in|proj_out|layers\.\d+)\."),
    }


def _count(names: Iterable[str], pattern: str) -> int:
    return len({match[1] for name in names if (match := re.match(pattern, name))})
