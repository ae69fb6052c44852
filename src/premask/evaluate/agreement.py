"""How far annotators agree: IoU of each pair, Cohen's and Fleiss' kappa."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError
from premask.core.phases import VOID
from premask.evaluate.confusion import Counts, Values, joint_counts, mean_of
from premask.evaluate.votes import as_votes

VOID_LINE = (
    "Between annotators: pixels that any annotator of the image left void do not count,"
    " for any figure; they are told."
)
"""The rule, for beneath a table."""


@dataclass(frozen=True, eq=False)
class PairAgreement:
    """Two annotators on the images that both labelled.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_phases, n_phases)
        Pixels, summed over images; rows are the first annotator's phases, columns the second's.

    Notes
    -----
    Neither of the two is the truth: a phase that only one of them used has IoU 0, and
    only one that neither used is left out (NaN).
    """

    counts: Counts

    def __add__(self, other: PairAgreement) -> PairAgreement:
        return PairAgreement(self.counts + other.counts)

    @property
    def iou(self) -> Values:
        """Intersection over union of each phase, 0 to 1."""
        both = self.counts.diagonal()
        return _divided(both, self.counts.sum(axis=0) + self.counts.sum(axis=1) - both)

    @property
    def mean_iou(self) -> float:
        """Mean IoU over the phases that either of them used."""
        return mean_of(self.iou)

    @property
    def kappa(self) -> float:
        """Cohen's kappa over all phases, -1 to 1; NaN where both used one and the same phase."""
        shares = _divided(self.counts, self.counts.sum())
        expected = float(shares.sum(axis=0) @ shares.sum(axis=1))
        return float(_beyond_chance(np.trace(shares), expected))

    @property
    def kappa_of_phases(self) -> Values:
        """Cohen's kappa of each phase against all others together."""
        shares = _divided(self.counts, self.counts.sum())
        first, second, both = shares.sum(axis=1), shares.sum(axis=0), shares.diagonal()
        observed = 1 - first - second + 2 * both
        return _beyond_chance(observed, first * second + (1 - first) * (1 - second))


@dataclass(frozen=True, eq=False)
class Agreement:
    """Annotators of one image, or the sum of several images.

    Attributes
    ----------
    pairs : dict of (str, str) to PairAgreement
        By the names of two annotators, in alphabetical order.
    agreeing : ndarray of float64, shape (n_phases,)
        Sum over pixels of the share of an image's pairs of annotators that agree on the phase.
    votes : ndarray of float64, shape (n_phases,)
        Sum over pixels of the share of an image's annotators that said the phase.
    pixels : int
        Pixels that count.
    left_out : int
        Pixels that at least one annotator of the image left void.

    Notes
    -----
    All figures of an image are of the same pixels, those that every annotator of it
    labelled, so that the kappas and the IoUs of the pairs can be set side by side. Over
    several images counts are summed before anything is divided. Fleiss' kappa allows
    other annotators on each pixel; where their number differs from image to image, every
    pixel has the same weight, and with one number it is Fleiss' (1971) own.
    """

    pairs: Mapping[tuple[str, str], PairAgreement]
    agreeing: Values
    votes: Values
    pixels: int
    left_out: int

    def __add__(self, other: Agreement) -> Agreement:
        if len(self.votes) != len(other.votes):
            raise PremaskError(
                f"agreement on {len(self.votes)} and on {len(other.votes)} phases cannot be summed;"
                " compare all images with the same phases"
            )
        pairs = dict(self.pairs)
        for names, pair in other.pairs.items():
            pairs[names] = pairs[names] + pair if names in pairs else pair
        return Agreement(
            dict(sorted(pairs.items())),
            self.agreeing + other.agreeing,
            self.votes + other.votes,
            self.pixels + other.pixels,
            self.left_out + other.left_out,
        )

    @property
    def observed(self) -> float:
        """Mean share of the pairs of annotators that agree on a pixel, 0 to 1."""
        return float(_divided(self.agreeing.sum(), self.pixels))

    @property
    def fleiss_kappa(self) -> float:
        """Fleiss' kappa over all phases; NaN where all used one and the same phase."""
        shares = _divided(self.votes, self.pixels)
        return float(_beyond_chance(self.observed, float(shares @ shares)))

    @property
    def fleiss_kappa_of_phases(self) -> Values:
        """Fleiss' kappa of each phase; NaN for one that nobody or everybody used everywhere."""
        shares = _divided(self.votes, self.pixels)
        apart = _divided(self.votes - self.agreeing, self.pixels)
        return _beyond_chance(1 - 2 * apart, 1 - 2 * shares * (1 - shares))


def agreement(maps: Mapping[str, ArrayLike], n_phases: int) -> Agreement:
    """Compare the annotators of one image; sum the results of several images.

    Parameters
    ----------
    maps : mapping of str to array_like of int, shape (H, W)
        By annotator; phase indices 0 .. n_phases - 1, and 255 for void. A pixel that any
        of them left void is left out.

    Raises
    ------
    PremaskError
        For fewer than two annotators, sizes that differ, and values that are no phase.

    Examples
    --------
    >>> found = agreement({"ana": [[0, 0, 1, 255]], "ben": [[0, 1, 1, 1]]}, 2)
    >>> found.pairs["ana", "ben"].iou.tolist(), found.left_out
    ([0.5, 0.5], 1)
    """
    votes = as_votes(maps, n_phases)
    void = np.any([labels == VOID for labels in votes.values()], axis=0)
    left_out = int(np.count_nonzero(void))
    counted = {name: labels[~void][None] for name, labels in votes.items()}
    pairs = {
        names: PairAgreement(
            joint_counts(counted[names[1]], counted[names[0]])[:n_phases, :n_phases]
        )
        for names in combinations(counted, 2)
    }
    said = [np.bincount(labels.ravel(), minlength=n_phases) for labels in counted.values()]
    return Agreement(
        pairs,
        np.mean([pair.counts.diagonal() for pair in pairs.values()], axis=0),
        np.mean(said, axis=0),
        void.size - left_out,
        left_out,
    )


def _divided(part: ArrayLike, whole: ArrayLike) -> Values:
    """NaN where there is nothing to divide by."""
    shares = np.full(np.broadcast_shapes(np.shape(part), np.shape(whole)), np.nan)
    np.divide(part, whole, out=shares, where=np.asarray(whole) > 0)
    return shares


def _beyond_chance(observed: ArrayLike, expected: ArrayLike) -> Values:
    """(observed - expected) / (1 - expected); NaN where chance leaves no room."""
    room: NDArray[np.float64] = 1 - np.asarray(expected, float)
    # Shares that are 1 but for the last bits leave no room either.
    return _divided(np.asarray(observed) - expected, np.where(room > 1e-12, room, 0))
