from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from premask.core.errors import PremaskError
from premask.splits.groups import joined
from premask.splits.stratified import fold_groups, split_groups

SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}


def sides(groups, parts) -> dict:
    found: dict = {}
    for group, part in zip(groups, parts, strict=True):
        found.setdefault(group, set()).add(part)
    return found


@given(
    groups=st.lists(st.integers(0, 12), min_size=1, max_size=40),
    seed=st.integers(0, 5),
    data=st.data(),
)
@settings(deadline=None, max_examples=40)
def test_no_group_is_on_two_sides_and_every_image_has_a_part(groups, seed, data):
    n = len(groups)
    types = data.draw(st.lists(st.sampled_from(["I", "II", None]), min_size=n, max_size=n))
    pixels = data.draw(
        st.lists(st.lists(st.integers(0, 999), min_size=3, max_size=3), min_size=n, max_size=n)
    )
    parts = split_groups(groups, SHARES, types=types, pixels=pixels, seed=seed)
    assert len(parts) == n
    assert all(len(own) == 1 for own in sides(groups, parts).values())
    assert set(parts) <= set(SHARES)
    # no part is empty where there are groups for all three
    if len(set(groups)) >= 3:
        assert set(parts) == set(SHARES)
    assert parts == split_groups(groups, SHARES, types=types, pixels=pixels, seed=seed)


def paper_like(seed: int):
    """82 images of 3 types in 29, 17 and 36; a phase in 0.2 % of the pixels of some of them."""
    random = np.random.default_rng(seed)
    types = ["I"] * 29 + ["II"] * 17 + ["III"] * 36
    pixels = np.zeros((82, 4), int)
    pixels[:, 1] = random.uniform(0, 0.3, 82) * 1e6
    pixels[:, 2] = random.exponential(0.002, 82) * 1e6 * (random.random(82) < 0.6)
    pixels[:, 3] = np.where(np.array(types) == "III", random.uniform(0, 0.5, 82), 0) * 1e6
    pixels[:, 0] = 1_400_000 - pixels.sum(axis=1)
    return types, pixels


def off(types, pixels, parts) -> tuple[float, float]:
    """The largest deviation of images per type, and of a phase's share that a part has."""
    parts, types = np.array(parts), np.array(types)
    of_types = [
        abs(np.mean(parts[types == type_] == part) - share) * sum(types == type_)
        for type_ in ("I", "II", "III")
        for part, share in SHARES.items()
    ]
    of_phases = [
        abs(pixels[parts == part].sum(axis=0) / pixels.sum(axis=0) - share).max()
        for part, share in SHARES.items()
    ]
    return max(of_types), max(of_phases)


def test_every_part_has_its_share_of_types_and_of_a_rare_phase():
    types, pixels = paper_like(0)
    parts = split_groups(range(82), SHARES, types=types, pixels=pixels)
    of_types, of_phases = off(types, pixels, parts)
    # no image of a type more or less than the share says, but for rounding
    assert of_types < 1.5
    assert of_phases < 0.02
    # chance alone is far from it
    random = np.random.default_rng(1)
    by_chance = [off(types, pixels, random.permutation(parts))[1] for _ in range(50)]
    assert np.median(by_chance) > 0.05


def test_whole_specimens_are_shared_out_as_well_as_they_can_be():
    types, pixels = paper_like(2)
    # specimens of 1 to 5 fields, each of one type
    groups, n = [], 0
    for type_, count in (("I", 29), ("II", 17), ("III", 36)):
        for field in range(count):
            n += field % 3 == 0 or field % 5 == 0
            groups.append(f"{type_}{n}")
    parts = split_groups(groups, SHARES, types=types, pixels=pixels)
    assert all(len(own) == 1 for own in sides(groups, parts).values())
    of_types, of_phases = off(types, pixels, parts)
    assert of_types <= 2.5
    assert of_phases < 0.06


def test_another_seed_is_another_split_and_as_good():
    types, pixels = paper_like(3)
    splits = {split_groups(range(82), SHARES, types=types, pixels=pixels, seed=s) for s in range(4)}
    assert len(splits) == 4
    assert all(off(types, pixels, parts)[1] < 0.03 for parts in splits)


def test_settled_images_stay_and_their_groups_follow():
    groups = ["a", "a", "b", "c", "d", "e"]
    parts = split_groups(groups, SHARES, fixed={0: "test", 3: "val"})
    assert parts[:2] == ("test", "test")
    assert parts[3] == "val"
    # a group on two sides is not torn back: what is settled is settled
    assert split_groups(["a", "a", "a"], SHARES, fixed={0: "test", 1: "train"}) == (
        "test",
        "train",
        "test",
    )


@given(
    groups=st.lists(st.integers(0, 9), min_size=4, max_size=30),
    k=st.integers(2, 4),
)
@settings(deadline=None, max_examples=30)
def test_folds_hold_whole_groups_and_none_is_empty(groups, k):
    if len(set(groups)) < k:
        with pytest.raises(PremaskError, match="folds can"):
            fold_groups(groups, k)
        return
    folds = fold_groups(groups, k)
    assert all(len(own) == 1 for own in sides(groups, folds).values())
    assert set(folds) == set(range(k))


def test_folds_of_equal_images_have_equal_sizes():
    assert np.bincount(fold_groups(range(42), 6)).tolist() == [7] * 6
    types, pixels = paper_like(4)
    folds = np.array(fold_groups(range(82), 5, types=types, pixels=pixels))
    for type_ in ("I", "II", "III"):
        counts = np.bincount(folds[np.array(types) == type_], minlength=5)
        assert np.ptp(counts) <= 2


def test_one_group_trains_and_nothing_is_assigned_of_nothing():
    assert set(split_groups(["a"] * 5, SHARES)) == {"train"}
    assert split_groups([], SHARES) == ()


@pytest.mark.parametrize(
    "shares", [{}, {"train": 0.0}, {"train": -1, "test": 2}, {"train": float("nan")}]
)
def test_shares_that_make_no_sense_are_refused(shares):
    with pytest.raises(PremaskError, match="positive shares are accepted"):
        split_groups(["a", "b"], shares)


def test_an_unknown_settled_part_is_refused():
    with pytest.raises(PremaskError, match="settled for the part 'tst'"):
        split_groups(["a", "b"], SHARES, fixed={0: "tst"})


@given(
    groups=st.lists(st.integers(0, 6), min_size=1, max_size=15),
    data=st.data(),
)
def test_groups_are_joined_as_a_graph_search_joins_them(groups, data):
    n = len(groups)
    pairs = data.draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=8))
    merged = joined(groups, pairs)
    # an independent way: spread the smallest label until nothing changes
    labels, before = list(range(n)), None
    edges = [(i, k) for i in range(n) for k in range(n) if groups[i] == groups[k]] + pairs
    while labels != before:
        before = list(labels)
        for i, k in edges:
            labels[i] = labels[k] = min(labels[i], labels[k])
    assert [merged.index(one) for one in merged] == labels
    assert sorted(set(merged)) == list(range(len(set(merged))))
