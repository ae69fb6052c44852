"""K-means on the values of the pixels, optionally with their position and filters."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import Image, grey
from premask.preannotators.clustering import nearest_centres, weighted_kmeans
from premask.preannotators.one_dimensional import (
    level_counts,
    look_up,
    optimal_thresholds,
    threshold_table,
)

FILTER_SIGMA = 2.0
N_INIT = 20
MAX_SAMPLE = 50_000


def kmeans(
    image: Image,
    n_classes: int,
    *,
    seed: int = 0,
    position: float = 0.0,
    filters: bool = False,
) -> NDArray[np.uint8]:
    """Cluster the pixels of a micrograph by their values.

    Grey levels alone are clustered exactly: the least sum of squares that there is,
    found on the histogram, for 8 and 16 bit. (It is multi-Otsu's criterion as well: the
    two agree where nothing is smoothed.) Colours are clustered as the distinct ones,
    weighted by their pixels, from twenty k-means++ starts. With position or filters nearly
    every pixel is distinct: the centres then come from at most 50,000 pixels drawn at
    random, and every pixel joins the nearest one.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    n_classes : int
        2 to 64; fewer come back where the image has fewer distinct values.
    seed : int
        Of the starts and the draw; without effect on grey levels alone.
    position : float
        Weight of a pixel's place. At 1 the longer side of the image counts as much as
        the whole range of grey levels. 0 leaves the place out.
    filters : bool
        Add the blurred grey level, its local standard deviation and its gradient
        (sigma 2 px), each scaled to unit variance as are the values.

    Returns
    -------
    ndarray of uint8, shape (H, W)

    Raises
    ------
    PremaskError
        For a negative or infinite weight of the position.

    Examples
    --------
    >>> kmeans(np.array([[10, 11, 90], [200, 90, 10]], np.uint8), 3)
    array([[0, 0, 1],
           [2, 1, 0]], dtype=uint8)
    """
    if not 0 <= position < np.inf:
        raise PremaskError(f"position is {position}; a weight of 0 or more is accepted, e.g. 0.5")
    if position or filters:
        return _of_features(image, n_classes, seed, position, filters)
    if image.ndim == 3:
        return _of_colours(image, n_classes, seed)
    counts = level_counts(image)
    n_levels = int(np.count_nonzero(counts))
    thresholds = optimal_thresholds(counts, min(n_classes, n_levels))
    return look_up(threshold_table(thresholds, len(counts)), image)


def _of_colours(image: Image, n_classes: int, seed: int) -> NDArray[np.uint8]:
    # One whole number a colour: unique of these is far faster than unique of rows.
    channels = image.reshape(-1, 3).astype(np.uint64)
    codes = (channels[:, 0] << 32) | (channels[:, 1] << 16) | channels[:, 2]
    distinct, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    colours = np.stack([distinct >> 32, (distinct >> 16) & 0xFFFF, distinct & 0xFFFF], axis=1)
    found = weighted_kmeans(colours, counts, n_classes, seed=seed, n_init=N_INIT)
    return found.labels.astype(np.uint8)[inverse].reshape(image.shape[:2])


def _of_features(
    image: Image, n_classes: int, seed: int, position: float, filters: bool
) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    levels = image.reshape(height, width, -1).astype(np.float64)
    spread = np.ptp(levels)
    if filters:
        bank = _filtered(grey(image).astype(np.float64))
        deviation = np.concatenate([levels, bank], axis=2).reshape(height * width, -1).std(axis=0)
        levels = np.concatenate([levels, bank], axis=2) / np.where(deviation > 0, deviation, 1)
        spread = np.ptp(levels[..., 0])
    features = [levels]
    if position:
        places = np.moveaxis(np.mgrid[:height, :width], 0, 2) / max(height, width)
        features.append(places * position * spread)
    points = np.concatenate(features, axis=2).reshape(height * width, -1)
    sample = points
    if len(points) > MAX_SAMPLE:
        drawn = np.random.default_rng(seed).choice(len(points), MAX_SAMPLE, replace=False)
        sample = points[drawn]
    found = weighted_kmeans(sample, np.ones(len(sample)), n_classes, seed=seed, n_init=N_INIT)
    return nearest_centres(points, found.centres).astype(np.uint8).reshape(height, width)


def _filtered(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    def blurred(values: NDArray[np.float64]) -> NDArray[np.float64]:
        result = cv2.GaussianBlur(values, (0, 0), FILTER_SIGMA, borderType=cv2.BORDER_REPLICATE)
        return np.asarray(result, np.float64)

    mean = blurred(levels)
    deviation = np.sqrt(np.maximum(blurred(levels**2) - mean**2, 0))
    down, across = (
        cv2.Sobel(mean, cv2.CV_64F, dx, 1 - dx, borderType=cv2.BORDER_REPLICATE) for dx in (0, 1)
    )
    return np.stack([mean, deviation, np.hypot(down, across)], axis=2)
