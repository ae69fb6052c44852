"""Boundaries of two label maps: Boundary F1 and Hausdorff distances (paper, Table 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.phases import VOID
from premask.evaluate.confusion import Counts, Values, mean_of
from premask.evaluate.distances import squared_distances


@dataclass(frozen=True, eq=False)
class Boundary:
    """Boundary counts and distances of one image, or the sum of several.

    Attributes
    ----------
    tolerance : float
        Within which a boundary pixel counts as matched, px.
    predicted, truth : ndarray of int64, shape (n_phases,)
        Boundary pixels of each phase.
    predicted_matched, truth_matched : ndarray of int64, shape (n_phases,)
        Those with a boundary pixel of the same phase in the other map within the tolerance.
    maxima, percentiles : ndarray of float64, shape (n_phases,)
        Sums over images of the Hausdorff distance and its 95th percentile, px.
    defined, undefined : ndarray of int64, shape (n_phases,)
        Images where both maps have boundary pixels of the phase, and images where at
        least one map has the phase but no distance can be told.
    """

    tolerance: float
    predicted: Counts
    truth: Counts
    predicted_matched: Counts
    truth_matched: Counts
    maxima: Values
    percentiles: Values
    defined: Counts
    undefined: Counts

    def __add__(self, other: Boundary) -> Boundary:
        if self.tolerance != other.tolerance:
            raise PremaskError(
                f"boundary counts within {self.tolerance:g} px and {other.tolerance:g} px"
                " cannot be added; measure all images with one tolerance"
            )
        return Boundary(
            self.tolerance,
            self.predicted + other.predicted,
            self.truth + other.truth,
            self.predicted_matched + other.predicted_matched,
            self.truth_matched + other.truth_matched,
            self.maxima + other.maxima,
            self.percentiles + other.percentiles,
            self.defined + other.defined,
            self.undefined + other.undefined,
        )

    @property
    def precision(self) -> Values:
        """Share of the predicted boundary pixels that are matched; NaN where there are none."""
        return _ratio(self.predicted_matched, self.predicted)

    @property
    def recall(self) -> Values:
        """Share of the true boundary pixels that are matched; NaN where there are none."""
        return _ratio(self.truth_matched, self.truth)

    @property
    def f1(self) -> Values:
        """Harmonic mean of the two shares for each phase.

        0 where only one map has a boundary of the phase, NaN where neither has.
        """
        precision, recall = np.nan_to_num(self.precision), np.nan_to_num(self.recall)
        both = precision + recall
        f1 = np.zeros(len(both))
        np.divide(2 * precision * recall, both, out=f1, where=both > 0)
        f1[(self.predicted + self.truth) == 0] = np.nan
        return f1

    def mean_f1(self, present: NDArray[np.bool_]) -> float:
        """Mean over the phases present in the truth; NaN where none has a boundary."""
        return mean_of(self.f1[present])

    @property
    def hausdorff_by_phase(self) -> Values:
        """Mean over images of each phase's Hausdorff distance, px."""
        return _ratio(self.maxima, self.defined)

    @property
    def hausdorff95_by_phase(self) -> Values:
        """Mean over images of each phase's 95th percentile, px."""
        return _ratio(self.percentiles, self.defined)

    @property
    def hausdorff(self) -> float:
        """Mean over images and phases, px; NaN where it is nowhere defined."""
        return float(_ratio(self.maxima.sum(keepdims=True), self.defined.sum(keepdims=True))[0])

    @property
    def hausdorff95(self) -> float:
        """Mean over images and phases of the 95th percentile, px."""
        sums = self.percentiles.sum(keepdims=True)
        return float(_ratio(sums, self.defined.sum(keepdims=True))[0])


def boundary_pixels(
    labels: NDArray[np.uint8], counted: NDArray[np.bool_] | None = None
) -> NDArray[np.uint8]:
    """The pixels with a 4-neighbour of another label; the image's edge is no boundary.

    Parameters
    ----------
    labels : ndarray of uint8, shape (H, W)
    counted : ndarray of bool, shape (H, W), optional
        Where the truth is not void. What touches only the rest is no boundary, as at
        the image's edge: nobody knows what is there.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        The label at boundary pixels, 255 elsewhere.
    """
    across = labels[:, 1:] != labels[:, :-1]
    down = labels[1:] != labels[:-1]
    if counted is not None:
        across &= counted[:, 1:] & counted[:, :-1]
        down &= counted[1:] & counted[:-1]
    edge = np.zeros(labels.shape, bool)
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    return np.where(edge, labels, np.uint8(VOID))


def boundary(
    prediction: NDArray[np.uint8],
    truth: NDArray[np.uint8],
    n_phases: int,
    *,
    tolerance: float = 3.0,
) -> Boundary:
    """Measure the boundaries of one image.

    Parameters
    ----------
    prediction, truth : ndarray of uint8, shape (H, W)
        Phase indices, 255 for void.
    tolerance : float
        Euclidean, px.

    Notes
    -----
    The sets compared are the boundary pixels of a phase in the two maps, so that a hole
    inside a grain counts. The Hausdorff distance is the larger of the two directed
    maxima; its 95th percentile is the larger of the two directed 95th percentiles
    (linear interpolation), as MONAI has it. Distances are exact.

    Pixels that are void in the truth take part in neither map. A pixel that only the
    prediction leaves void is another label: its neighbours are predicted boundary.
    """
    void = truth == VOID
    counted = ~void if void.any() else None
    maps = boundary_pixels(prediction, counted), boundary_pixels(truth, counted)
    totals = np.array([np.bincount(edge.ravel(), minlength=256)[:n_phases] for edge in maps])
    matched = np.zeros((2, n_phases), np.int64)
    maxima, percentiles = np.zeros(n_phases), np.zeros(n_phases)
    defined: NDArray[np.bool_] = np.all(totals > 0, axis=0)
    for phase in np.flatnonzero(defined).tolist():
        for side, (edge, other) in enumerate((maps, maps[::-1])):
            squared = squared_distances(edge, other, phase, int(totals[side, phase]))
            matched[side, phase] = np.count_nonzero(squared <= tolerance**2)
            distances = np.sqrt(squared)
            maxima[phase] = max(maxima[phase], distances.max())
            percentiles[phase] = max(percentiles[phase], np.percentile(distances, 95))
    undefined = (_has(prediction, n_phases, counted) | _has(truth, n_phases, counted)) & ~defined
    return Boundary(
        tolerance,
        totals[0],
        totals[1],
        matched[0],
        matched[1],
        maxima,
        percentiles,
        defined.astype(np.int64),
        undefined.astype(np.int64),
    )


def _has(
    labels: NDArray[np.uint8], n_phases: int, counted: NDArray[np.bool_] | None
) -> NDArray[np.bool_]:
    values = labels.ravel() if counted is None else labels[counted]
    return np.asarray(np.bincount(values, minlength=256)[:n_phases] > 0)


def _ratio(part: NDArray[np.int64] | Values, whole: Counts) -> Values:
    ratio = np.full(len(whole), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
