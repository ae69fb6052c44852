"""The working time of CVAT's event log, shared among the images of a job."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from premask.core.errors import PremaskError
from premask.core.exchange import Report, ToolTime
from premask.core.words import count
from premask.interchange.runs import shown

SCOPE = "send:working_time"
RULE = "CVAT: the time between two events, where it is under 100 s; a longer gap counts as 0"

MAX_FIELD = 1 << 24
"""Characters of a field: payloads of exceptions are long."""


@dataclass(frozen=True)
class Job:
    """Frames of a task that one person works on.

    Attributes
    ----------
    task, job : str
        Their ids; empty where the file does not tell.
    first, last : int
        Frames.
    """

    task: str
    job: str
    first: int
    last: int

    def has(self, task: str, frame: int) -> bool:
        """Whether a frame of a task is one of its own."""
        return self.task == task and self.first <= frame <= self.last


@dataclass
class _Worked:
    seconds: float = 0.0
    people: set[str] = field(default_factory=set)


def working_times(
    folders: Iterable[Path], frames: Sequence[tuple[str, int]], jobs: Iterable[Job], report: Report
) -> list[tuple[ToolTime, ...]]:
    """The time of each frame, from the CSV files of CVAT's events in some folders.

    Parameters
    ----------
    frames : sequence of (str, int)
        Task and number of each frame that is read.
    jobs : iterable of Job
        CVAT times jobs, not images: the time of a job is shared evenly among its frames,
        and time that belongs to no job among all frames of its task. Jobs of one image give
        the time of each.

    Returns
    -------
    list of tuple of ToolTime
        One tuple a frame; empty where there is no time.

    Raises
    ------
    PremaskError
        One line that starts with the file's name, for a duration that is no number.
    """
    worked: dict[tuple[str, str], _Worked] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.csv")):
            _read(path, worked)
    shares: list[list[ToolTime]] = [[] for _ in frames]
    jobs = list(jobs)
    for (task, job), own in worked.items():
        members = _members(task, job, frames, jobs)
        if not members:
            name = f"job {job}" if job else f"task {task}" if task else "no job"
            report.add(
                "left out", SCOPE, f"{own.seconds:.0f} s of {name} belong to none of these images"
            )
        of_job = bool(job) and any(one.job == job for one in jobs)
        for i in members:
            rule = _rule(own, f"job {job}" if of_job else f"task {task}", len(members))
            shares[i].append(ToolTime("cvat", "working_time", own.seconds / len(members), rule))
    return [_sum(share) for share in shares]


def _members(
    task: str, job: str, frames: Sequence[tuple[str, int]], jobs: Sequence[Job]
) -> list[int]:
    """Which frames some time belongs to."""
    if job:
        own = [one for one in jobs if one.job == job]
        found = [i for i, frame in enumerate(frames) if any(one.has(*frame) for one in own)]
        if found or own:
            return found
    return [i for i, (own_task, _) in enumerate(frames) if task and own_task == task]


def _rule(own: _Worked, whose: str, n: int) -> str:
    several = f" by {len(own.people)} people" if len(own.people) > 1 else ""
    shared = f", shared evenly among {count(n, 'image')}" if n > 1 else ""
    return f"{RULE}; all of {whose}{several}{shared}"


def _sum(times: list[ToolTime]) -> tuple[ToolTime, ...]:
    """One time: of a frame that is in several jobs, the sum."""
    if not times:
        return ()
    rules = dict.fromkeys(time.rule for time in times)
    seconds = sum(time.seconds for time in times)
    return (ToolTime(times[0].tool, times[0].field, seconds, " + ".join(rules)),)


def _read(path: Path, worked: dict[tuple[str, str], _Worked]) -> None:
    """Add the working time of an event log; another CSV is left alone."""
    limit = csv.field_size_limit(MAX_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"scope", "job_id", "task_id"} <= set(rows.fieldnames or ()):
                return
            for row in rows:
                if row["scope"] == SCOPE:
                    own = worked.setdefault((_id(row["task_id"]), _id(row["job_id"])), _Worked())
                    own.seconds += _milliseconds(row, f"{path.name}: line {rows.line_num}") / 1000
                    own.people.add(row.get("user_id") or row.get("user_name") or "")
    except (csv.Error, UnicodeDecodeError) as error:
        raise PremaskError(f"{path.name}: no CSV of UTF-8 text ({error})") from None
    except OSError as error:
        raise PremaskError(f"{path.name}: it cannot be read: {error.strerror or error}") from None
    finally:
        csv.field_size_limit(limit)


def _id(text: str | None) -> str:
    return "" if text in {None, "", "None", "null", "\\N"} else str(text)


def _milliseconds(row: dict[str, str], where: str) -> float:
    """The duration; in the payload, where older servers wrote it."""
    told: object = row.get("duration") or "0"
    try:
        milliseconds = float(str(told))
        if not milliseconds and row.get("payload"):
            told = json.loads(row["payload"])["working_time"]
            milliseconds = float(str(told))
    except (ValueError, KeyError, TypeError, RecursionError):
        milliseconds = -1.0
    if not 0 <= milliseconds < 1e12:
        raise PremaskError(
            f"{where}: a working time of {shown(told)}; milliseconds, 0 or more, are accepted"
        )
    return milliseconds
