"""Per-superpixel statistics of pixel channels: one pass of counting each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from premask.core.errors import PremaskError


@dataclass(frozen=True)
class RegionStatistics:
    """What the pixels of each superpixel have in common.

    Attributes
    ----------
    area : ndarray of float64, shape (n,)
        Pixels.
    mean, std : ndarray of float64, shape (n, C)
        Mean and population standard deviation of each channel; 0 for a label without pixels.
    """

    area: NDArray[np.float64]
    mean: NDArray[np.float64]
    std: NDArray[np.float64]


def region_statistics(
    labels: ArrayLike, channels: ArrayLike, *, n_labels: int | None = None
) -> RegionStatistics:
    """Area, and mean and standard deviation of channels, for every label.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        0 to n - 1.
    channels : array_like of shape (C, H, W) or (H, W)
    n_labels : int, optional
        n; by default the largest label plus 1.

    Raises
    ------
    PremaskError
        For other shapes or negative labels.

    Examples
    --------
    >>> found = region_statistics([[0, 0, 1]], [[1.0, 3.0, 5.0]])
    >>> found.area.tolist(), found.mean[:, 0].tolist(), found.std[:, 0].tolist()
    ([2.0, 1.0], [2.0, 5.0], [1.0, 0.0])
    """
    flat, stack = _checked(labels, channels)
    n = int(flat.max()) + 1 if n_labels is None else n_labels
    area = np.bincount(flat, minlength=n).astype(np.float64)
    filled = np.maximum(area, 1)
    mean = np.empty((n, len(stack)))
    std = np.empty((n, len(stack)))
    for c, channel in enumerate(stack):
        # Sums of squares lose digits far from zero: subtract a value of the channel first.
        origin = float(channel[0])
        values = channel.astype(np.float64) - origin
        shifted = np.bincount(flat, weights=values, minlength=n) / filled
        squares = np.bincount(flat, weights=values * values, minlength=n) / filled
        std[:, c] = np.sqrt(np.maximum(squares - shifted**2, 0))
        mean[:, c] = np.where(area > 0, shifted + origin, 0)
    return RegionStatistics(area, mean, std)


def region_means(labels: ArrayLike, channels: ArrayLike) -> NDArray[np.float64]:
    """Mean of each channel in each label, (n, C); see :func:`region_statistics`."""
    flat, stack = _checked(labels, channels)
    filled = np.maximum(np.bincount(flat), 1)
    return np.stack([np.bincount(flat, weights=channel) / filled for channel in stack], axis=1)


def standardised(
    features: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Columns with weighted mean 0 and weighted standard deviation 1; constant columns are 0."""
    share = weights / weights.sum()
    centred = features - share @ features
    spread = np.sqrt(share @ centred**2)
    scaled: NDArray[np.float64] = centred / np.where(spread > 1e-12, spread, np.inf)
    return scaled


def _checked(
    labels: ArrayLike, channels: ArrayLike
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    map_ = np.asarray(labels)
    stack = np.asarray(channels)
    stack = stack[np.newaxis] if stack.ndim == 2 else stack
    if map_.ndim != 2 or map_.size == 0 or stack.ndim != 3 or stack.shape[1:] != map_.shape:
        raise PremaskError(
            f"labels of shape {map_.shape} and channels of shape {stack.shape} do not fit;"
            " (H, W) and (C, H, W) are accepted"
        )
    if map_.min() < 0:
        raise PremaskError(f"a label is {map_.min()}; labels must be 0 or more")
    return map_.ravel().astype(np.intp, copy=False), stack.reshape(len(stack), -1)
