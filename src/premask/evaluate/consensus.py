"""Regions of doubt: what annotators have to settle, and the map that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from premask.core.errors import PremaskError
from premask.core.phases import VOID
from premask.evaluate.confusion import Values
from premask.evaluate.votes import LabelMap, as_votes, tally

AUTOMATIC = 254
"""A decision: as the automatic map has it."""


@dataclass(frozen=True)
class DoubtRegion:
    """One region to settle.

    Attributes
    ----------
    number : int
        Its value in :attr:`Doubts.regions`, from 1, in the order of the queue.
    top, left, bottom, right : int
        Bounding box, px; bottom and right are just outside.
    px : int
        Area, px.
    flagged : int
        Pixels that are flagged doubtful.
    votes : dict of str to dict of int to int
        Of each annotator, the pixels of each label, most first; 255 where he left it void.
    weight : float
        Its area as a share of the area of the rarest phase that has a vote here.
    """

    number: int
    top: int
    left: int
    bottom: int
    right: int
    px: int
    flagged: int
    votes: Mapping[str, Mapping[int, int]]
    weight: float

    @property
    def labels(self) -> tuple[int, ...]:
        """The phases that have a vote, lowest first."""
        found = {label for votes in self.votes.values() for label in votes}
        return tuple(sorted(found - {VOID}))


@dataclass(frozen=True, eq=False)
class Doubts:
    """The queue of one image.

    Attributes
    ----------
    regions : ndarray of int32, shape (H, W)
        The number of the region that each pixel belongs to; 0 outside.
    queue : tuple of DoubtRegion
        Most urgent first.
    small : int
        Doubtful pixels in regions that are too small for the queue.
    """

    regions: NDArray[np.int32]
    queue: tuple[DoubtRegion, ...]
    small: int


def regions_of_doubt(
    maps: Mapping[str, ArrayLike],
    n_phases: int,
    *,
    flagged: NDArray[np.bool_] | None = None,
    min_px: int = 20,
    by_votes: bool = True,
    phase_pixels: ArrayLike | None = None,
) -> Doubts:
    """Pixels on which annotators differ, or that are flagged, as 4-connected regions.

    The queue is ordered by area and by how rare the phases concerned are: by the share of
    the rarest phase that hangs on the region.

    Parameters
    ----------
    maps : mapping of str to array_like of int, shape (H, W)
        By annotator, one or more; void is no vote, so that it differs from nothing.
    flagged : ndarray of bool, shape (H, W), optional
        Pixels that anyone flagged doubtful.
    min_px : int
        Area of the smallest region in the queue, px.
    by_votes : bool
        Regions end where the votes change, so that one answer settles one region. Without
        it, boundaries drawn a little apart hang together in one web across the image.
    phase_pixels : array_like of shape (n_phases,), optional
        Pixels of each phase, e.g. in the whole data set; by default the annotators' mean.

    Raises
    ------
    PremaskError
        For maps that cannot be compared, flags of another size, a negative ``min_px``.
    """
    votes = as_votes(maps, n_phases, least=1)
    first = next(iter(votes.values()))
    flags = np.zeros(first.shape, np.bool_) if flagged is None else flagged
    if flags.shape != first.shape or min_px < 0:
        raise PremaskError(
            f"flags of shape {flags.shape} with label maps of shape {first.shape} and min_px"
            f" {min_px}; one shape and 0 px or more are accepted"
        )
    doubt = (tally(votes, n_phases, least=1).distinct > 1) | flags
    y, x = np.nonzero(doubt)
    said = np.stack([labels[y, x] for labels in votes.values()], axis=1)
    part, n = _components(doubt, said if by_votes else said[:, :0])
    areas = np.bincount(part, minlength=n)
    if phase_pixels is None:
        counts = [
            np.bincount(labels.ravel(), minlength=256)[:n_phases] for labels in votes.values()
        ]
        phase_pixels = np.mean(counts, axis=0)
    order = np.argsort(part, kind="stable")
    ends = np.cumsum(areas)
    found = [
        _region(order[end - area : end], y, x, said, flags, list(votes), np.asarray(phase_pixels))
        for area, end in zip(areas.tolist(), ends.tolist(), strict=True)
        if area >= max(min_px, 1)
    ]
    found.sort(key=lambda one: (-one[0].weight, -one[0].px, one[0].top, one[0].left))
    regions = np.zeros(first.shape, np.int32)
    for number, (_, pixels) in enumerate(found, 1):
        regions[y[pixels], x[pixels]] = number
    queue = tuple(replace(region, number=number) for number, (region, _) in enumerate(found, 1))
    return Doubts(regions, queue, len(y) - sum(region.px for region in queue))


def agreed_map(automatic: LabelMap, doubts: Doubts, decisions: Mapping[int, int]) -> LabelMap:
    """The automatic map with the regions settled by hand; unsettled ones are void.

    Parameters
    ----------
    automatic : ndarray of uint8, shape (H, W)
        Majority vote or STAPLE: what counts outside the queue.
    decisions : mapping of int to int
        The phase of each settled region, by its number; 255 leaves it void, and
        :data:`AUTOMATIC` lets the automatic map decide.

    Raises
    ------
    PremaskError
        For a region that there is not.
    """
    decided = doubts.regions > 0
    labels = np.full(len(doubts.queue) + 1, VOID, np.uint8)
    for number, phase in decisions.items():
        if not 1 <= number <= len(doubts.queue):
            raise PremaskError(
                f"there is no region of doubt {number}; 1 to {len(doubts.queue)} are accepted"
            )
        labels[number] = phase
    found = np.where(decided, labels[doubts.regions], automatic)
    return np.where(decided & (found == AUTOMATIC), automatic, found)


def _components(doubt: NDArray[np.bool_], said: LabelMap) -> tuple[NDArray[np.int64], int]:
    """4-connected parts of equal votes: the part of each doubtful pixel, in reading order."""
    index = np.full(doubt.shape, -1, np.int64)
    n = int(np.count_nonzero(doubt))
    index[doubt] = np.arange(n)
    pairs = np.concatenate(
        [
            np.stack([index[:, :-1].ravel(), index[:, 1:].ravel()]),
            np.stack([index[:-1].ravel(), index[1:].ravel()]),
        ],
        axis=1,
    )
    pairs = pairs[:, (pairs >= 0).all(axis=0)]
    pairs = pairs[:, (said[pairs[0]] == said[pairs[1]]).all(axis=1)]
    if not n:
        return np.zeros(0, np.int64), 0
    graph = coo_array((np.ones(pairs.shape[1], np.int8), (pairs[0], pairs[1])), shape=(n, n))
    parts, part = connected_components(graph, directed=False)
    return part.astype(np.int64), int(parts)


def _region(
    pixels: NDArray[np.int64],
    y: NDArray[np.int64],
    x: NDArray[np.int64],
    said: LabelMap,
    flags: NDArray[np.bool_],
    names: list[str],
    phase_pixels: Values,
) -> tuple[DoubtRegion, NDArray[np.int64]]:
    rows, columns = y[pixels], x[pixels]
    votes = {}
    for r, name in enumerate(names):
        labels, counts = np.unique(said[pixels, r], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        votes[name] = dict(zip(labels[order].tolist(), counts[order].tolist(), strict=True))
    voted = sorted({label for one in votes.values() for label in one} - {VOID})
    # Figures from elsewhere may know nothing of a phase that has a vote here.
    rarest = (float(phase_pixels[voted].min()) or 1.0) if voted else float(flags.size)
    box = int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1
    flagged = int(np.count_nonzero(flags[rows, columns]))
    region = DoubtRegion(0, *box, len(pixels), flagged, votes, len(pixels) / rarest)
    return region, pixels
