"""The event log of a simulated annotator, told as a page's clock goes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from premask.core.sessions import HEARTBEAT_MS, Event


@dataclass
class Log:
    """The events of one page, told as its clock goes on."""

    page: str
    start: float
    t: float = 0.0
    events: list[Event] = field(default_factory=list)

    def tell(self, kind: Any, **data: Any) -> None:
        """One event, now."""
        wall = self.start + round(self.t)
        seq = len(self.events)
        self.events.append(Event(kind, self.page, seq, round(self.t), wall, wall, data))

    def look(self, seconds: float) -> None:
        """Move the pointer about: heartbeats of at most 5 s."""
        end = self.t + 1000 * seconds
        while self.t < end:
            until = min(self.t + HEARTBEAT_MS, end)
            self.tell("activity", until=round(until))
            self.t = until

    def leave(self, seconds: float) -> None:
        """Be away from the page."""
        self.tell("hidden")
        self.t += 1000 * seconds
        self.tell("visible")
