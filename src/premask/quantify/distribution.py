"""Distributions of sizes and shapes: moments, percentiles, histograms, weighted or not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PERCENTILES = (10, 25, 50, 75, 90)


@dataclass(frozen=True)
class Distribution:
    """A figure over particles; NaN where there is none.

    Attributes
    ----------
    n : int
        Particles that define it.
    mean, std : float
        The standard deviation is that between particles (n - 1 below the line, or what takes
        its place under weights); NaN for fewer than two.
    least, most : float
    percentiles : tuple of float
        Of :data:`PERCENTILES`; by number of particles, linear between them.
    """

    n: int
    mean: float
    std: float
    least: float
    most: float
    percentiles: tuple[float, ...]

    @property
    def median(self) -> float:
        """Half of the particles are smaller."""
        return self.percentiles[PERCENTILES.index(50)]

    def to_dict(self) -> dict[str, float | int | None]:
        """As JSON; what is not told is None."""
        found = {
            "n": self.n,
            "mean": self.mean,
            "std": self.std,
            "min": self.least,
            **{f"p{p}": x for p, x in zip(PERCENTILES, self.percentiles, strict=True)},
            "max": self.most,
        }
        return {key: None if math.isnan(value) else value for key, value in found.items()}


def distribution(values: Floats, weights: Floats) -> Distribution:
    """Describe a figure of particles.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        NaN where a particle does not define it; such particles do not count.
    weights : ndarray of float64, shape (n,)
        How many particles each one stands for; 1 or more.

    Examples
    --------
    >>> found = distribution(np.array([1.0, 2.0, 3.0, np.nan]), np.ones(4))
    >>> found.n, found.mean, found.std, found.median
    (3, 2.0, 1.0, 2.0)
    """
    told = ~np.isnan(values)
    x, w = values[told], weights[told]
    nan = math.nan
    if not len(x):
        return Distribution(0, nan, nan, nan, nan, (nan,) * len(PERCENTILES))
    order = np.argsort(x, kind="stable")
    x, w = x[order], w[order]
    total = w.sum()
    mean = float(w @ x / total)
    freedom = total - w @ w / total  # n - 1 under equal weights of 1
    std = math.sqrt(w @ (x - mean) ** 2 / freedom) if len(x) > 1 else nan
    return Distribution(len(x), mean, std, float(x[0]), float(x[-1]), _percentiles(x, w))


def _percentiles(x: Floats, w: Floats) -> tuple[float, ...]:
    """Linear ones, as numpy has them, of a set in which each value stands w times."""
    first = np.cumsum(w) - w
    places = np.stack([first, first + w - 1], axis=1).ravel()
    wanted = np.array(PERCENTILES) / 100 * places[-1]
    return tuple(np.interp(wanted, places, np.repeat(x, 2)).tolist())
