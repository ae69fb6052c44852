"""Texture tells apart what grey levels cannot, the same way every time."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import premask
from premask.core.errors import PremaskError
from premask.preannotators.texture import texture
from premask.preannotators.texture_channels import WEIGHTS, stretched, texture_channels


@pytest.fixture(scope="module")
def halves():
    """Smooth noise on the left and stripes on the right, of the same mean grey level."""
    rng = np.random.default_rng(0)
    image = 120 + 4 * rng.standard_normal((120, 160))
    image[:, 80:] += 40 * np.sin(np.arange(80) * 0.9)
    return np.clip(image, 0, 255).astype(np.uint8)


def share_told_apart(labels, n_left):
    """Share of the pixels on the right side when each region goes to its majority side."""
    table = np.stack(
        [
            np.bincount(part.ravel(), minlength=64)
            for part in (labels[:, :n_left], labels[:, n_left:])
        ]
    )
    return table.max(axis=0).sum() / labels.size


def test_textures_of_equal_grey_are_told_apart(halves):
    labels = texture(halves, 4, position=0)
    grey = premask.preannotate(halves, "multi-otsu", 4)
    assert share_told_apart(labels, 80) > 0.95
    assert share_told_apart(labels, 80) > share_told_apart(grey, 80) + 0.1


def test_small_particles_get_a_region_of_their_own():
    rows, columns = np.mgrid[:200, :200]
    image = np.full((200, 200), 160.0)
    image[(rows - 60) ** 2 + (columns - 60) ** 2 < 1600] = 90
    truth = (image == 90).astype(int)
    for y, x in [(130, 30), (150, 60), (170, 100), (130, 110), (160, 150), (100, 150), (60, 160)]:
        image[(rows - y) ** 2 + (columns - x) ** 2 < 16] = 90
        truth[(rows - y) ** 2 + (columns - x) ** 2 < 16] = 2
    image += np.random.default_rng(0).standard_normal(image.shape)
    labels = texture(image.astype(np.uint8), 6).astype(int)
    table = np.zeros((6, 3))
    np.add.at(table, (labels.ravel(), truth.ravel()), 1)
    named = table.argmax(axis=1)[labels]
    overlap = ((named == 2) & (truth == 2)).sum() / ((named == 2) | (truth == 2)).sum()
    assert overlap > 0.6


def test_the_same_seed_gives_the_same_bytes(halves):
    first = texture(halves, 5, seed=3)
    assert first.tobytes() == texture(halves, 5, seed=3).tobytes()
    assert first.dtype == np.uint8
    assert first.max() < 5


def test_depth_and_contrast_do_not_matter_much(halves):
    plain = texture(halves, 3)
    deep = texture(halves.astype(np.uint16) * 100 + 7, 3)
    pale = texture((halves // 2 + 60).astype(np.uint8), 3)
    assert (plain == deep).mean() > 0.999
    assert share_told_apart(plain * 8 + pale, 80) > 0.9


def test_layers_hold_together_by_position():
    rng = np.random.default_rng(1)
    levels = np.repeat([60, 130, 60, 200], 40)[:, None] + 6 * rng.standard_normal((160, 160))
    image = np.clip(levels, 0, 255).astype(np.uint8)
    labels = texture(image, 4, position=10)
    top, third = (
        np.bincount(labels[rows].ravel()).argmax() for rows in (np.s_[5:35], np.s_[85:115])
    )
    assert top != third


@pytest.mark.parametrize("shape", [(1, 2), (3, 3), (1, 60), (7, 500), (40, 40)])
def test_images_smaller_than_the_filters_work(shape):
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    labels = premask.preannotate(image, "texture", 4)
    assert labels.shape == shape
    assert labels.max() < 4


def test_colours_are_taken():
    image = np.random.default_rng(0).integers(0, 256, (50, 60, 3)).astype(np.uint8)
    assert texture(image, 3).shape == (50, 60)


def test_an_almost_constant_image_works():
    image = np.full((50, 50), 9, np.uint8)
    image[3, 4] = 200
    assert texture(image, 3).max() < 3


def test_channels_are_those_that_are_weighted(halves):
    channels = texture_channels(stretched(halves))
    assert list(channels) == list(WEIGHTS)
    assert all(c.shape == halves.shape for c in channels.values())


@pytest.mark.parametrize("option", ["mixing", "smoothness", "position"])
def test_options_out_of_range_are_refused(halves, option):
    with pytest.raises(PremaskError, match=option):
        texture(halves, 3, **{option: -1})


@pytest.mark.data
def test_real_layers_are_found_better_than_by_thresholds(data):
    stem = "050317_3_S0440017"
    image, truth = (
        cv2.imread(str(data / "nasa_ebc" / kind / f"{stem}.png"), cv2.IMREAD_UNCHANGED)
        for kind in ("images", "masks")
    )
    scores = {}
    for method in ("texture", "multi-otsu"):
        labels = premask.preannotate(image, method, 8).astype(int)
        table = np.zeros((8, 3))
        np.add.at(table, (labels.ravel(), truth.ravel()), 1)
        oxide = table.argmax(axis=1)[labels] == 1
        scores[method] = (oxide & (truth == 1)).sum() / (oxide | (truth == 1)).sum()
    assert scores["texture"] > max(0.75, scores["multi-otsu"] + 0.2)
