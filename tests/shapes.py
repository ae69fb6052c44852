"""Shapes of known size, drawn pixel by pixel: a pixel belongs to what covers its centre."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

LABEL_MAPS = arrays(
    np.uint8,
    array_shapes(min_dims=2, max_dims=2, max_side=14),
    elements=st.sampled_from([0, 1, 2, 255]),
)
"""Small label maps of three phases with void."""


def ellipse(
    shape: tuple[int, int], centre: tuple[float, float], axes: tuple[float, float], turn: float = 0
) -> NDArray[np.bool_]:
    """An ellipse of two half axes, turned by an angle in degrees; a centre of (0.5, 0.5) is
    that of the first pixel (x, y)."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    cos, sin = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    u = (x - centre[0]) * cos + (y - centre[1]) * sin
    v = (y - centre[1]) * cos - (x - centre[0]) * sin
    inside: NDArray[np.bool_] = (u / axes[0]) ** 2 + (v / axes[1]) ** 2 <= 1
    return inside


def disc(shape: tuple[int, int], centre: tuple[float, float], radius: float) -> NDArray[np.bool_]:
    """A disc."""
    return ellipse(shape, centre, (radius, radius))


def map_of(*masks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Phase 0 with the masks as phase 1."""
    return np.any(masks, axis=0).astype(np.uint8)
