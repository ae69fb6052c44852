"""Segment Anything: masks from a grid of prompts, merged where they overlap, then grouped.

The paper (section 2) takes SAM's masks "post-processed to merge overlapping regions and
extract majority classes" and says no more. Here: masks of the automatic generator with its
published settings, duplicates dropped, the small painted over the large, what no mask covers
as one more region, and regions grouped by their grey level and texture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import Image, window
from premask.features.filters import filter_bank
from premask.features.region_statistics import region_means, region_statistics, standardised
from premask.preannotators.clustering import weighted_kmeans
from premask.preannotators.one_dimensional import cluster_positions
from premask.preannotators.sam_masks import (
    Frame,
    Mask,
    grid_points,
    pack,
    paint,
    stability,
    suppress,
    upsample,
)
from premask.preannotators.sam_model import load_sam

# Mean and standard deviation of the red, green and blue levels that the encoder was trained
# with, as in the authors' code.
PIXEL_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
PIXEL_STD = np.array([58.395, 57.12, 57.375], np.float32)

DESCRIPTIONS = ("grey", "texture")
TEXTURES = {"blur", "std", "edges"}


def sam(
    image: Image,
    n_classes: int,
    *,
    seed: int = 0,
    weights: str = "",
    points_per_side: int = 32,
    points_per_batch: int = 4,
    pred_iou_thresh: float = 0.88,
    stability_score_thresh: float = 0.95,
    nms_thresh: float = 0.7,
    describe: str = "texture",
    device: str = "cpu",
) -> NDArray[np.uint8]:
    """Divide a micrograph by Segment Anything's masks (paper, section 2).

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    n_classes : int
        Number of regions.
    seed : int
        Of the clustering; the masks do not depend on it.
    weights : str
        An official ``.pth`` file or a Hugging Face folder (config.json and
        model.safetensors); without it, what ``PREMASK_SAM_WEIGHTS`` names.
    points_per_side : int
        The prompts are a grid of n x n points. Twice as many find smaller particles and take
        four times as long.
    points_per_batch : int
        Prompts decoded at once: 4 is best on a processor (0.25 GB), 64 on a graphics card; the
        masks are the same.
    pred_iou_thresh : float
        Masks whose IoU the model itself estimates at less are dropped; 0 keeps all.
    stability_score_thresh : float
        Masks that change more with their threshold are dropped; 0 keeps all.
    nms_thresh : float
        Of two masks whose IoU is larger, the one with the lower score is dropped.
    describe : str
        What regions are grouped by: ``"grey"``, their mean value (exact for grey
        micrographs), or ``"texture"``, in addition the standard deviation inside them, and
        local means, deviations and edges at 2, 4 and 8 px.
    device : str
        ``"cpu"`` or ``"cuda"``.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        0 .. n_classes - 1; fewer where fewer regions were found.

    Raises
    ------
    PremaskError
        Without weights (the message says which file to get), for an option out of range, and
        if no mask passes the thresholds.
    """
    _check_counts(points_per_side=points_per_side, points_per_batch=points_per_batch)
    _check_shares(
        pred_iou_thresh=pred_iou_thresh,
        stability_score_thresh=stability_score_thresh,
        nms_thresh=nms_thresh,
    )
    if describe not in DESCRIPTIONS:
        raise PremaskError(f"describe is {describe!r}; {' or '.join(DESCRIPTIONS)} is accepted")
    model = load_sam(weights, device)
    proposed = propose(
        image,
        model,
        points_per_side=points_per_side,
        points_per_batch=points_per_batch,
        pred_iou_thresh=pred_iou_thresh,
        stability_score_thresh=stability_score_thresh,
    )
    shape = (image.shape[0], image.shape[1])
    regions = paint(suppress(list(proposed), nms_thresh), shape)
    if regions.min() == regions.max():
        raise PremaskError(
            "Segment Anything found nothing to divide this micrograph by: no masks, or only one"
            f" over all of it, with pred_iou_thresh {pred_iou_thresh:g} and"
            f" stability_score_thresh {stability_score_thresh:g}; lower them, e.g. --option"
            " sam.pred_iou_thresh=0.7 --option sam.stability_score_thresh=0.85"
        )
    return group(regions, image, n_classes, seed=seed, describe=describe)


def _check_counts(**options: int) -> None:
    for name, value in options.items():
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 256:
            raise PremaskError(f"{name} is {value!r}; a whole number from 1 to 256 is accepted")


def _check_shares(**options: float) -> None:
    for name, value in options.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise PremaskError(f"{name} is {value!r}; a number from 0 to 1 is accepted")


def propose(
    image: Image,
    model: Any,
    *,
    points_per_side: int = 32,
    points_per_batch: int = 4,
    pred_iou_thresh: float = 0.88,
    stability_score_thresh: float = 0.95,
) -> Iterator[Mask]:
    """Masks of a micrograph for a grid of prompts, three per prompt, duplicates included.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    model : transformers.SamModel
        From :func:`premask.preannotators.sam_model.load_sam`.
    points_per_side, points_per_batch, pred_iou_thresh, stability_score_thresh
        As in :func:`sam`.

    Yields
    ------
    Mask
        One at a time, so that never more than one is in memory unpacked.
    """
    frame = Frame(image.shape[0], image.shape[1], int(model.config.vision_config.image_size))
    points = grid_points(points_per_side, frame)
    embedding = embed(image, model)
    for start in range(0, len(points), points_per_batch):
        logits, scores = decode(embedding, points[start : start + points_per_batch], model)
        passed = scores > pred_iou_thresh if pred_iou_thresh > 0 else np.ones_like(scores, bool)
        for low, score in zip(logits[passed], scores[passed], strict=True):
            full = upsample(low, frame)
            steady = stability(full)
            if stability_score_thresh > 0 and steady < stability_score_thresh:
                continue
            mask = pack(full > 0, float(score), steady)
            if mask is not None:
                yield mask


def embed(image: Image, model: Any) -> Any:
    """What the encoder makes of a micrograph, a tensor of shape (1, C, h, h)."""
    import torch

    square = prepare(image, int(model.config.vision_config.image_size))
    with torch.inference_mode():
        return model.get_image_embeddings(torch.from_numpy(square).to(model.device))


def decode(
    embedding: Any, points: NDArray[np.float32], model: Any
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Three masks for each prompt.

    Parameters
    ----------
    embedding : torch.Tensor
        From :func:`embed`.
    points : ndarray of float32, shape (N, 2)
        x and y in px of the encoder's square.
    model : transformers.SamModel

    Returns
    -------
    logits : ndarray of float32, shape (N, 3, h, h)
    scores : ndarray of float32, shape (N, 3)
        The model's estimates of the masks' IoU.
    """
    import torch

    with torch.inference_mode():
        prompts = torch.from_numpy(points)[None, :, None, :].to(model.device)
        output = model(image_embeddings=embedding, input_points=prompts, multimask_output=True)
        return output.pred_masks[0].cpu().numpy(), output.iou_scores[0].cpu().numpy()


