"""Names by grey order, where the user knows that it holds for the images at hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import Image, grey
from premask.naming.table import NameTable


def name_by_grey(
    image: Image, regions: NDArray[np.uint8], order: Sequence[int], *, n_regions: int | None = None
) -> NameTable:
    """Give the darkest regions the first phase of an order, the brightest the last.

    As many regions as phases: one each. More regions than phases: neighbours in grey are
    grouped, so that the area-weighted squared deviation of the regions' mean grey levels
    from their groups' means is smallest (exact 1-D k-means, i.e. multi-level Otsu on the
    regions); every phase gets at least one region.

    The order of phases in grey is a matter of detector and etching and is often not the
    order of their indices: look at one image before this is used on a folder.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    regions : ndarray of uint8, shape (H, W)
    order : sequence of int
        Phase indices, darkest first.
    n_regions : int, optional
        Length of the table; the largest region of the image plus one by default.

    Returns
    -------
    NameTable
        The margin compares the distances to the nearest and the second nearest group's
        grey level: 0 in the middle between two groups, 1 on a group's mean.

    Raises
    ------
    PremaskError
        For an empty or repeating order, or fewer regions than phases.
    """
    if not order or len(set(order)) != len(order):
        raise PremaskError(
            f"the grey order {list(order)} cannot be used; each phase once, darkest first, is"
            " accepted"
        )
    flat = regions.ravel()
    size = int(flat.max()) + 1 if n_regions is None else n_regions
    areas = np.bincount(flat, minlength=size)
    levels = grey(image).ravel().astype(np.float64)
    present = np.flatnonzero(areas)
    if len(present) < len(order):
        raise PremaskError(
            f"{len(present)} regions cannot show {len(order)} phases in grey order;"
            " ask for more regions, or give an order of fewer phases"
        )
    means = np.bincount(flat, weights=levels, minlength=size)[present] / areas[present]
    rank = np.argsort(means, kind="stable")
    groups = _split(means[rank], areas[present][rank].astype(np.float64), len(order))
    names: list[int | None] = [None] * size
    margins = [0.0] * size
    surety = _margins(means[rank], areas[present][rank].astype(np.float64), groups)
    for region, group, margin in zip(present[rank], groups, surety, strict=True):
        names[region] = int(order[group])
        margins[region] = float(margin)
    return NameTable(tuple(names), tuple(margins), "grey")


def _split(
    means: NDArray[np.float64], weights: NDArray[np.float64], n_groups: int
) -> NDArray[np.intp]:
    """Group of each of the ordered means: the exact optimum by dynamic programming."""
    n = len(means)
    total, first, second = (
        np.concatenate([[0.0], np.cumsum(weights * means**power)]) for power in range(3)
    )
    cost = np.full((n_groups + 1, n + 1), np.inf)
    cost[0, 0] = 0
    start = np.zeros((n_groups + 1, n + 1), np.intp)
    for group in range(1, n_groups + 1):
        for end in range(group, n + 1):
            begin = np.arange(group - 1, end)
            spread = (second[end] - second[begin]) - (first[end] - first[begin]) ** 2 / (
                total[end] - total[begin]
            )
            candidates = cost[group - 1, begin] + spread
            best = int(candidates.argmin())
            cost[group, end], start[group, end] = candidates[best], begin[best]
    groups = np.zeros(n, np.intp)
    end = n
    for group in range(n_groups, 0, -1):
        begin_of_group = int(start[group, end])
        groups[begin_of_group:end] = group - 1
        end = begin_of_group
    return groups


def _margins(
    means: NDArray[np.float64], weights: NDArray[np.float64], groups: NDArray[np.intp]
) -> NDArray[np.float64]:
    n_groups = int(groups.max()) + 1
    if n_groups == 1:
        return np.ones(len(means))
    centres = np.bincount(groups, weights * means) / np.bincount(groups, weights)
    distance = np.abs(means[:, None] - centres)
    own = distance[np.arange(len(means)), groups]
    distance[np.arange(len(means)), groups] = np.inf
    other = distance.min(axis=1)
    # equal grey levels in two groups: nothing tells them apart
    margin: NDArray[np.float64] = np.clip((other - own) / np.maximum(other, 1e-12), 0, 1)
    return margin
