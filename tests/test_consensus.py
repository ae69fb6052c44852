from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from premask.core.errors import PremaskError
from premask.evaluate.consensus import agreed_map, regions_of_doubt
from premask.evaluate.votes import majority_vote

ANA = np.array([[0, 0, 0, 0, 0, 0], [0, 1, 1, 0, 2, 0], [0, 1, 1, 0, 0, 0]], np.uint8)
BEN = np.array([[0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]], np.uint8)
MAPS = {"ana": ANA, "ben": BEN}


def test_a_small_region_of_a_rare_phase_comes_before_a_larger_one_of_a_frequent_phase():
    found = regions_of_doubt(MAPS, 3, min_px=1)
    rare, frequent = found.queue
    assert rare.labels == (0, 2)
    assert rare.weight == 1 / 0.5  # annotators have half a pixel of phase 2 on average
    assert (rare.top, rare.left, rare.bottom, rare.right, rare.px) == (1, 4, 2, 5, 1)
    assert frequent.weight == pytest.approx(3 / 2.5)
    assert frequent.votes == {"ana": {1: 3}, "ben": {0: 3}}
    assert (found.regions == 2).sum() == 3
    turned = regions_of_doubt(MAPS, 3, min_px=1, phase_pixels=[100, 2, 50])
    assert [region.labels for region in turned.queue] == [(0, 1), (0, 2)]


def test_small_regions_stay_out_of_the_queue_and_are_told():
    found = regions_of_doubt(MAPS, 3, min_px=2)
    assert [region.px for region in found.queue] == [3]
    assert found.small == 1


def test_flagged_pixels_are_in_doubt_even_where_all_agree_and_void_differs_from_nothing():
    flagged = np.zeros((1, 4), np.bool_)
    flagged[0, :2] = True
    maps = {"ana": [[0, 0, 1, 255]], "ben": [[0, 0, 1, 1]]}
    (region,) = regions_of_doubt(maps, 2, flagged=flagged, min_px=1).queue
    assert (region.px, region.flagged, region.labels) == (2, 2, (0,))


def test_regions_end_where_the_votes_change_unless_asked_otherwise():
    maps = {"ana": [[0, 0, 1, 1]], "ben": [[1, 1, 0, 0]]}
    assert len(regions_of_doubt(maps, 2, min_px=1).queue) == 2
    (whole,) = regions_of_doubt(maps, 2, min_px=1, by_votes=False).queue
    assert whole.votes == {"ana": {0: 2, 1: 2}, "ben": {0: 2, 1: 2}}


def test_connected_as_scipy_connects():
    stack = np.random.default_rng(0).integers(0, 2, (2, 40, 50)).astype(np.uint8)
    maps = {"ana": stack[0], "ben": stack[1]}
    found = regions_of_doubt(maps, 2, min_px=1, by_votes=False)
    components, n = ndimage.label(stack[0] != stack[1])
    assert len(found.queue) == n
    pairs = np.unique(np.stack([components.ravel(), found.regions.ravel()]), axis=1)
    assert pairs.shape[1] == n + 1


def test_the_agreed_map_has_the_decisions_and_leaves_unsettled_regions_void():
    doubts = regions_of_doubt(MAPS, 3, min_px=1)
    agreed = agreed_map(majority_vote(MAPS, 3), doubts, {1: 2})
    expected = [[0, 0, 0, 0, 0, 0], [0, 255, 255, 0, 2, 0], [0, 1, 255, 0, 0, 0]]
    assert agreed.tolist() == expected
    with pytest.raises(PremaskError, match="no region of doubt 3"):
        agreed_map(ANA, doubts, {3: 0})


def test_without_doubt_the_queue_is_empty():
    found = regions_of_doubt({"ana": ANA, "ben": ANA}, 3, min_px=1)
    assert found.queue == ()
    assert not found.regions.any()


def test_flags_of_another_size_are_refused():
    with pytest.raises(PremaskError, match="one shape"):
        regions_of_doubt(MAPS, 3, flagged=np.zeros((1, 1), np.bool_))
