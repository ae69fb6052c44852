"""Polygons and boxes of others, as the pixels that they stand for.

A pixel belongs to a polygon if its centre lies inside (even-odd rule); a centre on an edge
belongs to the side right of it, or below. Polygons that share an edge therefore neither
overlap nor leave a gap.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.interchange.runs import shown

RULE = "a pixel whose centre lies inside"
"""How polygons become pixels, for messages and documentation."""

MAX_POINTS = 1_000_000


def fill_polygon(
    points: NDArray[np.float64], height: int, width: int
) -> tuple[NDArray[np.bool_], tuple[int, int]]:
    """The pixels of a polygon that lie in an image.

    Parameters
    ----------
    points : ndarray of float, shape (N, 2)
        x and y of the corners in px; the image reaches from 0 to its width and height, so
        that the centre of its first pixel is at (0.5, 0.5). The last is joined to the first.
    height, width : int
        Of the image, px.

    Returns
    -------
    mask : ndarray of bool, shape (h, w)
        Of the box that the polygon lies in; empty where it has no pixel.
    corner : (int, int)
        Row and column of the box's top left corner.

    Examples
    --------
    >>> mask, corner = fill_polygon(np.array([[1, 1], [3, 1], [3, 2], [1, 2]]), 4, 4)
    >>> mask.tolist(), corner
    ([[True, True]], (1, 1))
    """
    left, top = (_first(np.clip(points.min(0), 0, (width, height)))).tolist()
    right, bottom = (_first(np.clip(points.max(0), 0, (width, height)))).tolist()
    shape = (bottom - top, right - left)
    if min(shape) < 1:
        return np.zeros((0, 0), bool), (top, left)
    rows, columns = _crossings(points - (left, top), *shape)
    # each crossing turns what is right of it from outside to inside, or back
    turns = np.bincount(rows * (shape[1] + 1) + columns, minlength=shape[0] * (shape[1] + 1))
    inside = np.cumsum(turns.reshape(shape[0], -1)[:, :-1], axis=1) % 2 == 1
    return inside, (top, left)


def _crossings(
    points: NDArray[np.float64], height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each edge and each row that it crosses: the row, and the first column right of it."""
    start, end = points, np.roll(points, -1, axis=0)
    up = (start[:, 1] > end[:, 1])[:, None]
    # every edge downwards, so that two polygons compute the same numbers for the same edge
    start, end = np.where(up, end, start), np.where(up, start, end)
    first = _first(np.clip(start[:, 1], 0, height))
    n = _first(np.clip(end[:, 1], 0, height)) - first
    edge = np.repeat(np.arange(len(points)), n)
    rows = np.arange(edge.size) - np.repeat(np.cumsum(n) - n, n) + first[edge]
    (x0, y0), (x1, y1) = start[edge].T, end[edge].T
    x = x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0))
    return rows, _first(np.clip(x, 0, width))


def _first(coordinate: NDArray[np.float64]) -> NDArray[np.int64]:
    """The first pixel whose centre is not before a coordinate."""
    return np.ceil(coordinate - 0.5).astype(np.int64)


def corners(values: object, where: str) -> NDArray[np.float64]:
    """The corners of a polygon as a file gives them: a flat list x, y, x, y ...

    Returns
    -------
    ndarray of float, shape (N, 2)

    Raises
    ------
    PremaskError
        For what is not a list of an even number of finite numbers, six or more.
    """
    if not isinstance(values, Sequence) or isinstance(values, str | bytes):
        raise PremaskError(f"{where}: its points are {shown(values)}; a list is accepted")
    if len(values) < 6 or len(values) % 2 or len(values) > 2 * MAX_POINTS:
        raise PremaskError(
            f"{where}: its {len(values)} coordinates are no polygon; three to"
            f" {MAX_POINTS:,} points of two numbers are accepted"
        )
    for i, value in enumerate(values, 1):
        if isinstance(value, bool) or not isinstance(value, int | float) or not _bounded(value):
            raise PremaskError(
                f"{where}: coordinate {i} of {len(values)} is {shown(value)}; numbers are accepted"
            )
    return np.array(values, np.float64).reshape(-1, 2)


def box_corners(
    left: float, top: float, right: float, bottom: float, degrees: float = 0.0
) -> list[float]:
    """The corners of a box that is turned clockwise around its centre, for :func:`corners`."""
    x, y = (left + right) / 2, (top + bottom) / 2
    offsets = np.array([(left - x, top - y), (right - x, top - y),
                        (right - x, bottom - y), (left - x, bottom - y)])  # fmt: skip
    if degrees:  # without it, the corners stay what they are
        sine, cosine = np.sin(np.radians(degrees)), np.cos(np.radians(degrees))
        offsets = offsets @ np.array([[cosine, sine], [-sine, cosine]])
        return (offsets + np.array([x, y])).ravel().tolist()  # type: ignore[no-any-return]
    return [left, top, right, top, right, bottom, left, bottom]


def _bounded(value: float) -> bool:
    return -1e9 < value < 1e9  # also False for nan
