from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from scipy import ndimage as ndi

from premask.core.errors import PremaskError
from premask.features.felzenszwalb import _sorted_edges, felzenszwalb


def by_the_paper(levels: NDArray[np.int64], scale: float, min_size: int) -> NDArray[np.int32]:
    """The algorithm as it is written in the paper: sets of pixels, sorted(), no tricks."""
    height, width, _ = levels.shape
    edges = []
    for y in range(height):
        for x in range(width):
            for d, (dy, dx) in enumerate([(0, 1), (1, 0), (1, 1), (1, -1)]):
                if y + dy < height and 0 <= x + dx < width:
                    step = (levels[y, x] - levels[y + dy, x + dx]).astype(float)
                    weight = int(np.sqrt((step**2).sum()) + 0.5)
                    edges.append((weight, y, x, d, (y + dy, x + dx)))
    edges.sort(key=lambda edge: edge[:4])
    member = {(y, x): {(y, x)} for y in range(height) for x in range(width)}
    inner = {id(pixels): 0.0 for pixels in member.values()}
    for keep_small in (True, False):
        for weight, y, x, _, other in edges:
            a, b = member[y, x], member[other]
            if a is b:
                continue
            fits = all(weight < inner[id(s)] + scale * 65536 / len(s) for s in (a, b))
            if fits if keep_small else min(len(a), len(b)) < min_size:
                a |= b
                inner[id(a)] = weight
                for pixel in b:
                    member[pixel] = a
    labels = np.full((height, width), -1, np.int32)
    for y in range(height):
        for x in range(width):
            if labels[y, x] < 0:
                rows, columns = zip(*member[y, x], strict=True)
                labels[rows, columns] = labels.max() + 1
    return labels


@settings(max_examples=60, deadline=None)
@given(
    image=hnp.arrays(np.uint8, st.tuples(st.integers(1, 7), st.integers(1, 7))),
    scale=st.sampled_from([0.0, 1.0, 30.0, 300.0, 5000.0, 1e9]),
    min_size=st.integers(0, 8),
)
def test_equals_the_paper_on_grey_levels(
    image: NDArray[np.uint8], scale: float, min_size: int
) -> None:
    found = felzenszwalb(image, scale=scale, sigma=0, min_size=min_size)
    levels = image.astype(np.int64)[..., None] * 65536
    np.testing.assert_array_equal(found, by_the_paper(levels, scale, min_size))


@settings(max_examples=40, deadline=None)
@given(
    image=hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.just(3))),
    scale=st.sampled_from([1.0, 100.0, 1000.0]),
    min_size=st.integers(0, 8),
)
def test_equals_the_paper_on_colours(image: NDArray[np.uint8], scale: float, min_size: int) -> None:
    found = felzenszwalb(image, scale=scale, sigma=0, min_size=min_size)
    np.testing.assert_array_equal(
        found, by_the_paper(image.astype(np.int64) * 65536, scale, min_size)
    )


@pytest.mark.parametrize("seed", range(4))
def test_equals_the_paper_after_smoothing(seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (11, 13)).astype(np.uint8)
    smooth = ndi.gaussian_filter(image.astype(float), 0.8, mode="nearest", truncate=4)
    levels = np.rint(smooth * 65536).astype(np.int64)[..., None]
    np.testing.assert_array_equal(
        felzenszwalb(image, scale=100, sigma=0.8, min_size=5), by_the_paper(levels, 100, 5)
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_edges_are_sorted_and_complete(channels: int) -> None:
    # few different weights make large groups, which the second pass sorts by counting
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 400, (40 * 30, channels)).astype(np.int32)
    edges, weights = _sorted_edges(pixels, 40, 30)
    p = edges >> 2
    q = p + np.array([1, 30, 31, 29])[edges & 3]
    expected = np.sqrt(((pixels[p] - pixels[q]).astype(float) ** 2).sum(axis=1))
    np.testing.assert_array_equal(weights, np.floor(expected + 0.5))
    assert np.array_equal(np.lexsort((edges, weights)), np.arange(len(edges)))
    assert len(np.unique(edges)) == 40 * 29 + 39 * 30 + 2 * 39 * 29


