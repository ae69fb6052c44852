from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from premask.core.errors import PremaskError
from premask.evaluate.agreement import agreement

LABELS = st.sampled_from([0, 1, 2, 255])
STACKS = st.integers(2, 4).flatmap(lambda n: arrays(np.uint8, (n, 4, 5), elements=LABELS))

# Fleiss (1971): 30 patients, 6 psychiatrists each, 5 diagnoses; kappa 0.430.
FLEISS_1971 = [
    [0, 0, 0, 6, 0], [0, 3, 0, 0, 3], [0, 1, 4, 0, 1], [0, 0, 0, 0, 6], [0, 3, 0, 3, 0],
    [2, 0, 4, 0, 0], [0, 0, 4, 0, 2], [2, 0, 3, 1, 0], [2, 0, 0, 4, 0], [0, 0, 0, 0, 6],
    [1, 0, 0, 5, 0], [1, 1, 0, 4, 0], [0, 3, 3, 0, 0], [1, 0, 0, 5, 0], [0, 2, 0, 3, 1],
    [0, 0, 5, 0, 1], [3, 0, 0, 1, 2], [5, 1, 0, 0, 0], [0, 2, 0, 4, 0], [1, 0, 2, 0, 3],
    [0, 0, 0, 0, 6], [0, 1, 0, 5, 0], [0, 2, 0, 1, 3], [2, 0, 0, 4, 0], [1, 0, 0, 4, 1],
    [0, 5, 0, 1, 0], [4, 0, 0, 0, 2], [0, 2, 0, 4, 0], [1, 0, 5, 0, 0], [0, 0, 0, 0, 6],
]  # fmt: skip


def named(stack):
    return {f"rater {i}": np.atleast_2d(labels) for i, labels in enumerate(stack)}


def ratings(table):
    """One row of labels for each rater, from votes per subject."""
    return np.array([np.repeat(range(len(row)), row) for row in table]).T


def test_two_annotators_by_hand():
    # 10 px: both 0 in 4, first 0 and second 1 in 2, first 1 and second 0 in 1, both 1 in 3
    first, second = [0] * 6 + [1] * 4, [0] * 4 + [1] * 2 + [0] + [1] * 3
    found = agreement({"ana": [first], "ben": [second]}, 3)
    pair = found.pairs["ana", "ben"]
    assert pair.counts.tolist() == [[4, 2, 0], [1, 3, 0], [0, 0, 0]]
    np.testing.assert_allclose(pair.iou, [4 / 7, 3 / 6, np.nan])
    assert pair.mean_iou == pytest.approx((4 / 7 + 1 / 2) / 2)
    assert pair.kappa == pytest.approx((0.7 - 0.5) / 0.5)  # chance: .6 * .5 + .4 * .5
    np.testing.assert_allclose(pair.kappa_of_phases, [0.4, 0.4, np.nan])
    # Fleiss pools both annotators' shares, 11/20 and 9/20: Scott's pi
    assert found.fleiss_kappa == pytest.approx((0.7 - 0.505) / 0.495)
    assert found.observed == pytest.approx(0.7)


def test_fleiss_own_example():
    found = agreement(named(ratings(FLEISS_1971)), 5)
    assert found.observed == pytest.approx(0.556, abs=5e-4)
    assert found.fleiss_kappa == pytest.approx(0.430, abs=5e-4)
    np.testing.assert_allclose(
        found.fleiss_kappa_of_phases, [0.245, 0.245, 0.520, 0.471, 0.566], atol=5e-4
    )


def test_fleiss_kappa_of_a_phase_is_that_of_the_phase_against_the_rest():
    rng = np.random.default_rng(5)
    stack = rng.integers(0, 4, (3, 200))
    found = agreement(named(stack), 4)
    for phase in range(4):
        alone = agreement(named((stack == phase).astype(int)), 2)
        assert found.fleiss_kappa_of_phases[phase] == pytest.approx(alone.fleiss_kappa)


def test_agrees_with_scikit_learn():
    from sklearn.metrics import cohen_kappa_score, jaccard_score

    rng = np.random.default_rng(1)
    truth = rng.integers(0, 5, 3000)
    stack = np.where(rng.random((3, 3000)) < 0.6, truth, rng.integers(0, 5, (3, 3000)))
    found = agreement(named(stack), 5)
    for (a, b), pair in found.pairs.items():
        first, second = (stack[int(name[-1])] for name in (a, b))
        assert pair.kappa == pytest.approx(cohen_kappa_score(first, second))
        np.testing.assert_allclose(pair.iou, jaccard_score(first, second, average=None))
        for phase in range(5):
            expected = cohen_kappa_score(first == phase, second == phase)
            assert pair.kappa_of_phases[phase] == pytest.approx(expected)