def prepare(image: Image, side: int) -> NDArray[np.float32]:
    """The encoder's input: longer side resized, normalised, padded with zeros below and right.

    Returns
    -------
    ndarray of float32, shape (1, 3, side, side)
        Grey micrographs become three equal channels; 16 bit is windowed.
    """
    from PIL import Image as Picture

    view = window(image)
    frame = Frame(view.shape[0], view.shape[1], side)
    height, width = frame.resized
    # Pillow's bilinear filter averages when it shrinks; it is what the encoder was trained on.
    resized = Picture.fromarray(view).resize((width, height), Picture.Resampling.BILINEAR)
    levels = np.asarray(resized, np.float32)
    if levels.ndim == 2:
        levels = np.repeat(levels[:, :, None], 3, axis=2)
    square = np.zeros((1, 3, side, side), np.float32)
    square[0, :, :height, :width] = ((levels - PIXEL_MEAN) / PIXEL_STD).transpose(2, 0, 1)
    return square


def group(
    regions: NDArray[np.int32],
    image: Image,
    n_classes: int,
    *,
    seed: int = 0,
    describe: str = "texture",
) -> NDArray[np.uint8]:
    """Group regions into classes, each region weighted by its area.

    The paper says "extract majority classes" and no more.

    Parameters
    ----------
    regions : ndarray of int32, shape (H, W)
        0 .. n; a number may be absent.
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    n_classes : int
        Fewer come back where there are fewer regions.
    seed : int
        Of the starts of k-means.
    describe : str
        ``"grey"`` or ``"texture"``, as in :func:`sam`.

    Returns
    -------
    ndarray of uint8, shape (H, W)
    """
    values = np.moveaxis(image, -1, 0) if image.ndim == 3 else image[np.newaxis]
    found = region_statistics(regions, values)
    present = np.flatnonzero(found.area)
    areas, features = found.area[present], found.mean[present]
    if describe == "texture":
        channels, names = filter_bank(image)
        textures = [i for i, name in enumerate(names) if name.split()[0] in TEXTURES]
        features = np.hstack(
            [features, found.std[present], region_means(regions, channels[textures])[present]]
        )
    if features.shape[1] == 1:
        classes = cluster_positions(features[:, 0], areas, n_classes)
    else:
        scaled = standardised(features, areas)
        classes = weighted_kmeans(scaled, areas, n_classes, seed=seed).labels
    table = np.zeros(len(found.area), np.uint8)
    table[present] = classes
    labels: NDArray[np.uint8] = table[regions]
    return labels
