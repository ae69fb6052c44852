"""The information bar that microscope software prints below an image."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

BAR_HEIGHT = 65
"""In px, as in MicroSteel."""


def information_bar(width: int, um_per_px: float, text: str) -> NDArray[np.uint8]:
    """An opaque bar with a line of text and a scale bar of a round length.

    Parameters
    ----------
    width : int
        Of the image, in px.
    um_per_px : float
        Scale in µm per px.
    text : str
        ASCII; what does not fit is left out.

    Returns
    -------
    ndarray of uint8, shape (65, width)
    """
    bar = np.full((BAR_HEIGHT, width), 12, np.uint8)
    bar[:2] = 235
    length_um = _round_length(width * um_per_px / 5)
    length = round(length_um / um_per_px)
    right = width - 20
    cv2.rectangle(bar, (right - length, 42), (right, 47), 245, -1)
    for x in (right - length, right):
        cv2.rectangle(bar, (x - 1, 36), (x + 1, 53), 245, -1)
    # The Hershey fonts have no µ.
    _write(bar, f"{length_um:g} um", right - length, 26)
    room = width - length - 60
    while text and cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 1)[0][0] > room:
        text = text[:-1]
    _write(bar, text, 16, 42)
    return bar


def _write(bar: NDArray[np.uint8], text: str, x: int, y: int) -> None:
    cv2.putText(bar, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 245, 1, cv2.LINE_AA)


def _round_length(um: float) -> float:
    """The largest of 1, 2, 5, 10, ... µm that is not longer."""
    power = 10.0 ** np.floor(np.log10(um))
    return float(max(step * power for step in (1, 2, 5) if step * power <= um))
