"""Multi-level Otsu: thresholds on the grey levels, the best there are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import Image, grey
from premask.preannotators.one_dimensional import (
    level_counts,
    look_up,
    optimal_thresholds,
    threshold_table,
)

MAX_CLASSES = 12


def multi_otsu(
    image: Image,
    n_classes: int,
    *,
    seed: int = 0,  # noqa: ARG001 - nothing is drawn: the optimum is searched completely
    sigma: float = 0.0,
) -> NDArray[np.uint8]:
    """Divide the grey levels where the variance between the classes is largest.

    The search is exact on 8-bit and on all 65,536 levels of 16-bit images (paper,
    section 2). Colours count by their luma.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    n_classes : int
        2 to 12.
    sigma : float
        Gaussian smoothing before, px; 0 for none. It removes the speckle that noise
        makes of thresholds: 1.5 suits phases that differ in grey level, not in texture.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        0 for the darkest class.

    Raises
    ------
    PremaskError
        For other numbers of classes, fewer distinct grey levels than classes, or a
        sigma out of range.

    Examples
    --------
    >>> multi_otsu(np.array([[10, 11, 90], [200, 90, 10]], np.uint8), 3)
    array([[0, 0, 1],
           [2, 1, 0]], dtype=uint8)
    """
    if not 2 <= n_classes <= MAX_CLASSES:
        raise PremaskError(
            f"{n_classes} classes were asked of multi-otsu; 2 to {MAX_CLASSES} are accepted:"
            " ask kmeans for more"
        )
    levels = smooth_levels(grey(image), sigma)
    counts = level_counts(levels)
    thresholds = optimal_thresholds(counts, n_classes)
    return look_up(threshold_table(thresholds, len(counts)), levels)


def smooth_levels(levels: Image, sigma: float) -> Image:
    """Gaussian smoothing that keeps 16 bits, also those that an 8-bit mean would round off.

    Parameters
    ----------
    levels : ndarray of uint8 or uint16, shape (H, W)
    sigma : float
        In px; the kernel ends at four sigma, the image's border is repeated.

    Returns
    -------
    ndarray of shape (H, W)
        The levels themselves for a sigma of 0, uint16 otherwise (8-bit levels times 256).
    """
    if not 0 <= sigma <= 100:
        raise PremaskError(f"sigma is {sigma} px; 0 to 100 is accepted, e.g. 1.5")
    radius = int(4 * sigma + 0.5)
    if radius == 0:
        return levels
    step = 256.0 if levels.dtype == np.uint8 else 1.0
    size = (2 * radius + 1, 2 * radius + 1)
    # 64-bit sums round to the same whole numbers on every processor
    smooth = cv2.GaussianBlur(
        levels.astype(np.float64), size, sigma, borderType=cv2.BORDER_REPLICATE
    )
    rounded: NDArray[np.uint16] = np.rint(smooth * step).astype(np.uint16)
    return rounded
