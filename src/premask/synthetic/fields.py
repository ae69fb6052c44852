"""Random fields over the image plane: smooth noise, curved cells and their borders."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Shape = tuple[int, int]


def smooth_noise(rng: np.random.Generator, shape: Shape, scale: float, octaves: int = 1) -> Field:
    """Gaussian noise whose features are about ``scale`` px wide, mean 0 and deviation 1.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        (H, W) in px.
    scale : float
        Width of the largest features in px.
    octaves : int
        Each further octave has half the width and half the strength.

    Returns
    -------
    ndarray of float32, shape (H, W)
    """
    height, width = shape
    total = np.zeros(shape, np.float32)
    for octave in range(octaves):
        # Half the feature width per grid step, blurred once: no trace of the grid is left.
        step = max(scale / 2**octave / 2, 1.0)
        coarse = rng.standard_normal(
            (math.ceil(height / step) + 6, math.ceil(width / step) + 6), dtype=np.float32
        )
        size = (round(coarse.shape[1] * step), round(coarse.shape[0] * step))
        blurred = cv2.GaussianBlur(coarse, (0, 0), 1.0)
        fine = cv2.resize(blurred, size, interpolation=cv2.INTER_CUBIC)
        margin = round(3 * step)
        view = fine[margin : margin + height, margin : margin + width]
        total += np.float32(0.5**octave) * (view - view.mean()) / max(float(view.std()), 1e-6)
    normed: Field = (total / max(float(total.std()), 1e-6)).astype(np.float32)
    return normed


def cells(
    rng: np.random.Generator, shape: Shape, spacing: float, *, bend: float = 0.18
) -> NDArray[np.int32]:
    """Voronoi cells with curved borders, as grains and colonies have.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        (H, W) in px.
    spacing : float
        Mean distance of neighbouring cells in px.
    bend : float
        How far borders leave the straight line, as a share of ``spacing``.

    Returns
    -------
    ndarray of int32, shape (H, W)
        Cell numbers from 0.
    """
    height, width = shape
    pad = math.ceil(spacing)
    tall, wide = height + 2 * pad, width + 2 * pad
    count = max(round(tall * wide / spacing**2), 4)
    empty = np.ones((tall, wide), np.uint8)
    empty[rng.integers(0, tall, count), rng.integers(0, wide, count)] = 0
    _, nearest = cv2.distanceTransformWithLabels(
        empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    x, y = np.meshgrid(
        np.arange(width, dtype=np.float32) + pad, np.arange(height, dtype=np.float32) + pad
    )
    reach = np.float32(bend * spacing)
    x += reach * smooth_noise(rng, shape, spacing * 0.7, octaves=3)
    y += reach * smooth_noise(rng, shape, spacing * 0.7, octaves=3)
    bent = cv2.remap(
        nearest.astype(np.float32), x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    return bent.astype(np.int32) - 1


def border_distance(numbers: NDArray[np.int32]) -> Field:
    """Distance in px of every pixel to the nearest border between cells."""
    inside = np.ones(numbers.shape, np.uint8)
    inside[:, 1:][numbers[:, 1:] != numbers[:, :-1]] = 0
    inside[1:][numbers[1:] != numbers[:-1]] = 0
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5).astype(np.float32, copy=False)
    # A small frame may lie within one cell, where the distance has no end.
    return np.minimum(distance, np.float32(sum(numbers.shape)))


def lowest_share(field: Field, share: float, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels where a field is lowest, so many that they make up ``share`` of the image."""
    values = field[among]
    wanted = min(round(share * field.size), values.size)
    if wanted == 0:
        return np.zeros(field.shape, bool)
    limit = np.partition(values, wanted - 1)[wanted - 1]
    lowest: NDArray[np.bool_] = among & (field <= limit)
    return lowest
