"""Training images, an index of where each phase is, and crops drawn from them."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.phases import VOID
from premask.train.augment import AUGMENTATIONS, LARGEST_SCALE

Levels = NDArray[np.uint8]
Labels = NDArray[np.uint8]
Read = Callable[[], tuple[Levels, Labels]]

Step = Callable[[str, int, int, float], None]
"""Is told what is counted, how many are done, of how many, and the seconds there are at most."""

PLACES = 2000
"""Pixels of each phase and image that the index remembers."""

KEPT = 4 << 30
"""Bytes of images that are kept in memory; those beyond are read again for each crop."""


def silent(what: str, done: int, total: int, most: float) -> None:
    """A :data:`Step` that tells nobody."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled image.

    Attributes
    ----------
    stem : str
    read : callable
        Gives 8-bit levels (H, W) or (H, W, 3) and labels (H, W), 255 = void.
    type : str or None
        Processing type.
    """

    stem: str
    read: Read
    type: str | None = None


@dataclass(frozen=True, eq=False)
class Index:
    """What is known of a set of images before training begins.

    Attributes
    ----------
    shapes : tuple of (int, int)
    pixels : ndarray of int64, shape (n_phases,)
        Labelled pixels of each phase.
    places : tuple of dict of int to ndarray
        For each phase, by the number of the image, flat positions of some of its pixels.
    coloured : bool
        Whether any image has colours.
    """

    shapes: tuple[tuple[int, int], ...]
    pixels: NDArray[np.int64]
    places: tuple[dict[int, NDArray[np.int64]], ...]
    coloured: bool


def keep(samples: Sequence[Sample], budget: int = KEPT) -> list[Sample]:
    """The same samples, their images kept in memory once they are read, as far as they fit."""
    held: dict[str, tuple[Levels, Labels]] = {}
    lock = threading.Lock()
    room = budget

    def kept(sample: Sample) -> Read:
        def read() -> tuple[Levels, Labels]:
            nonlocal room
            if (found := held.get(sample.stem)) is not None:
                return found
            levels, labels = sample.read()
            size = levels.nbytes + labels.nbytes
            with lock:
                if sample.stem not in held and size <= room:
                    held[sample.stem] = levels, labels
                    room -= size
            return levels, labels

        return read

    return [Sample(sample.stem, kept(sample), sample.type) for sample in samples]


def make_index(
    samples: Sequence[Sample], n_phases: int, seed: int = 0, step: Step = silent
) -> Index:
    """Look through the images once.

    Raises
    ------
    PremaskError
        For no image, a label map of another size than its image, a value that is no phase, and
        a set without a labelled pixel.
    """
    if not samples:
        raise PremaskError("there is no image to train on; give a split with a part train")
    step("images read", 0, len(samples), math.inf)
    shapes, coloured = [], False
    pixels = np.zeros(n_phases, np.int64)
    places: list[dict[int, NDArray[np.int64]]] = [{} for _ in range(n_phases)]
    for number, sample in enumerate(samples):
        levels, labels = sample.read()
        counts = _checked_counts(sample.stem, levels, labels, n_phases)
        step("images read", number + 1, len(samples), math.inf)
        shapes.append((labels.shape[0], labels.shape[1]))
        coloured = coloured or levels.ndim == 3
        pixels += counts
        rng = np.random.default_rng([seed, number])
        flat = labels.ravel()
        for phase in np.flatnonzero(counts):
            found = np.flatnonzero(flat == phase)
            if len(found) > PLACES:
                found = found[rng.integers(0, len(found), PLACES)]
            places[phase][number] = found
    if not pixels.any():
        raise PremaskError("no pixel of the training images is labelled (all are void)")
    return Index(tuple(shapes), pixels, tuple(places), coloured)


def _checked_counts(stem: str, levels: Levels, labels: Labels, n_phases: int) -> NDArray[np.int64]:
    if levels.shape[:2] != labels.shape:
        raise PremaskError(
            f"{stem}: the image is {levels.shape[1]}x{levels.shape[0]} px and its label map"
            f" {labels.shape[1]}x{labels.shape[0]} px; both must be of one size"
        )
    counts = np.bincount(labels.ravel(), minlength=256)
    strange = np.flatnonzero(counts[n_phases:VOID]) + n_phases
    if len(strange):
        raise PremaskError(
            f"{stem}: the label map has the value {strange[0]} in {counts[strange[0]]} px;"
            f" 0 to {n_phases - 1} and {VOID} for void are accepted with {n_phases} phases"
        )
    return counts[:n_phases].astype(np.int64)


def crop_side(index: Index, wanted: int) -> int:
    """Side of the crops, px: no larger than the largest image needs, a multiple of 32."""
    largest = max(max(shape) for shape in index.shapes)
    return min(wanted, -(-largest // 32) * 32)


def draw(
    index: Index, balance: float, window: int, rng: np.random.Generator
) -> tuple[int, int, int]:
    """Where a crop is cut: the number of an image, and the top left corner of the window.

    With the chance ``balance`` a phase is drawn, all with equal chances, then an image that
    has it, then a pixel of it, which lies anywhere in the window. Else all places are
    equally likely.
    """
    if rng.random() < balance:
        phase = int(rng.choice(np.flatnonzero(index.pixels)))
        images = sorted(index.places[phase])
        number = images[int(rng.integers(len(images)))]
        spots = index.places[phase][number]
        row, column = divmod(int(spots[int(rng.integers(len(spots)))]), index.shapes[number][1])
    else:
        areas = np.array([height * width for height, width in index.shapes], np.float64)
        number = int(rng.choice(len(areas), p=areas / areas.sum()))
        height, width = index.shapes[number]
        row, column = int(rng.integers(height)), int(rng.integers(width))
    corner = [
        _within(place - int(rng.integers(window)), size, window)
        for place, size in zip((row, column), index.shapes[number], strict=True)
    ]
    return number, corner[0], corner[1]


def _within(start: int, size: int, window: int) -> int:
    return min(max(start, 0), max(size - window, 0))


def make_crop(
    samples: Sequence[Sample],
    index: Index,
    *,
    crop: int,
    channels: int,
    balance: float,
    augment: Sequence[str],
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """One crop, augmented.

    Parameters
    ----------
    crop : int
        Side, px.
    channels : int
        1 or 3.
    augment : sequence of str
        From :func:`premask.train.augment.chosen`.
    rng : Generator
        All that is random hangs on it.

    Returns
    -------
    levels : ndarray of float32, shape (channels, crop, crop)
        0 to 255.
    labels : ndarray of int64, shape (crop, crop)
    """
    largest = float(np.log(LARGEST_SCALE)) if "scale" in augment else 0.0
    window = max(8, round(crop / float(np.exp(rng.uniform(-largest, largest)))))
    number, top, left = draw(index, balance, window, rng)
    levels, labels = samples[number].read()
    here = slice(top, top + window), slice(left, left + window)
    picture, truth = _cut(levels[here], labels[here], window, crop)
    for name in augment:
        picture, truth = AUGMENTATIONS[name](picture, truth, rng)
    planes = np.moveaxis(picture, -1, 0) if picture.ndim == 3 else picture[np.newaxis]
    planes = np.broadcast_to(planes, (channels, crop, crop))
    return np.ascontiguousarray(planes, np.float32), np.ascontiguousarray(truth, np.int64)


def _cut(
    levels: Levels, labels: Labels, window: int, crop: int
) -> tuple[NDArray[np.float32], Labels]:
    """A window, mirrored where the image ends, brought to the size of a crop."""
    below, right = window - labels.shape[0], window - labels.shape[1]
    if below or right:
        levels, labels = (
            np.asarray(cv2.copyMakeBorder(part, 0, below, 0, right, cv2.BORDER_REFLECT), np.uint8)
            for part in (levels, labels)
        )
    picture: NDArray[np.float32] = levels.astype(np.float32)
    if window != crop:
        kind = cv2.INTER_AREA if window > crop else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(picture, (crop, crop), interpolation=kind), np.float32)
        labels = np.asarray(
            cv2.resize(labels, (crop, crop), interpolation=cv2.INTER_NEAREST_EXACT), np.uint8
        )
    return picture, labels
