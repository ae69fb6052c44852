"""One label map from regions that may overlap."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.exchange import LabelMap, Report, first_position
from premask.core.phases import VOID

Region = tuple[int, NDArray[np.bool_], tuple[int, int]]
"""A phase index, a mask of its box, and the row and column of the box's top left corner."""


def overlay(
    shape: tuple[int, int], regions: Iterable[Region], report: Report, where: str
) -> LabelMap:
    """Lay regions on each other: a later one wins, as the tools draw them.

    Parameters
    ----------
    shape : (int, int)
        Height and width of the image, px.
    regions : iterable of (index, mask, corner)
        In the order in which they were drawn; a void region erases.
    report : Report
        Is told how many pixels changed their phase through an overlap.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        Void where there is no region.

    Raises
    ------
    PremaskError
        For a region that reaches out of the image.
    """
    label_map = np.full(shape, VOID, np.uint8)
    contested = np.zeros(shape, bool)
    for number, (index, mask, (top, left)) in enumerate(regions, 1):
        bottom, right = top + mask.shape[0], left + mask.shape[1]
        if top < 0 or left < 0 or bottom > shape[0] or right > shape[1]:
            raise PremaskError(
                f"{where}: region {number} reaches from row {top}, column {left} to row {bottom},"
                f" column {right}, out of the image of {shape[1]}x{shape[0]} px"
            )
        box = np.s_[top:bottom, left:right]
        contested[box] |= mask & (label_map[box] != VOID) & (label_map[box] != index)
        label_map[box][mask] = index
    n = int(np.count_nonzero(contested))
    if n:
        report.add(
            "overlap",
            where,
            f"{n} px belong to several regions; the later region wins",
            n,
            first_position(contested),
        )
    return label_map


def masks_of(label_map: LabelMap) -> Iterable[tuple[int, NDArray[np.bool_]]]:
    """The labels of a map, void left out, in ascending order, each with its mask (H, W)."""
    present = np.flatnonzero(np.bincount(label_map.ravel(), minlength=256)[:VOID])
    for index in present:
        yield int(index), label_map == index
