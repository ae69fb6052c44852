"""What is said of a session wherever it is listed: its minutes and its last review."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from premask.core.records import Review
from premask.evaluate.session_time import time_of
from premask.project.events import event_counts, events_by_session
from premask.project.project import Project
from premask.project.reviews import newest_reviews


@dataclass(frozen=True)
class SessionFacts:
    """Active minutes so far, and what a reviewer said last.

    Attributes
    ----------
    minutes : float
        By the measure ``active``; 0 for a log that cannot be trusted.
    """

    minutes: float = 0.0
    review: Review | None = None


_MINUTES: dict[tuple[Path, int], tuple[int, float]] = {}
"""By project and session: events, and the minutes that they make. A log only grows."""


def session_facts(project: Project) -> dict[int, SessionFacts]:
    """Facts of every session of a project, by its number, in three queries."""
    counts = event_counts(project)
    stale = [n for n, count in counts.items() if _MINUTES.get((project.root, n), (0,))[0] != count]
    for number, log in events_by_session(project, stale).items() if stale else ():
        _MINUTES[project.root, number] = len(log), time_of(log).total.minutes()
    reviews = newest_reviews(project)
    return {
        number: SessionFacts(_MINUTES.get((project.root, number), (0, 0.0))[1], reviews.get(number))
        for number in counts.keys() | reviews.keys()
    }
