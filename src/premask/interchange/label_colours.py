"""Colours that stand for labels in picture formats, where black stands for none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from premask.core.phases import MAX_PHASES

RGB = tuple[int, int, int]

BLACK: RGB = (0, 0, 0)


def label_colours(colours: Sequence[str]) -> list[RGB]:
    """The colours of the phases, made distinct and none of them black.

    Parameters
    ----------
    colours : sequence of str
        ``#rrggbb``. Black, and a colour that was there before, give way to the nearest
        brighter blue that is free: as good as the same to the eye.
    """
    taken: list[RGB] = [BLACK]
    for colour in colours:
        code = int(colour[1:], 16)
        while (found := (code >> 16 & 255, code >> 8 & 255, code & 255)) in taken:
            code = (code + 1) % (1 << 24)
        taken.append(found)
    return taken[1:]


def voc_colours(n: int = 256) -> list[RGB]:
    """The colours of Pascal VOC for 0, 1, 2 ...: black, dark red, dark green, olive ...

    The bits of a number go to red, green and blue in turn, highest first.
    """
    found = []
    for number in range(n):
        channels = [0, 0, 0]
        for bit in range(8):
            channels[bit % 3] |= (number >> bit & 1) << (7 - bit // 3)
        found.append((channels[0], channels[1], channels[2]))
    return found


def painted(label_map: NDArray[np.uint8], colours: Sequence[RGB]) -> NDArray[np.uint8]:
    """A label map in colours: uint8 (H, W, 3); void is black."""
    assert len(colours) <= MAX_PHASES * 4
    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)] = colours
    return table[label_map]
