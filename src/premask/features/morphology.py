"""Particles and lines by their size: what a disk or a straight line does not fit into."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]
"""Whole grey levels: four times as fast here as floating point."""

DIRECTIONS = 16


def disk(radius: int) -> NDArray[np.uint8]:
    """A disk of 2 * radius + 1 px across, as ones."""
    rows, columns = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    return np.asarray(rows**2 + columns**2 <= (radius + 0.5) ** 2, np.uint8)


def bright_particles(levels: Levels, radius: int) -> Levels:
    """White top-hat: what stands out of where a bright disk of the radius (px) fits in."""
    return np.asarray(cv2.morphologyEx(levels, cv2.MORPH_TOPHAT, disk(radius)), np.uint8)


def dark_particles(levels: Levels, radius: int) -> Levels:
    """Black top-hat: what lies under where a dark disk of the radius (px) fits in."""
    return np.asarray(cv2.morphologyEx(levels, cv2.MORPH_BLACKHAT, disk(radius)), np.uint8)


def lines(levels: Levels, length: int) -> Levels:
    """What is left where a straight line of the length fits in, in any direction.

    The largest of the openings by lines of 16 directions: plates and needles stay, round
    particles that are shorter than the line go.

    Parameters
    ----------
    levels : ndarray of uint8, shape (H, W)
        E.g. of :func:`bright_particles`.
    length : int
        px, odd.
    """
    found = np.zeros_like(levels)
    for i in range(DIRECTIONS):
        element = line(length, np.pi * i / DIRECTIONS)
        opened = cv2.morphologyEx(levels, cv2.MORPH_OPEN, element)
        found = np.maximum(found, np.asarray(opened, np.uint8))
    return found


def line(length: int, angle: float) -> NDArray[np.uint8]:
    """A line through the middle of a square of ``length`` px, as ones; angle in radians."""
    element = np.zeros((length, length), np.uint8)
    middle = length // 2
    dx, dy = round(float(np.cos(angle)) * middle), round(float(np.sin(angle)) * middle)
    cv2.line(element, (middle - dx, middle - dy), (middle + dx, middle + dy), 1)
    return element