def test_four_grey_squares_are_four_superpixels() -> None:
    image = np.zeros((20, 21), np.uint8)
    image[:10, 10:], image[10:, :10], image[10:, 10:] = 50, 100, 150
    labels = felzenszwalb(image, scale=1, sigma=0, min_size=1)
    expected = np.zeros((20, 21), np.int32)
    expected[:10, 10:], expected[10:, :10], expected[10:, 10:] = 1, 2, 3
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize(
    ("row", "expected"), [([0, 0, 10], [0, 0, 1]), ([10, 0, 0], [0, 1, 1]), ([0, 0, 9], [0, 0, 0])]
)
def test_an_edge_as_heavy_as_the_bound_does_not_join(row: list[int], expected: list[int]) -> None:
    # two px of one level allow edges lighter than 20 / 2
    image = np.array([row], np.uint8)
    assert felzenszwalb(image, scale=20, sigma=0, min_size=0).tolist() == [expected]


def test_no_superpixel_is_smaller_than_asked_for() -> None:
    image = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8)
    labels = felzenszwalb(image, scale=10, sigma=0.5, min_size=25)
    assert np.bincount(labels.ravel()).min() >= 25
    assert labels.max() > 0


def test_larger_scale_gives_fewer_superpixels() -> None:
    image = np.random.default_rng(1).integers(0, 256, (60, 60)).astype(np.uint8)
    n = [felzenszwalb(image, scale=s, sigma=0.8, min_size=1).max() for s in (10, 100, 1000)]
    assert n[0] > n[1] > n[2]


def test_16_bits_do_not_depend_on_how_far_the_camera_fills_them() -> None:
    rng = np.random.default_rng(2)
    twelve_bits = (rng.integers(0, 2, (30, 30)) * 2000 + rng.integers(0, 900, (30, 30))) + 100
    full = (twelve_bits * 20).astype(np.uint16)
    a = felzenszwalb(twelve_bits.astype(np.uint16), scale=50, sigma=0.8, min_size=5)
    b = felzenszwalb(full, scale=50, sigma=0.8, min_size=5)
    assert a.max() > 3
    np.testing.assert_array_equal(a, b)


def test_16_bits_keep_steps_below_an_8_bit_level() -> None:
    image = np.zeros((40, 40), np.uint16)
    image[:, 20:] = 60  # a quarter of an 8-bit grey level
    image[0, :20] = 65535  # the window is the whole range
    labels = felzenszwalb(image, scale=5, sigma=0, min_size=0)
    assert labels[20, 5] != labels[20, 35]


def test_nearly_constant_16_bits_are_still_divided() -> None:
    image = np.full((60, 60), 500, np.uint16)
    image[0, 0] = 501
    assert felzenszwalb(image, scale=1, sigma=0, min_size=0).max() == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 3)])
def test_tiny_images_work(shape: tuple[int, int]) -> None:
    image = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    assert np.all(felzenszwalb(image) == 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": -1.0}, "scale is -1.0"),
        ({"scale": float("nan")}, "scale is nan"),
        ({"sigma": -0.1}, "sigma is -0.1 px"),
        ({"min_size": -5}, "min_size is -5 px"),
    ],
)
def test_bad_options_say_what_is_accepted(options: dict[str, float], message: str) -> None:
    with pytest.raises(PremaskError, match=message):
        felzenszwalb(np.zeros((5, 5), np.uint8), **options)


@pytest.mark.data
@pytest.mark.parametrize("name", ["uhcs", "nasa_ebc", "nasa_super"])
def test_agrees_with_scikit_image_on_micrographs(data: Path, name: str) -> None:
    from skimage import segmentation
    from sklearn.metrics import adjusted_rand_score

    path = sorted((data / name / "images").glob("*.png"))[9]
    image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[:512, :512]
    ours = felzenszwalb(image, scale=150, sigma=0.8, min_size=75)
    theirs = segmentation.felzenszwalb(image, scale=150, sigma=0.8, min_size=75)
    assert ours.max() == pytest.approx(theirs.max(), rel=0.03)
    assert adjusted_rand_score(ours.ravel(), theirs.ravel()) > 0.95


def test_agrees_with_scikit_image_on_colours() -> None:
    from skimage import segmentation
    from sklearn.metrics import adjusted_rand_score

    rng = np.random.default_rng(5)
    blocks = rng.integers(40, 220, (6, 6, 3)).repeat(20, axis=0).repeat(20, axis=1)
    image = np.clip(blocks + rng.normal(0, 5, blocks.shape), 0, 255).astype(np.uint8)
    ours = felzenszwalb(image, scale=150, sigma=0.8, min_size=20)
    theirs = segmentation.felzenszwalb(image, scale=150, sigma=0.8, min_size=20, channel_axis=-1)
    assert adjusted_rand_score(ours.ravel(), theirs.ravel()) > 0.99
