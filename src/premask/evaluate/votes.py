"""What several annotators said of each pixel of one image, and the majority of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError
from premask.core.label_maps import as_label_map, check_values
from premask.core.phases import VOID
from premask.evaluate.policy import check_n_phases

LabelMap = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Tally:
    """The votes on each pixel, arrays of uint8 of shape (H, W).

    Void is no vote: who left a pixel void abstained from it.

    Attributes
    ----------
    leading : ndarray
        The phase with most votes, the lowest of several; void where nobody voted.
    most : ndarray
        Its votes.
    cast : ndarray
        All votes.
    distinct : ndarray
        How many different phases have a vote: the image of disagreement, 1 where all
        who voted agree and 0 where nobody voted.
    tied : ndarray of bool
        Where another phase has as many votes as the leading one.
    """

    leading: LabelMap
    most: LabelMap
    cast: LabelMap
    distinct: LabelMap
    tied: NDArray[np.bool_]

    @property
    def majority_share(self) -> NDArray[np.float64]:
        """Share of the votes that the leading phase has, 0 to 1; NaN where nobody voted."""
        share = np.full(self.most.shape, np.nan)
        np.divide(self.most, self.cast, out=share, where=self.cast > 0)
        return share


def as_votes(
    maps: Mapping[str, ArrayLike], n_phases: int, *, least: int = 2
) -> dict[str, LabelMap]:
    """The annotators' label maps of one image, checked, in the order of their names.

    Parameters
    ----------
    maps : mapping of str to array_like of int, shape (H, W)
        By annotator; phase indices 0 .. n_phases - 1, and 255 for void.
    least : int
        How many there must be.

    Raises
    ------
    PremaskError
        For fewer than ``least`` or more than 255 annotators, sizes that differ, and values that
        are no phase.
    """
    check_n_phases(n_phases)
    if not least <= len(maps) <= 255:
        raise PremaskError(
            f"{len(maps)} annotators' label maps were given; {least} to 255 of one image can be"
            " compared"
        )
    votes: dict[str, LabelMap] = {}
    for name in sorted(maps):
        votes[name] = as_label_map(maps[name], f"label map of {name}")
        check_values(f"label map of {name}", np.bincount(votes[name].ravel(), None, 256), n_phases)
    first, *others = votes
    for name in others:
        if votes[name].shape != votes[first].shape:
            (height, width), (h, w) = votes[first].shape, votes[name].shape
            raise PremaskError(
                f"the label map of {first} is {width}x{height} px and that of {name} {w}x{h} px;"
                " all must be of one size"
            )
    return votes


def tally(maps: Mapping[str, ArrayLike], n_phases: int, *, least: int = 2) -> Tally:
    """Count the votes on each pixel.

    Parameters
    ----------
    maps, n_phases, least
        As in :func:`as_votes`, which says what is refused.

    Examples
    --------
    >>> found = tally({"ana": [[0, 1, 255]], "ben": [[0, 2, 1]], "eva": [[0, 2, 0]]}, 3)
    >>> found.leading.tolist(), found.distinct.tolist(), found.tied.tolist()
    ([[0, 2, 0]], [[1, 2, 2]], [[False, False, True]])
    """
    votes = list(as_votes(maps, n_phases, least=least).values())
    shape = votes[0].shape
    leading = np.full(shape, VOID, np.uint8)
    most, cast, distinct = (np.zeros(shape, np.uint8) for _ in range(3))
    tied = np.zeros(shape, np.bool_)
    for phase in range(n_phases):
        n = np.zeros(shape, np.uint8)
        for labels in votes:
            n += labels == phase
        if not n.any():
            continue
        more = n > most
        tied = np.where(more, False, tied | ((n == most) & (n > 0)))
        leading[more] = phase
        np.maximum(most, n, out=most)
        cast += n
        distinct += n > 0
    return Tally(leading, most, cast, distinct, tied)


def majority_vote(maps: Mapping[str, ArrayLike], n_phases: int) -> LabelMap:
    """The phase that most annotators gave each pixel; void where two have as many votes.

    Void is no vote, so that one annotator alone decides where all others abstained.

    Parameters
    ----------
    maps, n_phases
        As in :func:`as_votes`, which says what is refused.

    Returns
    -------
    ndarray of uint8, shape (H, W)
    """
    found = tally(maps, n_phases)
    return np.where(found.tied, np.uint8(VOID), found.leading)
