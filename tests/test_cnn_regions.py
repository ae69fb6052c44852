"""Pieces of a label map, and Ward's merging of them, against SciPy and scikit-learn."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from premask.preannotators.cnn_regions import merge_neighbours, piece_responses, pieces_of, ward


def label(array: ArrayLike) -> NDArray[np.int64]:
    """scikit-image's 4-connected components, from 1; 0 is background."""
    from skimage import measure

    return np.asarray(measure.label(array, connectivity=1))


def same_groups(one: ArrayLike, other: ArrayLike) -> bool:
    from sklearn.metrics import adjusted_rand_score

    return bool(adjusted_rand_score(one, other) == 1.0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000))
def test_pieces_are_the_4_connected_components(seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 3, (9, 12)).astype(np.int32)
    np.testing.assert_array_equal(pieces_of(labels), label(labels + 1) - 1)


def test_mean_response_and_area_of_each_piece() -> None:
    pieces = np.array([[0, 0, 1], [0, 0, 1]], np.int32)
    responses = np.array([[[1, 3, 5], [1, 3, 9]], [[0, 0, 2], [0, 0, 2]]], np.float32)
    means, areas = piece_responses(pieces, responses)
    assert areas.tolist() == [4, 2]
    assert means.tolist() == [[2, 0], [7, 2]]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), k=st.integers(1, 6))
def test_ward_of_equal_weights_is_scipys(seed: int, k: int) -> None:
    points = np.random.default_rng(seed).normal(size=(14, 3))
    ours = ward(points, np.ones(14), k)
    scipys = fcluster(linkage(points, "ward"), k, "maxclust")
    assert same_groups(ours, scipys)


def test_a_weight_counts_as_that_many_points() -> None:
    rng = np.random.default_rng(4)
    points, areas = rng.normal(size=(8, 2)), rng.integers(1, 5, 8)
    repeated = fcluster(linkage(np.repeat(points, areas, axis=0), "ward"), 3, "maxclust")
    ours = np.repeat(ward(points, areas.astype(float), 3), areas)
    assert same_groups(ours, repeated)


def test_ward_keeps_fewer_points_than_asked_for() -> None:
    assert ward(np.array([[0.0], [1.0]]), np.ones(2), 5).tolist() == [0, 1]


def test_touching_pieces_are_joined_and_a_strange_speck_stays() -> None:
    # 0 and 2 answer alike, but do not touch; the single pixel 3 answers unlike all.
    pieces = np.array([[0, 0, 1, 1, 2, 2], [0, 0, 1, 3, 2, 2]], np.int32)
    means = np.array([[0.0], [1.0], [0.1], [50.0]])
    target, joined, areas = merge_neighbours(pieces, means, np.array([4.0, 3.0, 4.0, 1.0]), 3)
    assert target[0] != target[2]
    assert (target == target[3]).sum() == 1
    assert len(joined) == len(areas) == 3
    assert areas.sum() == 12


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), n_left=st.integers(1, 12))
def test_joined_pieces_are_connected_and_no_more_than_asked_for(seed: int, n_left: int) -> None:
    rng = np.random.default_rng(seed)
    pieces = pieces_of(rng.integers(0, 3, (7, 8)).astype(np.int32))
    means, areas = piece_responses(pieces, rng.normal(size=(2, 7, 8)).astype(np.float32))
    target, joined, weights = merge_neighbours(pieces, means, areas, n_left)
    assert len(joined) == min(n_left, len(areas))
    for region in range(len(joined)):
        assert label(target[pieces] == region).max() == 1
        inside = target == region
        np.testing.assert_allclose(weights[region], areas[inside].sum())
        np.testing.assert_allclose(joined[region], np.average(means[inside], 0, areas[inside]))
