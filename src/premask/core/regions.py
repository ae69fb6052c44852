"""Regions: what a method returns, anonymous clusters ordered by their grey level."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import Image, grey

MAX_REGIONS = 64


def check_n_classes(n_classes: int, *, largest: int = MAX_REGIONS) -> int:
    """The number of regions asked for, or an error that says what is accepted."""
    if isinstance(n_classes, bool) or not isinstance(n_classes, int | np.integer):
        raise PremaskError(
            f"n_classes is {n_classes!r}; a whole number from 2 to {largest} is accepted"
        )
    if not 2 <= n_classes <= largest:
        raise PremaskError(f"the number of regions is {n_classes}; 2 to {largest} are accepted")
    return int(n_classes)


def order_by_grey(labels: NDArray[Any], image: Image) -> NDArray[np.uint8]:
    """Renumber regions 0..K-1 by their mean grey level, darkest first.

    Ties keep the order of the labels, so that the same input gives the same bytes.

    Parameters
    ----------
    labels : ndarray of int, shape (H, W)
        Any non-negative values; gaps are closed.
    image : ndarray of uint8 or uint16
        Of the same height and width.

    Returns
    -------
    ndarray of uint8, shape (H, W)
    """
    sizes, sums = _sizes_and_sums(labels.ravel(), grey(image).ravel())
    present = np.flatnonzero(sizes)
    order = present[np.argsort(sums[present] / sizes[present], kind="stable")]
    table = np.zeros(len(sizes), np.uint8)
    table[order] = np.arange(len(present))
    if labels.dtype == np.uint8 and np.array_equal(order, np.arange(len(order))):
        return labels.astype(np.uint8)
    return np.take(table, labels)


def _sizes_and_sums(labels: NDArray[Any], levels: Image) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Pixels of each label and the sum of their grey levels."""
    if labels.dtype == np.uint8:
        # Labels and levels are counted together, a byte of the level at a time: a third of
        # the time of weighted sums.
        upper = labels.astype(np.uint16) << 8
        sizes = sums = np.zeros(256, np.int64)
        for shift in range(0, 8 * levels.itemsize, 8):
            joint = np.bincount(upper | ((levels >> shift) & 255), minlength=65536)
            by_label = joint.reshape(256, 256)
            sizes, sums = by_label.sum(axis=1), sums + ((by_label @ np.arange(256)) << shift)
        return sizes, sums
    return np.bincount(labels), np.bincount(labels, weights=levels)
