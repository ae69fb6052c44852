"""The region graph, what flows on it, and the Potts model."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.features.potts import potts, potts_energy
from premask.features.region_graph import affinity, diffused, region_graph

LABELS = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, 3]], np.int32)


def grid(seed, n=5):
    """Random square superpixels on a grid."""
    rng = np.random.default_rng(seed)
    return rng.permutation(n * n).reshape(n, n).repeat(3, 0).repeat(3, 1).astype(np.int32)


def test_borders_are_counted_in_pixel_pairs():
    graph = region_graph(LABELS)
    found = {
        (int(a), int(b)): float(w)
        for a, b, w in zip(graph.sources, graph.neighbours, graph.border, strict=True)
    }
    assert found == {
        (0, 1): 2,
        (1, 0): 2,
        (0, 2): 2,
        (2, 0): 2,
        (1, 2): 1,
        (2, 1): 1,
        (1, 3): 1,
        (3, 1): 1,
        (2, 3): 1,
        (3, 2): 1,
    }


def test_borders_are_those_of_a_slow_count():
    rng = np.random.default_rng(3)
    labels = np.unique(rng.integers(0, 9, (12, 14)), return_inverse=True)[1].reshape(12, 14)
    slow = np.zeros((labels.max() + 1,) * 2)
    for a, b in itertools.chain(
        zip(labels[:-1].ravel(), labels[1:].ravel(), strict=True),
        zip(labels[:, :-1].ravel(), labels[:, 1:].ravel(), strict=True),
    ):
        slow[a, b] += a != b
        slow[b, a] += a != b
    graph = region_graph(labels.astype(np.int32))
    fast = np.zeros_like(slow)
    fast[graph.sources, graph.neighbours] = graph.border
    assert np.array_equal(fast, slow)


def test_one_superpixel_has_no_neighbours():
    graph = region_graph(np.zeros((3, 4), np.int32))
    assert graph.starts.tolist() == [0, 0]
    assert diffused(np.ones((1, 2)), graph, graph.border, rounds=3).tolist() == [[1, 1]]


def test_affinity_falls_by_e_with_each_step():
    graph = region_graph(LABELS)
    weights = affinity(graph, np.array([0.0, 0.1, 0.0, 0.3]), 0.1)
    assert weights[0] == pytest.approx(2 / np.e)
    assert weights[1] == pytest.approx(2)


def test_diffusion_evens_out_and_stops_at_closed_borders():
    graph = region_graph(grid(0))
    features = np.random.default_rng(0).random((25, 3))
    even = diffused(features, graph, graph.border, rounds=200)
    assert np.ptp(even, axis=0).max() < 1e-3
    assert np.array_equal(diffused(features, graph, 0 * graph.border, rounds=5), features)


@given(st.integers(0, 1000))
def test_diffusion_stays_between_the_extremes(seed):
    graph = region_graph(grid(seed))
    features = np.random.default_rng(seed).random((25, 2))
    mixed = diffused(features, graph, graph.border, rounds=4)
    assert (mixed >= features.min(0) - 1e-12).all()
    assert (mixed <= features.max(0) + 1e-12).all()


def test_a_lone_odd_superpixel_follows_its_neighbours():
    labels = np.arange(9, dtype=np.int32).reshape(3, 3).repeat(2, 0).repeat(2, 1)
    costs = np.tile([0.0, 1.0], (9, 1))
    costs[4] = [1.0, 0.0]
    graph = region_graph(labels)
    assert potts(costs, graph, 0 * graph.border).tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    assert potts(costs, graph, graph.border).tolist() == [0] * 9


@given(st.integers(0, 1000))
def test_the_energy_never_rises(seed):
    rng = np.random.default_rng(seed)
    graph = region_graph(grid(seed))
    costs = rng.random((25, 4)) * 5
    start = costs.argmin(axis=1)
    found = potts(costs, graph, graph.border)
    energy = potts_energy(costs, graph, graph.border, found)
    assert energy <= potts_energy(costs, graph, graph.border, start) + 1e-9
    for i, label in itertools.product(range(25), range(4)):  # no single change helps
        other = found.copy()
        other[i] = label
        assert energy <= potts_energy(costs, graph, graph.border, other) + 1e-9


def test_costs_must_fit_the_graph():
    graph = region_graph(LABELS)
    with pytest.raises(PremaskError, match="do not fit"):
        potts(np.zeros((3, 2)), graph, graph.border)
