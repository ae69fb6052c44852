"""Masks of Segment Anything as arrays: prompts, stability, duplicates, one map of regions.

NumPy and OpenCV alone, so that all of it is tested on masks made by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Frame:
    """How a micrograph lies in the square that the encoder sees: top left, padded below.

    Attributes
    ----------
    height, width : int
        Of the micrograph, px.
    side : int
        Of the encoder's square, px (1024 in all published checkpoints).
    """

    height: int
    width: int
    side: int

    @property
    def resized(self) -> tuple[int, int]:
        """Height and width of the micrograph in the square: its longer side fills it."""
        scale = self.side / max(self.height, self.width)
        return max(1, int(self.height * scale + 0.5)), max(1, int(self.width * scale + 0.5))


@dataclass(frozen=True)
class Mask:
    """One mask at full resolution, packed to bits inside its bounding box.

    A box that spans a 1280x959 image takes 153 kB, so that all of the 3072 masks of 1024
    prompts fit into 0.5 GB even in the worst case.

    Attributes
    ----------
    bits : ndarray of uint8, shape (rows, bytes)
        Rows of the box, 8 px per byte.
    top, left_byte : int
        Where the box starts: its row, and its column divided by 8.
    area : int
        In px.
    score : float
        The model's own estimate of the mask's IoU.
    stability : float
        See :func:`stability`.
    """

    bits: NDArray[np.uint8]
    top: int
    left_byte: int
    area: int
    score: float = 1.0
    stability: float = 1.0


def grid_points(points_per_side: int, frame: Frame) -> NDArray[np.float32]:
    """Prompts: the centres of an even grid of n x n cells over the micrograph.

    Returns
    -------
    ndarray of float32, shape (n * n, 2)
        x and y in px of the encoder's square, row by row.
    """
    height, width = frame.resized
    centres = (np.arange(points_per_side) + 0.5) / points_per_side
    y, x = np.meshgrid(centres * height, centres * width, indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def upsample(logits: NDArray[np.float32], frame: Frame) -> NDArray[np.float32]:
    """Bring a mask's logits from the decoder's square to the micrograph's pixels.

    Bilinear in two steps, to the encoder's square and from its part without padding to the
    micrograph, as the authors do it.

    Parameters
    ----------
    logits : ndarray of float32, shape (h, h)
        Of the whole square, padding included (256x256 in all published checkpoints).

    Returns
    -------
    ndarray of float32, shape (frame.height, frame.width)
    """
    height, width = frame.resized
    square = cv2.resize(logits, (frame.side, frame.side), interpolation=cv2.INTER_LINEAR)
    inside = np.ascontiguousarray(square[:height, :width])
    full = cv2.resize(inside, (frame.width, frame.height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, np.float32)


def stability(logits: NDArray[np.float32], offset: float = 1.0) -> float:
    """How little a mask changes with its threshold: IoU of the masks at +offset and -offset.

    0 for logits that are nowhere above -offset.
    """
    union = int(np.count_nonzero(logits > -offset))
    return int(np.count_nonzero(logits > offset)) / union if union else 0.0


def pack(mask: NDArray[np.bool_], score: float = 1.0, stability: float = 1.0) -> Mask | None:
    """Keep a mask as bits inside its bounding box; None for a mask without any pixel."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(rows):
        return None
    columns = np.flatnonzero(mask.any(axis=0))
    left_byte = int(columns[0]) // 8
    box = mask[rows[0] : rows[-1] + 1, left_byte * 8 : columns[-1] + 1]
    return Mask(
        bits=np.packbits(box, axis=1),
        top=int(rows[0]),
        left_byte=left_byte,
        area=int(np.count_nonzero(box)),
        score=float(score),
        stability=float(stability),
    )


def unpack(mask: Mask, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask as booleans of the micrograph's shape."""
    full = np.zeros(shape, bool)
    left = mask.left_byte * 8
    box = np.unpackbits(mask.bits, axis=1)[:, : shape[1] - left].astype(bool)
    full[mask.top : mask.top + box.shape[0], left : left + box.shape[1]] = box
    return full


def mask_iou(a: Mask, b: Mask) -> float:
    """Intersection over union of two packed masks."""
    common = _intersection(a, b)
    return common / (a.area + b.area - common)


def _intersection(a: Mask, b: Mask) -> int:
    top, left = max(a.top, b.top), max(a.left_byte, b.left_byte)
    bottom = min(a.top + a.bits.shape[0], b.top + b.bits.shape[0])
    right = min(a.left_byte + a.bits.shape[1], b.left_byte + b.bits.shape[1])
    if top >= bottom or left >= right:
        return 0
    parts = [
        m.bits[top - m.top : bottom - m.top, left - m.left_byte : right - m.left_byte]
        for m in (a, b)
    ]
    both = np.ascontiguousarray(parts[0] & parts[1])
    return int(cv2.norm(both, cv2.NORM_HAMMING))  # the number of bits that are set


def suppress(masks: Sequence[Mask], nms_thresh: float = 0.7) -> list[Mask]:
    """Drop duplicates: of masks that overlap by more than a threshold, keep the best scored.

    The overlap is the IoU of the masks. The authors compare bounding boxes instead, which
    would drop one of two phases that both span the micrograph.

    Parameters
    ----------
    masks : sequence of Mask
    nms_thresh : float
        IoU above which the mask with the lower score goes, 0 to 1.

    Returns
    -------
    list of Mask
        Best score first; ties in the order given.
    """
    order = sorted(range(len(masks)), key=lambda i: -masks[i].score)
    kept: list[Mask] = []
    for i in order:
        if not any(_duplicates(masks[i], other, nms_thresh) for other in kept):
            kept.append(masks[i])
    return kept


def _duplicates(a: Mask, b: Mask, nms_thresh: float) -> bool:
    # The smaller area over the larger one bounds the IoU: most pairs end here.
    if min(a.area, b.area) <= nms_thresh * max(a.area, b.area):
        return False
    return mask_iou(a, b) > nms_thresh


def paint(masks: Sequence[Mask], shape: tuple[int, int]) -> NDArray[np.int32]:
    """Merge overlapping masks into one map: the largest first, so that small lies over large.

    Returns
    -------
    ndarray of int32, shape (H, W)
        0 where no mask lies, then 1 .. n without gaps, in the order of descending area
        (ties in the order given). A mask that is wholly covered by smaller ones is not in it.
    """
    labels = np.zeros(shape, np.int32)
    order = sorted(range(len(masks)), key=lambda i: -masks[i].area)
    for label, i in enumerate(order, start=1):
        mask = masks[i]
        left = mask.left_byte * 8
        box = np.unpackbits(mask.bits, axis=1)[:, : shape[1] - left].view(bool)
        rows = slice(mask.top, mask.top + box.shape[0])
        labels[rows, left : left + box.shape[1]][box] = label
    return _without_gaps(labels)


def _without_gaps(labels: NDArray[Any]) -> NDArray[np.int32]:
    present = np.bincount(labels.ravel()) > 0
    present[0] = True  # 0 stays the uncovered part, also where there is none
    table: NDArray[np.int32] = (np.cumsum(present) - 1).astype(np.int32)
    closed: NDArray[np.int32] = table[labels]
    return closed
