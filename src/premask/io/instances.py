"""Instance maps on disk: a number for each grain, 0 where a pixel belongs to none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.io.images import read_indices

MOST = 2**31 - 1
"""The highest number of a grain."""


def read_instances(path: Path) -> NDArray[np.int32]:
    """Read the numbers of the grains.

    Parameters
    ----------
    path : Path
        PNG, BMP or TIFF of one channel: whole numbers of 8 to 32 bits, or such as decimals.

    Returns
    -------
    ndarray of int32, shape (H, W)

    Raises
    ------
    PremaskError
        One line that starts with the file's name: for a file that cannot be read, a JPEG,
        a colour picture, numbers that are not whole, negative or too high.
    """
    values, file_format = read_indices(path)
    if file_format == "JPEG" or values.ndim != 2:
        found = "a JPEG" if file_format == "JPEG" else "a picture of several channels"
        raise PremaskError(
            f"{path.name}: {found} cannot hold the numbers of grains; a PNG or TIFF of one channel"
            " is accepted"
        )
    numbers = values.astype(np.float64)
    good = np.isfinite(numbers) & (numbers >= 0) & (numbers <= MOST)
    if not good.all() or (numbers != np.floor(numbers)).any():
        raise PremaskError(
            f"{path.name}: values from {numbers.min():g} to {numbers.max():g} cannot be the numbers"
            f" of grains; whole numbers from 0 (no grain) to {MOST} are accepted"
        )
    return np.ascontiguousarray(numbers, np.int32)
