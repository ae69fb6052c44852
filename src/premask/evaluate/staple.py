"""STAPLE: the label map and the quality of each annotator, estimated together.

Warfield, Zou and Wells (2004), IEEE Trans. Med. Imaging 23, in the form for several labels
of Rohlfing, Russakoff and Maurer (2004).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.phases import VOID
from premask.evaluate.confusion import Counts, Values
from premask.evaluate.votes import LabelMap, as_votes

_TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Staple:
    """An estimate of the true label map.

    Attributes
    ----------
    label_map : ndarray of uint8, shape (H, W)
        The likeliest phase; void where two are equally likely or nobody voted.
    probability : ndarray of float64, shape (H, W)
        Of the likeliest phase, 0 where nobody voted.
    confusion : dict of str to ndarray of float64, shape (n_phases, n_phases)
        Of each annotator, how likely he says the column's phase where the row's is true;
        NaN in rows of phases on which there is nothing to estimate it by.
    iterations : int
    converged : bool
    """

    label_map: LabelMap
    probability: Values
    confusion: Mapping[str, Values]
    iterations: int
    converged: bool


def staple(
    maps: Mapping[str, ArrayLike],
    n_phases: int,
    *,
    max_iterations: int = 2000,
    tolerance: float = 1e-7,
) -> Staple:
    """Estimate the true label map of one image by expectation maximisation.

    Begins with the shares of the votes. The phases' frequencies among all votes stay the
    prior throughout. Pixels are independent of their neighbours, and void is no vote.

    Parameters
    ----------
    maps : mapping of str to array_like of int, shape (H, W)
        By annotator; phase indices 0 .. n_phases - 1, and 255 for void.
    max_iterations : int
    tolerance : float
        Ends when no entry of a confusion matrix moves by more.

    Raises
    ------
    PremaskError
        For fewer than two annotators, sizes that differ, and values that are no phase.

    Notes
    -----
    With two annotators who differ there is nothing that tells who is right: what comes out
    hangs on the prior. Three and more are what the method is made for. Poor annotators
    spread their votes, so that the prior makes rare phases too frequent: with them, a rare
    phase is overestimated.
    """
    votes = as_votes(maps, n_phases)
    patterns, sizes, where = _patterns(votes, n_phases)
    said = patterns[:, :, None] == np.arange(n_phases)  # (P, R, n_phases)
    cast = said.sum(axis=1)
    prior = sizes @ cast
    prior = prior / max(prior.sum(), 1)
    total = cast.sum(axis=1, keepdims=True)
    belief = np.divide(cast, total, out=np.zeros(cast.shape), where=total > 0)
    quality, moved, iterations = _maximise(belief, said, sizes), np.inf, 0
    while moved > tolerance and iterations < max_iterations:
        belief = _expect(quality, said, prior) * (total > 0)
        better = _maximise(belief, said, sizes)
        moved = float(np.abs(better - quality).max(initial=0))
        quality, iterations = better, iterations + 1
    label_map, probability = _likeliest(belief)
    known = quality.sum(axis=2, keepdims=True) > 0
    return Staple(
        label_map[where],
        probability[where],
        dict(zip(votes, np.where(known, quality, np.nan), strict=True)),
        iterations,
        moved <= tolerance,
    )


def _patterns(
    votes: Mapping[str, LabelMap], n_phases: int
) -> tuple[LabelMap, Counts, NDArray[np.int64]]:
    """The different ways in which pixels were voted on: (P, R), pixels of each, and where.

    An image has few of them, which makes the iterations independent of its size.
    """
    shape = next(iter(votes.values())).shape
    where = np.zeros(shape, np.int64)
    patterns = np.zeros((1, 0), np.uint8)
    for labels in votes.values():
        code = where * (n_phases + 1) + np.minimum(labels, n_phases)
        seen = np.bincount(code.ravel()) > 0
        where = (np.cumsum(seen) - 1)[code]
        before, vote = np.divmod(np.flatnonzero(seen), n_phases + 1)
        patterns = np.column_stack([patterns[before], vote.astype(np.uint8)])
    return patterns, np.bincount(where.ravel()).astype(np.int64), where


def _expect(quality: Values, said: NDArray[np.bool_], prior: Values) -> Values:
    """How likely each phase is under each pattern, (P, n_phases)."""
    with np.errstate(divide="ignore"):  # log 0: impossible
        logs, log_prior = np.log(quality), np.log(prior)
    # An annotator without a vote has no factor: where, so that 0 x -inf is never formed.
    likely = log_prior + sum(
        np.where(said[:, r, None, :], logs[r][None], 0).sum(axis=2) for r in range(len(logs))
    )
    top = likely.max(axis=1, keepdims=True)
    belief = np.exp(likely - np.where(np.isfinite(top), top, 0))
    total = belief.sum(axis=1, keepdims=True)
    shares: Values = np.divide(belief, total, out=np.zeros(belief.shape), where=total > 0)
    return shares


def _maximise(belief: Values, said: NDArray[np.bool_], sizes: Counts) -> Values:
    """Each annotator's confusion matrix, (R, true, said); zeros where nothing tells."""
    joint = np.einsum("pt,prs->rts", belief * sizes[:, None], said.astype(np.float64))
    total = joint.sum(axis=2, keepdims=True)
    shares: Values = np.divide(joint, total, out=np.zeros(joint.shape), where=total > 0)
    return shares


def _likeliest(belief: Values) -> tuple[LabelMap, Values]:
    best = belief.max(axis=1)
    tied = (belief >= best[:, None] - _TIE).sum(axis=1) > 1
    return np.where(tied, VOID, belief.argmax(axis=1)).astype(np.uint8), best
