"""Which images train, which tell when to stop, which are for the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from premask.core.datasets import Dataset, Entry, Split
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.train.config import make_config
from premask.workflow.train.parts import divide, hold_out

VAL, HOLD_OUT, NONE = (
    make_config(given={"validation": one}) for one in ("val", "hold-out", "none")
)
AUTO = make_config()


def entry(stem: str, type_: str | None = None, group: str = "") -> Entry:
    return Entry(stem, Path(f"{stem}.png"), Path(f"{stem}_map.png"), type_, group)


def dataset(parts: dict[str, str] | None = None, types: str = "") -> Dataset:
    """Images a to j; parts as ``{"train": "abc"}``; types as ``"III..."`` by position."""
    stems = "abcdefghij"
    entries = tuple(entry(stem, types[i] if types else None) for i, stem in enumerate(stems))
    splits = {"default": Split("default", {k: tuple(v) for k, v in (parts or {}).items()})}
    return Dataset(Path("set"), "plain", make_phases(["A", "B"]), entries, splits if parts else {})


def stems(entries: tuple[Entry, ...]) -> str:
    return "".join(one.stem for one in entries)


def test_val_stops_and_all_but_train_is_scored() -> None:
    parts = divide(dataset({"train": "abcd", "val": "ef", "test": "g", "other": "hi"}), None, VAL)
    assert stems(parts.training) == "abcd"
    assert stems(parts.validation) == "ef"
    assert {name: stems(own) for name, own in parts.held_out.items()} == {
        "val": "ef",
        "test": "g",
        "other": "hi",
    }
    assert parts.test == "test"
    assert list(parts.all) == ["train", "val", "test", "other"]
    assert "its figures flatter" in parts.notes[0]


def test_held_out_images_leave_val_for_the_end() -> None:
    parts = divide(dataset({"train": "abcdefgh", "val": "ij"}), "default", HOLD_OUT)
    assert len(parts.training) == 7
    assert len(parts.validation) == 1
    assert not set(stems(parts.training)) & set(stems(parts.validation))
    assert "1 image of the part train tells the best epoch" in parts.notes[0]
    assert list(parts.held_out) == ["hold-out", "val"]
    assert parts.test == "val"


def test_by_default_a_fold_is_not_judged_by_what_chose_its_epoch() -> None:
    known = dataset({"train": "abcdefgh", "val": "ij"})
    assert divide(known, None, AUTO) == divide(known, None, VAL)
    assert divide(known, None, AUTO).told_by == "val"
    fold = replace(known, folds={"folds": ("default", "folds/1")})
    found = divide(fold, "default", AUTO)
    assert found == divide(known, "default", HOLD_OUT)
    assert found.told_by == "hold-out"
    assert not set(stems(found.validation)) & set("ij")
    assert divide(fold, "default", VAL).told_by == "val"
    assert divide(fold, "default", NONE).told_by == "none"
    alone = replace(fold, splits={"default": Split("default", {"train": ("a",), "val": ("b",)})})
    assert divide(alone, "default", AUTO).told_by == "none", "nothing can be held out"
    without = dataset({"train": "abcdefghij"})
    assert divide(without, None, AUTO).told_by == "hold-out"


def test_without_val_some_of_train_are_held_out() -> None:
    parts = divide(dataset({"train": "abcdefghij"}), None, VAL)
    assert (len(parts.training), len(parts.validation)) == (8, 2)
    assert "2 images of the part train tell the best epoch" in parts.notes[0]
    again = divide(dataset({"train": "abcdefghij"}), None, VAL)
    assert again == parts
    other = divide(
        dataset({"train": "abcdefghij"}), None, make_config(given={"seed": 1, "validation": "val"})
    )
    assert other.validation != parts.validation


def test_without_splits_all_images_train() -> None:
    parts = divide(dataset(), None, VAL)
    assert parts.split is None
    assert len(parts.training) + len(parts.validation) == 10


def test_none_validates_nothing() -> None:
    parts = divide(dataset({"train": "abcd", "val": "ef"}), None, NONE)
    assert parts.validation == ()
    assert stems(parts.held_out["val"]) == "ef"
    assert stems(parts.training) == "abcd"


def test_groups_stay_together() -> None:
    entries = tuple(entry(f"{g}{i}", group=g) for g in "wxyz" for i in range(3))
    for seed in range(6):
        stay, held = hold_out(entries, seed)
        assert {one.group for one in stay}.isdisjoint({one.group for one in held})
        assert len(held) == 3
        assert len(stay) + len(held) == 12
    one_group = tuple(entry(str(i), group="g") for i in range(5))
    assert hold_out(one_group, 0) == (one_group, ())


def test_types_are_picked() -> None:
    found = divide(dataset({"train": "abcdef", "test": "ghij"}, "IIIJJJIJIJ"), None, NONE, "J")
    assert stems(found.training) == "def"
    assert stems(found.held_out["test"]) == "hj"
    with pytest.raises(PremaskError, match="split default has no training images of type K"):
        divide(dataset({"train": "abcdef", "test": "ghij"}, "IIIJJJIJIJ"), None, NONE, "K")


def test_what_there_is_not_is_refused() -> None:
    with pytest.raises(PremaskError, match="no split 'folds'"):
        divide(dataset({"train": "a"}), "folds", VAL)
    with pytest.raises(PremaskError, match="no training images; its parts are test"):
        divide(dataset({"test": "a"}), None, VAL)
