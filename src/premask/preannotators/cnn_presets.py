"""The settings under which Kanezaki's network runs, and how it sees an image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest
from premask.core.micrograph import Image, grey, window
from premask.features.filters import blur, gradient, local_std

Channels = NDArray[np.float32]
Superpixels = Literal["none", "slic", "felzenszwalb"]

SMALLEST_SIDE = 16
"""Below this, in px, two 3x3 layers and their normalisation see mostly the border."""


@dataclass(frozen=True)
class Preset:
    """One way to run the method.

    Attributes
    ----------
    channels : int
        Of every layer; also the largest number of labels.
    iterations : int
    continuity : float
        Weight of the spatial continuity loss; that of the similarity is 1.
    longest_side : int or None
        The network sees the image reduced to this, px; None for its full size.
    texture : bool
        Whether it sees the grey level's blur, deviation and edges beside the pixels.
    superpixels : {"none", "slic", "felzenszwalb"}
        "slic": the training target is the majority of each superpixel (2018).
        "felzenszwalb": the result is made of superpixels, joined by their responses.
    min_labels : int or None
        Training stops at this many labels; None for the number of regions asked for.
    one_thread : bool
        Whether torch is held to one thread while it trains.
    """

    channels: int = 100
    iterations: int = 128
    continuity: float = 1.0
    longest_side: int | None = None
    texture: bool = False
    superpixels: Superpixels = "none"
    min_labels: int | None = 3
    one_thread: bool = False


PRESETS = {
    "fast": Preset(
        channels=32,
        iterations=100,
        continuity=1.0,
        longest_side=256,
        texture=True,
        superpixels="felzenszwalb",
        min_labels=None,
        one_thread=True,
    ),
    "reference": Preset(),
    "reference-2018": Preset(continuity=0.0, superpixels="slic"),
}


def preset_of(
    name: str, *, iterations: int | None, longest_side: int | None, continuity: float | None
) -> Preset:
    """A preset with what the caller changes of it; None keeps the preset's value."""
    if name not in PRESETS:
        raise PremaskError(
            f"cnn has no preset {name!r}; the presets are {', '.join(PRESETS)}"
            f"{nearest(name, PRESETS)}"
        )
    preset = PRESETS[name]
    if iterations is not None:
        if not 1 <= iterations <= 10_000:
            raise PremaskError(f"iterations is {iterations}; 1 to 10000 are accepted, e.g. 100")
        preset = replace(preset, iterations=iterations)
    if longest_side is not None:
        if longest_side < SMALLEST_SIDE:
            raise PremaskError(
                f"longest_side is {longest_side} px; at least {SMALLEST_SIDE} is accepted, e.g. 320"
            )
        preset = replace(preset, longest_side=longest_side)
    if continuity is not None:
        if not (np.isfinite(continuity) and continuity >= 0):
            raise PremaskError(f"continuity is {continuity}; 0 or more is accepted, e.g. 1")
        preset = replace(preset, continuity=continuity)
    return preset


def network_shape(image: Image, longest_side: int | None) -> tuple[int, int]:
    """Height and width of what the network sees; never larger than the image.

    Raises
    ------
    PremaskError
        For an image that is too small.
    """
    height, width = image.shape[:2]
    if min(height, width) < SMALLEST_SIDE:
        raise PremaskError(
            f"the image is {width}x{height} px; cnn needs at least {SMALLEST_SIDE} px on each"
            " side: use multi-otsu or kmeans for so small an image"
        )
    factor = min(1.0, (longest_side or max(height, width)) / max(height, width))
    return max(round(height * factor), SMALLEST_SIDE), max(round(width * factor), SMALLEST_SIDE)


def authors_view(image: Image, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The image as the authors' programs read it: blue, green, red, (h, w, 3).

    A grey image has three equal channels; 16 bits are windowed.
    """
    view = window(image)
    colours = np.stack([view] * 3, axis=2) if view.ndim == 2 else view[..., ::-1]
    small = cv2.resize(np.ascontiguousarray(colours), shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def reference_channels(image: Image, shape: tuple[int, int]) -> Channels:
    """What the authors' network sees: :func:`authors_view` from 0 to 1, (3, h, w)."""
    small = authors_view(image, shape).transpose(2, 0, 1)
    return np.ascontiguousarray(small, np.float32) / np.float32(255)


def texture_channels(image: Image, shape: tuple[int, int]) -> Channels:
    """Pixels and the texture around them, each standardised, (C, h, w).

    Texture is measured at the image's full size, before it is reduced: at the network's
    own size fine lamellae are already a flat grey. The windows grow with the reduction,
    so that they span 1 to 4 px of what the network sees.
    """
    view = window(image)
    colours = [view] if view.ndim == 2 else [view[..., i] for i in range(3)]
    light = np.asarray(window(grey(image)), np.float32)
    step = max(1.0, max(light.shape) / max(shape))
    fine = np.asarray(cv2.GaussianBlur(light, (0, 0), 1.0), np.float32)
    edges = gradient(fine)
    full = [
        *(colour.astype(np.float32) for colour in colours),
        local_std(light, step),
        local_std(light, 2.5 * step),
        blur(light, 4 * step),
        blur(np.asarray(edges, np.float32), 3 * step),
    ]
    small = np.stack([cv2.resize(c, shape[::-1], interpolation=cv2.INTER_AREA) for c in full])
    centred = small - small.mean(axis=(1, 2), keepdims=True)
    scaled: Channels = centred / np.maximum(small.std(axis=(1, 2), keepdims=True), 1e-6)
    return scaled
