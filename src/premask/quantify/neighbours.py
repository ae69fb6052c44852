"""Nearest neighbours: the distance to the next particle of the phase, and that of a random set."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def nearest_of_phase(x: Floats, y: Floats, phase: NDArray[np.int64]) -> Floats:
    """Distance of each point from the nearest other one of its phase.

    Parameters
    ----------
    x, y : ndarray of float64, shape (n,)
    phase : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of float64, shape (n,)
        NaN where there is no other one.

    Examples
    --------
    >>> x, y = np.array([0.0, 3.0, 9.0]), np.array([0.0, 4.0, 4.0])
    >>> nearest_of_phase(x, y, np.array([1, 1, 0])).tolist()
    [5.0, 5.0, nan]
    """
    from scipy.spatial import cKDTree

    found = np.full(len(x), np.nan)
    for value in np.unique(phase):
        own = np.flatnonzero(phase == value)
        if len(own) > 1:
            points = np.stack([x[own], y[own]], axis=1)
            found[own] = cKDTree(points).query(points, k=2)[0][:, 1]
    return found


def expected_at_random(n: int, area: float, perimeter: float) -> float:
    """Mean distance to the nearest of n points that are strewn at random over a rectangle.

    With Donnelly's correction for the points near the edge, whose nearest neighbour may lie
    outside.

    Parameters
    ----------
    n : int
    area, perimeter : float
        Of the rectangle.

    Returns
    -------
    float
        NaN for fewer than two points.

    References
    ----------
    K. Donnelly, "Simulations to determine the variance and edge effect of total nearest
    neighbour distance", in: Simulation Studies in Archaeology, Cambridge, 1978, 91-95.

    Examples
    --------
    >>> round(expected_at_random(100, 1000 * 1000, 4000), 1)
    52.2
    """
    if n < 2:
        return math.nan
    return 0.5 * math.sqrt(area / n) + (0.0514 + 0.0412 / math.sqrt(n)) * perimeter / n
