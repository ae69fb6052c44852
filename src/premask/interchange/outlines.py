"""Outlines of masks along the edges of pixels: closed, exact, holes included."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def outlines(mask: NDArray[np.bool_]) -> list[NDArray[np.int32]]:
    """The boundary of a mask as closed polygons through the corners of pixels.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Returns
    -------
    list of ndarray of int32, shape (n, 2)
        x and y of the corners of each, 0 to W and 0 to H; the last is joined with the first.
        The mask is to the right of the way, so that an outer boundary runs clockwise and a
        hole's the other way: both filling rules, even-odd and non-zero, give the mask back.
    """
    padded = np.pad(mask, 1).view(np.uint8)
    rows, columns = padded[:-1] ^ padded[1:], padded[:, :-1] ^ padded[:, 1:]
    # A corner is where the edge of one pixel ends, or where two pixels touch.
    odd = rows[:, :-1] ^ rows[:, 1:]
    crossing = rows[:, :-1] & rows[:, 1:] & columns[:-1] & columns[1:]
    places = np.flatnonzero(odd | crossing)
    twice = crossing.ravel()[places] == 1
    if not places.size:
        return []
    y, x = np.divmod(np.repeat(places, 1 + twice), odd.shape[1])
    # In each row corners 2k and 2k + 1 are the ends of an edge, and so in each column: where
    # two pixels touch at a corner, it is there twice.
    order = np.lexsort((y, x))
    upright = np.empty_like(order)
    upright[order] = order.reshape(-1, 2)[:, ::-1].ravel()
    left = np.arange(0, x.size, 2)
    below = padded[y[left] + 1, x[left] + 1] == 1
    start = np.where(below, left, left + 1)
    end = left + left + 1 - start
    loops = _cycles(upright[end] // 2)
    points = np.stack([x, y], axis=1).astype(np.int32)
    return [points[np.stack([start[loop], end[loop]], axis=1).ravel()] for loop in loops]


def _cycles(following: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The cycles of a permutation, each in its order, by doubling the steps."""
    n = following.size
    first, step = np.arange(n), following
    for _ in range(n.bit_length()):
        first = np.minimum(first, first[step])
        step = step[step]
    is_first = first == np.arange(n)
    step = np.where(is_first, np.arange(n), following)
    left = (~is_first).astype(np.intp)  # steps to the first of the cycle
    for _ in range(n.bit_length()):
        left += left[step]
        step = step[step]
    order = np.lexsort((np.where(is_first, -n, -left), first))
    return np.split(order, np.flatnonzero(is_first[order])[1:])


def filled(polygons: Iterable[NDArray[np.int32]], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask that outlines of horizontal and vertical edges enclose, by the even-odd rule."""
    ends = [np.empty((0, 2), np.int32)]
    for polygon in polygons:
        following = np.roll(polygon, -1, axis=0)
        upright = polygon[:, 0] == following[:, 0]
        ends += [polygon[upright], following[upright]]
    x, y = np.concatenate(ends).T
    inside = np.zeros((shape[0] + 1, shape[1] + 1), np.uint8)
    np.bitwise_xor.at(inside, (y, x), 1)  # an upright edge changes side between its ends
    np.bitwise_xor.accumulate(inside, axis=0, out=inside)
    np.bitwise_xor.accumulate(inside, axis=1, out=inside)
    return inside[: shape[0], : shape[1]].view(np.bool_)
