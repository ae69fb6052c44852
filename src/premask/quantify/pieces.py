"""What is counted of each connected component: its box, its sums, what it touches."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.phases import VOID
from premask.jit import jit

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@jit
def piece_boxes(
    labels: NDArray[np.uint8], components: NDArray[np.int32], n: int
) -> tuple[NDArray[np.uint8], Ints]:
    """The label of each component, and its first and last row, first and last column."""
    height, width = components.shape
    label_of = np.empty(n, np.uint8)
    boxes = np.empty((n, 4), np.int64)
    boxes[:, 0] = boxes[:, 2] = max(height, width)
    boxes[:, 1] = boxes[:, 3] = -1
    for y in range(height):
        for x in range(width):
            i = components[y, x]
            label_of[i] = labels[y, x]
            boxes[i, 0] = min(boxes[i, 0], y)
            boxes[i, 1] = y
            boxes[i, 2] = min(boxes[i, 2], x)
            boxes[i, 3] = max(boxes[i, 3], x)
    return label_of, boxes


@jit
def piece_sums(components: NDArray[np.int32], boxes: Ints) -> Ints:
    """Area; sums of x, y, xx, yy, xy from the box's corner; how often lines enter.

    Lines along rows, along columns, and along both diagonals together: Crofton's formula.
    """
    height, width = components.shape
    sums = np.zeros((len(boxes), 9), np.int64)
    for y in range(height):
        for x in range(width):
            i = components[y, x]
            row = sums[i]
            u, v = x - boxes[i, 2], y - boxes[i, 0]
            row[0] += 1
            row[1] += u
            row[2] += v
            row[3] += u * u
            row[4] += v * v
            row[5] += u * v
            row[6] += x == 0 or components[y, x - 1] != i
            row[7] += y == 0 or components[y - 1, x] != i
            row[8] += x == 0 or y == 0 or components[y - 1, x - 1] != i
            row[8] += x == width - 1 or y == 0 or components[y - 1, x + 1] != i
    return sums


def touching(
    labels: NDArray[np.uint8], components: NDArray[np.int32], boxes: Ints, diagonal: bool
) -> tuple[Flags, Flags]:
    """Which components touch the edge of the image, and which touch void."""
    height, width = labels.shape
    at_edge = (boxes[:, 0] == 0) | (boxes[:, 2] == 0)
    at_edge |= (boxes[:, 1] == height - 1) | (boxes[:, 3] == width - 1)
    at_void = np.zeros(len(boxes), np.bool_)
    void = (labels == VOID).astype(np.uint8)
    if void.any():
        shape = cv2.MORPH_RECT if diagonal else cv2.MORPH_CROSS
        near = cv2.dilate(void, cv2.getStructuringElement(shape, (3, 3)))
        at_void[components[near > 0]] = True
    return at_edge, at_void
