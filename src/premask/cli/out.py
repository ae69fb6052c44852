"""What the commands print: answers on stdout, progress and errors on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from premask.core.words import count

if TYPE_CHECKING:
    from premask.workflow.preannotate import Progress

PATIENCE = 5.0
"""Seconds in which nothing is said of what may be over soon."""

LOG_PAUSE = 60.0
"""Seconds between two lines of a log on the same thing."""

Json = Annotated[bool, typer.Option("--json", help="Print a machine-readable answer.")]


def out(text: str) -> None:
    """A line on stdout."""
    sys.stdout.write(f"{text}\n")


def err(text: str) -> None:
    """A line on stderr."""
    sys.stderr.write(f"{text}\n")


def note(text: str) -> None:
    """A line on stderr between two states of a progress line."""
    err(f"\r\x1b[K{text}" if sys.stderr.isatty() else text)


@contextmanager
def stoppable(told: str) -> Iterator[None]:
    """End a command that Ctrl-C stops with one line, and the exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        note(f"premask: stopped; {told}")
        raise typer.Exit(130) from None


def answer(as_json: bool, data: dict[str, Any], lines: list[str]) -> None:
    """The command's answer: JSON where it was asked for, else lines for people."""
    if as_json:
        out(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        for line in lines:
            out(line)


def duration(seconds: float) -> str:
    """Seconds as people say them.

    Examples
    --------
    >>> duration(42.4), duration(100), duration(8000)
    ('42 s', '1 min 40 s', '2 h 13 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def progress_line() -> Callable[[Progress], None]:
    """A watcher that keeps one line up to date; in a log, a line every ten seconds."""
    show = _bar()

    def watch(progress: Progress) -> None:
        if progress.total:
            what = count(progress.total, "candidate")
            show(progress.done, progress.total, what, progress.seconds_left, progress.last)

    return watch


def count_line(noun: str) -> Callable[[int, int], None]:
    """A watcher of things that take about as long as one another, with the time left."""
    show = _bar()
    first: tuple[float, int] | None = None

    def watch(done: int, total: int) -> None:
        nonlocal first
        moment = time.monotonic()
        first = first or (moment, done)  # what went before the first one says nothing of the rest
        each = (moment - first[0]) / (done - first[1]) if done > first[1] else None
        left = None if each is None else each * (total - done)
        show(done, total, count(total, noun), left, "")

    return watch


def passing_line() -> Callable[[str, int, int, float], None]:
    """A watcher of things that may be short: what takes some seconds gets a line, then it goes.

    It is given what is counted, how many are done, of how many, and the seconds that there are
    at most. In a log a line a minute is written.
    """
    terminal = sys.stderr.isatty()
    watched, began, last, shown = "", 0.0, 0.0, False

    def watch(what: str, done: int, total: int, most: float) -> None:
        nonlocal watched, began, last, shown
        moment = time.monotonic()
        if what != watched or not done:
            watched, began, last = what, moment, moment
        if done >= total:
            if shown:
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()
            shown = False
            return
        spent = moment - began
        if not done or spent < PATIENCE or not (terminal or moment - last >= LOG_PAUSE):
            return
        left = duration(min(spent / done * (total - done), max(most, 0)))
        text = f"{_drawn(done, total)} {done} of {total} {what}, {left} left"
        sys.stderr.write("\r\x1b[K" + text[:100] if terminal else text + "\n")
        sys.stderr.flush()
        last, shown = moment, terminal

    return watch


def _drawn(done: int, total: int) -> str:
    filled = round(24 * done / total)
    return f"[{'#' * filled}{'.' * (24 - filled)}]"


def _bar() -> Callable[[int, int, str, float | None, str], None]:
    terminal = sys.stderr.isatty()
    last = -10.0

    def show(done: int, total: int, what: str, seconds_left: float | None, more: str) -> None:
        nonlocal last
        moment, finished = time.monotonic(), done == total
        if not (terminal or finished or moment - last >= 10):
            return
        last = moment
        left = (
            f", {duration(seconds_left)} left" if seconds_left is not None and not finished else ""
        )
        text = f"{_drawn(done, total)} {done} of {what}{left}  {more}".rstrip()
        if terminal:
            sys.stderr.write("\r\x1b[K" + text[:100] + ("\n" if finished else ""))
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()

    return show
