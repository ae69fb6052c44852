"""Area fractions of the phases: of a field, of its parts, over several fields."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError

MOST_PARTS = 50
"""Rows and columns that a field may be cut into at most."""


def pixel_counts(labels: NDArray[np.uint8], n_phases: int) -> NDArray[np.int64]:
    """Pixels of each phase; void pixels count nowhere.

    Parameters
    ----------
    labels : ndarray of uint8, shape (H, W)
        0 to n_phases - 1, and 255 for void.

    Returns
    -------
    ndarray of int64, shape (n_phases,)
    """
    return np.bincount(labels.ravel(), minlength=256)[:n_phases].astype(np.int64)


def fractions(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of each phase in the labelled pixels; NaN where there are none.

    By Delesse's principle the area fraction of a random section is an unbiased estimate of
    the volume fraction.

    Parameters
    ----------
    counts : ndarray of int64, shape (..., n_phases)

    Examples
    --------
    >>> fractions(np.array([[3, 1], [0, 0]])).tolist()
    [[0.75, 0.25], [nan, nan]]
    """
    total = counts.sum(axis=-1, keepdims=True)
    shares = np.full(counts.shape, np.nan)
    np.divide(counts, total, out=shares, where=total > 0)
    return shares


def part_fractions(labels: NDArray[np.uint8], n_phases: int, parts: int) -> NDArray[np.float64]:
    """Area fractions in ``parts`` x ``parts`` equal parts of a field.

    Parameters
    ----------
    labels : ndarray of uint8, shape (H, W)
    parts : int
        1 to 50. Sizes differ by one pixel where the field cannot be divided.

    Returns
    -------
    ndarray of float64, shape (parts * parts, n_phases)
        In reading order; NaN for parts that are wholly void.

    Raises
    ------
    PremaskError
        For another number of parts, or more parts than pixels.
    """
    check_parts(parts, min(labels.shape))
    counts = [
        pixel_counts(part, n_phases)
        for band in np.array_split(labels, parts)
        for part in np.array_split(band, parts, axis=1)
    ]
    return fractions(np.array(counts))


def check_parts(parts: int, most: int = MOST_PARTS) -> None:
    """Refuse a field cut into no part, or into more than it has pixels."""
    most = min(most, MOST_PARTS)
    if not 1 <= parts <= most:
        raise PremaskError(
            f"a field cannot be cut into {parts} x {parts} parts; 1 to {most} are accepted"
        )
