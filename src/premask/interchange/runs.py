"""Run lengths of a bool vector, and the checks that every run-length format shares.

Runs alternate and start with zeros: ``[2, 3, 1]`` is ``001110``. The first run may be 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.io.images import MAX_PIXELS


def to_runs(vector: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Run lengths of a vector of one pixel or more.

    Examples
    --------
    >>> to_runs(np.array([False, False, True, True, True, False])).tolist()
    [2, 3, 1]
    >>> to_runs(np.array([True, False])).tolist()
    [0, 1, 1]
    """
    changes = np.flatnonzero(vector[1:] != vector[:-1]) + 1
    first = [0, 0] if vector[0] else [0]  # an empty run of zeros
    return np.diff(np.concatenate([first, changes, [vector.size]]))


def from_runs(runs: NDArray[np.int64], n: int, what: str) -> NDArray[np.bool_]:
    """The vector of n pixels that some run lengths describe.

    Parameters
    ----------
    runs : ndarray of int64
        As they were read; nothing of them is trusted, and nothing larger than n px is made.
    n : int
        Pixels that the image, or the box of the mask, has.
    what : str
        Begins the message: ``"the COCO mask"``.

    Raises
    ------
    PremaskError
        For a negative run, and where the sum is not n: which run, and at which pixel.
    """
    wrong = np.flatnonzero((runs < 0) | (runs > n))
    if wrong.size:
        i = int(wrong[0])
        raise PremaskError(
            f"{what}: run {i + 1} of {runs.size} is {runs[i]} px; 0 to {n} px are accepted"
            " (the size of the mask); export the annotation again"
        )
    ends = np.cumsum(runs)
    total = int(ends[-1]) if runs.size else 0
    if total > n:
        i = int(np.searchsorted(ends, n, side="right"))
        raise PremaskError(
            f"{what}: run {i + 1} of {runs.size} goes to pixel {ends[i]}, past the last of {n}"
            " (the size of the mask); is it the mask of another image?"
        )
    if total < n:
        raise PremaskError(
            f"{what}: its {runs.size} runs end after pixel {total} of {n} (the size of the"
            " mask); it is cut off, or the mask of another image"
        )
    return np.repeat(np.arange(runs.size) % 2 == 1, runs)


def whole_numbers(values: object, what: str) -> NDArray[np.int64]:
    """A list of whole numbers as JSON gives it; ``400.0`` is one, ``true`` is not.

    Raises
    ------
    PremaskError
        With the position of the first entry that is not a whole number of 64 bits.
    """
    entries = values.tolist() if isinstance(values, np.ndarray) else values
    if not isinstance(entries, list | tuple):
        raise PremaskError(f"{what} is {shown(values)}; a list of whole numbers is accepted")
    try:
        if set(map(type, entries)) <= {int}:
            return np.array(entries, np.int64)
    except OverflowError:
        pass  # said below, with the position
    where = f"{what}: entry {{}} of {len(entries)}"
    return np.array([_whole(x, where.format(i + 1)) for i, x in enumerate(entries)], np.int64)


def _whole(value: object, what: str) -> int:
    if isinstance(value, float | np.floating) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise PremaskError(f"{what} is {shown(value)}; whole numbers are accepted")
    if not -(1 << 63) <= value < 1 << 63:
        raise PremaskError(f"{what} is {shown(value)}; numbers of up to 64 bits are accepted")
    return int(value)


def check_mask(mask: NDArray[np.bool_]) -> None:
    """Refuse what is not a bool array (H, W) of a pixel or more."""
    if mask.ndim != 2 or mask.dtype != np.bool_ or not mask.size:
        raise PremaskError(
            f"the mask is {mask.dtype} of shape {mask.shape}; bool (H, W) of 1 px or more is"
            " accepted"
        )


def check_size(height: object, width: object, what: str) -> tuple[int, int]:
    """The height and width of an image in px, as a file gives them.

    Raises
    ------
    PremaskError
        Unless both are whole numbers from 1, and the image has at most
        :data:`premask.io.images.MAX_PIXELS`: a line of text must not ask for gigabytes.
    """
    rows, columns = _whole(height, f"{what}: its height"), _whole(width, f"{what}: its width")
    if rows < 1 or columns < 1 or rows * columns > MAX_PIXELS:
        raise PremaskError(
            f"{what}: its size is {columns}x{rows} px; 1x1 to {MAX_PIXELS:,} px are accepted"
        )
    return rows, columns


def shown(value: object) -> str:
    """A value of a file for a message: never longer than 40 characters."""
    try:
        text = " ".join(repr(value).split())
    except (ValueError, RecursionError):  # numbers of thousands of digits, lists in lists
        return "a value that cannot be printed"
    return text if len(text) <= 40 else f"{text[:37]}..."
