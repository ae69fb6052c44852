"""The table of names: applied, typed, stored."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from premask.core.errors import PremaskError
from premask.core.phases import VOID, make_phases
from premask.naming.table import NameTable, apply, make_table, parse, unnamed

PHASES = make_phases(["Alpha", "TiB2", "ferritic matrix"])
REGIONS = np.array([[0, 1, 1], [2, 2, 0]], np.uint8)

names = st.lists(st.none() | st.integers(0, 254), min_size=1, max_size=12)


def test_regions_take_the_phase_of_the_table_and_the_unnamed_become_void():
    label_map = apply(REGIONS, make_table([2, None, 0]))
    assert label_map.tolist() == [[2, VOID, VOID], [0, 0, 2]]
    assert label_map.dtype == np.uint8


def test_a_fresh_candidate_is_void_everywhere():
    assert (apply(REGIONS, unnamed(3)) == VOID).all()
    assert (apply(REGIONS, NameTable.from_dict({})) == VOID).all()
    assert not unnamed(3).complete
    assert not unnamed(0).complete


def test_typed_names_with_spaces_and_any_case():
    table = parse("0=alpha 2=Ferritic Matrix 1 = TIB2", PHASES, 3)
    assert table.names == (0, 1, 2)
    assert table.margins == (1, 1, 1)
    assert table.source == "hand"
    assert table.complete
    assert parse(["0=alpha", "2=ferritic matrix"], PHASES, 3).names == (0, None, 2)


def test_typed_names_change_only_what_they_say():
    start = NameTable((0, 1, None), (0.2, 0.3, 0.0), "prototypes")
    table = parse("1=Alpha", PHASES, 3, start)
    assert table == NameTable((0, 0, None), (0.2, 1.0, 0.0), "hand")
    assert parse("1=-", PHASES, 3, start).names == (0, None, None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3=Alpha", "no region 3.*0 to 2"),
        ("0=TiB", "no phase 'TiB'.*did you mean TiB2"),
        ("0=Alpha 0=TiB2", "region 0 is named twice"),
        ("Alpha", "write REGION=PHASE"),
        ("x=Alpha", "write REGION=PHASE"),
        ("0=", "write REGION=PHASE"),
        ("", "write REGION=PHASE"),
        ("-1=Alpha", "write REGION=PHASE"),
    ],
)
def test_names_that_cannot_be_read_are_explained(text, message):
    with pytest.raises(PremaskError, match=message):
        parse(text, PHASES, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0, 1), (1.0,)), "2 regions has 1 margins"),
        (((255,), (1.0,)), "region 0 is named 255"),
        (((0,), (1.5,)), "margin of region 0 is 1.5"),
        (((0,), (float("nan"),)), "margin of region 0 is nan"),
        (((0,), (1.0,), "guess"), "'guess'.*hand, prototypes, grey, truth"),
    ],
)
def test_a_wrong_table_cannot_be_made(arguments, message):
    with pytest.raises(PremaskError, match=message):
        NameTable(*arguments)


@pytest.mark.parametrize(
    "stored", [{"names": [0]}, {"names": ["a"], "margins": [1]}, {"names": [True], "margins": [1]}]
)
def test_a_stored_table_that_cannot_be_read_is_refused(stored):
    with pytest.raises(PremaskError, match="cannot be read"):
        NameTable.from_dict(stored)


def test_the_least_sure_region_is_checked_first():
    table = NameTable((0, 1, None, 1), (0.5, 0.1, 0.0, 0.1), "prototypes")
    assert table.check_first() == (2, 1, 3, 0)


@given(names, st.sampled_from(["hand", "prototypes", "grey", "truth"]))
def test_a_table_survives_json(given_names, source):
    table = make_table(given_names, source)
    assert NameTable.from_dict(json.loads(json.dumps(table.to_dict()))) == table


@given(names, st.data())
def test_named_regions_can_be_read_back(given_names, data):
    table = make_table(given_names)
    n = len(given_names)
    regions = data.draw(arrays.arrays(np.uint8, (3, 4), elements=st.integers(0, n - 1)))
    label_map = apply(regions, table)
    for region in np.unique(regions):
        value = set(label_map[regions == region].tolist())
        assert value == {VOID if given_names[region] is None else given_names[region]}


@given(names, st.data())
def test_permuted_regions_with_the_permuted_table_give_the_same_label_map(given_names, data):
    n = len(given_names)
    regions = data.draw(arrays.arrays(np.uint8, (3, 4), elements=st.integers(0, n - 1)))
    order = np.array(data.draw(st.permutations(range(n))), np.uint8)
    permuted: list[int | None] = [None] * n
    for region, name in enumerate(given_names):
        permuted[order[region]] = name
    np.testing.assert_array_equal(
        apply(regions, make_table(given_names)), apply(order[regions], make_table(permuted))
    )
