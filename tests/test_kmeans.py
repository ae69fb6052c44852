from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

import premask
from premask.core.errors import PremaskError
from premask.preannotators.kmeans import kmeans
from premask.preannotators.multi_otsu import multi_otsu


def inertia(values: NDArray[np.integer], labels: NDArray[np.integer]) -> float:
    points = values.reshape(labels.size, -1).astype(float)
    flat = labels.ravel()
    groups = [points[flat == c] for c in np.unique(flat)]
    return sum(float(((group - group.mean(axis=0)) ** 2).sum()) for group in groups)


def blobs(top: int) -> NDArray[np.int64]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 4, (30, 40)) * (top // 5) + rng.integers(0, top // 6, (30, 40))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("n_classes", [2, 5, 9])
def test_grey_levels_are_never_worse_than_scikit_learn(
    dtype: type[np.uint8 | np.uint16], n_classes: int
) -> None:
    from sklearn.cluster import KMeans

    image = blobs(np.iinfo(dtype).max).astype(dtype)
    pixels = image.reshape(-1, 1).astype(float)
    theirs = KMeans(n_classes, n_init=10, random_state=0).fit_predict(pixels)
    ours = kmeans(image, n_classes)
    assert len(np.unique(ours)) == n_classes
    assert inertia(image, ours) <= inertia(image, theirs.reshape(image.shape)) * (1 + 1e-12)


def test_grey_levels_agree_with_multi_otsu() -> None:
    image = blobs(255).astype(np.uint8)
    np.testing.assert_array_equal(kmeans(image, 6), multi_otsu(image, 6))


def test_sixty_four_classes_work_where_multi_otsu_stops_at_twelve() -> None:
    image = blobs(255).astype(np.uint8)
    regions = premask.preannotate(image, "kmeans", 64)
    assert np.unique(regions).tolist() == list(range(64))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_are_never_worse_than_scikit_learn(dtype: type[np.uint8 | np.uint16]) -> None:
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(1)
    top = np.iinfo(dtype).max
    centres = rng.integers(top // 5, top - top // 5, (5, 3))
    noise = rng.normal(0, top / 20, (40, 50, 3))
    image = np.clip(centres[rng.integers(0, 5, (40, 50))] + noise, 0, top).astype(dtype)
    theirs = KMeans(5, n_init=10, random_state=0).fit_predict(image.reshape(-1, 3).astype(float))
    ours = kmeans(image, 5)
    assert inertia(image, ours) <= inertia(image, theirs.reshape(40, 50)) * (1 + 1e-4)


def test_colours_that_share_a_grey_level_are_told_apart() -> None:
    image = np.zeros((6, 9, 3), np.uint8)
    image[:, :3], image[:, 3:6], image[:, 6:] = (100, 0, 0), (0, 51, 0), (0, 0, 255)
    labels = kmeans(image, 3)
    assert [len(np.unique(labels[:, i : i + 3])) for i in (0, 3, 6)] == [1, 1, 1]
    assert len(np.unique(labels)) == 3


def test_fewer_values_than_classes_give_fewer_regions() -> None:
    grey = np.array([[5, 5, 9], [9, 5, 7]], np.uint8)
    assert kmeans(grey, 8).tolist() == [[0, 0, 2], [2, 0, 1]]
    colours = np.array([[[5, 0, 0], [0, 9, 0]], [[5, 0, 0], [0, 9, 0]]], np.uint8)
    assert len(np.unique(kmeans(colours, 8))) == 2


def test_position_parts_what_the_grey_level_does_not() -> None:
    image = np.full((20, 40), 100, np.uint8)
    image[::2] = 104
    plain, placed = kmeans(image, 2), kmeans(image, 2, position=5.0)
    np.testing.assert_array_equal(plain, image == 104)
    halves = placed[:, :20], placed[:, 20:]
    assert [len(np.unique(half)) for half in halves] == [1, 1]
    assert placed[0, 0] != placed[0, -1]


def test_filters_part_a_rough_from_a_smooth_phase_of_the_same_grey() -> None:
    rng = np.random.default_rng(3)
    image = np.full((60, 120), 128, np.uint8)
    image[:, 60:] = 128 + rng.integers(-60, 61, (60, 60))
    image[:, :60] += rng.integers(0, 3, (60, 60)).astype(np.uint8)
    truth = np.arange(120) >= 60
    labels = premask.preannotate(image, "kmeans", 2, filters=True)
    share = np.mean(labels == truth[None])
    assert max(share, 1 - share) > 0.9
    plain = np.mean(kmeans(image, 2) == truth[None])
    assert max(plain, 1 - plain) < 0.8


@pytest.mark.parametrize("filters", [False, True])
def test_options_take_colours_and_repeat_with_the_seed(filters: bool) -> None:
    # larger than the sample, so that the draw of pixels is part of what repeats
    image = np.random.default_rng(4).integers(0, 256, (250, 260, 3)).astype(np.uint8)
    a, b = (kmeans(image, 4, seed=7, position=0.3, filters=filters) for _ in range(2))
    assert a.shape == (250, 260)
    assert a.tobytes() == b.tobytes()
    assert len(np.unique(a)) == 4


@pytest.mark.parametrize("shape", [(1, 5), (5, 1), (3, 3), (3, 3, 3)])
def test_tiny_images_work_with_every_option(shape: tuple[int, ...]) -> None:
    image = (np.arange(np.prod(shape)) * 9).astype(np.uint8).reshape(shape)
    for options in ({}, {"position": 1.0}, {"filters": True}):
        assert len(np.unique(kmeans(image, 2, **options))) == 2


@pytest.mark.parametrize("position", [-1.0, float("inf"), float("nan")])
def test_a_bad_weight_of_the_position_is_refused(position: float) -> None:
    with pytest.raises(PremaskError, match="a weight of 0 or more is accepted"):
        kmeans(np.arange(9, dtype=np.uint8).reshape(3, 3), 2, position=position)
