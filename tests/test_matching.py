from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from premask.core.errors import PremaskError
from premask.evaluate.confusion import joint_counts
from premask.evaluate.matching import match, rename

MAPS = arrays(np.uint8, (4, 6), elements=st.sampled_from([0, 1, 2, 255]))
REGIONS = arrays(np.uint8, (4, 6), elements=st.sampled_from([0, 1, 2, 3, 4, 255]))


def counts(regions, truth):
    return joint_counts(np.array(regions, np.uint8), np.array(truth, np.uint8))


def test_given_keeps_the_indices_and_uses_no_truth():
    found = match(counts([[0, 2, 255]], [[1, 1, 1]]), 3, "given")
    assert found.table == {0: 0, 2: 2}
    assert not found.uses_truth


def test_many_to_one_gives_each_region_its_majority_phase():
    found = match(counts([[0, 0, 0, 1, 1, 2]], [[1, 1, 0, 1, 1, 0]]), 2, "many-to-one")
    assert found.table == {0: 1, 1: 1, 2: 0}
    assert found.uses_truth


def test_one_to_one_takes_the_best_pairs_even_against_a_majority():
    # region 0: 3 of phase 0, 2 of phase 1; region 1: 4 of phase 0
    regions = [[0] * 5 + [1] * 4]
    truth = [[0] * 3 + [1] * 2 + [0] * 4]
    assert match(counts(regions, truth), 2, "one-to-one").table == {0: 1, 1: 0}
    assert match(counts(regions, truth), 2, "many-to-one").table == {0: 0, 1: 0}


def test_one_to_one_gives_surplus_regions_their_majority_phase():
    regions = [[0, 0, 0, 1, 1, 2, 2, 2, 2]]
    truth = [[0, 0, 0, 0, 0, 1, 1, 1, 1]]
    assert match(counts(regions, truth), 2, "one-to-one").table == {0: 0, 1: 0, 2: 1}


def test_a_region_is_not_given_a_phase_that_it_shares_no_pixel_with():
    found = match(counts([[0, 0, 1, 1, 2]], [[0, 0, 1, 1, 1]]), 3, "one-to-one")
    assert found.table == {0: 0, 1: 1, 2: 1}


def test_region_under_void_has_no_name_and_becomes_void():
    regions = np.array([[0, 0, 1]], np.uint8)
    found = match(counts(regions, [[1, 1, 255]]), 2, "many-to-one")
    assert found.table == {0: 1}
    assert found.apply(regions).tolist() == [[1, 1, 255]]


def test_void_in_the_prediction_is_no_region():
    assert match(counts([[255, 0]], [[1, 1]]), 2, "one-to-one").table == {0: 1}


def test_equal_counts_go_to_the_lower_phase():
    assert match(counts([[5, 5]], [[1, 0]]), 2, "many-to-one").table == {5: 0}


def test_a_truth_of_void_alone_names_nothing():
    assert match(counts([[0, 1]], [[255, 255]]), 2, "one-to-one").table == {}


@given(MAPS, REGIONS)
def test_counts_renamed_are_the_counts_of_the_renamed_map(truth, regions):
    joint = counts(regions, truth)
    for naming in ("one-to-one", "many-to-one"):
        found = match(joint, 3, naming)
        named = counts(found.apply(regions), truth)
        np.testing.assert_array_equal(rename(joint, found.table), named)


@given(MAPS, st.permutations([0, 1, 2]))
def test_numbers_of_regions_do_not_matter(truth, order):
    lookup = np.full(256, 255, np.uint8)
    lookup[:3] = order
    for naming in ("one-to-one", "many-to-one"):
        found = match(counts(lookup[truth], truth), 3, naming)
        np.testing.assert_array_equal(found.apply(lookup[truth]), truth)


@given(arrays(np.uint8, (4, 6), elements=st.integers(0, 2)), st.data())
def test_one_to_one_is_the_best_of_all_permutations(truth, data):
    regions = data.draw(arrays(np.uint8, (4, 6), elements=st.integers(0, 2)))
    joint = counts(regions, truth)
    table = match(joint, 3, "one-to-one").table
    hits = sum(joint[phase, region] for region, phase in table.items())
    best = max(sum(joint[p, r] for r, p in enumerate(order)) for order in permutations(range(3)))
    # regions left over go to their majority phase, which can only add hits
    assert hits >= best
    if len(table) == len(set(table.values())):
        assert hits == best


@pytest.mark.parametrize(
    ("regions", "truth", "naming", "message"),
    [
        ([[0, 3]], [[0, 1]], "given", "the prediction has the value 3"),
        ([[0, 1]], [[0, 3]], "many-to-one", "the truth has the value 3"),
        ([[0, 1]], [[0, 1]], "one-to-on", "naming is 'one-to-on'.*did you mean one-to-one"),
    ],
)
def test_errors_say_what_is_accepted(regions, truth, naming, message):
    with pytest.raises(PremaskError, match=message):
        match(counts(regions, truth), 2, naming)
