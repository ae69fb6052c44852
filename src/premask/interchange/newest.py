"""Of several label maps of one maker the newest."""

from __future__ import annotations

from collections.abc import Iterable

from premask.core.exchange import Incoming, Report

Row = tuple[object, str, Incoming]
"""What tells a task from others, when the label map was changed, and the label map."""


def newest(rows: Iterable[Row], report: Report) -> list[Incoming]:
    """The newest label map of each task and maker; a person may submit several for one.

    Parameters
    ----------
    rows : iterable of Row
        Times are text that sorts as they do, as in ISO 8601; of equal ones the later row wins.
    report : Report
        Is told of the others.
    """
    kept: dict[tuple[object, str, str], Row] = {}
    for row in rows:
        task, changed, incoming = row
        key = (task, incoming.annotator, incoming.method)
        old = kept.setdefault(key, row)
        if old is not row:
            kept[key], dropped = (row, old) if changed >= old[1] else (old, row)
            maker = incoming.method or incoming.annotator or "the same annotator"
            report.add("left out", dropped[2].source, f"{maker} has a newer one of this task")
    return [incoming for _, _, incoming in kept.values()]
