"""Kanezaki's unsupervised network, trained from scratch on each micrograph.

A. Kanezaki, Unsupervised image segmentation by backpropagation, ICASSP 2018 (paper,
reference 21), and W. Kim, A. Kanezaki, M. Tanaka, Unsupervised learning of image
segmentation based on differentiable feature clustering, IEEE Transactions on Image
Processing 29, 2020, whose loss is the one that the paper describes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import Image
from premask.features.felzenszwalb import felzenszwalb
from premask.features.slic import slic
from premask.preannotators.cnn_network import build, forward, train
from premask.preannotators.cnn_presets import (
    Channels,
    Preset,
    authors_view,
    network_shape,
    preset_of,
    reference_channels,
    texture_channels,
)
from premask.preannotators.cnn_regions import (
    label_responses,
    merge_neighbours,
    piece_responses,
    pieces_of,
    ward,
)

if TYPE_CHECKING:
    import torch

SLIC_SUPERPIXELS, SLIC_COMPACTNESS = 10_000, 100.0
SCALE, SIGMA, AREA_SHARE = 100.0, 0.8, 1e-4
"""Superpixels of the fast preset: fine ones, of at least a ten-thousandth of the image."""


def cnn(
    image: Image,
    n_classes: int,
    *,
    seed: int = 0,
    preset: str = "fast",
    iterations: int | None = None,
    longest_side: int | None = None,
    continuity: float | None = None,
    fragments: int = 200,
    grouping: Literal["responses", "argmax"] = "responses",
) -> NDArray[np.int64]:
    """Train a small network to agree with its own labels, and keep the labels.

    Each step takes the strongest of the network's responses at every pixel as that
    pixel's label and trains for them (similar features, one label), while neighbouring
    responses are drawn together (spatial continuity). Labels die out on the way.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    n_classes : int
        Regions asked for. Labels that survive beyond it are merged by Ward's criterion on
        their mean responses, weighted by area.
    seed : int
        Of the network's first weights.
    preset : {"fast", "reference", "reference-2018"}
        "reference": the authors' network of 2020, at full size: minutes to hours, and
        7 GB for 1280x959 px. "reference-2018": without the continuity loss, but training
        for the majority of each of 10,000 SLIC superpixels. "fast": a third of the
        channels at a reduced size, with texture as further input.
    iterations : int, optional
        Training steps at most; 128 (100 for "fast").
    longest_side : int, optional
        The network sees the image reduced to this, px; the full size (256 for "fast").
    continuity : float, optional
        Weight of the continuity loss; more gives fewer, smoother regions.
    fragments : int
        "fast" only: connected pieces of the result at most. More keeps finer detail.
    grouping : {"responses", "argmax"}
        "fast" only: how pieces become regions. "argmax" is the strongest response, as in
        training, which may leave fewer regions than asked for; "responses" groups the
        pieces by all of their responses and gives the number asked for.

    Returns
    -------
    ndarray of int64, shape (H, W)
        0 to n_classes - 1 at most.

    Raises
    ------
    PremaskError
        For options out of range and images under 16 px on a side.

    Notes
    -----
    The "fast" result is made of Felzenszwalb's superpixels of the full-size image: each
    takes its mean response, touching ones are joined by Ward's criterion until
    ``fragments`` remain, and these become regions by ``grouping``.

    The same image, options, seed and machine give the same bytes. "fast" trains on one
    thread; the references on as many as torch is set to, which then must be the same too.
    """
    if fragments < 1:
        raise PremaskError(f"fragments is {fragments}; 1 or more is accepted, e.g. 200")
    if grouping not in {"responses", "argmax"}:
        raise PremaskError(f"grouping is {grouping!r}; responses and argmax are accepted")
    settings = preset_of(
        preset, iterations=iterations, longest_side=longest_side, continuity=continuity
    )
    responses = respond(image, settings, n_classes, seed)
    if settings.superpixels == "felzenszwalb":
        return _from_superpixels(image, responses, n_classes, fragments, grouping)
    labels = np.unique(responses.argmax(axis=0), return_inverse=True)[1]
    labels = labels.reshape(responses.shape[1:]).astype(np.int64)
    merged = ward(*label_responses(labels, responses), n_classes)[labels]
    height, width = image.shape[:2]
    nearest = cv2.resize(merged.astype(np.int32), (width, height), interpolation=cv2.INTER_NEAREST)
    return nearest.astype(np.int64)


def respond(image: Image, settings: Preset, n_classes: int, seed: int) -> Channels:
    """Train on an image and return the final responses (C, h, w)."""
    import torch

    shape = network_shape(image, settings.longest_side)
    seen = (texture_channels if settings.texture else reference_channels)(image, shape)
    inputs = torch.from_numpy(seen)[None]
    if settings.texture:
        # Halves the time of a step with few channels. The reference keeps the authors' order.
        inputs = inputs.to(memory_format=torch.channels_last)
    layers = build(len(seen), channels=settings.channels, seed=seed)
    with _one_thread() if settings.one_thread else nullcontext():
        train(
            layers,
            inputs,
            iterations=settings.iterations,
            min_labels=settings.min_labels or n_classes,
            continuity_weight=settings.continuity,
            refine=_majority_of_slic(image, shape) if settings.superpixels == "slic" else None,
        )
        with torch.no_grad():
            responses: Channels = forward(layers, inputs)[0].numpy()
    return responses


@contextmanager
def _one_thread() -> Iterator[None]:
    """Hold torch to one thread, then give back what was set.

    Steps of a few milliseconds gain little from a second thread and wait for it whenever
    its core is busy: on a loaded machine two threads took ten times as long as one. And
    the result no longer depends on the number of cores.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def majority(labels: NDArray[np.int64], superpixels: NDArray[np.int32]) -> NDArray[np.int64]:
    """Give each superpixel its most frequent label, the lowest of equally frequent ones."""
    n_labels = int(labels.max()) + 1
    joint = np.bincount(superpixels.ravel().astype(np.int64) * n_labels + labels.ravel())
    padded = np.zeros((int(superpixels.max()) + 1) * n_labels, np.int64)
    padded[: len(joint)] = joint
    winners: NDArray[np.int64] = padded.reshape(-1, n_labels).argmax(axis=1)[superpixels]
    return winners


