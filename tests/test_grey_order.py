"""Names by grey order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.naming.grey_order import name_by_grey


def strips(levels, widths=None):
    """An image of one strip per grey level, and one region per strip."""
    widths = widths or [2] * len(levels)
    image = np.repeat(np.array(levels, np.uint8), widths)[None].repeat(2, axis=0)
    regions = np.repeat(np.arange(len(levels), dtype=np.uint8), widths)[None].repeat(2, axis=0)
    return image, regions


def test_as_many_regions_as_phases_get_one_each_in_the_given_order():
    image, regions = strips([10, 100, 200])
    table = name_by_grey(image, regions, [2, 0, 1])
    assert table.names == (2, 0, 1)
    assert table.margins == (1, 1, 1)
    assert table.source == "grey"


def test_regions_are_ordered_by_their_grey_level_not_their_number():
    image, regions = strips([200, 10, 100])
    assert name_by_grey(image, regions, [0, 1, 2]).names == (2, 0, 1)


def test_more_regions_than_phases_are_grouped_by_grey():
    image, regions = strips([10, 20, 200, 210, 220])
    table = name_by_grey(image, regions, [0, 1])
    assert table.names == (0, 0, 1, 1, 1)
    assert table.margins[3] == 1  # on its group's mean
    assert all(0 < margin < 1 for margin in table.margins[:3])


def test_a_region_between_two_groups_has_the_smallest_margin():
    image, regions = strips([0, 90, 200], [9, 1, 9])
    margins = name_by_grey(image, regions, [0, 1]).margins
    assert np.argmin(margins) == 1


def test_a_region_that_the_image_does_not_show_has_no_name():
    image, regions = strips([10, 200])
    assert name_by_grey(image, regions * 2, [0, 1], n_regions=4).names == (0, None, 1, None)


@pytest.mark.parametrize(
    ("order", "message"), [([], "each phase once"), ([1, 1], "each phase once"), ([0, 1, 2], "2 r")]
)
def test_an_order_that_cannot_be_used_is_refused(order, message):
    image, regions = strips([10, 200])
    with pytest.raises(PremaskError, match=message):
        name_by_grey(image, regions, order)


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(1, 5)), min_size=2, max_size=7),
    st.integers(1, 4),
)
def test_the_groups_are_the_best_of_all_contiguous_ones(pairs, n_phases):
    n_phases = min(n_phases, len(pairs))
    image, regions = strips([level for level, _ in pairs], [width for _, width in pairs])
    table = name_by_grey(image, regions, range(n_phases))
    means, weights = np.array(pairs, float).T

    def spread(groups):
        return sum(
            np.sum(weights[groups == g] * (means[groups == g] - centre) ** 2)
            for g in range(n_phases)
            for centre in [np.average(means[groups == g], weights=weights[groups == g])]
        )

    rank = np.argsort(means, kind="stable")
    best = np.inf
    for cuts in itertools.combinations(range(1, len(pairs)), n_phases - 1):
        groups = np.zeros(len(pairs), int)
        groups[rank] = np.searchsorted(cuts, np.arange(len(pairs)), side="right")
        best = min(best, spread(groups))
    names = np.array(table.names)
    assert set(table.names) == set(range(n_phases))
    assert (np.diff(names[rank]) >= 0).all()
    assert spread(names) == pytest.approx(best, abs=1e-6)
    assert all(0 <= margin <= 1 for margin in table.margins)
