"""What regions look like, in numbers that can be compared across images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import Image
from premask.features.filters import blur, filter_bank

VERSION = 1
"""Counts up when the numbers change, so that stored descriptors are made anew."""

SCALES = (1.0, 2.0, 4.0, 8.0, 16.0)
CONTEXT_PX = 20.0
PER_REGION = 2000
PER_IMAGE = 8000


@dataclass(frozen=True)
class RegionDescriptors:
    """The regions of one candidate as numbers, K regions by F filter channels.

    Attributes
    ----------
    areas : ndarray of float64, shape (K,)
        Share of the image, 0 to 1; 0 for a region that the image does not show.
    means : ndarray of float64, shape (K, F)
        Mean of each channel of :func:`premask.features.filters.filter_bank`.
    ranks : ndarray of float64, shape (K, F)
        Mean rank, 0 to 1, of each channel among the pixels of the same image. Ranks do not
        change with brightness and contrast, means tell images apart whose grey levels do
        mean something; both are kept.
    context : ndarray of float64, shape (K, K)
        Row i: how the surroundings of region i (Gaussian window, 20 px) are shared by
        the other regions; rows sum to 1, or 0 where there is no other region near.
    """

    areas: NDArray[np.float64]
    means: NDArray[np.float64]
    ranks: NDArray[np.float64]
    context: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.areas)

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The arrays by name, for ``numpy.savez``."""
        return {
            "version": np.array(float(VERSION)),
            "areas": self.areas,
            "means": self.means,
            "ranks": self.ranks,
            "context": self.context,
        }

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[np.float64]]) -> RegionDescriptors | None:
        """What :meth:`to_arrays` gave, or None if another version of premask made it."""
        if "version" not in arrays or int(arrays["version"]) != VERSION:
            return None
        return RegionDescriptors(
            arrays["areas"], arrays["means"], arrays["ranks"], arrays["context"]
        )


def describe(
    image: Image, regions: NDArray[np.uint8], *, n_regions: int | None = None
) -> RegionDescriptors:
    """Describe the regions of a candidate.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    regions : ndarray of uint8, shape (H, W)
        Of any method and number.
    n_regions : int, optional
        Number of rows; the largest region plus one by default.

    Returns
    -------
    RegionDescriptors
        From up to 2000 evenly spaced pixels of each region; no randomness.

    Raises
    ------
    PremaskError
        If image and regions differ in size.
    """
    if image.shape[:2] != regions.shape:
        raise PremaskError(
            f"the regions are {regions.shape} px, the image is {image.shape[:2]} px;"
            " both must have the same height and width"
        )
    flat = regions.ravel()
    size = int(flat.max()) + 1 if n_regions is None else n_regions
    counts = np.bincount(flat, minlength=size)
    pixels, owner = _pixels_of_each(flat, counts)
    everywhere = _spread(flat.size, PER_IMAGE)
    means, ranks = [], []
    for scale in SCALES:  # one at a time: the whole bank of a large image would not fit
        channels, _ = filter_bank(image, (scale,))
        for channel in channels if scale == SCALES[0] else channels[1:]:
            values = channel.ravel()[pixels].astype(np.float64)
            means.append(_mean_by(owner, values, size))
            ranks.append(_mean_by(owner, _rank(values, channel.ravel()[everywhere]), size))
    return RegionDescriptors(
        counts / flat.size,
        np.stack(means, axis=1),
        np.stack(ranks, axis=1),
        _context(regions, pixels, owner, size),
    )


def _pixels_of_each(
    flat: NDArray[np.uint8], counts: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Evenly spaced pixels of every region, and the region of each."""
    order = np.argsort(flat, kind="stable")
    ends = np.cumsum(counts)
    pixels = [
        order[end - count : end][_spread(int(count), PER_REGION)]
        for count, end in zip(counts, ends, strict=True)
    ]
    owner = np.repeat(np.arange(len(counts)), [len(chosen) for chosen in pixels])
    return np.concatenate(pixels), owner


def _spread(n: int, most: int) -> NDArray[np.intp]:
    """At most ``most`` of n indices, evenly spaced."""
    return np.linspace(0, max(n - 1, 0), min(n, most)).astype(np.intp)


def _mean_by(
    owner: NDArray[np.intp], values: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    counts = np.maximum(np.bincount(owner, minlength=size), 1)
    return np.asarray(np.bincount(owner, weights=values, minlength=size) / counts, np.float64)


def _rank(values: NDArray[np.float64], sample: NDArray[np.float32]) -> NDArray[np.float64]:
    """Share of the sample below each value, ties counted half."""
    ordered = np.sort(sample).astype(np.float64)
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    return np.asarray((below + up_to) / (2 * len(ordered)), np.float64)


def _context(
    regions: NDArray[np.uint8], pixels: NDArray[np.intp], owner: NDArray[np.intp], size: int
) -> NDArray[np.float64]:
    context = np.zeros((size, size))
    for region in range(size):
        near = blur((regions == region).astype(np.float32), CONTEXT_PX).ravel()[pixels]
        context[:, region] = _mean_by(owner, near.astype(np.float64), size)
    np.fill_diagonal(context, 0)
    total = context.sum(axis=1, keepdims=True)
    context /= np.where(total > 1e-6, total, np.inf)
    return context
