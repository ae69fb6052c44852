"""Named shapes of an image: label maps from them, and what the report says of their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from premask.core.exchange import LabelMap, first_position
from premask.core.phases import VOID
from premask.interchange.overlay import Region, overlay
from premask.interchange.vocabulary import Vocabulary

Shape = tuple[str, NDArray[np.bool_], tuple[int, int]]
"""A name, a mask of its box, and the row and column of the box's top left corner."""


def lay(
    size: tuple[int, int], shapes: Iterable[Shape], vocabulary: Vocabulary, where: str
) -> LabelMap:
    """Lay named shapes on each other; a later one wins.

    A name that means nothing is reported once, with the pixels of all its shapes. What has
    no pixel is reported too.

    Parameters
    ----------
    size : (int, int)
        Height and width of the image, px.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        Void where there is no shape.

    Raises
    ------
    PremaskError
        For a shape that reaches out of the image.
    """
    unknown: dict[str, tuple[int, tuple[int, int]]] = {}
    empty: dict[str, int] = {}

    def regions() -> Iterator[Region]:
        for name, mask, corner in shapes:
            n = int(np.count_nonzero(mask))
            if not n:
                empty[name] = empty.get(name, 0) + 1
                continue
            index = vocabulary.find(name)
            if index is None:
                row, column = first_position(mask)
                known = unknown.get(name, (0, (corner[0] + row, corner[1] + column)))
                unknown[name] = known[0] + n, known[1]
                index = VOID
            yield index, mask, corner

    label_map = overlay(size, regions(), vocabulary.report, where)
    for name, (count, at) in unknown.items():
        vocabulary.index(name, where, count, at)
    for name, count in empty.items():
        vocabulary.report.add(
            "left out", where, f"{count} of {name!r} cover no pixel of the image", count
        )
    return label_map


def bounding_box(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, width and height of the pixels of a mask, px; it must have one."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1
