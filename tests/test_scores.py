from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from premask.core.errors import PremaskError
from premask.evaluate.scores import score

MAPS = arrays(np.uint8, (6, 7), elements=st.sampled_from([0, 1, 2, 255]))
PAIRS = st.lists(st.tuples(MAPS, MAPS), min_size=1, max_size=4)
CONTRACT = {
    "mean_iou", "iou", "dice", "mean_dice", "boundary_f1", "hausdorff", "hausdorff95", "policy",
    "images",
}  # fmt: skip

HALF = (np.array([[0, 0, 1, 1]] * 2), np.array([[0, 0, 0, 1]] * 2))
RIGHT = (np.array([[0, 1, 1, 1]] * 2), np.array([[0, 1, 1, 1]] * 2))


def test_answer_has_the_keys_of_the_contract_and_is_json_without_nan():
    answer = score([HALF], 3).to_dict()
    assert answer.keys() >= CONTRACT
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert answer["iou"] == {"0": pytest.approx(2 / 3), "1": 0.5, "2": None}
    assert answer["mean_iou"] == pytest.approx(7 / 12)
    assert answer["dice"] == {"0": 0.8, "1": pytest.approx(2 / 3), "2": None}
    assert answer["boundary_f1"] == 1
    assert answer["hausdorff"] == answer["hausdorff95"] == 1
    assert answer["images"] == 1
    assert answer["policy"]["absent"] == "skip"
    assert answer["policy"]["tolerance_px"] == 3
    assert answer["policy"]["uses_truth"] is False


def test_undefined_figures_are_none():
    answer = score([([[0, 1]], [[255, 255]])], 2).to_dict()
    for key in ("mean_iou", "mean_dice", "micro_dice", "boundary_f1", "hausdorff", "hausdorff95"):
        assert answer[key] is None
    assert answer["per_image_mean_iou"] is None
    assert answer["images"] == 1


def test_aggregate_differs_from_the_mean_of_images_and_both_are_told():
    from sklearn.metrics import jaccard_score

    scores = score([HALF, RIGHT], 2)
    flat = [np.concatenate([pair[i].ravel() for pair in (HALF, RIGHT)]) for i in (1, 0)]
    assert scores.mean_iou == pytest.approx(jaccard_score(*flat, average="macro"))
    assert scores.per_image_mean_iou == pytest.approx((7 / 12 + 1) / 2)
    assert scores.mean_iou != pytest.approx(scores.per_image_mean_iou)


def test_absent_phase_zero_lowers_the_mean_and_names_its_false_pixels():
    pair = (np.array([[0, 1, 2, 2]]), np.array([[0, 1, 1, 1]]))
    skip, zero = score([pair], 3), score([pair], 3, absent="zero")
    assert skip.mean_iou == pytest.approx((1 + 1 / 3) / 2)
    assert zero.mean_iou == pytest.approx((1 + 1 / 3) / 3)
    assert zero.to_dict()["iou"]["2"] == 0
    for scores in (skip, zero):
        assert scores.to_dict()["false_pixels_of_absent"] == {"2": 2}
        assert scores.boundary_f1 == 1  # over the phases present, under either policy


def test_a_phase_present_in_another_image_of_the_set_is_not_absent():
    with_it = (np.array([[2, 2]]), np.array([[2, 2]]))
    falsely = (np.array([[0, 1, 2, 2]]), np.array([[0, 1, 1, 1]]))
    scores = score([with_it, falsely], 3)
    assert scores.iou[2] == 0.5
    assert scores.false_pixels_of_absent == {}


def test_types_are_scored_apart_and_together():
    scores = score([(*HALF, "I"), (*RIGHT, "II"), (*RIGHT, None)], 2, names=["Alpha", "TiB2"])
    assert list(scores.types) == ["I", "II"]
    assert scores.images == 3
    assert scores.types["I"].mean_iou == pytest.approx(7 / 12)
    assert scores.types["II"].mean_iou == 1
    answer = scores.to_dict()
    assert answer["types"]["I"]["iou"].keys() == {"Alpha", "TiB2"}
    assert "types" not in answer["types"]["I"]


@pytest.mark.parametrize("naming", ["one-to-one", "many-to-one"])
def test_naming_by_the_truth_is_per_image_and_said(naming):
    swapped = (1 - RIGHT[0], RIGHT[1])
    scores = score([swapped, RIGHT], 2, naming=naming)
    assert scores.mean_iou == 1
    assert scores.boundary_f1 == 1
    assert scores.to_dict()["policy"]["uses_truth"] is True
    assert any("USES THE TRUTH" in line for line in scores.policy.lines())
    assert score([swapped], 2).mean_iou == 0


def test_policy_lines_name_reference_absent_and_tolerance():
    lines = " ".join(score([RIGHT], 2, absent="zero", tolerance=1.5).policy.lines("scratch"))
    assert "Reference: scratch." in lines
    assert "(absent: zero)" in lines
    assert "tolerance 1.5 px" in lines


@settings(max_examples=30, deadline=None)
@given(PAIRS, st.randoms(use_true_random=False))
def test_order_of_the_images_does_not_matter(pairs, random):
    shuffled = pairs.copy()
    random.shuffle(shuffled)
    one, other = score(pairs, 3).to_dict(), score(shuffled, 3).to_dict()
    for key in CONTRACT - {"policy", "iou", "dice"}:
        assert one[key] == pytest.approx(other[key])
    assert one["iou"] == other["iou"]


@settings(max_examples=30, deadline=None)
@given(st.lists(MAPS, min_size=1, max_size=4), st.sampled_from(["given", "one-to-one"]))
def test_a_perfect_prediction_is_perfect(maps, naming):
    scores = score([(labels, labels) for labels in maps], 3, naming=naming)
    answer = scores.to_dict()
    assert answer["mean_iou"] == (1 if any((labels != 255).any() for labels in maps) else None)
    assert answer["boundary_f1"] in {1, None}
    assert answer["hausdorff"] in {0, None}


@settings(max_examples=30, deadline=None)
@given(PAIRS)
def test_many_to_one_never_has_fewer_hits_than_one_to_one(pairs):
    hits = {
        naming: score(pairs, 3, naming=naming).confusion.hits.sum()
        for naming in ("given", "one-to-one", "many-to-one")
    }
    assert hits["many-to-one"] >= hits["one-to-one"] >= hits["given"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"naming": "hungarian"}, "naming is 'hungarian'; given, one-to-one, many-to-one"),
        ({"absent": "zeros"}, "absent is 'zeros'.*did you mean zero"),
        ({"tolerance": -1}, "the tolerance is -1 px"),
        ({"tolerance": float("nan")}, "the tolerance is nan px"),
        ({"names": ["A"]}, "1 names were given for 2 phases"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(PremaskError, match=message):
        score([RIGHT], 2, **options)


def test_no_pair_at_all_is_an_error():
    with pytest.raises(PremaskError, match="no pair of a prediction and a truth"):
        score([], 2)
