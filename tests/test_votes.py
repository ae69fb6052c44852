from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from premask.core.errors import PremaskError
from premask.evaluate.votes import majority_vote, tally

LABELS = st.sampled_from([0, 1, 2, 255])
STACKS = st.integers(2, 5).flatmap(lambda n: arrays(np.uint8, (n, 4, 5), elements=LABELS))

VOTES = {
    "ana": [[0, 0, 1, 255, 255, 2]],
    "ben": [[0, 1, 1, 255, 2, 1]],
    "eva": [[0, 2, 0, 255, 255, 255]],
}


def test_votes_of_three_annotators_by_hand():
    found = tally(VOTES, 3)
    assert found.leading.tolist() == [[0, 0, 1, 255, 2, 1]]
    assert found.most.tolist() == [[3, 1, 2, 0, 1, 1]]
    assert found.cast.tolist() == [[3, 3, 3, 0, 1, 2]]
    assert found.distinct.tolist() == [[1, 3, 2, 0, 1, 2]]
    assert found.tied.tolist() == [[False, True, False, False, False, True]]
    np.testing.assert_allclose(found.majority_share, [[1, 1 / 3, 2 / 3, np.nan, 1, 1 / 2]])


def test_majority_leaves_ties_void_and_counts_void_as_no_vote():
    assert majority_vote(VOTES, 3).tolist() == [[0, 255, 1, 255, 2, 255]]


def test_a_tie_below_a_later_lead_is_no_tie():
    maps = dict(zip("abcd", [[[0]], [[1]], [[2]], [[2]]], strict=True))
    assert majority_vote(maps, 3).tolist() == [[2]]


@given(STACKS)
def test_majority_is_the_mode_of_the_votes_cast(stack):
    voted = majority_vote({str(i): labels for i, labels in enumerate(stack)}, 3)
    for y, x in np.ndindex(voted.shape):
        counts = np.bincount(stack[:, y, x], minlength=256)[:3]
        best = np.flatnonzero(counts == counts.max())
        assert voted[y, x] == (best[0] if len(best) == 1 else 255)


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ({"ana": [[0]]}, "1 annotators' label maps"),
        ({"ana": [[0, 1]], "ben": [[0], [1]]}, "of ana is 2x1 px and that of ben 1x2 px"),
        ({"ana": [[0]], "ben": [[7]]}, "label map of ben has the value 7"),
        ({"ana": [[0]], "ben": [0]}, "label map of ben has the shape"),
    ],
)
def test_maps_that_cannot_be_compared_are_refused(maps, message):
    with pytest.raises(PremaskError, match=message):
        tally(maps, 3)
