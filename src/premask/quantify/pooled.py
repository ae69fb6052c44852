"""The particles of a phase in all fields of a specimen together: which count for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from premask.quantify.field import Field
from premask.quantify.particles import Particles

SIZES = ("area", "equivalent_diameter", "feret_max", "feret_min")
"""Described over the particles that count under the rule for the border."""
SHAPES = ("aspect_ratio", "circularity")
"""Described over those of them that have at least :data:`SHAPE_PX` px."""
NEIGHBOUR = "nearest_neighbour"
"""Described over all particles: leaving some out would make distances longer."""

SHAPE_PX = 20
"""Digital discs of 20 px have a circularity of 1.02 and scatter by 4 %, a single pixel has 1.7."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """Particles of several fields.

    Attributes
    ----------
    particles : Particles
    weights : ndarray of float64, shape (n,)
        How many particles each one stands for; 0: not counted.
    pixels : ndarray of float64, shape (n,)
        Their areas in px, whatever the scale.
    """

    particles: Particles
    weights: NDArray[np.float64]
    pixels: NDArray[np.float64]

    def described(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The values of a figure that are described, and their weights."""
        values: NDArray[np.float64] = getattr(self.particles, name)
        if name == NEIGHBOUR:
            return values, np.ones(len(values))
        wanted = self.weights > 0
        if name in SHAPES:
            wanted &= self.pixels > SHAPE_PX - 0.5
        return values[wanted], self.weights[wanted]


def pooled_particles(of: Sequence[Field], phase: int) -> Pooled:
    """The particles of a phase in several fields, in the order of the fields."""
    own = [field.particles.phase == phase for field in of]
    found = [field.particles.select(mine) for field, mine in zip(of, own, strict=True)]
    columns = {
        column.name: np.concatenate([getattr(particles, column.name) for particles in found])
        for column in fields(Particles)
    }
    pairs = list(zip(of, found, strict=True))
    return Pooled(
        Particles(**columns),
        np.concatenate([field.weights[mine] for field, mine in zip(of, own, strict=True)]),
        np.concatenate([part.area / (field.um_per_px or 1) ** 2 for field, part in pairs]),
    )
