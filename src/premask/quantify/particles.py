"""Particles: the connected pieces of each phase, their sizes, shapes and places."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.phases import VOID
from premask.features.components import connected
from premask.quantify.feret import feret
from premask.quantify.neighbours import nearest_of_phase
from premask.quantify.pieces import piece_boxes, piece_sums, touching

CONNECTIVITIES = (8, 4)
"""Neighbours of a pixel that belong to its particle: with or without those at its corners."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Particles:
    """Particles of all phases, one entry each, in reading order of their first pixels.

    Lengths are in px, or in µm after :meth:`scaled`; a pixel is a square of side 1.

    Attributes
    ----------
    phase : ndarray of int64, shape (n,)
    area : ndarray of float64, shape (n,)
        Without holes.
    x, y : ndarray of float64, shape (n,)
        Centroid, from the image's upper left corner: the first pixel's centre is at 0.5.
    left, top, width, height : ndarray of float64, shape (n,)
        The upright box around it.
    perimeter : ndarray of float64, shape (n,)
        By Crofton's formula in four directions, holes included.
    feret_max, feret_min : ndarray of float64, shape (n,)
        Largest and smallest caliper width of the convex hull of the pixels' corners.
    major, minor : ndarray of float64, shape (n,)
        Axes of the ellipse with the same second moments.
    nearest_neighbour : ndarray of float64, shape (n,)
        Distance of its centroid from the nearest other one of the phase; NaN for a phase with
        one particle.
    at_edge, at_void : ndarray of bool, shape (n,)
        Touches the edge of the image, or void pixels: part of it may be out of view.
    """

    phase: Ints
    area: Floats
    x: Floats
    y: Floats
    left: Floats
    top: Floats
    width: Floats
    height: Floats
    perimeter: Floats
    feret_max: Floats
    feret_min: Floats
    major: Floats
    minor: Floats
    nearest_neighbour: Floats
    at_edge: Flags
    at_void: Flags

    def __len__(self) -> int:
        return len(self.phase)

    @property
    def border(self) -> Flags:
        """Whether part of a particle may be out of view."""
        return self.at_edge | self.at_void

    @property
    def equivalent_diameter(self) -> Floats:
        """Diameter of the circle of the same area."""
        return np.sqrt(4 * self.area / np.pi)

    @property
    def circularity(self) -> Floats:
        """4 pi area / perimeter²: 1 for a circle; above 1 for a few pixels, which have no shape."""
        return 4 * np.pi * self.area / self.perimeter**2

    @property
    def aspect_ratio(self) -> Floats:
        """Major by minor axis of the ellipse; NaN for a particle one pixel wide (minor axis 0)."""
        ratio = np.full(len(self), np.nan)
        np.divide(self.major, self.minor, out=ratio, where=self.minor > 0)
        return ratio

    def select(self, wanted: Flags) -> Particles:
        """Some of the particles."""
        return Particles(
            **{field.name: getattr(self, field.name)[wanted] for field in fields(self)}
        )

    def scaled(self, um_per_px: float) -> Particles:
        """The same with lengths in µm and areas in µm²."""
        power = {"area": 2, "phase": 0, "at_edge": 0, "at_void": 0}
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return Particles(
            **{
                name: column * um_per_px ** power.get(name, 1) if power.get(name, 1) else column
                for name, column in columns.items()
            }
        )


@dataclass(frozen=True, eq=False)
class Found:
    """The particles of a label map, and where they are.

    Attributes
    ----------
    particles : Particles
    index : ndarray of int32, shape (H, W)
        Each pixel's particle; -1 for void and for what was too small.
    small : ndarray of int64, shape (n_phases,)
        Pieces of each phase that were left out as smaller than ``min_px``.
    """

    particles: Particles
    index: NDArray[np.int32]
    small: Ints


def find_particles(
    labels: NDArray[np.uint8], n_phases: int, *, connectivity: int = 8, min_px: int = 1
) -> Found:
    """Measure the connected pieces of every phase.

    Parameters
    ----------
    labels : ndarray of uint8, shape (H, W)
        0 to n_phases - 1, and 255 for void, which is no particle.
    connectivity : {8, 4}
        Whether pixels that meet at a corner are one particle.
    min_px : int
        Pieces of fewer pixels are left out, and counted in ``small``.

    Raises
    ------
    PremaskError
        For another connectivity, or ``min_px`` below 1.

    Notes
    -----
    Area, centroid, box, axes and perimeter are those of scikit-image's ``regionprops``
    (``area``, ``centroid`` + 0.5, ``bbox``, ``axis_major_length``, ``axis_minor_length``) and
    ``perimeter_crofton``. Its ``feret_diameter_max`` is taken on a contour through the sides
    of a hull of pixels and differs by up to one pixel.
    """
    check_pieces(connectivity, min_px)
    labels = np.ascontiguousarray(labels)
    components, n = connected(labels, diagonal=connectivity == 8)
    phase, boxes = piece_boxes(labels, components, n)
    counted = piece_sums(components, boxes)
    at_edge, at_void = touching(labels, components, boxes, connectivity == 8)
    labelled = phase != VOID
    kept = labelled & (counted[:, 0] >= min_px)
    number = np.where(kept, np.cumsum(kept) - 1, -1).astype(np.int32)
    particles = _particles(
        phase[kept].astype(np.int64),
        counted[kept],
        boxes[kept],
        feret(components, boxes)[kept],
        at_edge[kept],
        at_void[kept],
    )
    small = np.bincount(phase[labelled & ~kept], minlength=n_phases).astype(np.int64)
    return Found(particles, number[components], small)


def check_pieces(connectivity: int, min_px: int) -> None:
    """Refuse what :func:`find_particles` does not accept."""
    if connectivity not in CONNECTIVITIES:
        raise PremaskError(f"the connectivity is {connectivity}; 8 and 4 are accepted")
    if min_px < 1:
        raise PremaskError(f"the smallest particle has {min_px} px; 1 px or more is accepted")


def _particles(
    phase: Ints, counted: Ints, boxes: Ints, calipers: Floats, at_edge: Flags, at_void: Flags
) -> Particles:
    area = counted[:, 0].astype(np.float64)
    # sums are of whole numbers from the box's corner, where they are small and exact
    sums = counted[:, 1:6].astype(np.float64)
    mean_x, mean_y = sums[:, 0] / area, sums[:, 1] / area
    x, y = mean_x + boxes[:, 2] + 0.5, mean_y + boxes[:, 0] + 0.5
    var_x, var_y = sums[:, 2] / area - mean_x**2, sums[:, 3] / area - mean_y**2
    middle = (var_x + var_y) / 2
    spread = np.hypot((var_x - var_y) / 2, sums[:, 4] / area - mean_x * mean_y)
    across, down, diagonals = counted[:, 6], counted[:, 7], counted[:, 8]
    perimeter = np.pi / 4 * (across + down + diagonals / np.sqrt(2))
    boxed = boxes.astype(np.float64)
    return Particles(
        phase,
        area,
        x,
        y,
        boxed[:, 2],
        boxed[:, 0],
        boxed[:, 3] - boxed[:, 2] + 1,
        boxed[:, 1] - boxed[:, 0] + 1,
        perimeter,
        calipers[:, 0],
        calipers[:, 1],
        4 * np.sqrt(middle + spread),
        # what is left of rounding where all pixels lie on a line
        4 * np.sqrt(np.where(middle - spread > 1e-9 * middle, middle - spread, 0)),
        nearest_of_phase(x, y, phase),
        at_edge,
        at_void,
    )
