"""Connected components of all labels at once, against SciPy's of each label."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy import ndimage

from premask.features.components import connected

MAPS = arrays(
    np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=14), elements=st.integers(0, 2)
)


@pytest.mark.parametrize("diagonal", [False, True])
def test_components_are_numbered_in_reading_order(diagonal):
    labels = np.random.default_rng(0).integers(0, 3, (30, 40), np.uint8)
    components, n = connected(labels, diagonal=diagonal)
    _, first = np.unique(components, return_index=True)
    assert n > 20
    assert np.all(np.diff(first) > 0)


@pytest.mark.parametrize("diagonal", [False, True])
@given(labels=MAPS)
def test_components_are_scipys(diagonal, labels):
    components, n = connected(labels, diagonal=diagonal)
    structure = np.ones((3, 3)) if diagonal else None
    found = 0
    for value in np.unique(labels):
        theirs, count = ndimage.label(labels == value, structure)
        pairs = np.unique(np.stack([theirs[labels == value], components[labels == value]]), axis=1)
        assert pairs.shape[1] == count == len(np.unique(pairs[1]))
        found += count
    assert n == found
    assert np.array_equal(np.unique(components), np.arange(n))
