"""Small islands of a candidate: which are removed by default, and what takes their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.phases import VOID
from premask.features.components import connected
from premask.jit import jit

LIMIT = 30
"""Islands of this many px and more are never removed by default."""

BUDGET = 0.01
"""Share of a region's area that its removed islands may make up by default."""


@dataclass(frozen=True)
class Islands:
    """What would go.

    Attributes
    ----------
    components : ndarray of int32, shape (H, W)
        4-connected components of equal label, numbered in reading order.
    removed : ndarray of bool, shape (number of components,)
    mask : ndarray of bool, shape (H, W)
        Pixels of the removed components.
    table : dict
        For each label that loses islands: their number and their area in px.
    """

    components: NDArray[np.int32]
    removed: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    table: dict[int, tuple[int, int]]


def find_islands(
    regions: NDArray[np.uint8],
    min_areas: Mapping[int, int] | None = None,
    *,
    limit: int = LIMIT,
    budget: float = BUDGET,
) -> Islands:
    """Choose the islands to remove; nothing is changed yet.

    Parameters
    ----------
    regions : ndarray of uint8, shape (H, W)
        Regions or a label map; 255 (void) is left alone.
    min_areas : mapping of int to int, optional
        For each label, the area in px of the smallest island that stays; labels that are
        not named lose nothing. Without it the default rule holds.
    limit : int
        Default rule: islands of ``limit`` px and more stay.
    budget : float
        Default rule: of each label the smallest islands go first, until they make up this
        share of the label's area; islands of equal size go together or not at all. A
        label that consists of small islands therefore keeps at least ``1 - budget``.

    Raises
    ------
    PremaskError
        For another type or shape, a negative area, or a budget outside 0 to 1.
    """
    if regions.ndim != 2 or regions.dtype != np.uint8:
        raise PremaskError(
            f"regions are {regions.dtype} of shape {regions.shape}; uint8 (H, W) is accepted"
        )
    if not 0 <= budget <= 1:
        raise PremaskError(f"the island budget is {budget}; a share from 0 to 1 is accepted")
    if min((limit, *(min_areas or {}).values())) < 0:
        raise PremaskError("an island's area is negative; 0 px or more is accepted")
    components, labels, areas = _components(regions)
    removed = np.zeros(len(labels), np.bool_)
    for label in np.unique(labels):
        if label == VOID:
            continue
        own = np.flatnonzero(labels == label)
        if min_areas is None:
            removed[own] = areas[own] < min(limit, _affordable(areas[own], budget))
        else:
            removed[own] = areas[own] < min_areas.get(int(label), 0)
    if removed.all():  # something has to stay for the rest to join
        removed[np.argmax(areas)] = False
    table = {
        int(label): (int(count), int(areas[removed & (labels == label)].sum()))
        for label, count in zip(*np.unique(labels[removed], return_counts=True), strict=True)
    }
    return Islands(components, removed, removed[components], table)


def remove_islands(
    regions: NDArray[np.uint8],
    min_areas: Mapping[int, int] | None = None,
    *,
    limit: int = LIMIT,
    budget: float = BUDGET,
) -> tuple[NDArray[np.uint8], Islands]:
    """Give small islands the label with which they share the longest border.

    An island among islands waits until one of its neighbours has its label. Ties go to
    the lower label; void has no vote, and an island in nothing but void stays.

    Parameters
    ----------
    regions, min_areas, limit, budget
        As in :func:`find_islands`.

    Returns
    -------
    cleaned : ndarray of uint8, shape (H, W)
        A copy; keep the input to undo.
    islands : Islands
        What went.

    Examples
    --------
    >>> import numpy as np
    >>> speck = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.uint8)
    >>> cleaned, islands = remove_islands(speck, {1: 4})
    >>> int(cleaned.max()), islands.table
    (0, {1: (1, 1)})
    """
    islands = find_islands(regions, min_areas, limit=limit, budget=budget)
    if not islands.table:
        return regions.copy(), islands
    pairs = _island_borders(islands.components, islands.removed)
    label_of = _first_values(regions, islands.components, len(islands.removed))
    label_of = _settled(label_of, islands.removed, pairs)
    return label_of[islands.components], islands


def _affordable(areas: NDArray[np.int64], budget: float) -> int:
    """The largest limit under which the islands stay within the budget."""
    allowed = budget * areas.sum()
    sizes, counts = np.unique(areas, return_counts=True)
    spent = np.cumsum(sizes * counts)
    within = int(np.searchsorted(spent, allowed, side="right"))
    return int(sizes[within]) if within < len(sizes) else int(sizes[-1]) + 1


def _settled(
    label_of: NDArray[np.uint8], removed: NDArray[np.bool_], pairs: NDArray[np.int32]
) -> NDArray[np.uint8]:
    """Let the removed components take labels, from the outermost inwards."""
    label_of = label_of.copy()
    pending = removed.copy()
    while len(pairs):
        voters = pairs[~pending[pairs[:, 1]] & (label_of[pairs[:, 1]] != VOID)]
        if not len(voters):
            break
        ballots, votes = np.unique(
            voters[:, 0].astype(np.int64) * 256 + label_of[voters[:, 1]], return_counts=True
        )
        # Sorted by island, then most votes, then lower label: the first of each island wins.
        order = np.lexsort((ballots % 256, -votes, ballots // 256))
        won, first = np.unique(ballots[order] // 256, return_index=True)
        label_of[won] = (ballots[order] % 256)[first]
        pending[won] = False
        pairs = pairs[pending[pairs[:, 0]]]
    return label_of


def _first_values(
    regions: NDArray[np.uint8], components: NDArray[np.int32], n: int
) -> NDArray[np.uint8]:
    values = np.empty(n, np.uint8)
    values[components.ravel()] = regions.ravel()
    return values


def _components(
    regions: NDArray[np.uint8],
) -> tuple[NDArray[np.int32], NDArray[np.uint8], NDArray[np.int64]]:
    """4-connected components, and the label and the area of each."""
    components, n = connected(regions)
    areas = np.bincount(components.ravel(), minlength=n)
    return components, _first_values(regions, components, n), areas


@jit
def _island_borders(components: NDArray[np.int32], removed: NDArray[np.bool_]) -> NDArray[np.int32]:
    """(island, neighbour) for each pair of 4-neighbouring pixels on an island's border."""
    height, width = components.shape
    count = 0
    pairs = np.empty((0, 2), np.int32)
    for attempt in range(2):  # count, then fill
        if attempt == 1:
            pairs = np.empty((count, 2), np.int32)
        count = 0
        for y in range(height):
            for x in range(width):
                a = components[y, x]
                for d in range(2):
                    y2 = y + d
                    x2 = x + 1 - d
                    if y2 == height or x2 == width:
                        continue
                    b = components[y2, x2]
                    if a == b:
                        continue
                    if removed[a]:
                        if attempt == 1:
                            pairs[count, 0] = a
                            pairs[count, 1] = b
                        count += 1
                    if removed[b]:
                        if attempt == 1:
                            pairs[count, 0] = b
                            pairs[count, 1] = a
                        count += 1
    return pairs
