"""The line that tells how far a command is."""

from __future__ import annotations

import itertools
import sys
import time

import pytest

from premask.cli.out import count_line


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
