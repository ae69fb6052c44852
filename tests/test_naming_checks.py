"""Checks of a label map against what the project knows of its phases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import ndimage

from premask.core.errors import PremaskError
from premask.core.phases import VOID, make_phases
from premask.naming.checks import check, check_allowed, check_inside

PHASES = replace(
    make_phases(["Alpha", "TiB2", "TiN", "Fe2B"]),
    by_type={"I": ("Alpha", "TiB2", "TiN")},
    inside={"TiN": ("TiB2",)},
)


def test_a_phase_that_the_type_may_not_show_is_reported_with_its_pixels():
    label_map = np.array([[0, 3, 3], [1, 0, 1], [3, 1, 1]], np.uint8)
    (finding,) = check(label_map, PHASES, "I")
    assert (finding.kind, finding.phase) == ("not-allowed", 3)
    assert (finding.px, finding.components) == (3, 2)
    assert finding.sentence == (
        "Fe2B may not occur in type I, but 3 px in 2 components are labelled Fe2B."
    )


def test_an_unknown_type_may_show_everything():
    label_map = np.array([[3, 3]], np.uint8)
    assert check_allowed(label_map, PHASES, None) == []
    assert check_allowed(label_map, PHASES, "IX") == []


def test_a_component_that_touches_a_stranger_is_reported_and_one_inside_is_not():
    label_map = np.array(
        [
            [1, 1, 1, 0, 0],
            [1, 2, 1, 0, 2],
            [1, 1, 1, 3, 2],
        ],
        np.uint8,
    )
    (finding,) = check_inside(label_map, PHASES)
    assert (finding.kind, finding.phase) == ("not-inside", 2)
    assert (finding.components, finding.px, finding.touches) == (1, 2, (0, 3))
    assert finding.sentence == (
        "TiN must lie inside TiB2, but 1 component (2 px) touches Alpha and Fe2B."
    )


def test_diagonal_neighbours_the_edge_and_void_do_not_touch():
    label_map = np.array([[2, 1, 0], [1, VOID, 2], [0, 1, VOID]], np.uint8)
    label_map[0, 2] = 1
    assert check_inside(label_map, PHASES) == []


def test_several_hosts_and_components_are_named_in_the_sentence():
    phases = replace(PHASES, inside={"TiN": ("TiB2", "Fe2B")})
    label_map = np.array([[2, 0, 2], [3, 0, 1]], np.uint8)
    (finding,) = check_inside(label_map, phases)
    assert finding.sentence == (
        "TiN must lie inside TiB2 or Fe2B, but 2 components (2 px) touch Alpha."
    )


def test_a_map_as_it_should_be_has_no_findings():
    label_map = np.full((4, 4), 1, np.uint8)
    label_map[1, 1] = 2
    assert check(label_map, PHASES, "I") == []


def test_a_value_that_is_no_phase_is_refused():
    with pytest.raises(PremaskError, match=r"value 7.*0 to 3 and 255"):
        check(np.array([[0, 7]], np.uint8), PHASES)


@given(arrays.arrays(np.uint8, (5, 6), elements=st.sampled_from([0, 1, 2, 3, VOID])))
def test_inside_agrees_with_growing_each_component(label_map):
    labels, n = ndimage.label(label_map == 2)
    count = px = 0
    strangers: set[int] = set()
    for i in range(1, n + 1):
        ring = ndimage.binary_dilation(labels == i) & (labels != i)
        touched = set(label_map[ring].tolist()) - {1, VOID}
        count, px = count + bool(touched), px + bool(touched) * int((labels == i).sum())
        strangers |= touched
    found = [(f.components, f.px, f.touches) for f in check_inside(label_map, PHASES)]
    assert found == ([(count, px, tuple(sorted(strangers)))] if count else [])
