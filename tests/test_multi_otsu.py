from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage as ndi

import premask
from premask.core.errors import PremaskError
from premask.preannotators.multi_otsu import multi_otsu, smooth_levels


def between(image: NDArray[np.integer], labels: NDArray[np.integer]) -> float:
    """Otsu's criterion from the pixels themselves."""
    values = image.astype(float) - image.mean()
    return sum(
        float(values[labels == c].sum() ** 2 / (labels == c).sum()) for c in set(labels.flat)
    )


def three_phases(dtype: type[np.uint8 | np.uint16], step: int) -> NDArray[np.integer]:
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 3, (40, 50)) * 70 + 30 + rng.integers(-9, 10, (40, 50))
    return (levels * step).astype(dtype)


@pytest.mark.parametrize(("dtype", "step"), [(np.uint8, 1), (np.uint16, 1), (np.uint16, 250)])
def test_separates_three_phases(dtype: type[np.uint8 | np.uint16], step: int) -> None:
    image = three_phases(dtype, step)
    expected = np.digitize(image, [60 * step, 130 * step])
    np.testing.assert_array_equal(multi_otsu(image, 3), expected)


def test_two_classes_are_otsus_threshold() -> None:
    from skimage.filters import threshold_otsu

    image = three_phases(np.uint8, 1)
    np.testing.assert_array_equal(multi_otsu(image, 2), image > threshold_otsu(image))


def test_neighbouring_levels_of_16_bits_are_told_apart() -> None:
    image = np.array([[30000, 30001, 30002], [30000, 30001, 30002]], np.uint16)
    assert multi_otsu(image, 3).tolist() == [[0, 1, 2], [0, 1, 2]]


@pytest.mark.parametrize("n_classes", [2, 3, 4])
def test_is_never_below_scikit_image(n_classes: int) -> None:
    from skimage.filters import threshold_multiotsu

    rng = np.random.default_rng(n_classes)
    for _ in range(5):
        image = rng.normal(rng.integers(60, 180), rng.integers(5, 40), (30, 30))
        image = np.clip(image, 0, 255).astype(np.uint8)
        theirs = np.searchsorted(threshold_multiotsu(image, n_classes), image)
        ours = between(image, multi_otsu(image, n_classes))
        assert ours >= between(image, theirs) * (1 - 1e-12)


@pytest.mark.data
@pytest.mark.parametrize("name", ["uhcs", "nasa_ebc", "nasa_super"])
def test_is_never_below_scikit_image_on_micrographs(data: Path, name: str) -> None:
    from skimage.filters import threshold_multiotsu

    for path in sorted((data / name / "images").glob("*.png"))[::6]:
        image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        theirs = np.searchsorted(threshold_multiotsu(image, 3), image)
        assert between(image, multi_otsu(image, 3)) >= between(image, theirs) * (1 - 1e-12)


def test_smoothing_removes_speckle_between_phases() -> None:
    rng = np.random.default_rng(1)
    truth = np.zeros((60, 60), np.uint8)
    truth[:, 30:] = 1
    image = np.clip(truth * 60 + 90 + rng.normal(0, 30, truth.shape), 0, 255).astype(np.uint8)
    wrong = [np.mean(multi_otsu(image, 2, sigma=s) != truth) for s in (0.0, 1.5)]
    assert wrong[0] > 0.1
    assert wrong[1] < 0.03


@pytest.mark.parametrize(("dtype", "step"), [(np.uint8, 256), (np.uint16, 1)])
def test_smoothing_equals_scipy_at_16_bits(dtype: type[np.uint8 | np.uint16], step: int) -> None:
    top = np.iinfo(dtype).max
    image = np.random.default_rng(2).integers(0, top + 1, (25, 31)).astype(dtype)
    expected = ndi.gaussian_filter(image.astype(float), 1.5, mode="nearest", truncate=4)
    smooth = smooth_levels(image, 1.5)
    assert smooth.dtype == np.uint16
    np.testing.assert_array_equal(smooth, np.rint(expected * step))


def test_colours_count_by_their_luma() -> None:
    image = np.zeros((4, 6, 3), np.uint8)
    image[:, 2:4, 1] = 200  # green is lighter than blue
    image[:, 4:, 2] = 200
    assert multi_otsu(image, 3)[0].tolist() == [0, 0, 2, 2, 1, 1]


@pytest.mark.parametrize("n_classes", range(2, 13))
def test_two_to_twelve_classes_by_the_public_name(n_classes: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (20, 30)).astype(np.uint8)
    regions = premask.preannotate(image, "multi-otsu", n_classes)
    assert regions.dtype == np.uint8
    assert np.unique(regions).tolist() == list(range(n_classes))


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (3, 3)])
def test_tiny_images_work_with_and_without_smoothing(shape: tuple[int, int]) -> None:
    image = (np.arange(np.prod(shape)) * 20).astype(np.uint8).reshape(shape)
    assert set(multi_otsu(image, 2).flat) == {0, 1}
    assert set(multi_otsu(image, 2, sigma=1.5).flat) == {0, 1}


@pytest.mark.parametrize("n_classes", [1, 13])
def test_other_numbers_of_classes_are_refused(n_classes: int) -> None:
    image = np.arange(100, dtype=np.uint8).reshape(10, 10)
    with pytest.raises(PremaskError, match=f"{n_classes} classes.*2 to 12"):
        multi_otsu(image, n_classes)


def test_fewer_levels_than_classes_are_refused() -> None:
    with pytest.raises(PremaskError, match=r"2 distinct grey levels.*3 classes"):
        premask.preannotate(np.array([[1, 2], [2, 1]], np.uint8), "multi-otsu", 3)


@pytest.mark.parametrize("sigma", [-1.0, 1000.0, float("nan")])
def test_a_sigma_out_of_range_is_refused(sigma: float) -> None:
    with pytest.raises(PremaskError, match="0 to 100 is accepted"):
        multi_otsu(np.arange(9, dtype=np.uint8).reshape(3, 3), 2, sigma=sigma)
