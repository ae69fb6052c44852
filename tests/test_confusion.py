from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from premask.core.errors import PremaskError
from premask.evaluate.confusion import confusion

TRUTH = np.array([[0, 0, 0, 1], [0, 1, 1, 255]], np.uint8)
PREDICTION = np.array([[0, 0, 1, 1], [255, 1, 0, 0]], np.uint8)


def label_maps(n_phases: int = 3, void: bool = True) -> st.SearchStrategy:
    values = st.sampled_from([*range(n_phases), *([255] if void else [])])
    return arrays(np.uint8, (5, 6), elements=values)


def test_counts_have_a_column_for_void_in_the_prediction_and_no_row_for_void_in_the_truth():
    counts = confusion(PREDICTION, TRUTH, 2).counts
    assert counts.tolist() == [[2, 1, 1], [1, 2, 0]]


def test_iou_and_dice_of_a_hand_made_pair():
    found = confusion(PREDICTION, TRUTH, 2)
    # phase 0: 2 hits, 4 true, 3 predicted (the one under void in the truth does not count)
    assert found.iou().tolist() == [2 / 5, 2 / 4]
    assert found.dice().tolist() == [4 / 7, 4 / 6]
    assert found.mean_iou() == pytest.approx(0.45)
    assert found.micro_dice == pytest.approx(2 * 4 / (7 + 6))
    assert found.void_predicted == 1


def test_absent_phase_is_skipped_or_counts_as_zero_and_its_false_pixels_are_told():
    found = confusion([[0, 0, 2, 2]], [[0, 0, 0, 0]], 4)
    assert found.present.tolist() == [True, False, False, False]
    np.testing.assert_array_equal(found.iou("skip"), [0.5, np.nan, np.nan, np.nan])
    assert found.mean_iou("skip") == 0.5
    assert found.iou("zero").tolist() == [0.5, 0, 0, 0]
    assert found.mean_iou("zero") == 0.125
    assert found.mean_dice("zero") == pytest.approx(2 / 3 / 4)
    assert found.false_pixels.tolist() == [0, 0, 2, 0]


def test_counts_are_summed_before_they_are_divided():
    first = confusion([[0, 0, 0, 0]], [[0, 0, 0, 1]], 2)
    second = confusion([[1, 1]], [[1, 1]], 2)
    both = first + second
    assert both.iou().tolist() == [3 / 4, 2 / 3]
    assert both.iou()[1] != np.mean([first.iou()[1], second.iou()[1]])


def test_a_truth_of_void_alone_has_no_mean():
    found = confusion([[0, 1]], [[255, 255]], 2)
    assert np.isnan(found.mean_iou())
    assert np.isnan(found.mean_iou("zero"))
    assert np.isnan(found.micro_dice)


def test_agrees_with_scikit_learn():
    from sklearn.metrics import confusion_matrix, f1_score, jaccard_score

    rng = np.random.default_rng(3)
    truth, prediction = rng.integers(0, 5, (2, 60, 80)).astype(np.uint8)
    found = confusion(prediction, truth, 5)
    flat = truth.ravel(), prediction.ravel()
    np.testing.assert_array_equal(found.counts[:, :-1], confusion_matrix(*flat))
    np.testing.assert_allclose(found.iou(), jaccard_score(*flat, average=None))
    np.testing.assert_allclose(found.dice(), f1_score(*flat, average=None))
    assert found.micro_dice == pytest.approx(f1_score(*flat, average="micro"))


@given(label_maps(), label_maps())
def test_dice_follows_from_iou(prediction, truth):
    found = confusion(prediction, truth, 3)
    iou = found.iou()
    np.testing.assert_allclose(found.dice(), 2 * iou / (1 + iou))


@given(label_maps(void=False), label_maps(void=False))
def test_roles_are_symmetric_without_void(prediction, truth):
    one, other = confusion(prediction, truth, 3), confusion(truth, prediction, 3)
    np.testing.assert_array_equal(one.counts[:, :-1], other.counts[:, :-1].T)
    both = one.present & other.present
    np.testing.assert_array_equal(one.iou()[both], other.iou()[both])


@given(label_maps(), label_maps())
def test_counts_of_parts_add_up_to_those_of_the_whole(prediction, truth):
    parts = [confusion(prediction[:, s], truth[:, s], 3) for s in (slice(2), slice(2, None))]
    whole = confusion(prediction, truth, 3)
    np.testing.assert_array_equal((parts[0] + parts[1]).counts, whole.counts)


@given(label_maps())
def test_a_map_agrees_with_itself(truth):
    found = confusion(truth, truth, 3)
    assert (found.iou()[found.present] == 1).all()


@pytest.mark.parametrize(
    ("prediction", "truth", "message"),
    [
        ([[0, 7]], [[0, 1]], r"the prediction has the value 7 in 1 px; 0 to 1 and 255 for void"),
        ([[0, 1]], [[3, 3]], r"the truth has the value 3 in 2 px"),
        ([[0, 9, 7]], [[255] * 3], r"the prediction has the value 7 in 1 px \(and 1 more values\)"),
        (
            [[0], [1], [1]],
            [[0], [1]],
            r"1x3 px and the truth 1x2 px.*prediction is 1 px taller.*bar",
        ),
        ([[0]], [[0], [1]], r"the truth is 1 px taller"),
        ([[0, 1]], [[0, 1, 1]], r"2x1 px and the truth 3x1 px; both must be of one size$"),
        ([[0.5, 1]], [[0, 1]], r"the prediction is no label map \(float64"),
        ([[0, 1]], [[-1, 1]], r"the truth is no label map .* from -1 to 1"),
        ([0, 1], [[0, 1]], r"shape \(2,\)"),
    ],
)
def test_what_is_no_label_map_is_refused(prediction, truth, message):
    with pytest.raises(PremaskError, match=message):
        confusion(prediction, truth, 2)


@pytest.mark.parametrize("n_phases", [-1, 0, 1, 65, 300])
def test_number_of_phases_out_of_range_is_refused(n_phases):
    with pytest.raises(PremaskError, match="2 to 64 are accepted"):
        confusion([[0, 1]], [[0, 1]], n_phases)