def test_a_pixel_that_anyone_left_void_is_left_out_of_every_figure_and_told():
    full = {"ana": [[0, 1, 1, 0]], "ben": [[0, 1, 0, 0]], "eva": [[0, 1, 1, 1]]}
    padded = {name: [[*row[0], 1]] for name, row in full.items()} | {"eva": [[0, 1, 1, 1, 255]]}
    one, other = agreement(full, 2), agreement(padded, 2)
    assert (other.pixels, other.left_out) == (4, 1)
    assert one.fleiss_kappa == other.fleiss_kappa
    for names, pair in one.pairs.items():
        np.testing.assert_array_equal(pair.counts, other.pairs[names].counts)


def test_one_phase_everywhere_or_nothing_labelled_has_no_kappa():
    for row in ([1, 1, 1], [255, 255, 255]):
        found = agreement({"ana": [row], "ben": [row]}, 2)
        assert math.isnan(found.fleiss_kappa)
        assert math.isnan(found.pairs["ana", "ben"].kappa)
        assert np.isnan(found.fleiss_kappa_of_phases).all()
    assert found.left_out == 3


def test_a_phase_that_one_of_two_never_used_has_iou_zero():
    pair = agreement({"ana": [[0, 0, 1]], "ben": [[0, 0, 0]]}, 2).pairs["ana", "ben"]
    np.testing.assert_allclose(pair.iou, [2 / 3, 0])


def test_images_are_summed_before_they_are_divided():
    rng = np.random.default_rng(2)
    stack = rng.integers(0, 3, (3, 100))
    whole = agreement(named(stack), 3)
    both = agreement(named(stack[:, :30]), 3) + agreement(named(stack[:, 30:]), 3)
    assert both.pixels == 100
    assert both.fleiss_kappa == pytest.approx(whole.fleiss_kappa)
    for names, pair in whole.pairs.items():
        np.testing.assert_array_equal(pair.counts, both.pairs[names].counts)


def test_images_of_different_annotators_keep_their_pairs():
    first = agreement({"ana": [[0, 1]], "ben": [[0, 1]]}, 2)
    second = agreement({"ana": [[0, 0]], "ben": [[0, 1]], "eva": [[0, 1]]}, 2)
    both = first + second
    assert list(both.pairs) == [("ana", "ben"), ("ana", "eva"), ("ben", "eva")]
    assert both.pairs["ana", "ben"].counts.tolist() == [[2, 1], [0, 1]]
    assert both.observed == pytest.approx((1 + 1 + 1 + 1 / 3) / 4)


def test_images_with_other_phases_are_not_summed():
    with pytest.raises(PremaskError, match="on 2 and on 3 phases"):
        agreement({"a": [[0]], "b": [[0]]}, 2) + agreement({"a": [[0]], "b": [[0]]}, 3)


@settings(max_examples=50, deadline=None)
@given(STACKS, st.randoms(use_true_random=False))
def test_permuting_the_annotators_changes_nothing(stack, random):
    order = list(range(len(stack)))
    random.shuffle(order)
    one, other = agreement(named(stack), 3), agreement(named(stack[order]), 3)
    np.testing.assert_allclose(one.fleiss_kappa, other.fleiss_kappa)
    np.testing.assert_allclose(one.fleiss_kappa_of_phases, other.fleiss_kappa_of_phases)
    kappas = [sorted(pair.kappa for pair in found.pairs.values()) for found in (one, other)]
    np.testing.assert_allclose(np.sort(kappas[0]), np.sort(kappas[1]))


@given(arrays(np.uint8, (4, 5), elements=LABELS))
def test_identical_annotators_agree_wholly(labels):
    found = agreement({"ana": labels, "ben": labels, "eva": labels}, 3)
    present = np.bincount(labels.ravel(), minlength=256)[:3] > 0
    for pair in found.pairs.values():
        np.testing.assert_array_equal(pair.iou, np.where(present, 1, np.nan))
    if present.sum() > 1:
        assert found.fleiss_kappa == pytest.approx(1)


@pytest.mark.parametrize(("raters", "phases"), [(2, 2), (3, 5), (7, 4)])
def test_agrees_with_statsmodels(raters, phases):
    from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa

    rng = np.random.default_rng(raters)
    truth = rng.integers(0, phases, 500)
    guessed = rng.integers(0, phases, (raters, 500))
    stack = np.where(rng.random((raters, 500)) < 0.7, truth, guessed)
    found = agreement(named(stack), phases)
    counted, _ = aggregate_raters(stack.T, phases)
    assert found.fleiss_kappa == pytest.approx(fleiss_kappa(counted))
    for phase in range(phases):
        against_the_rest = np.stack([counted[:, phase], raters - counted[:, phase]], axis=1)
        assert found.fleiss_kappa_of_phases[phase] == pytest.approx(fleiss_kappa(against_the_rest))
    for pair in found.pairs.values():
        assert pair.kappa == pytest.approx(cohens_kappa(pair.counts).kappa)
