from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from premask.evaluate.staple import staple
from premask.evaluate.votes import majority_vote

LABELS = st.sampled_from([0, 1, 2, 255])


def raters(truth, qualities, seed=0):
    """Annotators who say the truth with a known probability, else one of the other phases."""
    rng = np.random.default_rng(seed)
    wrong = (truth + rng.integers(1, 3, (len(qualities), *truth.shape))) % 3
    right = rng.random((len(qualities), *truth.shape)) < np.reshape(qualities, (-1, 1, 1))
    stack = np.where(right, truth, wrong).astype(np.uint8)
    return {f"rater {i}": labels for i, labels in enumerate(stack)}


def test_known_qualities_are_found_and_the_good_annotator_outvotes_two_poor_ones():
    truth = np.random.default_rng(9).integers(0, 3, (200, 200))
    qualities = [0.97, 0.6, 0.55, 0.5]
    maps = raters(truth, qualities)
    found = staple(maps, 3)
    assert found.converged
    for (_, matrix), quality in zip(sorted(found.confusion.items()), qualities, strict=True):
        np.testing.assert_allclose(np.diag(matrix), quality, atol=0.03)
        np.testing.assert_allclose(matrix.sum(axis=1), 1)
    right = np.mean(found.label_map == truth)
    assert right > 0.96
    assert right > np.mean(majority_vote(maps, 3) == truth) + 0.1


def test_one_step_of_the_iteration_is_bayes_by_hand():
    # 4 px; three annotators; the first step's matrices come from the shares of the votes
    maps = {"a": [[0, 0, 1, 1]], "b": [[0, 0, 1, 1]], "c": [[0, 1, 1, 1]]}
    found = staple(maps, 2, max_iterations=1)
    prior = np.array([5, 7]) / 12
    belief = np.array([1, 2 / 3, 0, 0])  # of phase 0
    a0, a1 = belief[:2].sum() / belief.sum(), (1 - belief)[:2].sum() / (1 - belief).sum()
    c0, c1 = belief[1:].sum() / belief.sum(), (1 - belief)[1:].sum() / (1 - belief).sum()
    zero, one = prior[0] * a0**2 * c0, prior[1] * a1**2 * c1
    assert found.iterations == 1
    assert not found.converged
    assert found.probability[0, 1] == pytest.approx(max(zero, one) / (zero + one))
    assert found.label_map.tolist() == [[0, 0, 1, 1]]


def test_void_is_no_vote():
    maps = {"a": [[0, 1, 255, 255]], "b": [[0, 1, 1, 255]], "c": [[0, 1, 1, 255]]}
    found = staple(maps, 3)
    assert found.label_map.tolist() == [[0, 1, 1, 255]]
    assert found.probability.tolist() == [[1, 1, 1, 0]]
    assert np.isnan(found.confusion["a"][2]).all()


def test_what_nothing_can_tell_apart_is_void():
    assert staple({"a": [[0, 1]], "b": [[1, 0]]}, 2).label_map.tolist() == [[255, 255]]


@given(arrays(np.uint8, (4, 5), elements=LABELS), st.integers(2, 4))
def test_identical_annotators_give_their_map(labels, n):
    found = staple({str(i): labels for i in range(n)}, 3)
    np.testing.assert_array_equal(found.label_map, labels)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(2, 4).flatmap(lambda n: arrays(np.uint8, (n, 4, 5), elements=LABELS)),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_annotators_changes_not_one_bit(stack, random):
    names = [str(i) for i in range(len(stack))]
    maps = dict(zip(names, stack, strict=True))
    random.shuffle(names)
    one, other = staple(maps, 3), staple({name: maps[name] for name in names}, 3)
    np.testing.assert_array_equal(one.label_map, other.label_map)
    np.testing.assert_array_equal(one.probability, other.probability)


def test_other_names_of_the_annotators_change_nothing():
    stack = list(
        raters(np.random.default_rng(1).integers(0, 3, (30, 30)), [0.9, 0.7, 0.6]).values()
    )
    one = staple(dict(zip("abc", stack, strict=True)), 3)
    other = staple(dict(zip("cab", stack, strict=True)), 3)
    np.testing.assert_array_equal(one.label_map, other.label_map)
    np.testing.assert_allclose(one.confusion["a"], other.confusion["c"])
