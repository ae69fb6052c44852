"""SLIC superpixels against scikit-image's."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import small_micrograph
from premask.core.errors import PremaskError
from premask.features.slic import slic


def colours() -> NDArray[np.uint8]:
    grey = small_micrograph(1)
    return np.stack([grey, grey[::-1], 255 - grey], axis=2)


def test_a_flat_image_gives_a_grid() -> None:
    found = slic(np.full((40, 40), 7, np.uint8), n_segments=16)
    # Centres at 5, 15, 25, 35: pixels halfway between two go to the first.
    of_row = np.repeat(np.arange(4), [11, 10, 10, 9])
    np.testing.assert_array_equal(found, 4 * of_row[:, None] + of_row)


@pytest.mark.parametrize(("compactness", "least"), [(100.0, 0.99), (10.0, 0.8)])
def test_superpixels_of_a_colour_image_are_scikit_images(compactness: float, least: float) -> None:
    from skimage.segmentation import slic as skimage_slic
    from sklearn.metrics import adjusted_rand_score

    image = colours()[:96, :96]
    ours = slic(image, n_segments=144, compactness=compactness)
    theirs = skimage_slic(image, n_segments=144, compactness=compactness, start_label=0)
    assert adjusted_rand_score(theirs.ravel(), ours.ravel()) > least


def test_superpixels_follow_an_edge() -> None:
    image = np.zeros((60, 60), np.uint8)
    image[:, 33:] = 255
    found = slic(image, n_segments=36, compactness=0.01)
    assert not set(np.unique(found[:, :33])) & set(np.unique(found[:, 33:]))


def test_superpixels_are_connected_numbered_and_not_tiny() -> None:
    from skimage.measure import label

    found = slic(small_micrograph(2), n_segments=200, compactness=1)
    assert set(np.unique(found)) == set(range(found.max() + 1))
    assert label(found + 1, connectivity=1).max() == found.max() + 1
    assert np.bincount(found.ravel())[1:].min() >= found.size / 200 / 4


def test_one_pixel_each_at_most() -> None:
    assert slic(small_micrograph(0, (20, 24)), n_segments=10_000, compactness=100).max() < 20 * 24


def test_options_out_of_range_are_refused() -> None:
    image = small_micrograph(0)
    with pytest.raises(PremaskError, match="n_segments is 0; 1 or more"):
        slic(image, n_segments=0)
    with pytest.raises(PremaskError, match="compactness is 0; above 0"):
        slic(image, compactness=0)
