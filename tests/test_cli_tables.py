"""Plain tables: folded on a narrow terminal, and never without a figure."""

from __future__ import annotations

import os
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from premask.cli.tables import table_lines

HEADER = ["Type", "Images", "IoU phase 0 %", "IoU phase 1 %", "Mean IoU %", "Hausdorff 95 px"]
ROWS = [["all images", "24", "91.25", "83.50", "87.38", "1234.5"]]
WORDS = st.lists(st.text("abc019.=", min_size=1, max_size=9), max_size=6).map(" ".join)


def words(lines: list[str]) -> list[str]:
    return sorted(word for line in lines for word in line.split() if set(word) != {"-"})


def test_everything_is_printed_where_stdout_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    long = ["x" * 300, "12.5"]
    assert table_lines(["a", "b"], [long])[-1] == f"{long[0]}  12.5"


def test_a_terminal_gets_lines_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("shutil.get_terminal_size", lambda *_: os.terminal_size((62, 24)))
    lines = table_lines(HEADER, ROWS)
    assert max(map(len, lines)) <= 62
    assert words(lines) == words([" ".join(HEADER), *map(" ".join, ROWS)])


def test_long_texts_fold_at_spaces_and_figures_stay_whole() -> None:
    header = ["image", "names", "margin", "bar"]
    rows = [["a.png", "0=Alpha 1=TiB2 2=TiN 3=Fe2B", "0.91", "48 px"]]
    assert table_lines(header, rows, 40) == [
        "image  names               margin  bar",
        "-----  ------------------  ------  -----",
        "a.png  0=Alpha 1=TiB2      0.91    48 px",
        "       2=TiN 3=Fe2B",
    ]
    assert any("48 px" in line for line in table_lines(header, rows, 10))


def test_what_cannot_be_folded_is_left_to_the_terminal() -> None:
    name = "a_very_long_name_of_a_micrograph.png"
    assert table_lines(["image"], [[name]], 10)[-1] == name


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4), st.integers(1, 50))
def test_no_word_is_ever_lost(rows: list[tuple[str, str]], width: int) -> None:
    assert words(table_lines(["a", "b c"], rows, width)) == words(["a b c", *map(" ".join, rows)])
