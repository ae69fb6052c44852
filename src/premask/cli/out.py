"""What the commands print: answers on stdout, progress and errors on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from premask.core.words import count

if TYPE_CHECKING:
    from premask.workflow.preannotate import Progress

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
        filled = round(24 * done / total)
        text = f"[{'#' * filled}{'.' * (24 - filled)}] {done} of {what}{left}  {more}".rstrip()
        if terminal:
            sys.stderr.write("\r\x1b[K" + text[:100] + ("\n" if finished else ""))
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()

    return show
