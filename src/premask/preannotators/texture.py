"""Superpixels described by grey level and texture, clustered and smoothed on their graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from premask.core.errors import PremaskError
from premask.core.micrograph import Image
from premask.core.regions import check_n_classes
from premask.features.felzenszwalb import felzenszwalb
from premask.features.potts import potts
from premask.features.region_graph import affinity, diffused, region_graph
from premask.features.region_statistics import region_means, standardised
from premask.preannotators.clustering import weighted_kmeans
from premask.preannotators.texture_channels import WEIGHTS, stretched, texture_channels

LENGTH = 4.0
"""Root mean square length of a superpixel's descriptor, before its place is added."""

STEP = 0.1
"""A difference of mean grey levels, as a share of the image's range, that divides."""

BANDS = 16
"""Strips of the image whose means tell whether it is layered."""

N_INIT = 5


def texture(
    image: Image,
    n_classes: int,
    *,
    seed: int = 0,
    scale: float = 30.0,
    sigma: float = 1.0,
    min_size: int = 20,
    mixing: int = 12,
    smoothness: float = 0.2,
    position: float = 5.0,
) -> NDArray[np.uint8]:
    """Divide a micrograph into regions that are alike in grey level and in texture.

    Small superpixels (Felzenszwalb's) are described by grey levels, local contrast, edge
    density, direction, particles and lines at several sizes. The descriptors flow between
    neighbours of similar grey, so that a texture becomes one thing although its grains
    differ; k-means groups them, and a Potts model on the region graph evens the result.

    Parameters
    ----------
    image : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
        Colours are used as grey levels.
    n_classes : int
        2 to 64; 8 to 12 regions that are then named many to one work best. Fewer come
        back where there are fewer superpixels.
    seed : int
        Of the k-means starts.
    scale : float
        Of the superpixels, in 8-bit grey levels of the stretched image: higher gives
        fewer and larger ones.
    sigma : float
        Gaussian smoothing before the superpixels, px.
    min_size : int
        Area of the smallest superpixel, px. The smallest particle that can be a region.
    mixing : int
        Rounds of diffusion: higher makes textures more even and swallows small regions.
    smoothness : float
        Weight of the Potts model: higher removes more fragments, 0 none.
    position : float
        How much the place along a layered image counts (coatings, scales, welds). It is
        multiplied by how well rows or columns explain the grey levels, squared, and so
        does nothing in an image without layers.

    Returns
    -------
    ndarray of uint8, shape (H, W)

    Raises
    ------
    PremaskError
        For options out of range.
    """
    check_n_classes(n_classes)
    _check_options(mixing=mixing, smoothness=smoothness, position=position)
    levels = stretched(image)
    labels = felzenszwalb(levels, scale=scale, sigma=sigma, min_size=min_size)
    area = np.bincount(labels.ravel()).astype(np.float64)
    channels = texture_channels(levels)
    means = region_means(labels, list(channels.values()))
    grey = region_means(labels, levels)[:, 0] / 65535
    graph = region_graph(labels)
    likeness = affinity(graph, grey, STEP)
    weighted = standardised(means, area) * np.array(list(WEIGHTS.values()))
    features = diffused(weighted, graph, likeness, rounds=mixing)
    features *= LENGTH / max(float(np.sqrt(area @ (features**2).sum(axis=1) / area.sum())), 1e-12)
    coarse = means[:, list(channels).index("blur 16")]
    features = np.c_[features, position * _places(labels, coarse, area)]
    clusters = weighted_kmeans(features, area, n_classes, seed=seed, n_init=N_INIT)
    distances = cdist(features, clusters.centres, "sqeuclidean") / LENGTH**2
    found = potts(distances * np.sqrt(area)[:, None], graph, smoothness * likeness)
    return found.astype(np.uint8)[labels]


def _check_options(**options: float) -> None:
    for name, value in options.items():
        if not (np.isfinite(value) and value >= 0):
            raise PremaskError(f"{name} is {value}; a number of 0 or more is accepted")


def _places(
    labels: NDArray[np.int32], grey: NDArray[np.float64], area: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Row and column of each superpixel, scaled by how much they explain, (n, 2)."""
    height, width = labels.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    places = region_means(labels, np.stack([rows / height, columns / width])) - 0.5
    explained = [_explained(place, grey, area) for place in places.T]
    # A uniform distribution over 1 has a standard deviation of 1 / sqrt(12).
    scaled: NDArray[np.float64] = places * np.sqrt(12) * np.square(explained)
    return scaled


def _explained(
    place: NDArray[np.float64], grey: NDArray[np.float64], area: NDArray[np.float64]
) -> float:
    """Share of the variance of the grey levels that lies between bands of the image."""
    band = np.minimum(((place + 0.5) * BANDS).astype(np.int64), BANDS - 1)
    in_band = np.bincount(band, weights=area, minlength=BANDS)
    means = np.bincount(band, weights=area * grey, minlength=BANDS) / np.maximum(in_band, 1)
    middle = np.average(grey, weights=area)
    total = float(area @ (grey - middle) ** 2)
    return float(in_band @ (means - middle) ** 2) / total if total > 0 else 0.0
