"""Who had named the regions that a pre-annotated pass began with: naming takes time (Table 7)."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from premask.core.records import SessionRecord
from premask.core.words import count, verb
from premask.evaluate.effort import countable
from premask.workflow.effort import TimedSession
from premask.workflow.tables import Cell, Column, Table

OWN = "by the annotator"
OTHERS = "by others, beforehand"
BOTH = "by the annotator and others"
CARRIED = "carried over from other images"
GREY = "by grey order"
TRUTH = "by the truth"
UNKNOWN = "by hand, not recorded by whom"

_SOURCES = {"prototypes": CARRIED, "grey": GREY, "truth": TRUTH}


def named_by(session: SessionRecord) -> str | None:
    """Who had named what a session began with; None where it began with no candidate."""
    choice = session.choice
    if "methods" not in choice:
        return None
    tables = list(choice.get("named", {}).values())
    people = {name for table in tables for name in table["by"]}
    if people:
        return (
            OWN
            if people == {session.annotator}
            else BOTH
            if session.annotator in people
            else OTHERS
        )
    sources = {_SOURCES.get(table["source"], UNKNOWN) for table in tables}
    return min(sources) if len(sources) == 1 else UNKNOWN


def named_table(sessions: Sequence[TimedSession]) -> Table:
    """The pre-annotated passes that Table 7 counts, by who had named their regions."""
    counted = {one.session for one in countable(one.minutes() for one in sessions)[0]}
    minutes: dict[str, list[float]] = {}
    for one in sessions:
        who = named_by(one.record)
        if who is not None and one.record.id in counted:
            minutes.setdefault(who, []).append(one.minutes().minutes.get("name", 0.0))
    order = (OWN, BOTH, OTHERS, CARRIED, GREY, TRUTH, UNKNOWN)
    rows: list[tuple[Cell, ...]] = [
        (who, len(minutes[who]), median(minutes[who])) for who in order if who in minutes
    ]
    n = sum(len(had) for had in minutes.values())
    free = n - len(minutes.get(OWN, []))
    notes = (
        (
            f"{free} of {count(n, 'pre-annotated pass', 'pre-annotated passes')}"
            f" {verb(free, 'was', 'were')} begun with names that the annotator had not given alone:"
            " what that took stands in another pass or in none, and the saving is too large by it."
            " What is saved without naming at all stands in the table of measures and stages."
        ),
    )
    columns = (Column("Regions were named"), Column("Passes", 0), Column("Naming min, median", 1))
    return Table("Who had named the regions", columns, tuple(rows), notes if free else ())
