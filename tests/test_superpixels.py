from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import premask
from premask.core.errors import PremaskError
from premask.features.felzenszwalb import felzenszwalb
from premask.preannotators.superpixels import superpixels


def test_distant_particles_of_one_grey_level_share_a_region() -> None:
    truth = np.zeros((60, 80), np.uint8)
    truth[5:25, 5:25] = truth[35:55, 50:75] = 1
    truth[10:30, 50:70] = 2
    noise = np.random.default_rng(0).integers(-6, 7, truth.shape)
    image = (np.array([60, 130, 200])[truth] + noise).astype(np.uint8)
    regions = premask.preannotate(image, "superpixels", 3)
    assert np.mean(regions == truth) > 0.97


@pytest.mark.parametrize("step", [1, 16, 257])
def test_16_bits_give_the_regions_of_8(step: int) -> None:
    image = np.full((40, 60), 40, np.uint16)
    image[:, 20:40], image[10:30, 45:] = 120, 200
    eight = premask.preannotate(image.astype(np.uint8), "superpixels", 3)
    assert len(np.unique(eight)) == 3
    np.testing.assert_array_equal(premask.preannotate(image * step, "superpixels", 3), eight)


def test_colours_of_one_grey_level_are_told_apart() -> None:
    image = np.zeros((30, 60, 3), np.uint8)
    image[:, :30], image[:, 30:] = (200, 0, 0), (0, 102, 0)
    labels = superpixels(image, 2)
    assert len(np.unique(labels[:, :30])) == len(np.unique(labels[:, 30:])) == 1
    assert labels[0, 0] != labels[0, -1]


def test_regions_are_unions_of_superpixels_divided_by_their_means() -> None:
    rng = np.random.default_rng(1)
    blocks = rng.integers(20, 230, (8, 8)).repeat(15, axis=0).repeat(15, axis=1)
    image = np.clip(blocks + rng.normal(0, 4, blocks.shape), 0, 255).astype(np.uint8)
    labels = superpixels(image, 4, scale=50.0)
    parts = felzenszwalb(image, scale=50.0)
    n = parts.max() + 1
    assert n > 20
    means = np.array([image[parts == p].mean() for p in range(n)])
    classes = np.array([labels[parts == p][0] for p in range(n)])
    np.testing.assert_array_equal(labels, classes[parts])
    assert np.all(np.diff(classes[np.argsort(means)]) >= 0)


def test_large_superpixels_count_for_more() -> None:
    # as points on a line 100 and 110 belong together; by area, 110 and the few of 125 do
    image = np.full((60, 82), 100, np.uint8)
    image[:, 40:], image[:, 80:] = 110, 125
    labels = superpixels(image, 2, scale=10, sigma=0)
    assert labels[0, [0, 40, 80]].tolist() == [0, 1, 1]


def test_one_superpixel_is_one_region() -> None:
    image = np.array([[1, 2, 3], [3, 2, 1], [1, 2, 3]], np.uint8)
    assert not superpixels(image, 2).any()
    assert not premask.preannotate(image, "superpixels", 2).any()


@pytest.mark.parametrize("shape", [(1, 2), (1, 40), (40, 1), (3, 3, 3)])
def test_tiny_images_work(shape: tuple[int, ...]) -> None:
    image = (np.arange(np.prod(shape)) * 6 % 251).astype(np.uint8).reshape(shape)
    labels = superpixels(image, 2, scale=1.0, sigma=0.0, min_size=1)
    assert labels.shape == shape[:2]
    assert len(np.unique(labels)) == 2


def test_bad_options_are_refused() -> None:
    with pytest.raises(PremaskError, match="scale is -3"):
        superpixels(np.arange(9, dtype=np.uint8).reshape(3, 3), 2, scale=-3)


@pytest.mark.data
def test_repeats_byte_for_byte_on_a_micrograph(data: Path) -> None:
    image = cv2.imread(str(data / "uhcs" / "images" / "uhcs0006.png"), cv2.IMREAD_UNCHANGED)
    a, b = (premask.preannotate(image, "superpixels", 5) for _ in range(2))
    assert a.tobytes() == b.tobytes()
    assert np.unique(a).tolist() == [0, 1, 2, 3, 4]
