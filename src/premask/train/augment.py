"""What may happen to a crop: what a microscope does from one day to the next, and no more."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest

Grey = NDArray[np.float32]
Labels = NDArray[np.uint8]
Augment = Callable[[Grey, Labels, np.random.Generator], tuple[Grey, Labels]]
"""Levels (h, w) or (h, w, 3) from 0 to 255, labels (h, w), a generator; the same, changed."""


def flip(levels: Grey, labels: Labels, rng: np.random.Generator) -> tuple[Grey, Labels]:
    """Mirror in either direction."""
    if rng.random() < 0.5:
        levels, labels = levels[:, ::-1], labels[:, ::-1]
    if rng.random() < 0.5:
        levels, labels = levels[::-1], labels[::-1]
    return levels, labels


def turn(levels: Grey, labels: Labels, rng: np.random.Generator) -> tuple[Grey, Labels]:
    """Turn by a multiple of 90 degrees; square crops alone."""
    quarters = int(rng.integers(4))
    return np.rot90(levels, quarters), np.rot90(labels, quarters)


def grey(levels: Grey, labels: Labels, rng: np.random.Generator) -> tuple[Grey, Labels]:
    """Other brightness, contrast and gamma, as with another setting of the detector."""
    gain, offset = rng.uniform(0.75, 1.3), rng.uniform(-25, 25)
    gamma = np.exp(rng.uniform(-0.25, 0.25))
    scaled = np.clip((levels - 128) * gain + 128 + offset, 0, 255)
    changed: Grey = (255 * (scaled / 255) ** gamma).astype(np.float32)
    return changed, labels


def blur(levels: Grey, labels: Labels, rng: np.random.Generator) -> tuple[Grey, Labels]:
    """Out of focus by up to 1.5 px, in three crops of ten."""
    if rng.random() < 0.3:
        sigma = rng.uniform(0.3, 1.5)
        levels = np.asarray(cv2.GaussianBlur(levels, (0, 0), sigma), np.float32)
    return levels, labels


def noise(levels: Grey, labels: Labels, rng: np.random.Generator) -> tuple[Grey, Labels]:
    """A detector's noise of up to 8 grey levels, in three crops of ten."""
    if rng.random() < 0.3:
        added = rng.standard_normal(levels.shape, np.float32) * np.float32(rng.uniform(1, 8))
        levels = np.clip(levels + added, 0, 255)
    return levels, labels


def scale(levels: Grey, labels: Labels, rng: np.random.Generator) -> tuple[Grey, Labels]:
    """Another magnification; done where the crop is cut, so that nothing is cut off twice."""
    del rng
    return levels, labels


AUGMENTATIONS: dict[str, Augment] = {
    "flip": flip,
    "turn": turn,
    "scale": scale,
    "grey": grey,
    "blur": blur,
    "noise": noise,
}
"""By name, in the order in which they happen."""

LARGEST_SCALE = 1.5
"""Crops are magnified by between one over this and this."""


def chosen(names: str) -> tuple[str, ...]:
    """The augmentations of a list separated by commas, in the order in which they happen.

    Raises
    ------
    PremaskError
        For a name that there is not.

    Examples
    --------
    >>> chosen("grey,flip"), chosen("none")
    (('flip', 'grey'), ())
    """
    wanted = [name.strip() for name in names.split(",") if name.strip() not in {"", "none"}]
    for name in wanted:
        if name not in AUGMENTATIONS:
            raise PremaskError(
                f"no augmentation {name!r}; {', '.join(AUGMENTATIONS)} and none are accepted"
                f"{nearest(name, AUGMENTATIONS)}"
            )
    return tuple(name for name in AUGMENTATIONS if name in wanted)
