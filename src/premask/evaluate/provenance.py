"""Where the labels of a finished map came from, and how much of the candidate survived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from premask.core.errors import PremaskError
from premask.core.label_maps import as_label_map
from premask.core.origins import ORIGIN_BITS, ORIGINS, doubtful
from premask.evaluate.confusion import (
    Confusion,
    Counts,
    Values,
    as_label_maps,
    confusion,
    joint_counts,
)


@dataclass(frozen=True, eq=False)
class Provenance:
    """Pixel counts of one image, or the sum of several, e.g. of all with one method.

    Attributes
    ----------
    origins : ndarray of int64, shape (n_phases, 5)
        Pixels of each phase of the final map by origin, columns as in
        :data:`premask.core.origins.ORIGINS`. Pixels that are void in it are in no row.
    void : int
        Pixels that the final map leaves void.
    doubtful : int
        Pixels that are flagged, void or not.
    """

    origins: Counts
    void: int
    doubtful: int

    def __add__(self, other: Provenance) -> Provenance:
        return Provenance(
            self.origins + other.origins,
            self.void + other.void,
            self.doubtful + other.doubtful,
        )

    def share(self, origin: str) -> float:
        """Share of the labelled pixels that came from one origin, 0 to 1; NaN without any."""
        return float(_divided(self.origins[:, ORIGINS[origin]].sum(), self.origins.sum()))

    def share_of_phases(self, origin: str) -> Values:
        """The same for each phase of the final map; NaN for one that it does not have."""
        return _divided(self.origins[:, ORIGINS[origin]], self.origins.sum(axis=1))


@dataclass(frozen=True, eq=False)
class Survival:
    """A candidate against the map that was made from it; sums over images.

    Attributes
    ----------
    candidate_pixels, final_pixels : ndarray of int64, shape (n_phases,)
        Pixels of each phase in either map, whatever the other has there.
    same : ndarray of int64, shape (n_phases,)
        Pixels with the phase in both.

    Notes
    -----
    Labels are compared, not origins: a pixel that was painted over with the label it had
    survived. The map was repaired from the candidate, so that this is no measure of how
    right the candidate was.
    """

    candidate_pixels: Counts
    final_pixels: Counts
    same: Counts

    def __add__(self, other: Survival) -> Survival:
        return Survival(
            self.candidate_pixels + other.candidate_pixels,
            self.final_pixels + other.final_pixels,
            self.same + other.same,
        )

    @property
    def survived(self) -> Values:
        """Share of the candidate's pixels of each phase that have it still; NaN without any."""
        return _divided(self.same, self.candidate_pixels)

    @property
    def foreseen(self) -> Values:
        """Share of the final map's pixels of each phase that the candidate had; NaN without any."""
        return _divided(self.same, self.final_pixels)

    @property
    def total_survived(self) -> float:
        """Share of all the candidate's labelled pixels that have their label still."""
        return float(_divided(self.same.sum(), self.candidate_pixels.sum()))

    @property
    def total_foreseen(self) -> float:
        """Share of all the final map's labelled pixels that the candidate had."""
        return float(_divided(self.same.sum(), self.final_pixels.sum()))


def provenance(origins: ArrayLike, final: ArrayLike, n_phases: int) -> Provenance:
    """Count the pixels of one finished label map by where they came from.

    Parameters
    ----------
    origins : array_like of int, shape (H, W)
        Its origin plane, see :mod:`premask.core.origins`.
    final : array_like of int, shape (H, W)
        Phase indices 0 .. n_phases - 1, and 255 for void.

    Raises
    ------
    PremaskError
        For sizes that differ, values that are no phase, and codes that are no origin.
    """
    plane, labels = as_label_map(origins, "origin plane"), as_label_map(final, "label map")
    if plane.shape != labels.shape:
        raise PremaskError(
            f"the origin plane has the shape {plane.shape} and the label map {labels.shape};"
            " both must be of one size"
        )
    codes = plane & np.uint8(ORIGIN_BITS)
    if int(codes.max()) > max(ORIGINS.values()):
        raise PremaskError(
            f"the origin plane has the code {int(codes.max())};"
            f" 0 to {max(ORIGINS.values())} ({', '.join(ORIGINS)}) are accepted"
        )
    confusion(labels, labels, n_phases)  # refuses values that are no phase
    joint = joint_counts(codes, labels)
    return Provenance(
        joint[:n_phases, : len(ORIGINS)],
        int(joint[255].sum()),
        int(np.count_nonzero(doubtful(plane))),
    )


def survival(candidate: ArrayLike, final: ArrayLike, n_phases: int) -> Survival:
    """Compare a candidate's label map with the final one of the same image.

    Parameters
    ----------
    candidate, final : array_like of int, shape (H, W)
        Phase indices 0 .. n_phases - 1, and 255 for void.

    Raises
    ------
    PremaskError
        For sizes that differ and values that are no phase.

    Examples
    --------
    >>> found = survival([[0, 0, 0, 1]], [[0, 1, 255, 1]], 2)
    >>> found.survived.round(2).tolist(), found.foreseen.tolist()
    ([0.33, 1.0], [1.0, 0.5])
    """
    before, after = as_label_maps(candidate, final)
    forth: Confusion = confusion(before, after, n_phases)
    back = confusion(after, before, n_phases)
    return Survival(back.true_pixels, forth.true_pixels, forth.hits)


def _divided(part: ArrayLike, whole: ArrayLike) -> Values:
    shares = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=shares, where=np.asarray(whole) > 0)
    return shares
