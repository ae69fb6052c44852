"""Where the label of each pixel came from, and which pixels are doubtful: one byte a pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ORIGINS = {"none": 0, "candidate": 1, "expert": 2, "model": 3, "consensus": 4}
"""The low bits of an origin plane: who labelled the pixel; none where it is void from the start."""

ORIGIN_BITS = 0x0F
DOUBTFUL = 0x80
"""The bit of an origin plane that flags a pixel for consensus."""


def doubtful(plane: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pixels are flagged, (H, W)."""
    flagged: NDArray[np.bool_] = (plane & DOUBTFUL) != 0
    return flagged


def fresh_origins(label_map: NDArray[np.uint8], origin: str, void: int = 255) -> NDArray[np.uint8]:
    """The origin plane of a label map that came from one source; void pixels came from none.

    Parameters
    ----------
    label_map : ndarray of uint8, shape (H, W)
    origin : {"none", "candidate", "expert", "model", "consensus"}
    """
    code = np.uint8(ORIGINS[origin])
    return np.where(label_map == void, np.uint8(0), code)
