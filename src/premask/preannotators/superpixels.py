"""Felzenszwalb's superpixels, grouped into regions by their mean values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from premask.core.micrograph import Image
from premask.features.felzenszwalb import felzenszwalb
from premask.preannotators.clustering import weighted_kmeans
from premask.preannotators.one_dimensional import cluster_positions


def superpixels(
    image: Image,
    n_classes: int,
    *,
    seed: int = 0,
    scale: float = 300.0,
    sigma: float = 0.8,
    min_size: int = 75,
) -> NDArray[np.uint8]:
    """Divide a micrograph into superpixels and group these by their mean grey level.

    The paper (section 2) groups superpixels "by statistical properties" without naming
    them; here it is the mean grey level, weighted by area and clustered exactly (for
    colours: the mean colour, k-means from several starts).

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
    n_classes : int
        2 to 64; fewer come back where there are fewer superpixels.
    seed : int
        Of the starts for colours; without effect on grey images.
    scale : float
        Higher gives fewer and larger superpixels; in 8-bit grey levels.
    sigma : float
        Gaussian smoothing before, px.
    min_size : int
        Area of the smallest superpixel, px.

    Returns
    -------
    ndarray of uint8, shape (H, W)

    Raises
    ------
    PremaskError
        For options out of range.

    Examples
    --------
    >>> image = np.array([[10, 10, 200, 200, 60, 60]] * 2, np.uint8)
    >>> superpixels(image, 2, scale=10, sigma=0, min_size=1)
    array([[0, 0, 1, 1, 0, 0],
           [0, 0, 1, 1, 0, 0]], dtype=uint8)
    """
    labels = felzenszwalb(image, scale=scale, sigma=sigma, min_size=min_size)
    flat = labels.ravel()
    areas = np.bincount(flat)
    channels = image.reshape(flat.size, -1).T
    sums = np.stack([np.bincount(flat, weights=channel) for channel in channels], axis=1)
    means = sums / areas[:, None]
    if means.shape[1] == 1:
        groups = cluster_positions(means[:, 0], areas, n_classes)
    else:
        groups = weighted_kmeans(means, areas, n_classes, seed=seed).labels
    return groups.astype(np.uint8)[labels]
