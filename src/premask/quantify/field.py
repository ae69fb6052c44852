"""Everything that is measured on one label map: a field of view."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError
from premask.core.label_maps import as_label_map, check_values
from premask.core.phases import MAX_PHASES
from premask.quantify.border import Window, border_rule, window
from premask.quantify.fractions import check_parts, fractions, part_fractions, pixel_counts
from premask.quantify.lines import Lines, lines
from premask.quantify.particles import Particles, check_pieces, find_particles

FRACTIONS_LINE = "Area fractions: of the labelled pixels; void pixels count nowhere."
NEIGHBOURS_LINE = (
    "Nearest neighbour: from centroid to centroid within a phase, of all particles, whatever the"
    " rule for the border."
)
LINES_LINE = (
    "Intercepts: along all rows and columns of pixels; an intercept that the border cuts counts"
    " half."
)


@dataclass(frozen=True)
class Settings:
    """How it is measured.

    Attributes
    ----------
    border : str
        One of :data:`premask.quantify.border.BORDER_RULES`.
    connectivity : {8, 4}
        Whether pixels that meet at a corner are one particle.
    min_px : int
        Smaller pieces are no particles. They stay in the area fractions and on the lines.
    parts : int
        The field is cut into ``parts`` x ``parts`` for the interval of its own fractions; into
        as many as it has pixels, if it is smaller.
    """

    border: str = "exclude"
    connectivity: int = 8
    min_px: int = 1
    parts: int = 3

    def __post_init__(self) -> None:
        border_rule(self.border)
        check_pieces(self.connectivity, self.min_px)
        check_parts(self.parts)

    def lines(self) -> tuple[str, ...]:
        """What must be read beside the figures."""
        meet = "also at their corners" if self.connectivity == 8 else "at their sides"
        least = f" Pieces of fewer than {self.min_px} px are left out." if self.min_px > 1 else ""
        particles = f"Particles: pixels of a phase that meet, {meet}.{least}"
        return (
            FRACTIONS_LINE,
            particles,
            border_rule(self.border).line,
            NEIGHBOURS_LINE,
            LINES_LINE,
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


DEFAULT = Settings()


@dataclass(frozen=True, eq=False)
class Field:
    """The numbers of one label map; lengths in µm where the scale is known, else in px.

    Attributes
    ----------
    um_per_px : float or None
    pixels : ndarray of int64, shape (n_phases,)
    void : int
        Pixels without a label.
    parts : ndarray of float64, shape (parts², n_phases)
        Area fractions of the parts of the field; NaN where a part is void.
    particles : Particles
    weights : ndarray of float64, shape (n,)
        How many particles each one stands for under the border's rule; 0: not counted.
    held : ndarray of float64, shape (n_phases,)
        How many particles the field holds, for the number per area.
    small : ndarray of int64, shape (n_phases,)
        Pieces that were left out as too small.
    lines : Lines
    window : Window
    """

    um_per_px: float | None
    pixels: NDArray[np.int64]
    void: int
    parts: NDArray[np.float64]
    particles: Particles
    weights: NDArray[np.float64]
    held: NDArray[np.float64]
    small: NDArray[np.int64]
    lines: Lines
    window: Window

    @property
    def fractions(self) -> NDArray[np.float64]:
        """Area fraction of each phase; NaN where all is void."""
        return fractions(self.pixels)

    @property
    def number_per_area(self) -> NDArray[np.float64]:
        """Particles of each phase per mm², or per 10⁶ px without a scale; NaN where all is void."""
        area = self.window.area
        return 1e6 * self.held / area if area else np.full(len(self.held), math.nan)


def measure_field(
    label_map: ArrayLike,
    n_phases: int,
    *,
    um_per_px: float | None = None,
    settings: Settings = DEFAULT,
    grains: NDArray[np.int32] | None = None,
) -> tuple[Field, NDArray[np.int32]]:
    """Measure a label map.

    Parameters
    ----------
    label_map : array_like of int, shape (H, W)
        Phase indices 0 to n_phases - 1, and 255 for void.
    n_phases : int
        1 to 64.
    um_per_px : float, optional
        The scale; all lengths are then in µm.
    settings : Settings
    grains : ndarray of int32, shape (H, W), optional
        The grain of each pixel, 0 for none; the contiguity needs them, nothing else does.

    Returns
    -------
    field : Field
    index : ndarray of int32, shape (H, W)
        The particle of each pixel; -1 for void and for pieces that are too small.

    Raises
    ------
    PremaskError
        For values that are no phase, a scale that is no positive number, settings that are
        not accepted, and grains of another shape.

    Examples
    --------
    >>> label_map = np.zeros((40, 40), np.uint8)
    >>> label_map[10:20, 10:30] = 1
    >>> field, index = measure_field(label_map, 2, um_per_px=0.5)
    >>> field.fractions.tolist(), field.particles.area.tolist()
    ([0.875, 0.125], [350.0, 50.0])
    >>> field.particles.feret_min.tolist(), field.particles.border.tolist()
    ([20.0, 5.0], [True, False])
    """
    if not 1 <= n_phases <= MAX_PHASES:
        raise PremaskError(f"the number of phases is {n_phases}; 1 to {MAX_PHASES} are accepted")
    scale = 1.0 if um_per_px is None else checked_scale(um_per_px)
    labels = as_label_map(label_map, "label map")
    histogram = np.bincount(labels.ravel(), minlength=256)
    check_values("label map", histogram, n_phases)
    if grains is not None and grains.shape != labels.shape:
        raise PremaskError(
            f"the map of its grains has {_size(grains)} px, the label map {_size(labels)}; maps of"
            " one size are needed"
        )
    found = find_particles(
        labels, n_phases, connectivity=settings.connectivity, min_px=settings.min_px
    )
    rule, seen = border_rule(settings.border), window(labels)
    own = (found.particles.select(found.particles.phase == phase) for phase in range(n_phases))
    field = Field(
        um_per_px,
        pixel_counts(labels, n_phases),
        int(histogram[-1]),
        part_fractions(labels, n_phases, min(settings.parts, *labels.shape)),
        found.particles.scaled(scale),
        rule.weigh(found.particles, seen),
        np.array([rule.number(particles, seen) for particles in own]),
        found.small,
        lines(labels, n_phases, grains).scaled(scale),
        seen.scaled(scale),
    )
    return field, found.index


def checked_scale(um_per_px: float) -> float:
    """A scale, or an error that says what is accepted."""
    if not (math.isfinite(um_per_px) and 1e-6 <= um_per_px <= 1e5):
        raise PremaskError(
            f"the scale is {um_per_px:g} µm per pixel; a number from 1e-6 to 1e5 is accepted"
        )
    return um_per_px


def _size(array: NDArray[Any]) -> str:
    return " x ".join(str(side) for side in array.shape[::-1])
