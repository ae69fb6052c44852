"""The line that tells how far a command is."""

from __future__ import annotations

import itertools
import sys
import time

import pytest

from premask.cli.out import count_line, passing_line


def test_the_time_left_follows_from_what_was_done_while_it_was_watched(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    seconds = itertools.count(100, 20)
    monkeypatch.setattr(time, "monotonic", lambda: float(next(seconds)) / 2)
    watch = count_line("map")
    for done in (1, 2, 4):
        watch(done, 4)
    told = [line.split("] ")[1] for line in capsys.readouterr().err.split("\r\x1b[K")[1:]]
    # Each watched step takes two looks at the clock, 20 s; nothing is known after the first.
    assert told == ["1 of 4 maps", "2 of 4 maps, 40 s left", "4 of 4 maps\n"]


def told_of(
    moments: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    """What is said while 0, 1, 2 ... of as many steps as there are moments are done."""
    clock = iter(moments)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    watch = passing_line()
    for done in range(len(moments)):
        watch("steps of epoch 3", done, len(moments) - 1, 25.0)
    return capsys.readouterr().err


def test_what_is_over_soon_gets_no_line_and_what_is_not_gets_one_that_goes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert told_of([0, 1, 2, 4.9], monkeypatch, capsys) == ""
    told = told_of([100, 104, 108, 130, 160], monkeypatch, capsys).split("\r\x1b[K")
    assert told == [
        "",
        f"[{'#' * 12}{'.' * 12}] 2 of 4 steps of epoch 3, 8 s left",
        f"[{'#' * 18}{'.' * 6}] 3 of 4 steps of epoch 3, 10 s left",
        "",  # gone
    ]
    # 60 s by the steps, but there are 25 at most.
    assert "1 of 3 steps of epoch 3, 25 s left" in told_of([0, 30, 60, 90], monkeypatch, capsys)


def test_a_log_gets_a_line_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    told = told_of([0, 20, 40, 60, 80, 100, 120, 140], monkeypatch, capsys)
    assert [line.split("] ")[1][:6] for line in told.splitlines()] == ["3 of 7", "6 of 7"]
    assert "\r" not in told
