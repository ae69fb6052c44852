"""Masks of COCO and of CVAT: run lengths by columns, and by rows of a box."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.interchange.runs import (
    check_mask,
    check_size,
    from_runs,
    shown,
    to_runs,
    whole_numbers,
)

COCO = "the COCO mask"
CVAT = "the CVAT mask"

LONGEST = 12
"""Characters of a number in COCO's text, 5 bits each; pycocotools never writes more than 7."""


def encode_coco(mask: NDArray[np.bool_]) -> list[int]:
    """COCO's uncompressed ``counts``: run lengths down the columns, zeros first.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Examples
    --------
    >>> encode_coco(np.array([[False, True, True], [False, False, True]]))
    [2, 1, 1, 2]
    """
    counts: list[int] = _column_runs(mask).tolist()
    return counts


def encode_coco_text(mask: NDArray[np.bool_]) -> str:
    """COCO's compressed ``counts``, to the character as pycocotools writes them.

    From the fourth on, a run is stored as its difference from the run two before; a number
    is split into groups of 5 bits, lowest first, each a character from code 48 on with its
    sixth bit set where another follows.

    Examples
    --------
    >>> encode_coco_text(np.array([[False, True, True], [False, False, True]]))
    '2111'
    """
    runs = _column_runs(mask)
    rest = runs.copy()
    rest[3:] -= runs[1:-2]
    characters = np.zeros((runs.size, 7), np.uint8)  # 35 bits: more than an image can have
    more = np.ones(runs.size, np.bool_)
    for group in range(7):
        bits = rest & 31
        rest = rest >> 5
        follows = more & (rest != np.where(bits & 16, -1, 0))
        characters[more, group] = (bits | follows << 5)[more] + 48
        more = follows
    return characters[characters > 0].tobytes().decode("ascii")


def decode_coco(counts: str | bytes | Sequence[int], height: int, width: int) -> NDArray[np.bool_]:
    """The mask of a COCO ``segmentation``.

    Parameters
    ----------
    counts : str, bytes or sequence of int
        Compressed or not.
    height, width : int
        ``size`` of the segmentation, px. An image has at most
        :data:`premask.io.images.MAX_PIXELS`.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Raises
    ------
    PremaskError
        With the position, for text that is not COCO's, runs that are negative, and runs
        that do not make up the image.
    """
    height, width = check_size(height, width, COCO)
    if isinstance(counts, bytes):
        counts = counts.decode("latin-1")
    runs = _numbers(counts) if isinstance(counts, str) else whole_numbers(counts, COCO)
    columns = from_runs(runs, height * width, COCO).reshape(width, height)
    return np.ascontiguousarray(columns.T)


