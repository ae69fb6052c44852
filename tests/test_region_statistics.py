"""Per-label statistics against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from premask.core.errors import PremaskError
from premask.features.region_statistics import region_means, region_statistics, standardised


def test_statistics_are_scipys():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, (30, 40))
    channels = rng.random((3, 30, 40)).astype(np.float32)
    found = region_statistics(labels, channels)
    index = np.arange(7)
    assert np.array_equal(found.area, np.bincount(labels.ravel()))
    for c in range(3):
        assert np.allclose(found.mean[:, c], ndimage.mean(channels[c], labels, index))
        assert np.allclose(
            found.std[:, c], ndimage.standard_deviation(channels[c], labels, index), atol=1e-6
        )
    assert np.allclose(region_means(labels, channels), found.mean)


def test_labels_without_pixels_are_zero():
    found = region_statistics([[0, 2]], [[4.0, 6.0]], n_labels=4)
    assert found.area.tolist() == [1, 0, 1, 0]
    assert found.mean[:, 0].tolist() == [4, 0, 6, 0]
    assert found.std[:, 0].tolist() == [0, 0, 0, 0]


def test_std_keeps_its_digits_far_from_zero():
    values = np.array([[1e8, 1e8 + 1, 1e8 + 2, 1e8 + 3]])
    assert region_statistics([[0, 0, 0, 0]], values).std[0, 0] == pytest.approx(np.sqrt(1.25))


@given(arrays(np.int64, (5, 6), elements=st.integers(0, 4)), st.floats(-100, 100))
def test_areas_add_up_and_a_constant_is_its_own_mean(labels, value):
    found = region_statistics(labels, np.full((5, 6), value))
    assert found.area.sum() == 30
    assert np.allclose(found.mean[found.area > 0], value)
    assert not found.std.any()


def test_standardised_has_weighted_mean_0_and_std_1():
    rng = np.random.default_rng(1)
    features = np.c_[rng.random((50, 2)), np.full(50, 3.0)]
    weights = rng.random(50)
    scaled = standardised(features, weights)
    assert np.allclose(np.average(scaled, axis=0, weights=weights), 0)
    assert np.allclose(np.average(scaled**2, axis=0, weights=weights), [1, 1, 0])


@pytest.mark.parametrize(
    ("labels", "channels", "match"),
    [
        ([[0, 1]], [[1.0, 2.0, 3.0]], "do not fit"),
        ([[0, -1]], [[1.0, 2.0]], "0 or more"),
        ([0, 1], [[1.0, 2.0]], "do not fit"),
    ],
)
def test_what_does_not_fit_is_refused(labels, channels, match):
    with pytest.raises(PremaskError, match=match):
        region_statistics(labels, channels)
