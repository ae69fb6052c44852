"""Tell a picture of a label map from a micrograph: it has only a handful of values."""

from __future__ import annotations

import numpy as np

from premask.core.micrograph import Image

GREYS = 8
"""Grey levels that a label map's picture has at most; a 4-bit micrograph has 16."""

COLOURS = 32
"""The same for a picture with colours; a coloured micrograph has thousands."""


def few_values(pixels: Image) -> int | None:
    """How many values a picture has, where they are so few that it must be a label map.

    A camera or a detector gives dozens of grey levels, and hundreds of colours; a picture
    of ``GREYS`` levels or ``COLOURS`` colours shows indices, whether they were stored as
    grey levels, as a palette or as RGB. Palettes of greys count as grey levels.

    Parameters
    ----------
    pixels : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)

    Returns
    -------
    int or None
        None for a picture with more values: a micrograph.

    Examples
    --------
    >>> few_values(np.array([[0, 1], [2, 2]], np.uint8))
    3
    >>> few_values(np.arange(60, dtype=np.uint8).reshape(6, 10)) is None
    True
    """
    most = GREYS if pixels.ndim == 2 else COLOURS
    # a coarse look settles nearly every micrograph
    for step in (16, 1):
        n = _distinct(pixels[::step, ::step])
        if n > most:
            return None
    return n


def _distinct(pixels: Image) -> int:
    if pixels.ndim == 2:
        return int(np.count_nonzero(np.bincount(pixels.ravel())))
    red, green, blue = (pixels[..., i].astype(np.uint64) for i in range(3))
    return len(np.unique(red << np.uint64(32) | green << np.uint64(16) | blue))
