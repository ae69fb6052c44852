"""Label maps: uint8 (H, W), one phase a pixel, 255 for void."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError
from premask.core.phases import VOID


def as_label_map(labels: ArrayLike, what: str) -> NDArray[np.uint8]:
    """One label map as uint8; ``what`` names it in the error.

    Raises
    ------
    PremaskError
        For another shape, fractions, and values out of 0 to 255.
    """
    array: NDArray[Any] = np.asarray(labels)
    if array.ndim != 2 or 0 in array.shape:
        raise PremaskError(
            f"the {what} has the shape {array.shape}; a label map of (height, width) is accepted"
        )
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array, np.uint8)
    if array.dtype.kind not in "iub" or array.min() < 0 or array.max() > VOID:
        raise PremaskError(
            f"the {what} is no label map ({array.dtype}, values from {array.min()} to"
            f" {array.max()}); whole numbers from 0 to {VOID} are accepted"
        )
    return np.ascontiguousarray(array, np.uint8)


def check_values(what: str, histogram: NDArray[np.int64], n_phases: int) -> None:
    """Refuse a label map with values that are neither a phase nor void."""
    strange = np.flatnonzero(histogram[n_phases:VOID]) + n_phases
    if len(strange):
        value = int(strange[0])
        others = f" (and {len(strange) - 1} more values)" if len(strange) > 1 else ""
        raise PremaskError(
            f"the {what} has the value {value} in {int(histogram[value])} px{others};"
            f" 0 to {n_phases - 1} and {VOID} for void are accepted with {n_phases} phases"
        )
