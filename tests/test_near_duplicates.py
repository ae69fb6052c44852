from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from helpers import small_micrograph
from premask.splits.near_duplicates import near_duplicates, thumbnail

SHAPE = (480, 640)


def field(seed: int, shape: tuple[int, int] = SHAPE) -> NDArray[np.uint8]:
    """Particles of many sizes, as far as they reach; no two seeds share any."""
    random = np.random.default_rng(seed)
    image = np.full(shape, 90, np.uint8)
    for _ in range(shape[0] * shape[1] // 900):
        centre = (int(random.integers(shape[1])), int(random.integers(shape[0])))
        axes = tuple(int(x) for x in random.integers(2, 14, 2))
        level = int(random.integers(120, 250))
        cv2.ellipse(image, centre, axes, float(random.uniform(0, 180)), 0, 360, level, -1)
    return image


def noisy(image: NDArray[np.uint8], seed: int, sigma: float = 10) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    return np.clip(image + random.normal(0, sigma, image.shape), 0, 255).astype(np.uint8)


def jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer))


def found(*images) -> list[tuple[int, int]]:
    return [(one.first, one.second) for one in near_duplicates([thumbnail(i) for i in images])]


COPIES = {
    "the same": lambda image: image,
    "compressed": lambda image: jpeg(image, 20),
    "darker, other gamma": lambda image: (200 * (image / 255) ** 0.6).astype(np.uint8),
    "noise": lambda image: noisy(image, 1, 20),
    "16 bit": lambda image: image.astype(np.uint16) * 100 + 500,
    "colour": lambda image: np.dstack([image] * 3),
    "bottom cut off": lambda image: image[:-65],
    "with a bar": lambda image: np.vstack([image, np.full((65, image.shape[1]), 10, np.uint8)]),
    "half the size": lambda image: cv2.resize(image, None, fx=0.5, fy=0.5),
    "three quarters": lambda image: cv2.resize(image, (480, 360), interpolation=cv2.INTER_AREA),
    "cut out": lambda image: image[100:400, 150:560],
    "blurred": lambda image: cv2.GaussianBlur(image, (0, 0), 1.5),
    "shifted": lambda image: np.roll(image, (70, 150), (0, 1)),
}


@pytest.mark.parametrize("change", COPIES.values(), ids=COPIES.keys())
def test_a_copy_is_found_among_others(change):
    images = [field(seed) for seed in range(4)]
    assert found(*images, change(images[2])) == [(2, 4)]


def test_unrelated_images_are_not_alike():
    assert found(*(field(seed) for seed in range(20, 32))) == []
    assert found(*(noisy(field(seed), seed) for seed in range(20, 26))) == []
    # of different sizes, too
    sizes = [(480, 640), (240, 320), (703, 960), (480, 600), (96, 128)]
    assert found(*(field(40 + i, size) for i, size in enumerate(sizes))) == []


@pytest.mark.parametrize("share", [0.5, 0.25, 0.15])
@pytest.mark.parametrize("corner", [False, True])
def test_fields_that_overlap_are_found_with_their_shift(share, corner):
    large = field(7, (900, 1200))
    height, width = 450, 600
    dy = round(height * (1 - share**0.5)) if corner else 0
    dx = round(width * (1 - (share**0.5 if corner else share)))
    first = noisy(large[:height, :width], 1)
    second = noisy((large * 0.8 + 20).astype(np.uint8)[dy : dy + height, dx : dx + width], 2)
    (one,) = near_duplicates([thumbnail(first), thumbnail(second)])
    assert np.abs(np.subtract(one.shift, (dy, dx))).max() <= 4  # a canvas pixel is 2.4 px
    assert one.overlap == pytest.approx(share, abs=0.03)
    assert one.magnified == 1
    assert one.likeness > 0.4


def test_the_magnification_of_a_resized_copy_is_told():
    image = field(8)
    (one,) = near_duplicates([thumbnail(image), thumbnail(cv2.resize(image, (320, 240)))])
    assert one.magnified == pytest.approx(2, abs=0.05)


def test_every_pair_of_several_copies_is_found_once():
    image = field(9)
    assert found(image, field(10), noisy(image, 1), jpeg(image, 40)) == [(0, 2), (0, 3), (2, 3)]


def test_blank_and_tiny_images_are_like_nothing():
    blank = np.full(SHAPE, 77, np.uint8)
    assert (
        found(blank, blank, field(0), np.zeros((1, 1), np.uint8), np.zeros((2, 900), np.uint8))
        == []
    )
    assert found() == found(field(0)) == []


def test_small_micrographs_of_the_tests_are_told_apart():
    images = [small_micrograph(seed, (300, 320)) for seed in range(6)]
    assert found(*images) == []
    assert found(*images, jpeg(images[3], 40)) == [(3, 6)]


def test_progress_counts_up_to_all():
    seen: list[tuple[int, int]] = []
    thumbnails = [thumbnail(field(seed)) for seed in range(3)]
    near_duplicates(thumbnails, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.data
def test_one_pair_of_the_real_sets_overlaps(data):
    images = {
        path.stem: np.array(Image.open(path).convert("L"))
        for name in ("uhcs", "nasa_ebc", "nasa_super")
        for path in sorted((data / name / "images").glob("*.png"))
    }
    names = list(images)
    pairs = near_duplicates([thumbnail(image) for image in images.values()])
    # the last 62 rows of one are the first of the other, 40 columns to the left
    assert [(names[one.first], names[one.second]) for one in pairs] == [("uhcs0579", "uhcs1176")]
    assert np.abs(np.subtract(pairs[0].shift, (419, 39))).max() <= 4
    # laid on each other at full resolution by another program
    strip = images["uhcs1176"][:55, 20:-60]
    matched = cv2.matchTemplate(images["uhcs0579"][-80:], strip, cv2.TM_CCOEFF_NORMED)
    assert matched.max() > 0.5
