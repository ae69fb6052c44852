"""Which islands go, what takes their place, and what every phase keeps."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from premask.core.errors import PremaskError
from premask.features.islands import BUDGET, LIMIT, find_islands, remove_islands

MAPS = arrays(np.uint8, (12, 13), elements=st.integers(0, 3))


def areas_of(regions, label):
    components, n = ndimage.label(regions == label)
    return np.bincount(components.ravel(), minlength=n + 1)[1:]


def test_an_island_takes_the_label_of_the_longest_border():
    regions = np.array([[0, 0, 0, 0], [0, 1, 1, 2], [2, 2, 2, 2]], np.uint8)
    cleaned, islands = remove_islands(regions, {1: 5})
    # two pixels of border with 0 above and one at the left, two below and one right with 2
    assert cleaned.tolist() == [[0, 0, 0, 0], [0, 0, 0, 2], [2, 2, 2, 2]]
    assert islands.table == {1: (1, 2)}
    assert islands.mask.sum() == 2
    assert regions[1, 1] == 1  # the input is kept


def test_an_island_among_islands_waits_for_its_neighbours():
    regions = np.zeros((7, 7), np.uint8)
    regions[2:5, 2:5] = 1
    regions[3, 3] = 2
    cleaned, islands = remove_islands(regions, {1: 20, 2: 20})
    assert not cleaned.any()
    assert islands.table == {1: (1, 8), 2: (1, 1)}


def test_labels_that_are_not_named_lose_nothing():
    regions = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 2]], np.uint8)
    cleaned, _ = remove_islands(regions, {1: 2})
    assert cleaned.tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 2]]


def test_the_default_takes_the_smallest_islands_up_to_the_budget():
    regions = np.zeros((100, 100), np.uint8)
    regions[:, 50:] = 1
    for i in range(12):  # 12 specks of 2 px and two of 25 in the left half: label 1
        regions[4 + 4 * (i % 6), 2 + 20 * (i // 6) : 4 + 20 * (i // 6)] = 1
    regions[60:65, 5:10] = 1
    regions[60:65, 15:20] = 1
    cleaned, islands = remove_islands(regions)
    # 1 % of 5074 px is 50: the 24 px of specks fit, the two of 25 together do not
    assert islands.table == {1: (12, 24)}
    assert cleaned[62, 7] == 1
    assert cleaned[4, 2] == 0


def test_a_region_that_consists_of_islands_is_left_alone():
    regions = np.zeros((60, 60), np.uint8)
    regions[5:55:5, 5:55:5] = 1
    cleaned, islands = remove_islands(regions)
    assert np.array_equal(cleaned, regions)
    assert islands.table == {}


def test_void_neither_goes_nor_votes():
    regions = np.full((5, 5), 255, np.uint8)
    regions[2, 2] = 1
    regions[0, :] = 0
    cleaned, _ = remove_islands(regions, {1: 10})
    assert np.array_equal(cleaned, regions)
    speck = np.zeros((5, 5), np.uint8)
    speck[2, 2] = 255
    assert np.array_equal(remove_islands(speck, {0: 2, 255: 9})[0], speck)


def test_something_always_stays():
    regions = np.array([[0, 1], [1, 0]], np.uint8)
    cleaned, _ = remove_islands(regions, {0: 100, 1: 100})
    assert len(np.unique(cleaned)) == 1


@given(MAPS)
def test_no_label_loses_more_than_the_budget(regions):
    islands = find_islands(regions, budget=0.1)
    for label, (_, area) in islands.table.items():
        assert area <= 0.1 * (regions == label).sum()


@given(MAPS, st.integers(0, 8))
def test_components_are_scipys_and_none_stays_below_its_area(regions, smallest):
    islands = find_islands(regions, {1: smallest})
    expected = areas_of(regions, 1)
    assert islands.table.get(1, (0, 0))[0] in {
        int((expected < smallest).sum()),
        len(expected) - 1,  # a map of nothing but small islands keeps the largest
    }
    cleaned, _ = remove_islands(regions, {1: smallest})
    if (regions != 1).any():
        assert all(areas_of(cleaned, 1) >= smallest)
    assert np.array_equal(cleaned[~islands.mask], regions[~islands.mask])
    assert np.array_equal(remove_islands(cleaned, {1: smallest})[0], cleaned)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"budget": 2.0}, "budget"),
        ({"limit": -1}, "negative"),
        ({"min_areas": {1: -3}}, "negative"),
    ],
)
def test_options_out_of_range_are_refused(options, match):
    with pytest.raises(PremaskError, match=match):
        remove_islands(np.zeros((3, 3), np.uint8), **options)


def test_other_types_are_refused():
    with pytest.raises(PremaskError, match="int64"):
        remove_islands(np.zeros((3, 3), np.int64))


@pytest.mark.data
@pytest.mark.parametrize("name", ["uhcs", "nasa_super", "nasa_ebc"])
def test_no_true_phase_loses_more_than_one_percent_by_default(data, name):
    assert (LIMIT, BUDGET) == (30, 0.01)
    for path in sorted((data / name / "masks").glob("*.png")):
        truth = cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(np.uint8)
        cleaned, _ = remove_islands(truth)
        for phase in np.unique(truth):
            kept = ((truth == phase) & (cleaned == phase)).sum() / (truth == phase).sum()
            assert kept >= 0.99
