"""Tiles: they cover everything, leave no seam, and change nothing that is local."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.deploy.tiling import (
    TEST_TIME,
    Levels,
    Probabilities,
    cut,
    divide,
    strips,
    test_time,
)

test_time.__test__ = False  # type: ignore[attr-defined]  # it is no test


def local(levels: Levels) -> Probabilities:
    """Three planes that hang on a pixel alone."""
    x = levels.mean(axis=1, keepdims=True, dtype=np.float64) / 255
    planes: Probabilities = np.concatenate([x, 1 - x, x * (1 - x)], axis=1).astype(np.float32)
    return planes


def joined(levels: Levels, run: object, **layout: int) -> Probabilities:
    tops, parts = [], []
    for top, part in strips(levels, run, **({"channels": 1, "whole": 0} | layout)):  # type: ignore[arg-type]
        tops.append(top)
        parts.append(part.copy())
    rows = [part.shape[1] for part in parts]
    assert tops == [sum(rows[:i]) for i in range(len(rows))]
    return np.concatenate(parts, axis=1)


@given(
    st.integers(1, 5000), st.sampled_from([32, 96, 256, 1024]), st.integers(0, 8),
    st.sampled_from([8, 16, 32]),
)  # fmt: skip
def test_tiles_cover_an_axis_and_overlap_enough(
    length: int, tile: int, eighths: int, multiple: int
) -> None:
    overlap = min(tile * eighths // 32, tile // 4)
    layout = divide(length, tile, overlap, multiple)
    assert layout.size % multiple == 0
    assert layout.size <= tile
    assert layout.starts[0] == 0
    ends = [start + layout.size for start in layout.starts]
    assert ends[-1] >= length
    if len(ends) > 1:
        assert ends[-1] == length
        shared = np.array(ends[:-1]) - np.array(layout.starts[1:])
        assert shared.min() >= overlap
        total = np.zeros(length)
        for number, start in enumerate(layout.starts):
            weights = layout.weights(number)
            assert (weights > 0).all()
            total[start : start + layout.size] += weights
        assert total.min() > 0.4


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 200), st.integers(1, 200), st.sampled_from([32, 64, 128]),
    st.integers(0, 4), st.booleans(), st.sampled_from([1, 3]), st.integers(0, 99),
)  # fmt: skip
def test_what_is_local_is_the_same_in_tiles(
    height: int, width: int, tile: int, sixteenths: int, coloured: bool, channels: int, seed: int
) -> None:
    shape = (height, width, 3) if coloured else (height, width)
    levels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    whole = local(cut(levels, 0, 0, (height, width), channels))[0]
    tiled = joined(
        levels, local, channels=channels, multiple=16, tile=tile, overlap=tile * sixteenths // 16
    )
    assert tiled.shape == whole.shape
    assert np.allclose(tiled, whole, atol=1e-5)


@pytest.mark.parametrize("shape", [(300, 40), (40, 300), (300, 300)])
def test_no_seam_where_tiles_disagree(shape: tuple[int, int]) -> None:
    """Each tile says another constant: the result moves by one over the overlap at most."""
    calls = iter(np.tile([0.0, 1.0], 500))

    def moody(levels: Levels) -> Probabilities:
        return np.full((1, 1, *levels.shape[2:]), next(calls), np.float32)

    layout = {"multiple": 16, "tile": 96, "overlap": 24}
    found = joined(np.zeros(shape, np.uint8), moody, **layout)[0]
    assert found.min() == 0
    assert found.max() == 1
    steps = max(np.abs(np.diff(found, axis=axis)).max(initial=0) for axis in (0, 1))
    assert steps <= 2 / 24
    if min(shape) == 40:  # one row or column of tiles
        assert steps <= 1 / 24 + 1e-6


def test_a_small_image_is_one_tile_and_is_mirrored_up_to_the_multiple() -> None:
    seen = []

    def run(levels: Levels) -> Probabilities:
        seen.append(levels.copy())
        return local(levels)

    levels = np.arange(35 * 20, dtype=np.uint8).reshape(35, 20)
    found = joined(levels, run, multiple=32, tile=32, overlap=8, whole=64 * 32)
    assert found.shape == (3, 35, 20)
    assert [one.shape for one in seen] == [(1, 1, 64, 32)]
    assert np.array_equal(seen[0][0, 0, :35, :20], levels)
    assert np.array_equal(seen[0][0, 0, :35, 20:], levels[:, :7:-1])
    assert np.array_equal(seen[0][0, 0, 35:, :20], levels[:5:-1])


def test_only_a_row_of_tiles_is_held() -> None:
    levels = np.zeros((1000, 64), np.uint8)
    found = strips(levels, local, channels=1, multiple=32, tile=128, overlap=32, whole=0)
    rows = [part.shape[1] for _, part in found]
    assert sum(rows) == 1000
    assert max(rows) <= 128


def test_grey_and_colour_are_brought_to_what_the_network_takes() -> None:
    grey = np.array([[10, 20]], np.uint8)
    colour = np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8)
    assert cut(grey, 0, 0, (1, 2), 3).tolist() == [[[[10, 20]]] * 3]
    assert cut(colour, 0, 0, (1, 2), 1).tolist() == [[[[76, 29]]]]
    assert cut(colour, 0, 0, (1, 2), 3).tolist() == [[[[255, 0]], [[0, 0]], [[0, 255]]]]


@pytest.mark.parametrize("name", TEST_TIME)
def test_test_time_augmentation_leaves_what_is_local(name: str) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (1, 1, 32, 64), np.uint8)
    assert np.allclose(test_time(name, local)(levels), local(levels), atol=1e-6)


@pytest.mark.parametrize(("name", "views"), [("none", 1), ("flips", 4), ("turns", 8)])
def test_test_time_augmentation_averages_over_different_views(name: str, views: int) -> None:
    seen = []

    def corner(levels: Levels) -> Probabilities:
        seen.append(levels.tobytes() + bytes(str(levels.shape), "ascii"))
        marked = np.zeros(levels.shape, np.float32)
        marked[:, :, 0, 0] = 1
        return marked

    levels = np.arange(6, dtype=np.uint8).reshape(1, 1, 2, 3)
    found = test_time(name, corner)(levels)[0, 0]
    assert len(set(seen)) == len(seen) == views
    share = {"none": 1.0, "flips": 0.25, "turns": 0.25}[name]
    expected = np.zeros((2, 3))
    expected[0, 0] = share
    if name != "none":
        expected[[0, 1, 1], [2, 0, 2]] = share
    assert np.allclose(found, expected)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(
        PremaskError, match=r"overlap of 40 px of tiles of 128 px; at most .* 32 px"
    ):
        divide(1000, 128, 40, 32)
    with pytest.raises(PremaskError, match="is 'mirror'; none, flips, turns"):
        test_time("mirror", local)
