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
from premask.interchange.folders import files_in
from premask.interchange.runs import shown

SCOPE = "send:working_time"
RULE = "CVAT: the time between two events, where it is under 100 s; a longer gap counts as 0"

COLUMNS = ("scope", "task_id", "job_id")
DELIMITERS = ",;\t"
"""CVAT writes commas; spreadsheets write what their language takes."""

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


_Log = dict[tuple[str, str], _Worked]
"""What was worked on each task and job."""


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

    report : Report
        Is told of each CSV file that no times are taken from, and of time without an image.

    Returns
    -------
    list of tuple of ToolTime
        One tuple a frame; empty where there is no time.
    """
    worked = _together(_logs(folders, report))
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


def _logs(folders: Iterable[Path], report: Report) -> list[_Log]:
    """The event logs of some folders, each once."""
    logs: dict[Path, _Log] = {}
    for path in (file for folder in folders for file in files_in(folder, [".csv"])):
        try:
            log = _read(path)
        except PremaskError as error:
            why = str(error)
        else:
            same = [other.name for other, its in logs.items() if its == log]
            why = f"it has the same working times as {same[0]}" if same else ""
            if not same:
                logs[path] = log
        if why:
            report.add("left out", path.name, f"{why}; no times are taken from it")
    return list(logs.values())


def _together(logs: Iterable[_Log]) -> _Log:
    worked: _Log = {}
    for log in logs:
        for key, own in log.items():
            total = worked.setdefault(key, _Worked())
            total.seconds += own.seconds
            total.people |= own.people
    return worked


def _read(path: Path) -> _Log:
    """The working time of an event log.

    Raises
    ------
    PremaskError
        Without the file's name, for what is none or is damaged.
    """
    log: _Log = {}
    limit = csv.field_size_limit(MAX_FIELD)
    try:
        # whatever the encoding: what is read is ASCII, but for names, which are only told apart
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            delimiter = _delimiter(file.readline(MAX_FIELD))
            file.seek(0)
            rows = csv.DictReader(file, delimiter=delimiter)
            for row in rows:
                where = f"line {rows.line_num}"
                if any(row[column] is None for column in COLUMNS):
                    raise PremaskError(f"{where} is cut off; download the events again")
                if row["scope"] == SCOPE:
                    own = log.setdefault((_id(row["task_id"]), _id(row["job_id"])), _Worked())
                    own.seconds += _milliseconds(row, where) / 1000
                    own.people.add(row.get("user_id") or row.get("user_name") or "")
    except csv.Error as error:
        raise PremaskError(f"it is no CSV file ({error})") from None
    except OSError as error:
        raise PremaskError(f"it cannot be read: {error.strerror or error}") from None
    finally:
        csv.field_size_limit(limit)
    if not log:
        raise PremaskError(f"it has no event {SCOPE}")
    return log


def _delimiter(head: str) -> str:
    for delimiter in DELIMITERS:
        if set(COLUMNS) <= set(next(csv.reader([head], delimiter=delimiter), ())):
            return delimiter
    raise PremaskError(
        f"it is no event log of CVAT (a CSV file of UTF-8 text with the columns"
        f" {', '.join(COLUMNS)} is one)"
    )


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
