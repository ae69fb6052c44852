"""The information bar at the bottom of SEM images: how many rows belong to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.micrograph import Image, grey, window

Grey = NDArray[np.uint8]

TALLEST = 0.25
"""Share of the image's height that a bar may have; bars seen in use have 4 to 15 %."""

LOSSY = 20
"""Grey levels (of 256) by which JPEG's ripples around text may change a bar's background."""


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
    tolerance of 6 grey levels of 256, which finds the top edge to within one row.

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
    levels = window(grey(image))[height - min(n_rows + 16, height) :]
    background = int(np.bincount(levels[-max(4, height // 40) :].ravel()).argmax())
    for tolerance in (0, LOSSY):
        rows = _rows(levels, background, tolerance)
        top = _top(rows, n_rows)
        if top is None or not _says_something(levels[top:], background, tolerance):
            continue
        if tolerance:
            top = _sharpest(levels, top)
        return len(levels) - top
    return 0


@dataclass(frozen=True)
class _Rows:
    """For each row: is it one plain stretch, and may it lie in a bar at all."""

    plain: NDArray[np.bool_]
    drawn: NDArray[np.bool_]


def _rows(levels: Grey, background: int, tolerance: int) -> _Rows:
    width = levels.shape[1]
    few = 12 + width // 100  # ends of runs in a row with separators between cells
    signed = levels.astype(np.int16)
    is_background = np.abs(signed - background) <= tolerance
    share = is_background.mean(axis=1)
    if tolerance == 0:
        ends = (levels[:, 1:] != levels[:, :-1]).sum(axis=1)
        plain = ends <= few
        return _Rows(plain, plain | (share >= 0.42) | ((ends <= width // 2) & (share >= 0.25)))
    middle = np.median(signed, axis=1)[:, None]
    line = (np.abs(signed - middle) <= tolerance).mean(axis=1)
    plain = np.maximum(share, line) >= 0.95
    return _Rows(plain, plain | (share >= 0.4))


def _top(rows: _Rows, n_rows: int) -> int | None:
    """The highest plain row below which all is drawn, and above which it is not plain."""
    first = len(rows.plain) - n_rows
    photographed = np.flatnonzero(~rows.drawn)
    start = max(first, int(photographed[-1]) + 1 if len(photographed) else 0)
    edges = np.flatnonzero(rows.plain[1:] & ~rows.plain[:-1]) + 1
    edges = edges[edges >= start]
    if len(edges) == 0 or len(rows.plain) - edges[0] < 8:
        return None
    return int(edges[0])


def _says_something(bar: Grey, background: int, tolerance: int) -> bool:
    """Most of it one level, and marks in contrast to it, with more than one sharp edge a row."""
    difference = np.abs(bar.astype(np.int16) - background)
    if (difference <= tolerance).mean() < 0.5:
        return False
    mark = difference >= 40
    starts = (mark[:, 1:] & ~mark[:, :-1]).sum()
    return bool(mark.mean() >= 0.002 and starts >= 16)


def _sharpest(levels: Grey, top: int) -> int:
    """The row near a top edge that differs most from the one above it.

    JPEG's ripples blur where a row becomes plain by up to a block of 8 rows, but not
    where the image ends.
    """
    first, last = max(1, top - 8), min(len(levels), top + 9)
    near = levels[first - 1 : last].astype(np.int16)
    return first + int(np.abs(np.diff(near, axis=0)).mean(axis=1).argmax())
