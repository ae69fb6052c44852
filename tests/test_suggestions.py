"""What is suggested for a misspelt name, and that nothing else is."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import premask
from premask.core.errors import _edits, nearest

KINDS = ["reference", "scratch", "preannotated", "candidate"]
TOOLS = ["label-studio", "cvat", "labelbox"]


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("refrence", KINDS, "reference"),
        ("preanotated", KINDS, "preannotated"),
        ("truth", KINDS, ""),
        ("label-stdio", TOOLS, "label-studio"),
        ("labelbx", TOOLS, "labelbox"),
        ("LabelBox", TOOLS, "labelbox"),
        ("studio", TOOLS, "label-studio"),
        ("labelbox", ["label-studio", "cvat"], ""),
        ("labelme", TOOLS, ""),
        ("tow", ["one", "two"], "two"),
        ("a", ["b", "c"], ""),
        ("", ["a", "bcd"], ""),
        ("x", [], ""),
    ],
)
def test_only_what_is_near_is_suggested(name: str, known: list[str], meant: str) -> None:
    assert nearest(name, known) == (f"; did you mean {meant}?" if meant else "")


def one_edit_away(word: str) -> set[str]:
    """By every single edit with the letters a and b."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    return {
        *(a + b[1:] for a, b in cuts if b),
        *(a + new + b for a, b in cuts for new in "ab"),
        *(a + new + b[1:] for a, b in cuts if b for new in "ab"),
        *(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1),
    } - {word}


WORDS = ["".join(letters) for n in range(5) for letters in itertools.product("ab", repeat=n)]


def test_single_edits_are_those_that_can_be_listed() -> None:
    for word in WORDS:
        near = one_edit_away(word)
        assert {other for other in WORDS if _edits(word, other) == 1} == near & set(WORDS)


@given(st.text(max_size=12), st.text(max_size=12))
def test_edits_are_a_measure_of_difference(one: str, other: str) -> None:
    assert _edits(one, other) == _edits(other, one)
    assert (_edits(one, other) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= _edits(one, other) <= max(len(one), len(other))


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["export", "p", "x", "--to", "labelbox"], ""),
        (["pull", "p", "--to", "labelbox"], ""),
        (["pull", "p", "--form", "labelbox"], "--from"),
        (["export", "p", "x", "--fomat", "png"], "--format"),
    ],
)
def test_only_options_that_are_near_are_named(words: list[str], meant: str) -> None:
    done = premask(*words)
    assert done.returncode == 2
    assert words[-2] in done.stderr
    named = [one for one in ("--from", "--format", "--json", "--token", "--what", "--frame")
             if one in done.stderr]  # fmt: skip
    assert named == ([meant] if meant else [])
