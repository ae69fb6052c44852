from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.preannotators.clustering import nearest_centres, weighted_kmeans


def test_two_groups_get_their_weighted_means() -> None:
    found = weighted_kmeans([[0.0, 0.0], [4.0, 0.0], [50.0, 10.0]], [3, 1, 2], 2)
    order = np.argsort(found.centres[:, 0])
    np.testing.assert_allclose(found.centres[order], [[1, 0], [50, 10]])
    assert found.labels[0] == found.labels[1] != found.labels[2]
    assert found.inertia == pytest.approx(3 * 1 + 1 * 9)


@settings(max_examples=60, deadline=None, derandomize=True)  # a start may fail to find it
@given(
    points=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 5)),
        min_size=1,
        max_size=7,
    ),
    k=st.integers(1, 3),
)
def test_finds_the_best_of_all_divisions_of_a_few_points(
    points: list[tuple[int, int, int]], k: int
) -> None:
    table = np.array(points, float)
    features, weights = table[:, :2], table[:, 2]
    found = weighted_kmeans(features, weights, k, n_init=20)
    lowest = np.inf
    for labels in itertools.product(range(k), repeat=len(points)):
        cost = 0.0
        for c in set(labels):
            own = np.array(labels) == c
            mean = np.average(features[own], axis=0, weights=weights[own])
            cost += float((weights[own, None] * (features[own] - mean) ** 2).sum())
        lowest = min(lowest, cost)
    assert found.inertia == pytest.approx(lowest, abs=1e-9)


def test_weights_stand_for_repeated_points() -> None:
    rng = np.random.default_rng(1)
    centres = rng.normal(0, 40, (4, 3))
    points = centres[rng.integers(0, 4, 60)] + rng.normal(0, 1, (60, 3))
    weights = rng.integers(1, 5, 60)
    weighted = weighted_kmeans(points, weights, 4)
    repeated = weighted_kmeans(points.repeat(weights, axis=0), np.ones(weights.sum()), 4)
    assert weighted.inertia == pytest.approx(repeated.inertia)
    np.testing.assert_allclose(
        weighted.centres[np.lexsort(weighted.centres.T)],
        repeated.centres[np.lexsort(repeated.centres.T)],
    )


def test_is_not_worse_than_scikit_learn() -> None:
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(2)
    points = rng.normal(0, 1, (3000, 3)) * [3, 1, 1] + rng.integers(0, 4, (3000, 1)) * 2
    weights = rng.integers(1, 9, 3000).astype(float)
    ours = weighted_kmeans(points, weights, 5, n_init=10)
    theirs = KMeans(5, n_init=10, random_state=0).fit(points, sample_weight=weights)
    assert ours.inertia <= theirs.inertia_ * (1 + 1e-4)
    np.testing.assert_array_equal(ours.labels, nearest_centres(points, ours.centres))


def test_inertia_and_centres_belong_to_the_labels() -> None:
    rng = np.random.default_rng(3)
    points, weights = rng.random((20_000, 2)), rng.random(20_000)
    found = weighted_kmeans(points, weights, 12, n_init=1)
    for c in range(12):
        own = found.labels == c
        mean = np.average(points[own], axis=0, weights=weights[own])
        np.testing.assert_allclose(found.centres[c], mean, rtol=1e-11)
    spread = ((points - found.centres[found.labels]) ** 2).sum(axis=1)
    assert found.inertia == pytest.approx(float((weights * spread).sum()))


def test_fewer_distinct_points_than_clusters_give_fewer() -> None:
    found = weighted_kmeans([[1.0], [1.0], [5.0], [5.0]], [1, 2, 3, 4], 6)
    assert found.centres.shape == (2, 1)
    assert sorted(found.centres[:, 0]) == [1, 5]
    assert found.inertia == 0


def test_points_of_weight_zero_do_not_move_a_centre() -> None:
    found = weighted_kmeans([[0.0], [1.0], [10.0], [1000.0]], [1, 1, 1, 0], 2)
    assert sorted(found.centres[:, 0]) == [0.5, 10]


def test_same_seed_gives_same_bytes() -> None:
    points = np.random.default_rng(4).random((500, 4))
    a, b = (weighted_kmeans(points, np.ones(500), 9, seed=3, n_init=2) for _ in range(2))
    assert a.labels.tobytes() == b.labels.tobytes()
    assert a.centres.tobytes() == b.centres.tobytes()


def test_nearest_centres_prefers_the_lowest_of_equals() -> None:
    assert nearest_centres([[1.0], [3.0], [2.0]], [[1.0], [3.0]]).tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("features", "weights", "k", "message"),
    [
        (np.empty((0, 2)), [], 2, r"shape \(0, 2\)"),
        ([1.0, 2.0], [1, 1], 2, r"shape \(2,\)"),
        ([[1.0], [2.0]], [1], 2, r"weights of shape \(1,\)"),
        ([[1.0], [np.nan]], [1, 1], 2, "NaN or infinite"),
        ([[1.0], [2.0]], [1, -1], 2, "weights from -1.0 to 1.0"),
        ([[1.0], [2.0]], [0, 0], 2, "weights from 0.0 to 0.0"),
        ([[1.0], [2.0]], [1, 1], 0, "k is 0"),
    ],
)
def test_bad_input_says_what_is_accepted(
    features: object, weights: object, k: int, message: str
) -> None:
    with pytest.raises(PremaskError, match=message):
        weighted_kmeans(features, weights, k)  # type: ignore[arg-type]