def _column_runs(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    check_mask(mask)
    return to_runs(mask.ravel(order="F"))


def _numbers(text: str) -> NDArray[np.int64]:
    """The run lengths in COCO's text."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    codes = points.astype(np.int64) - 48
    wrong = np.flatnonzero((codes < 0) | (codes > 63))
    if wrong.size:
        i = int(wrong[0])
        raise PremaskError(
            f"{COCO}: character {i + 1} of {codes.size} is {text[i]!r}; '0' to 'o' are accepted"
            " in compressed counts"
        )
    if not codes.size:
        return codes
    if codes[-1] & 32:
        raise PremaskError(
            f"{COCO}: its counts end within a number, at character {codes.size}; they are cut off"
        )
    ends = np.flatnonzero(codes < 32)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > LONGEST:
        i = int(lengths.argmax())
        raise PremaskError(
            f"{COCO}: a number of {lengths[i]} characters at character {starts[i] + 1};"
            f" up to {LONGEST} are accepted"
        )
    group = np.arange(codes.size) - np.repeat(starts, lengths)
    runs = np.add.reduceat((codes & 31) << (5 * group), starts)
    runs -= np.where(codes[ends] & 16, 1 << (5 * lengths), 0)  # two's complement
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    return runs


@dataclass(frozen=True)
class CvatMask:
    """A mask as CVAT keeps it: run lengths along the rows of a box, zeros first.

    Attributes
    ----------
    runs : tuple of int
        All of them, also the last.
    left, top, width, height : int
        The box, px.
    """

    runs: tuple[int, ...]
    left: int
    top: int
    width: int
    height: int

    @property
    def rle(self) -> str:
        """The attribute ``rle`` of "CVAT for images 1.1": ``"0, 400"``."""
        return ", ".join(map(str, self.runs))

    @property
    def points(self) -> list[int]:
        """The ``points`` of CVAT's REST interface: runs, left, top, right, bottom.

        Right and bottom are the last column and row within the box.
        """
        right, bottom = self.left + self.width - 1, self.top + self.height - 1
        return [*self.runs, self.left, self.top, right, bottom]


def encode_cvat(mask: NDArray[np.bool_]) -> CvatMask:
    """A mask in the smallest box that holds it; an empty one in the first pixel, as in CVAT.

    Parameters
    ----------
    mask : ndarray of bool, shape (H, W)

    Examples
    --------
    >>> mask = np.zeros((5, 9), bool)
    >>> mask[1, 3:5] = mask[2, 3] = True
    >>> encode_cvat(mask).rle, encode_cvat(mask).points
    ('0, 3, 1', [0, 3, 1, 3, 1, 4, 2])
    """
    check_mask(mask)
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        rows = columns = np.zeros(1, np.int64)
    top, left = int(rows[0]), int(columns[0])
    box = mask[top : rows[-1] + 1, left : columns[-1] + 1]
    return CvatMask(tuple(to_runs(box.ravel()).tolist()), left, top, box.shape[1], box.shape[0])


def decode_cvat(
    rle: str | Sequence[int], box: Sequence[int], height: int, width: int
) -> NDArray[np.bool_]:
    """The mask of the attributes of a ``<mask>``.

    Parameters
    ----------
    rle : str or sequence of int
        ``"0, 400"``, or the runs themselves.
    box : sequence of int
        ``left``, ``top``, ``width`` and ``height`` of the mask, px.
    height, width : int
        Of the image, px.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Raises
    ------
    PremaskError
        With the position, for runs that are not whole numbers, are negative or do not make
        up the box, and for a box that is not in the image.
    """
    height, width = check_size(height, width, CVAT)
    numbers = whole_numbers(box, f"{CVAT}: its box")
    if numbers.size != 4:
        raise PremaskError(
            f"{CVAT}: its box has {numbers.size} numbers; left, top, width, height are accepted"
        )
    left, top, across, down = numbers.tolist()
    inside = left >= 0 and top >= 0 and across >= 1 and down >= 1
    if not inside or left + across > width or top + down > height:
        raise PremaskError(
            f"{CVAT}: its box of {across}x{down} px at column {left}, row {top} is not within"
            f" the image of {width}x{height} px; is it the mask of another image?"
        )
    runs = whole_numbers(_split(rle) if isinstance(rle, str) else rle, CVAT)
    mask = np.zeros((height, width), np.bool_)
    pixels = from_runs(runs, down * across, CVAT)
    mask[top : top + down, left : left + across] = pixels.reshape(down, across)
    return mask


def decode_cvat_points(points: Sequence[float], height: int, width: int) -> NDArray[np.bool_]:
    """The mask of CVAT's REST interface: runs, then left, top, right, bottom (within the box).

    Parameters
    ----------
    points : sequence of int or whole float
    height, width : int
        Of the image, px.

    Raises
    ------
    PremaskError
        As :func:`decode_cvat`.
    """
    numbers = whole_numbers(points, CVAT).tolist()
    if len(numbers) < 5:
        raise PremaskError(
            f"{CVAT}: {len(numbers)} numbers; one run or more and left, top, right, bottom are"
            " accepted"
        )
    *runs, left, top, right, bottom = numbers
    return decode_cvat(runs, (left, top, right - left + 1, bottom - top + 1), height, width)


def _split(rle: str) -> list[int]:
    entries = rle.split(",")
    try:
        # int() alone takes more than CVAT writes: underscores, digits of other scripts
        if re.fullmatch(r"[-0-9, \t\r\n]*", rle):
            return list(map(int, entries))
    except ValueError:
        pass  # said below, with the position
    for i, entry in enumerate(entries):
        if not re.fullmatch(r"\s*-?[0-9]{1,18}\s*", entry, re.ASCII):
            raise PremaskError(
                f"{CVAT}: run {i + 1} of {len(entries)} is {shown(entry)}; whole numbers with"
                " commas between them are accepted"
            )
    return list(map(int, entries))
