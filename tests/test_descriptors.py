"""What regions look like, in numbers."""

from __future__ import annotations

import numpy as np
import pytest

from premask.core.errors import PremaskError
from premask.naming.descriptors import RegionDescriptors, describe


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 200, (40, 60)).astype(np.uint8)


@pytest.fixture(scope="module")
def regions(image):
    return (image // 50).astype(np.uint8)


def test_areas_grey_means_and_ranks_are_those_of_the_pixels(image, regions):
    found = describe(image, regions)
    assert len(found) == 4
    for region in range(4):
        inside = image[regions == region]
        assert found.areas[region] == pytest.approx(inside.size / image.size)
        assert found.means[region, 0] == pytest.approx(inside.mean() / 255, abs=1e-6)
        below = (image < inside[:, None, None]).sum(axis=(1, 2))
        ties = (image == inside[:, None, None]).sum(axis=(1, 2))
        assert found.ranks[region, 0] == pytest.approx(((below + ties / 2) / image.size).mean())


def test_ranks_do_not_see_brightness_and_contrast_and_means_do(image, regions):
    found, other = describe(image, regions), describe((image + 40).astype(np.uint8), regions)
    np.testing.assert_allclose(found.ranks, other.ranks, atol=0.02)
    assert np.abs(found.means[:, 0] - other.means[:, 0]).min() > 0.1


def test_the_context_of_a_region_is_who_lies_around_it():
    regions = np.zeros((40, 200), np.uint8)
    regions[:, 60:80] = 1
    regions[:, 80:] = 2
    image = regions * np.uint8(100)
    context = describe(image, regions).context
    np.testing.assert_allclose(context.sum(axis=1), 1)
    assert (np.diag(context) == 0).all()
    assert context[0, 1] > context[0, 2]
    assert context[2, 1] > context[2, 0]


def test_a_region_that_is_not_there_has_no_area_and_finite_numbers(image, regions):
    found = describe(image, regions * np.uint8(2), n_regions=9)
    assert found.areas[1] == 0
    assert found.areas[8] == 0
    assert all(np.isfinite(array).all() for array in found.to_arrays().values())


def test_one_region_has_no_context(image):
    assert describe(image, np.zeros_like(image)).context.tolist() == [[0]]


def test_permuted_regions_have_permuted_descriptors(image, regions):
    order = np.array([2, 0, 3, 1])
    found, permuted = describe(image, regions), describe(image, order.astype(np.uint8)[regions])
    np.testing.assert_allclose(permuted.means[order], found.means, atol=1e-12)
    np.testing.assert_allclose(permuted.ranks[order], found.ranks, atol=1e-12)
    np.testing.assert_allclose(permuted.context[np.ix_(order, order)], found.context, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_any_depth_and_colour_is_described(image, regions, dtype):
    colour = np.stack([image, image // 2, image], axis=2).astype(dtype)
    assert describe(colour, regions).means.shape == describe(image, regions).means.shape


def test_descriptors_survive_a_file_and_those_of_another_version_do_not(image, regions, tmp_path):
    found = describe(image, regions)
    np.savez(tmp_path / "d.npz", **found.to_arrays())
    with np.load(tmp_path / "d.npz") as stored:
        again = RegionDescriptors.from_arrays(stored)
    assert again is not None
    for name, array in again.to_arrays().items():
        np.testing.assert_array_equal(array, found.to_arrays()[name])
    assert RegionDescriptors.from_arrays({**found.to_arrays(), "version": np.array(0.0)}) is None
    assert RegionDescriptors.from_arrays({}) is None


def test_regions_of_another_size_are_refused(image, regions):
    with pytest.raises(PremaskError, match=r"\(40, 59\).*\(40, 60\)"):
        describe(image, regions[:, 1:])
