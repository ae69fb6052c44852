from __future__ import annotations

import numpy as np
import pytest

from premask.core.errors import PremaskError
from premask.core.origins import DOUBTFUL, ORIGINS, fresh_origins
from premask.evaluate.provenance import provenance, survival

NONE, CANDIDATE, EXPERT, MODEL, CONSENSUS = ORIGINS.values()
FINAL = [[0, 0, 0, 1, 1, 255]]
PLANE = [[CANDIDATE, CANDIDATE, EXPERT, MODEL, CONSENSUS | DOUBTFUL, DOUBTFUL]]


def test_origins_by_phase_and_together():
    found = provenance(PLANE, FINAL, 3)
    assert found.origins.tolist() == [[0, 2, 1, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 0]]
    assert (found.void, found.doubtful) == (1, 2)
    assert [found.share(name) for name in ORIGINS] == [0, 0.4, 0.2, 0.2, 0.2]
    np.testing.assert_allclose(found.share_of_phases("candidate"), [2 / 3, 0, np.nan])
    np.testing.assert_allclose(found.share_of_phases("consensus"), [0, 1 / 2, np.nan])


def test_images_are_summed_before_they_are_divided():
    labels = np.array([[1, 1, 1]], np.uint8)
    both = provenance(PLANE, FINAL, 3) + provenance(fresh_origins(labels, "expert"), labels, 3)
    assert both.share("expert") == 4 / 8
    assert both.share_of_phases("expert").tolist()[1] == 3 / 5
    nothing = provenance([[0]], [[255]], 3)
    assert np.isnan(nothing.share("expert"))


def test_survival_forth_and_back():
    candidate = [[0, 0, 0, 1, 255, 2, 0]]
    final = [[0, 1, 255, 1, 1, 1, 0]]
    found = survival(candidate, final, 4)
    assert found.candidate_pixels.tolist() == [4, 1, 1, 0]
    assert found.final_pixels.tolist() == [2, 4, 0, 0]
    np.testing.assert_allclose(found.survived, [2 / 4, 1, 0, np.nan])
    np.testing.assert_allclose(found.foreseen, [1, 1 / 4, np.nan, np.nan])
    assert found.total_survived == 3 / 6
    assert found.total_foreseen == 3 / 6
    twice = found + survival([[0]], [[0]], 4)
    assert twice.survived[0] == 3 / 5


@pytest.mark.parametrize(
    ("plane", "final", "message"),
    [
        ([[9]], [[0]], "the code 9; 0 to 4"),
        ([[1, 1]], [[0]], "shape"),
        ([[1]], [[8]], "the value 8"),
    ],
)
def test_planes_that_make_no_sense_are_refused(plane, final, message):
    with pytest.raises(PremaskError, match=message):
        provenance(plane, final, 3)
