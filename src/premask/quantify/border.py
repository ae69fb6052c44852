"""Particles that touch the border: three rules for sizes and for the number per area.

A frame cuts large particles more often than small ones. Leaving out what is cut makes the mean
too small; keeping it counts pieces as particles. The third rule makes up for what is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest
from premask.quantify.particles import Particles

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Window:
    """Where particles were looked for.

    Attributes
    ----------
    width, height : float
        Of the smallest upright rectangle around the labelled pixels.
    area : float
        Labelled pixels. Less than width times height where void lies within; the rule
        ``weighted`` then takes the chances of the whole rectangle, which are too high.
    """

    width: float
    height: float
    area: float

    @property
    def perimeter(self) -> float:
        """Of the rectangle."""
        return 2 * (self.width + self.height)

    def scaled(self, um_per_px: float) -> Window:
        """The same in µm and µm²."""
        return Window(self.width * um_per_px, self.height * um_per_px, self.area * um_per_px**2)


@dataclass(frozen=True)
class BorderRule:
    """What counts under a rule.

    Attributes
    ----------
    line : str
        The sentence that is printed with every figure.
    weigh : callable
        For each particle in a window how many it stands for, in sizes and shapes; 0 for those
        that do not count.
    number : callable
        How many particles the window holds, for the number per area.
    """

    line: str
    weigh: Callable[[Particles, Window], Floats]
    number: Callable[[Particles, Window], float]


def window(labels: NDArray[np.uint8], void: int = 255) -> Window:
    """The window of a label map; without any labelled pixel its sides are 0."""
    labelled = labels != void
    rows, columns = (np.flatnonzero(labelled.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return Window(0.0, 0.0, 0.0)
    sides = float(columns[-1] - columns[0] + 1), float(rows[-1] - rows[0] + 1)
    return Window(*sides, float(np.count_nonzero(labelled)))


def _whole(particles: Particles, _: Window) -> Floats:
    return (~particles.border).astype(np.float64)


def _all(particles: Particles, _: Window) -> Floats:
    return np.ones(len(particles))


def _miles_lantuejoul(particles: Particles, seen: Window) -> Floats:
    """Of all places that a particle's box could have in the window, the share clear of its edge."""
    room_x, room_y = seen.width - particles.width - 1, seen.height - particles.height - 1
    inside = ~particles.border & (room_x > 0) & (room_y > 0)
    weights = np.zeros(len(particles))
    places = room_x[inside] * room_y[inside]
    weights[inside] = seen.width * seen.height / places
    return weights


def _halves(particles: Particles, _: Window) -> float:
    return len(particles) - np.count_nonzero(particles.border) / 2


def _sum_of_weights(particles: Particles, seen: Window) -> float:
    weights = _miles_lantuejoul(particles, seen)
    return float(weights.sum()) * (seen.area / (seen.width * seen.height) if seen.area else 0.0)


BORDER_RULES: dict[str, BorderRule] = {
    "exclude": BorderRule(
        "Sizes and shapes: whole particles only; those that touch the border (the edge of the"
        " image, or void) are left out. Number per area: whole ones and half of the others.",
        _whole,
        _halves,
    ),
    "include": BorderRule(
        "Sizes and shapes: all particles, also the visible parts of those that the border cuts."
        " Number per area: all of them.",
        _all,
        lambda particles, _: float(len(particles)),
    ),
    "weighted": BorderRule(
        "Sizes and shapes: whole particles only, each weighted by one over the chance that one"
        " of its size lies whole in the image (Miles and Lantuéjoul). Number per area: the sum of"
        " the weights.",
        _miles_lantuejoul,
        _sum_of_weights,
    ),
}
"""The rules by name; the first is the default."""


def border_rule(name: str) -> BorderRule:
    """A rule by its name.

    Raises
    ------
    PremaskError
        For an unknown name.
    """
    if name not in BORDER_RULES:
        raise PremaskError(
            f"the rule for particles at the border is {name!r}; {', '.join(BORDER_RULES)} are"
            f" accepted{nearest(name, BORDER_RULES)}"
        )
    return BORDER_RULES[name]
