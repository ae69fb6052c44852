"""Run a network over an image of any size: tiles that overlap, blended without seams."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import grey

Levels = NDArray[np.uint8]
Probabilities = NDArray[np.float32]

Run = Callable[[Levels], Probabilities]
"""Levels of shape (N, C, h, w) to probabilities of shape (N, K, h, w)."""

WHOLE = 1280 * 1024
"""Images of at most so many pixels are one tile: the camera of most microscopes."""


@dataclass(frozen=True)
class Layout:
    """How an image is divided along one axis.

    Attributes
    ----------
    size : int
        Of every tile, px; a multiple of what the network asks for.
    starts : tuple of int
        Where the tiles begin. Only a single one may reach past the end of the image.
    length : int
        Of the image, px.
    """

    size: int
    starts: tuple[int, ...]
    length: int

    def weights(self, number: int) -> NDArray[np.float32]:
        """How much each pixel of a tile counts: less towards a neighbour, linearly."""
        rise = np.ones(self.size, np.float32)
        start, last = self.starts[number], len(self.starts) - 1
        if number > 0:
            shared = self.starts[number - 1] + self.size - start
            rise[:shared] *= _ramp(shared)
        if number < last:
            shared = start + self.size - self.starts[number + 1]
            rise[self.size - shared :] *= _ramp(shared)[::-1]
        return rise


def _ramp(length: int) -> NDArray[np.float32]:
    ramp: NDArray[np.float32] = ((np.arange(length) + 0.5) / max(length, 1)).astype(np.float32)
    return ramp


def divide(length: int, tile: int, overlap: int, multiple: int) -> Layout:
    """Tiles of one size along an axis, no larger than needed, evenly spaced.

    Parameters
    ----------
    length, tile, overlap : int
        Of the image, the largest tile, and how far two tiles overlap at least, px.
    multiple : int
        Of which the size of a tile is one.

    Raises
    ------
    PremaskError
        For an overlap of more than a quarter of the tile.

    Examples
    --------
    >>> divide(959, 1280, 128, 32)
    Layout(size=960, starts=(0,), length=959)
    >>> divide(2000, 1024, 128, 32)
    Layout(size=768, starts=(0, 616, 1232), length=2000)
    """
    if overlap > tile // 4:
        raise PremaskError(
            f"an overlap of {overlap} px of tiles of {tile} px; at most a quarter of the tile,"
            f" {tile // 4} px, is accepted"
        )
    n = 1 if length <= tile else math.ceil((length - overlap) / (tile - overlap))
    size = _up(math.ceil((length + (n - 1) * overlap) / n), multiple)
    if n == 1 or size >= length:
        return Layout(size, (0,), length)
    starts = tuple(round(i * (length - size) / (n - 1)) for i in range(n))
    return Layout(size, starts, length)


def strips(
    levels: Levels,
    run: Run,
    *,
    channels: int,
    multiple: int,
    tile: int,
    overlap: int,
    whole: int = WHOLE,
) -> Iterator[tuple[int, Probabilities]]:
    """Probabilities of an image, a strip of finished rows at a time, from top to bottom.

    Never more than a row of tiles is held. Where tiles overlap, their probabilities are
    averaged with weights that fall linearly to the edge of a tile.

    Parameters
    ----------
    levels : ndarray of uint8, shape (H, W) or (H, W, 3)
    run : callable
        The network.
    channels : int
        1: a coloured image is turned to grey; 3: a grey one is repeated.
    multiple, tile, overlap : int
        As in :func:`divide`.
    whole : int
        An image of at most so many pixels is one tile, whatever its sides.

    Yields
    ------
    top : int
        The first row of the strip.
    probabilities : ndarray of float32, shape (K, rows, W)
        The caller may write into it.
    """
    height, width = levels.shape[:2]
    one = _up(height, multiple) * _up(width, multiple) <= whole
    largest = max(height, width, tile) if one else tile
    down = divide(height, largest, overlap, multiple)
    across = divide(width, largest, overlap, multiple)
    total = np.sum([_placed(across, j) for j in range(len(across.starts))], axis=0)
    held, counted = None, np.zeros(down.size, np.float32)
    for i, top in enumerate(down.starts):
        rise = down.weights(i)
        for j, left in enumerate(across.starts):
            part = run(cut(levels, top, left, (down.size, across.size), channels))[0]
            if len(down.starts) == len(across.starts) == 1:
                yield 0, part[:, :height, :width]
                return
            if held is None:
                held = np.zeros((len(part), down.size, width), np.float32)
            w = min(across.size, width - left)
            share = (across.weights(j)[:w] / total[left : left + w])[np.newaxis]
            held[:, :, left : left + w] += part[:, :, :w] * (rise[:, np.newaxis] * share)
        counted += rise
        assert held is not None
        following = down.starts[i + 1] if i + 1 < len(down.starts) else top + down.size
        ready = min(following, height) - top
        yield top, held[:, :ready] / counted[:ready, np.newaxis]
        step = following - top
        held[:, : down.size - step] = held[:, step:]
        held[:, down.size - step :] = 0
        counted = np.concatenate([counted[step:], np.zeros(step, np.float32)])


def _placed(layout: Layout, number: int) -> NDArray[np.float32]:
    placed = np.zeros(max(layout.length, layout.size), np.float32)
    start = layout.starts[number]
    placed[start : start + layout.size] = layout.weights(number)
    return placed


def cut(levels: Levels, top: int, left: int, shape: tuple[int, int], channels: int) -> Levels:
    """One tile as the network takes it, (1, channels, h, w), mirrored past the image's edge."""
    part: NDArray[Any] = levels[top : top + shape[0], left : left + shape[1]]
    planes: NDArray[Any]
    if channels == 1:
        planes = grey(part)[np.newaxis]
    elif part.ndim == 2:
        planes = np.broadcast_to(part, (3, *part.shape))
    else:
        planes = np.moveaxis(part, -1, 0)
    short = [(0, size - have) for size, have in zip(shape, part.shape[:2], strict=True)]
    if any(after for _, after in short):
        planes = np.pad(planes, [(0, 0), *short], mode="symmetric")
    return np.ascontiguousarray(planes[np.newaxis], np.uint8)


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def flips(run: Run) -> Run:
    """Test-time augmentation: the mean over the image and its three mirror images."""

    def averaged(levels: Levels) -> Probabilities:
        total = None
        for axes in ((), (2,), (3,), (2, 3)):
            turned = np.flip(run(np.ascontiguousarray(np.flip(levels, axes))), axes)
            total = turned.copy() if total is None else total + turned
        assert total is not None
        return total / np.float32(4)

    return averaged


def turns(run: Run) -> Run:
    """Test-time augmentation: the mean over the eight mirror images and quarter turns."""
    mirrored = flips(run)

    def averaged(levels: Levels) -> Probabilities:
        turned = mirrored(np.ascontiguousarray(np.rot90(levels, 1, (2, 3))))
        return (mirrored(levels) + np.rot90(turned, -1, (2, 3))) / np.float32(2)

    return averaged


TEST_TIME: dict[str, Callable[[Run], Run]] = {
    "none": lambda run: run,
    "flips": flips,
    "turns": turns,
}
"""Test-time augmentations by name."""


def test_time(name: str, run: Run) -> Run:
    """A network that averages over an augmentation of :data:`TEST_TIME`.

    Raises
    ------
    PremaskError
        For another name.
    """
    if name not in TEST_TIME:
        raise PremaskError(
            f"the test-time augmentation is {name!r}; {', '.join(TEST_TIME)} are accepted"
        )
    return TEST_TIME[name](run)
