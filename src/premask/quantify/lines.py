"""Test lines through a label map: intercepts, surfaces, and which phases touch which.

The lines are the rows and the columns of pixels, each from the centre of its first pixel to
the centre of its last. Two neighbouring pixels on a line are one step; where their labels
differ the line crosses an interface, halfway. Steps from, to or within void are no part of a
line. Where it is known which grain a pixel belongs to, a step between two grains of one phase
crosses a grain boundary.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from premask.jit import jit

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Lines:
    """What the test lines of one field met, or the sum of several.

    Attributes
    ----------
    length : ndarray of float64, shape (2, n_phases)
        Length on each phase, along rows and along columns.
    crossings : ndarray of float64, shape (2, n_phases, n_phases)
        Boundaries crossed between two phases, along rows and columns; symmetric, each
        crossing is counted once in either triangle, and the diagonal is 0.
    grain_boundaries : ndarray of float64, shape (2, n_phases)
        Boundaries crossed between two grains of each phase; NaN where grains are not known.
    """

    length: Values
    crossings: Values
    grain_boundaries: Values

    def __add__(self, other: Lines) -> Lines:
        return Lines(
            self.length + other.length,
            self.crossings + other.crossings,
            self.grain_boundaries + other.grain_boundaries,
        )

    def scaled(self, um_per_px: float) -> Lines:
        """The same with lengths in µm."""
        return replace(self, length=self.length * um_per_px)

    @property
    def total(self) -> float:
        """Length of all lines."""
        return float(self.length.sum())

    @property
    def mean_intercept(self) -> Values:
        """Mean intercept length of each phase, (n_phases,); NaN where no boundary was met."""
        return _intercept(self.length.sum(axis=0), self.crossings.sum(axis=0))

    @property
    def mean_intercept_by_direction(self) -> Values:
        """The same along rows and along columns, (2, n_phases)."""
        pairs = zip(self.length, self.crossings, strict=True)
        return np.array([_intercept(length, crossings) for length, crossings in pairs])

    @property
    def intercepts_per_length(self) -> Values:
        """Intercepts of each phase per unit length of line, N_L, (n_phases,)."""
        ends = self.crossings.sum(axis=(0, 2))
        return _ratio(ends / 2, np.full(len(ends), self.total))

    @property
    def surface_per_volume(self) -> Values:
        """Boundary of each phase per unit volume, S_V = 2 P_L, (n_phases,)."""
        return 4 * self.intercepts_per_length

    @property
    def mean_free_path(self) -> Values:
        """Mean distance between particles of a phase along a line, (1 - L_L) / N_L, (n_phases,)."""
        on_others = self.total - self.length.sum(axis=0)
        return _ratio(on_others, self.intercepts_per_length * self.total)

    @property
    def contacts(self) -> Values:
        """Share of each phase's boundary (row) that it has with each other one (column).

        Rows sum to 1, and are NaN for a phase without a boundary.
        """
        crossings = self.crossings.sum(axis=0)
        ends = np.broadcast_to(crossings.sum(axis=1, keepdims=True), crossings.shape)
        return _ratio(crossings, ends)

    @property
    def interfaces(self) -> Values:
        """Interface of two phases per unit volume, S_V = 2 P_L, (n_phases, n_phases).

        Symmetric; on the diagonal the boundaries between grains of a phase, NaN where grains
        are not known. Without the diagonal a row sums to :attr:`surface_per_volume`.
        """
        crossings = self.crossings.sum(axis=0)
        np.fill_diagonal(crossings, self.grain_boundaries.sum(axis=0))
        return _ratio(2 * crossings, np.full(crossings.shape, self.total))

    @property
    def contiguity(self) -> Values:
        """Share of its grains' surface that a phase has with its own grains, (n_phases,).

        ``2 N_aa / (2 N_aa + N_ab)``: a boundary within the phase is the surface of two of its
        grains. NaN where grains are not known, and for a phase without any boundary.
        """
        own = 2 * self.grain_boundaries.sum(axis=0)
        return _ratio(own, own + self.crossings.sum(axis=(0, 2)))


def lines(
    labels: NDArray[np.uint8], n_phases: int, grains: NDArray[np.int32] | None = None
) -> Lines:
    """Count along every row and column of a label map.

    Parameters
    ----------
    labels : ndarray of uint8, shape (H, W)
        0 to n_phases - 1, and 255 for void.
    grains : ndarray of int32, shape (H, W), optional
        The grain of each pixel; 0 for none: there a phase has no grain boundary.

    Examples
    --------
    >>> found = lines(np.array([[0, 1, 1, 0], [0, 1, 1, 0]], np.uint8), 2)
    >>> found.crossings[0].tolist(), found.length[0].tolist()
    ([[0.0, 4.0], [4.0, 0.0]], [2.0, 4.0])
    >>> found.mean_intercept_by_direction[0].tolist()
    [1.0, 2.0]
    """
    steps = [
        _steps(labels[:, :-1], labels[:, 1:], n_phases),
        _steps(labels[:-1], labels[1:], n_phases),
    ]
    length = np.array([(found.sum(axis=0) + found.sum(axis=1)) / 2 for found in steps])
    crossings = np.array([found + found.T for found in steps])
    crossings[:, range(n_phases), range(n_phases)] = 0
    if grains is None:
        return Lines(length, crossings, np.full(length.shape, np.nan))
    return Lines(length, crossings, _boundaries(labels, grains, n_phases).astype(np.float64))


def _steps(before: NDArray[np.uint8], after: NDArray[np.uint8], n_phases: int) -> Values:
    pairs = before.astype(np.uint16)
    pairs <<= 8
    pairs |= after
    counts = np.bincount(pairs.ravel(), minlength=65536).reshape(256, 256)
    return counts[:n_phases, :n_phases].astype(np.float64)


@jit
def _boundaries(
    labels: NDArray[np.uint8], grains: NDArray[np.int32], n_phases: int
) -> NDArray[np.int64]:
    """Steps from one grain to another one of the same phase, along rows and along columns."""
    height, width = labels.shape
    met = np.zeros((2, n_phases), np.int64)
    for y in range(height):
        for x in range(width):
            phase, grain = labels[y, x], grains[y, x]
            if phase >= n_phases or grain == 0:
                continue
            if x > 0 and labels[y, x - 1] == phase:
                met[0, phase] += 0 != grains[y, x - 1] != grain
            if y > 0 and labels[y - 1, x] == phase:
                met[1, phase] += 0 != grains[y - 1, x] != grain
    return met


def _intercept(length: Values, crossings: Values) -> Values:
    """Length by number; a line that ends within the phase has half an intercept there."""
    return _ratio(length, crossings.sum(axis=1) / 2)


def _ratio(part: Values, whole: Values) -> Values:
    ratio = np.full(part.shape, np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
