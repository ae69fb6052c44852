"""Compact precipitates: faceted polygons that do not touch, and specks inside them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.synthetic.fields import Shape

CLEAR = 3
"""Matrix in px that is left between two precipitates."""


def faceted(rng: np.random.Generator, radius: float, aspect: float) -> NDArray[np.float64]:
    """Corners (n, 2) of an irregular hexagon about the origin, as boride crystals show."""
    n = int(rng.integers(5, 8))
    angles = (np.arange(n) + rng.uniform(-0.22, 0.22, n)) * 2 * np.pi / n
    reach = radius * rng.uniform(0.82, 1.12, n)
    corners = np.stack([reach * np.cos(angles) * aspect, reach * np.sin(angles) / aspect], axis=1)
    turn = rng.uniform(0, 2 * np.pi)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    turned: NDArray[np.float64] = corners @ rotation
    return turned


def precipitates(
    rng: np.random.Generator,
    shape: Shape,
    share: float,
    *,
    radius: float,
    spread: float,
    aspect: float,
    taken: NDArray[np.int32],
    where: NDArray[np.float32],
) -> NDArray[np.int32]:
    """Scatter precipitates until they cover a share of the image.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        (H, W) in px.
    share : float
        Of the image's area that the new ones shall cover.
    radius, spread : float
        Median radius in px, and the deviation of its logarithm.
    aspect : float
        Largest elongation; 1 is equiaxed.
    taken : ndarray of int32, shape (H, W)
        Numbers of the precipitates that are there, 0 for none.
    where : ndarray of float32, shape (H, W)
        Where it is below 0 no precipitate starts, so that they gather in clouds.

    Returns
    -------
    ndarray of int32, shape (H, W)
        ``taken`` with the new ones, numbered on.
    """
    height, width = shape
    numbers = taken.astype(np.float32)
    blocked = (taken > 0).astype(np.uint8)
    around = np.ones((2 * CLEAR + 1, 2 * CLEAR + 1), np.uint8)
    number, covered, goal = int(taken.max()), 0, round(share * height * width)
    for _ in range(40 * max(goal // max(round(radius**2), 1), 8)):
        if covered >= goal:
            break
        size = min(radius * float(np.exp(spread * rng.standard_normal())), 3.2 * radius)
        corners = faceted(rng, size, float(rng.uniform(1, aspect)) ** 0.5)
        x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
        if where[int(y), int(x)] < 0:
            continue
        box = _box(corners, x, y, shape)
        points = np.rint(corners + np.array([x, y])).astype(np.int32)
        patch = np.zeros((box[1] - box[0], box[3] - box[2]), np.uint8)
        cv2.fillPoly(patch, [points - (box[2], box[0])], 1)
        window = blocked[box[0] : box[1], box[2] : box[3]]
        if cv2.dilate(patch, around)[window > 0].any():
            continue
        number += 1
        covered += int(patch.sum())
        window |= patch
        numbers[box[0] : box[1], box[2] : box[3]][patch > 0] = number
    return numbers.astype(np.int32)


def _box(
    corners: NDArray[np.float64], x: float, y: float, shape: Shape
) -> tuple[int, int, int, int]:
    reach_x, reach_y = np.abs(corners).max(axis=0) + CLEAR + 2
    return (
        max(int(y - reach_y), 0),
        min(int(y + reach_y) + 1, shape[0]),
        max(int(x - reach_x), 0),
        min(int(x + reach_x) + 1, shape[1]),
    )


def inclusions(
    rng: np.random.Generator, crystals: NDArray[np.int32], share: float
) -> NDArray[np.bool_]:
    """Small cubes wholly inside crystals, as TiN nucleates TiB2.

    Parameters
    ----------
    rng : numpy.random.Generator
    crystals : ndarray of int32, shape (H, W)
        Numbers of the crystals, 0 for none; 2 px of the crystal stay around each cube.
    share : float
        Of the image's area that they shall cover, as far as the crystals have room.

    Returns
    -------
    ndarray of bool, shape (H, W)
    """
    # Beyond the frame nothing is crystal, so that no cube is cut by the frame.
    framed = np.pad((crystals > 0).astype(np.uint8), 1)
    depth = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    drawn = np.zeros(crystals.shape, np.uint8)
    goal = round(share * crystals.size)
    ys, xs = np.nonzero(depth > 4.5)
    # Every crystal has the same chance, or the largest would be peppered.
    number = crystals[ys, xs]
    chance = np.cumsum(1 / np.bincount(number)[number]) if len(number) else np.zeros(0)
    for _ in range(20 * max(goal // 20, 4)):
        if cv2.countNonZero(drawn) >= goal or len(ys) == 0:
            break
        at = min(int(np.searchsorted(chance, rng.uniform(0, chance[-1]))), len(ys) - 1)
        y, x = int(ys[at]), int(xs[at])
        # Median largest dimension 9 px, 99 % under 23 px, as in MicroSteel.
        radius = min(float(4.2 * np.exp(0.38 * rng.standard_normal())), depth[y, x] - 2.5)
        if radius < 1.5 or drawn[y, x]:
            continue
        turn = float(rng.uniform(0, 90))
        box = cv2.boxPoints(((x, y), (radius * 1.4, radius * rng.uniform(1.0, 1.4)), turn))
        cv2.fillPoly(drawn, [np.rint(box).astype(np.int32)], 1)
    return (drawn > 0) & (depth > 2)
