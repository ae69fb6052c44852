"""Splits that keep groups together and every part alike: in size, types and phases."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError

RESTARTS = 24
"""Searches from different starts, fewer above 100 groups; the best one is kept."""

ROUNDS = 200
"""Improvements of one search, at most."""

MOST_SWAPS = 400
"""Groups of which all exchanges are tried; of more, single moves alone."""

Values = NDArray[np.float64]
Parts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Strata:
    """What every part should have its share of, for each group.

    Attributes
    ----------
    amounts : ndarray of float, shape (n_groups, n_features)
        Each column sums to 1: the images, the images of each type, the pixels of each phase, the
        images that show it.
    weights : ndarray of float, shape (n_features,)
    """

    amounts: Values
    weights: Values


def split_groups(
    groups: Sequence[Hashable],
    shares: Mapping[str, float],
    *,
    types: Sequence[str | None] = (),
    pixels: ArrayLike | None = None,
    fixed: Mapping[int, str] | None = None,
    seed: int = 0,
) -> tuple[str, ...]:
    """Assign images to the parts of a split, whole groups at a time.

    The parts are made as alike as the groups allow: each gets its share of the images, of the
    images of each type, of the pixels of each phase, and of the images that show it. A phase
    counts the same whether it covers 70 % or 0.2 % of the pixels. No part is empty where there
    are as many groups as parts.

    Parameters
    ----------
    groups : sequence
        The group of each image; images of one group come into one part.
    shares : dict of str to float
        Each part and its share of the images, e.g. ``{"train": 0.7, "val": 0.15, "test": 0.15}``;
        need not sum to 1.
    types : sequence of str or None, optional
        The processing type of each image.
    pixels : array_like of shape (n_images, n_phases), optional
        Pixels of each phase.
    fixed : dict of int to str, optional
        Parts of images that are settled already; the rest of their groups follows.
    seed : int
        The same input and seed give the same split.

    Returns
    -------
    tuple of str
        The part of each image.

    Raises
    ------
    PremaskError
        For no part, a share that is not positive, a fixed part that is not among them.

    Examples
    --------
    >>> split_groups(["a", "a", "b", "c"], {"train": 0.5, "test": 0.5})
    ('train', 'train', 'test', 'test')
    """
    names = list(shares)
    wanted = np.array([float(shares[name]) for name in names])
    if not names or not np.isfinite(wanted).all() or (wanted <= 0).any():
        raise PremaskError(
            f"the parts of a split are {dict(shares)}; names with positive shares are accepted, as"
            " in train=0.7, val=0.15, test=0.15"
        )
    settled = dict(fixed or {})
    for part in settled.values():
        if part not in names:
            raise PremaskError(f"an image is settled for the part {part!r}; {', '.join(names)} are")
    if not groups:
        return ()
    numbers = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    of_image = np.array([numbers[group] for group in groups])
    # a group that is on several sides already follows its first settled image
    held = np.full(len(numbers), -1)
    for image, part in sorted(settled.items(), reverse=True):
        held[of_image[image]] = names.index(part)
    strata = _strata(of_image, len(numbers), types, pixels)
    parts = _search(strata, wanted / wanted.sum(), held, np.random.default_rng(seed))
    return tuple(settled.get(i, names[parts[group]]) for i, group in enumerate(of_image))


def fold_groups(
    groups: Sequence[Hashable],
    k: int,
    *,
    types: Sequence[str | None] = (),
    pixels: ArrayLike | None = None,
    seed: int = 0,
) -> tuple[int, ...]:
    """The fold of each image in a k-fold cross-validation, whole groups at a time.

    Raises
    ------
    PremaskError
        For fewer than 2 folds, or more than there are groups.
    """
    n_groups = len(set(groups))
    if not 2 <= k <= n_groups:
        raise PremaskError(
            f"{k} folds cannot be made of {n_groups} groups; 2 to {n_groups} are accepted"
            if n_groups >= 2
            else f"no folds can be made: all images are of {n_groups} group"
        )
    names = [str(i) for i in range(k)]
    parts = split_groups(groups, dict.fromkeys(names, 1.0), types=types, pixels=pixels, seed=seed)
    return tuple(int(part) for part in parts)


def _strata(
    of_image: Parts, n_groups: int, types: Sequence[str | None], pixels: ArrayLike | None
) -> Strata:
    """Blocks of features; each block weighs the same, and the number of images twice as much."""
    n = len(of_image)
    blocks: list[Values] = [np.ones((n, 1))]
    weights = [2.0]
    if types:
        named = sorted({str(type_) for type_ in types})
        blocks.append(np.array([[str(type_) == name for name in named] for type_ in types], float))
        weights.append(1.0)
    if pixels is not None:
        counts = np.asarray(pixels, float).reshape(n, -1)
        blocks += [counts, (counts > 0).astype(float)]
        weights += [1.0, 1.0]
    columns: list[Values] = []
    column_weights: list[float] = []
    for block, weight in zip(blocks, weights, strict=True):
        totals = block.sum(axis=0)
        used = totals > 0
        if not used.any():
            continue
        columns.append(block[:, used] / totals[used])
        column_weights += [weight / int(used.sum())] * int(used.sum())
    amounts = np.zeros((n_groups, len(column_weights)))
    np.add.at(amounts, of_image, np.hstack(columns))
    return Strata(amounts, np.array(column_weights))


def _search(strata: Strata, wanted: Values, held: Parts, random: np.random.Generator) -> Parts:
    best: Parts | None = None
    best_cost = np.inf
    for _ in range(max(4, RESTARTS * 100 // max(100, len(held)))):
        parts = _start(strata, wanted, held, random)
        cost = _improve(strata, wanted, held < 0, parts)
        if cost < best_cost - 1e-12:
            best, best_cost = parts, cost
    assert best is not None
    return best


def _start(strata: Strata, wanted: Values, held: Parts, random: np.random.Generator) -> Parts:
    """The largest groups first, each where the most of its strata is still missing."""
    parts: Parts = held.copy()
    missing = np.tile(wanted[:, None], (1, strata.amounts.shape[1]))
    for group in np.flatnonzero(held >= 0):
        missing[held[group]] -= strata.amounts[group]
    free = np.flatnonzero(held < 0)
    size = strata.amounts[free] @ strata.weights
    # groups of about one size in random order
    order = free[np.argsort(-size * random.uniform(0.7, 1.3, len(free)), kind="stable")]
    for group in order:
        amount = strata.amounts[group]
        gain = (strata.weights * (missing**2 - (missing - amount) ** 2)).sum(axis=1)
        parts[group] = int(np.argmax(gain))
        missing[parts[group]] -= amount
    _fill_empty(strata, parts, free, len(wanted), random)
    return parts


def _fill_empty(
    strata: Strata, parts: Parts, free: Parts, n_parts: int, random: np.random.Generator
) -> None:
    """Give every part a group, in place, as long as another part has two."""
    size = strata.amounts @ strata.weights * random.uniform(0.7, 1.3, len(parts))
    for empty in range(n_parts):
        filled = np.bincount(parts, minlength=n_parts)
        spare = [group for group in free if filled[parts[group]] > 1]
        if not filled[empty] and spare:
            parts[min(spare, key=lambda group: float(size[group]))] = empty


def _improve(strata: Strata, wanted: Values, free: NDArray[np.bool_], parts: Parts) -> float:
    """Move or exchange groups, in place, while that makes the parts more alike; the cost left."""
    scaled = strata.amounts * np.sqrt(strata.weights)
    target = wanted[:, None] * np.sqrt(strata.weights)[None]
    movable = np.flatnonzero(free)
    for _ in range(ROUNDS):
        off = np.array([scaled[parts == k].sum(axis=0) for k in range(len(wanted))]) - target
        cost = float((off**2).sum())
        move = _best_move(scaled, off, parts, movable)
        swap = _best_swap(scaled, off, parts, movable)
        step, change = min(move, swap, key=lambda one: one[1])
        if change > -1e-12:
            return cost
        for group, part in step:
            parts[group] = part
    return cost


_Step = tuple[list[tuple[int, int]], float]


def _best_move(scaled: Values, off: Values, parts: Parts, movable: Parts) -> _Step:
    """The move of one group that lowers the cost most."""
    if not len(movable):
        return [], 0.0
    amounts, own = scaled[movable], parts[movable]
    square = (amounts**2).sum(axis=1)
    along = amounts @ off.T  # what a group has along what each part has too much of
    leaves = -2 * along[np.arange(len(movable)), own] + square
    change: Any = leaves[:, None] + 2 * along + square[:, None]
    change[np.arange(len(movable)), own] = 0
    # a part is never emptied
    alone = np.bincount(parts, minlength=len(off))[own] == 1
    change[alone] = 0
    group, part = np.unravel_index(int(np.argmin(change)), change.shape)
    return [(int(movable[group]), int(part))], float(change[group, part])


def _best_swap(scaled: Values, off: Values, parts: Parts, movable: Parts) -> _Step:
    """The exchange of two groups that lowers the cost most."""
    if not 2 <= len(movable) <= MOST_SWAPS:
        return [], 0.0
    amounts, own = scaled[movable], parts[movable]
    square = (amounts**2).sum(axis=1)
    along = amounts @ off.T
    mine = along[np.arange(len(movable)), own]
    # i goes to j's part and j to i's: the difference d = j - i enters one part and leaves the other
    into_own = along[:, own].T - mine[:, None]  # (j - i) along i's part
    into_other = mine[None] - along[:, own]  # (j - i) along j's part
    distance = square[:, None] + square[None] - 2 * amounts @ amounts.T
    change: Any = 2 * into_own - 2 * into_other + 2 * distance
    change[own[:, None] == own[None]] = 0
    i, j = np.unravel_index(int(np.argmin(change)), change.shape)
    step = [(int(movable[i]), int(own[j])), (int(movable[j]), int(own[i]))]
    return step, float(change[i, j])
