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
        raise PremaskError(f"{n_classes} regions were asked for; 2 to {largest} are accepted")
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
    flat = labels.ravel().astype(np.int64)
    counts = np.bincount(flat)
    sums = np.bincount(flat, weights=grey(image).ravel().astype(np.float64))
    present = np.flatnonzero(counts)
    means = sums[present] / counts[present]
    table = np.zeros(len(counts), np.uint8)
    table[present[np.argsort(means, kind="stable")]] = np.arange(len(present))
    return table[flat].reshape(labels.shape)