def _majority_of_slic(
    image: Image, shape: tuple[int, int]
) -> Callable[[torch.Tensor], torch.Tensor]:
    import torch

    # Blue first, as the authors give it: their superpixels take blue for red.
    view = authors_view(image, shape)
    superpixels = slic(view, n_segments=SLIC_SUPERPIXELS, compactness=SLIC_COMPACTNESS)

    def refine(labels: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(majority(labels.numpy(), superpixels))

    return refine


def _from_superpixels(
    image: Image, responses: Channels, n_classes: int, fragments: int, grouping: str
) -> NDArray[np.int64]:
    height, width = image.shape[:2]
    superpixels = felzenszwalb(
        image, scale=SCALE, sigma=SIGMA, min_size=round(AREA_SHARE * height * width)
    )
    # Felzenszwalb joins across corners; what the eye counts as one piece is 4-connected.
    pieces = pieces_of(superpixels)
    target, means, areas = merge_neighbours(
        pieces, *piece_responses(pieces, responses), max(fragments, n_classes)
    )
    if grouping == "responses":
        return ward(means, areas, n_classes)[target][pieces]
    labels = np.unique(means.argmax(axis=1), return_inverse=True)[1]
    weights = np.stack([areas * (labels == label) for label in range(labels.max() + 1)])
    of_label = weights.sum(axis=1)
    merged = ward(weights @ means / of_label[:, None], of_label, n_classes)
    return merged[labels][target][pieces]
