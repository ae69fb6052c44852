"""Images inside a page: small, and without a file beside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from premask.core.errors import PremaskError
from premask.core.phases import VOID, palette_bytes

JPEG_QUALITY = 80


def fitted_size(height: int, width: int, longest_side: int) -> tuple[int, int]:
    """(height, width) in px of an image whose longer side is at most ``longest_side``.

    Examples
    --------
    >>> fitted_size(959, 1280, 640)
    (480, 640)
    >>> fitted_size(100, 80, 640)
    (100, 80)
    """
    scale = min(1.0, longest_side / max(height, width))
    return max(round(height * scale), 1), max(round(width * scale), 1)


def photo_uri(image: NDArray[np.uint8], longest_side: int) -> str:
    """A micrograph as a JPEG data URI, made smaller by averaging.

    Parameters
    ----------
    image : ndarray of uint8, shape (H, W) or (H, W, 3)
    longest_side : int
        In px; smaller images keep their size.
    """
    height, width = fitted_size(image.shape[0], image.shape[1], longest_side)
    if (height, width) != image.shape[:2]:
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        image = small.astype(np.uint8, copy=False)
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=JPEG_QUALITY, optimize=True)
    return _uri("image/jpeg", stream.getvalue())


def label_uri(label_map: NDArray[np.uint8], colours: Sequence[str], longest_side: int) -> str:
    """A label map as a palette PNG data URI: nearest pixels, void transparent.

    Parameters
    ----------
    label_map : ndarray of uint8, shape (H, W)
        Indices into ``colours``; 255 is void.
    colours : sequence of str
        ``#rrggbb``.
    longest_side : int
        In px; smaller maps keep their size.

    Raises
    ------
    PremaskError
        For an index that has no colour.
    """
    present = np.flatnonzero(np.bincount(label_map.ravel(), minlength=256))
    for index in present:
        if index != VOID and index >= len(colours):
            raise PremaskError(
                f"the label map has the index {index}, but there are {len(colours)} colours;"
                f" 0 to {len(colours) - 1} and 255 for void are accepted"
            )
    height, width = fitted_size(label_map.shape[0], label_map.shape[1], longest_side)
    small = cv2.resize(label_map, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    # Void moves next to the colours, so that the file needs 4 bits a pixel and not 8.
    void = len(colours)
    compact = np.where(small == VOID, void, small).astype(np.uint8)
    picture = Image.fromarray(compact, "P")
    picture.putpalette(palette_bytes(colours)[: 3 * void] + b"\xff\xff\xff")
    stream = io.BytesIO()
    # Level 4 is as small as 9 on noisy maps, in a tenth of the time.
    picture.save(stream, "PNG", compress_level=4, bits=4 if void < 16 else 8, transparency=void)
    return _uri("image/png", stream.getvalue())


def _uri(kind: str, payload: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(payload).decode('ascii')}"
