from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.regions import check_n_classes, order_by_grey


@pytest.mark.parametrize("labels_type", [np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("image_type", [np.uint8, np.uint16])
def test_the_darkest_region_comes_first_and_gaps_are_closed(
    labels_type: type[np.integer], image_type: type[np.uint8 | np.uint16]
) -> None:
    labels = np.array([[7, 7, 2], [9, 2, 2]], labels_type)
    image = np.array([[200, 180, 90], [10, 95, 91]], image_type)
    ordered = order_by_grey(labels, image)
    assert ordered.dtype == np.uint8
    assert ordered.tolist() == [[2, 2, 1], [0, 1, 1]]


def test_equally_grey_regions_keep_the_order_of_their_labels() -> None:
    labels = np.array([[5, 1, 3, 5, 1, 3]], np.uint8)
    assert order_by_grey(labels, np.full((1, 6), 9, np.uint8)).tolist() == [[2, 0, 1, 2, 0, 1]]


def test_regions_in_order_are_returned_as_a_copy() -> None:
    labels = np.array([[0, 1]], np.uint8)
    ordered = order_by_grey(labels, np.array([[10, 20]], np.uint8))
    ordered[0, 0] = 5
    assert labels.tolist() == [[0, 1]]


@settings(max_examples=100, deadline=None)
@given(
    labels=hnp.arrays(np.uint8, (4, 5), elements=st.integers(0, 254)),
    image=hnp.arrays(np.uint8, (4, 5)),
)
def test_means_rise_with_the_index_in_every_type(
    labels: NDArray[np.uint8], image: NDArray[np.uint8]
) -> None:
    ordered = order_by_grey(labels, image)
    means = [image[ordered == c].mean() for c in range(ordered.max() + 1)]
    assert all(a <= b for a, b in itertools.pairwise(means))
    assert len(means) == len(np.unique(labels))
    np.testing.assert_array_equal(order_by_grey(labels.astype(np.int64), image), ordered)
    np.testing.assert_array_equal(order_by_grey(labels, image.astype(np.uint16)), ordered)


@pytest.mark.parametrize("n_classes", [1, 65, 2.0, True, "3"])
def test_other_numbers_of_classes_are_refused(n_classes: object) -> None:
    with pytest.raises(PremaskError, match="2 to 64"):
        check_n_classes(n_classes)  # type: ignore[arg-type]
