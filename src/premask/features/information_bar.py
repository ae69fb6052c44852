"""The information bar at the bottom of SEM images: how many rows belong to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from premask.core.micrograph import Image, grey, window

Grey = NDArray[np.uint8]

TALLEST = 0.25
"""Share of the image's height that a bar may have; bars seen in use have 4 to 15 %."""

LOSSY = 20
"""Grey levels (of 256) by which JPEG's ripples around text may change a bar's background."""

MARK = 40
"""Grey levels (of 256) between a bar's background and what is written on it, at least."""


def information_bar(image: Image) -> int:
    """Number of rows at the bottom that belong to a microscope's information bar.

    A bar is drawn by a program, a micrograph by a detector. That is why their rows differ:

    - The background of a bar is one exact grey level, repeated in most pixels of each row;
      a detector's noise spreads even a flat phase over several levels (in 69 SEM images
      of steels, superalloys and coatings the commonest level of a row has 37 % of it at
      most, and 45 % of neighbours are equal).
    - Its top edge is straight and spans the full width: the topmost row is plain
      (background, a border line, at most some separators between cells), the row above
      it is not. A dark or saturated region of the specimen may repeat one level as
      well, but its edge is ragged, so that its rows become plain one pixel at a time.
    - It says something: text, a scale bar, a logo, in strong contrast to its background. A
      strip without any mark (resin, a coating, a shadow) stays.

    Rows are first compared exactly; then, for images that went through JPEG, with a
    tolerance of 20 grey levels of 256, which finds the top edge to within one row.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)

    Returns
    -------
    int
        0 where there is no bar. In MicroSteel 65 (1280x1024 and 960x768 px).
    """
    height, width = image.shape[:2]
    n_rows = int(TALLEST * height)
    if n_rows < 8 or width < 32:
        return 0
    # a few rows more: the one above the bar, and what is above that to compare it with
    first_row = height - min(n_rows + 16, height)
    stored, levels = grey(image)[first_row:], window(grey(image))[first_row:]
    background = _commonest(levels[-max(4, height // 40) :])
    first = len(levels) - n_rows
    top = _exact_top(stored, levels, background, first)
    if top is None:
        top = _lossy_top(levels, background, first)
    return 0 if top is None else len(levels) - top


def _commonest(levels: Image) -> int:
    return int(np.bincount(levels.ravel()).argmax())


def _exact_top(stored: Image, levels: Grey, background: int, first: int) -> int | None:
    """The highest plain row below which all is drawn, and above which it is not plain.

    Rows are compared as they are stored: the bar of a 16-bit image may be so much brighter
    than the image that a window over both leaves the image only a few levels.
    """
    width = levels.shape[1]
    share = (stored == _commonest(stored[-max(4, len(stored) // 10) :])).mean(axis=1)
    same = stored[:, 1:] == stored[:, :-1]
    plain = (~same).sum(axis=1) <= 12 + width // 100  # the ends of separators between cells
    five = (same[:, :-3] & same[:, 1:-2] & same[:, 2:-1] & same[:, 3:]).mean(axis=1)
    drawn = plain | (share >= 0.42) | (five >= 0.16)
    start = max(first, _after_last(~drawn))
    edges = np.flatnonzero(plain[1:] & ~plain[:-1]) + 1
    edges = edges[edges >= start]
    if len(edges) == 0 or not _says_something(levels[edges[0] :], background, 0):
        return None
    off = np.abs(levels[edges[0] :].astype(np.int16) - background)
    if ((off > 0) & (off <= 4)).sum() > 0.5 * _starts(off >= MARK):
        return None  # ripples around the marks: it went through JPEG
    return int(edges[0])


def _lossy_top(levels: Grey, background: int, first: int) -> int | None:
    """The highest full-width step below which all is drawn but for JPEG's ripples.

    The row of the step itself is blurred by ripples up to a block of 8 rows away; so it
    is the step that is looked for, and then where the background begins.
    """
    signed = levels.astype(np.int16)
    off = np.abs(signed - background)
    near = (off <= LOSSY).mean(axis=1)
    line = (np.abs(signed - np.median(signed, axis=1)[:, None]) <= LOSSY).mean(axis=1)
    # the rows at the top of a bar may be lost in the ripples of the image above
    start = max(first, _after_last(np.maximum(near, line) < 0.35) - 8)
    step = np.abs(np.diff(signed, axis=0)).mean(axis=1)  # of row i + 1
    mean_off = off.mean(axis=1)
    drop = -np.diff(mean_off)
    for top in range(start, len(levels) - 8):
        usual = float(np.median(step[max(0, top - 17) : top - 2]))
        is_step = step[top - 1] >= max(8, 2 * usual)
        is_calm = usual >= 2 and np.median(step[top : top + 6]) <= 0.25 * usual
        if not (is_step or is_calm or drop[top - 1] >= 8):
            continue
        if np.maximum(near, line)[top : top + 4].max() < 0.8:
            continue
        if is_step:  # a border may follow, whose inner edge is the sharper one
            begins = top + int(step[top] > step[top - 1])
        else:
            begins = top + int(drop[top - 1 : top + 4].argmax())
        # what is left of the image in the first rows is not what the bar says
        if _says_something(levels[begins + 4 :], background, LOSSY):
            return begins
    return None


def _after_last(rows: NDArray[np.bool_]) -> int:
    found = np.flatnonzero(rows)
    return int(found[-1]) + 1 if len(found) else 0


def _says_something(bar: Grey, background: int, tolerance: int) -> bool:
    """Most of it one exact level, and marks in contrast to it: text has many edges a row."""
    off = np.abs(bar.astype(np.int16) - background)
    ground = off <= tolerance
    if len(bar) < 8 or ground.mean() < 0.4 or (off == 0).sum() < 0.33 * ground.sum():
        return False
    mark = off >= MARK
    return bool(mark.mean() >= 0.002 and _starts(mark) >= 16)


def _starts(mark: NDArray[np.bool_]) -> int:
    """How often a mark begins, along the rows."""
    return int((mark[:, 1:] & ~mark[:, :-1]).sum())
