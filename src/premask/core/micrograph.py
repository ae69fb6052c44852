"""Micrographs as arrays: what is accepted, grey levels, and a window for 16 bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError

Image = NDArray[np.uint8] | NDArray[np.uint16]
"""uint8 or uint16, of shape (H, W) or (H, W, 3)."""

BAND = 1 << 22
"""Values that are looked up at once, 32 MB as numpy's indices."""


@dataclass(frozen=True)
class Micrograph:
    """One image as it was read from a file, with what the file says of it.

    Attributes
    ----------
    pixels : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    um_per_px : float or None
        Scale in µm per pixel, None where the file gives none.
    scale_source : str or None
        Which of the file's fields gave the scale, e.g. ``"FEI"``.
    page, n_pages : int
        The page that was read and how many the file has.
    file_format : str
        ``"PNG"``, ``"TIFF"`` ...
    """

    pixels: Image
    um_per_px: float | None = None
    scale_source: str | None = None
    page: int = 0
    n_pages: int = 1
    file_format: str = ""


def as_image(image: ArrayLike) -> Image:
    """Bring an array to the one form that every method takes.

    Parameters
    ----------
    image : array_like of shape (H, W) or (H, W, 1 | 3 | 4)
        uint8 and uint16 are kept as they are; booleans become 0 and 255; other integers
        must fit into 16 bits; floating-point values are spread from their minimum to
        their maximum over 16 bits. An alpha channel is dropped, and equal channels
        (R=G=B) become one.

    Returns
    -------
    ndarray of uint8 or uint16, shape (H, W) or (H, W, 3), contiguous

    Raises
    ------
    PremaskError
        For another shape, an empty image, NaN or infinite values, integers out of range.
    """
    array: NDArray[Any] = np.asarray(image)
    if array.ndim == 3 and array.shape[2] in {1, 2, 4}:
        array = array[..., : array.shape[2] - (array.shape[2] != 1)]  # alpha goes
        array = array[..., 0] if array.shape[2] == 1 else array
    if array.ndim not in {2, 3} or (array.ndim == 3 and array.shape[2] != 3):
        raise PremaskError(
            f"an image of shape {array.shape} cannot be used;"
            " (height, width) or (height, width, 3) is accepted"
        )
    if 0 in array.shape:
        raise PremaskError(f"the image is empty (shape {array.shape}); at least 1x1 px is needed")
    pixels = _to_8_or_16_bit(array)
    if pixels.ndim == 3 and _channels_equal(pixels):
        pixels = pixels[..., 0]
    return pixels if pixels.flags.c_contiguous else pixels.copy()


def _to_8_or_16_bit(array: NDArray[Any]) -> Image:
    if array.dtype == np.uint8:
        return array.astype(np.uint8, copy=False)
    if array.dtype == np.uint16:
        return array.astype(np.uint16, copy=False)
    if array.dtype == bool:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind in "iu":
        low, high = int(array.min()), int(array.max())
        if low < 0 or high > 65535:
            raise PremaskError(
                f"integer pixel values from {low} to {high} cannot be used; 0 to 65535 is accepted"
            )
        return array.astype(np.uint16)
    if array.dtype.kind == "f":
        bad = int(np.count_nonzero(~np.isfinite(array)))
        if bad:
            raise PremaskError(
                f"the image has {bad} pixels that are NaN or infinite;"
                " every pixel must be a finite number: fill or crop them first"
            )
        bottom, top = float(array.min()), float(array.max())
        scaled = (array.astype(np.float64) - bottom) / (top - bottom or 1.0) * 65535
        return np.rint(scaled).astype(np.uint16)
    raise PremaskError(
        f"pixels of type {array.dtype} cannot be used; uint8, uint16 or floating point is accepted"
    )


def _channels_equal(array: Image) -> bool:
    return bool(
        np.array_equal(array[..., 0], array[..., 1])
        and np.array_equal(array[..., 0], array[..., 2])
    )


def grey(image: Image) -> Image:
    """Grey levels (H, W) in the image's own depth; Rec. 601 luma for a coloured one."""
    if image.ndim == 2:
        return image
    luma = image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    rounded = np.rint(luma)
    return rounded.astype(np.uint8) if image.dtype == np.uint8 else rounded.astype(np.uint16)


def window(image: Image, low: float = 0.1, high: float = 99.9) -> NDArray[np.uint8]:
    """An 8-bit view for display and for filters that need no more.

    8-bit images are returned as they are. 16-bit images are spread between two
    percentiles of their grey levels, so that a few hot pixels do not darken the rest and
    nothing is cut off by a change of type.

    Parameters
    ----------
    image : ndarray of uint8 or uint16
    low, high : float
        Percentiles that become 0 and 255.
    """
    if image.dtype == np.uint8:
        return image.astype(np.uint8, copy=False)
    # In bands: numpy turns levels into 8-byte integers to count or to look them up.
    bands = range(0, image.shape[0], max(1, BAND // max(image[0].size, 1)))
    step = bands.step
    counts = np.zeros(65536, np.int64)
    for row in bands:
        counts += np.bincount(image[row : row + step].ravel(), minlength=65536)
    levels = np.flatnonzero(counts)
    cumulative = np.cumsum(counts)
    ends = np.searchsorted(cumulative, np.array([low, high]) / 100 * cumulative[-1])
    bottom, top = (float(end) for end in ends)
    if top <= bottom:
        bottom, top = float(levels[0]), float(max(levels[-1], levels[0] + 1))
    table = np.clip((np.arange(65536) - bottom) / (top - bottom), 0, 1) * 255
    levels = np.rint(table).astype(np.uint8)
    view = np.empty(image.shape, np.uint8)
    for row in bands:
        view[row : row + step] = levels[image[row : row + step]]
    return view
