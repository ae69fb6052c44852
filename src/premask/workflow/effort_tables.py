"""Table 7 of the paper, and what must be read beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from premask.core.sessions import STAGES, STRATEGIES
from premask.core.words import count
from premask.evaluate.effort import (
    Effort,
    SessionMinutes,
    TypeEffort,
    countable,
    effort,
    effort_by_stage,
)
from premask.evaluate.effort_certainty import Interval, intervals, paired_test
from premask.evaluate.learning_curve import learning_curve
from premask.evaluate.session_time import MEASURE_LINES, MEASURES
from premask.workflow.effort import Settling, TimedSession, with_consensus
from premask.workflow.paper_tables import ALL, defined, percent
from premask.workflow.tables import Cell, Column, Table

SPOKEN = {"scratch": "from scratch", "preannotated": "pre-annotated"}
MEAN = "mean of the types"
EVERYBODY = "everybody"

TABLE7_NOTES = (
    (
        "Per image the median across its annotators, of whom each labelled it under both"
        " strategies; per type the median over its images; hours are sums over the images."
    ),
    (
        "Saved: by the medians for each type; by total hours for all images (the paper's 78 %,"
        " from 170 h to 37 h); and the mean of the types' savings (78.6 % from the paper's rows)."
    ),
    (
        "95 %: bootstrap interval of the saving; images are drawn anew within their type, both"
        " strategies of one together. It tells what other images would have given these people;"
        " that other people differ it does not know."
    ),
    (
        "p: Wilcoxon's signed-rank test on the images' pairs, two-sided: whether the strategies"
        " differ at all. Interval and p answer two questions and need not agree."
    ),
)
FEWEST = 6
"""Pairs from which on a signed-rank test can be under 0.05: the least p of n pairs is 2 / 2^n."""


def effort_table(found: Effort, *, measured: str = MEASURE_LINES["active"], seed: int = 0) -> Table:
    """Minutes from scratch and pre-annotated by type (Table 7).

    Parameters
    ----------
    found : Effort
        By one measure.
    measured : str
        Its name and rule, for the note.
    seed : int
        Of the bootstrap and the tests.
    """
    # Whole minutes and hours as in the paper, but for a study so small that they say nothing.
    small = sum(found.hours) < 20
    columns = (
        Column("Type"),
        Column("Images", 0),
        Column("From scratch min", int(small)),
        Column("Pre-annotated min", int(small)),
        Column("From scratch h", 2 * small),
        Column("Pre-annotated h", 2 * small),
        Column("From scratch SD min", 1),
        Column("Pre-annotated SD min", 1),
        Column("Saved %", 2),
        Column("95 % from", 1),
        Column("95 % to", 1),
        Column("p", 4),
    )
    sure = intervals(found, seed=seed)
    rows: list[tuple[Cell, ...]] = []
    for row, own in zip(found.types, sure.types, strict=True):
        pairs = [one for one in found.images if one.type == row.type]
        rows.append(
            (
                row.type,
                row.images,
                row.scratch.median,
                row.preannotated.median,
                row.scratch.hours,
                row.preannotated.hours,
                defined(row.scratch.std),
                defined(row.preannotated.std),
                percent(row.saving),
                *_bounds(own.saving),
                defined(paired_test(pairs, seed=seed).wilcoxon_p),
            )
        )
    none: tuple[Cell, ...] = (None, None)
    rows.append(
        (
            ALL,
            len(found.images),
            *none,
            *found.hours,
            *none,
            percent(found.saving_by_hours),
            *_bounds(sure.saving_by_hours),
            defined(paired_test(found.images, seed=seed).wilcoxon_p),
        )
    )
    mean = (percent(found.saving_mean_of_types), *_bounds(sure.saving_mean_of_types), None)
    rows.append((MEAN, None, *none, *none, *none, *mean))
    without = [f"Without the time of: {', '.join(found.without)}."] if found.without else []
    left = len(found.left_out)
    out = [f"{count(left, 'entry', 'entries')} left out; see the table of what was left out."]
    few = _too_few(found.types)
    notes = [f"Time: {measured}.", *without, *TABLE7_NOTES, *few, *(out if left else [])]
    return Table("Table 7: minutes of annotation", columns, tuple(rows), tuple(notes))


def _too_few(types: Sequence[TypeEffort]) -> list[str]:
    few = [row for row in types if row.images < FEWEST]
    if not few:
        return []
    named = ", ".join(f"type {row.type}: {count(row.images, 'image')}" for row in few)
    least = 2 / 2 ** max(row.images for row in few)
    return [
        (
            f"Too few for a test by type ({named}): whatever is saved, p cannot be under {least:g}"
            f" (2 / 2^n for n images); it takes {FEWEST} of a type to come under 0.05."
        )
    ]


def left_out_table(found: Effort) -> Table:
    """What Table 7 does not count, and why."""
    rows = tuple((one.what, one.why) for one in found.left_out)
    return Table("Left out of Table 7", (Column("What"), Column("Why")), rows)


def measures_table(sessions: Sequence[TimedSession], settled: Sequence[Settling] = ()) -> Table:
    """Total hours and saving by each measure of time, without each stage, and with consensus.

    Parameters
    ----------
    settled : sequence of Settling
        The consensus of each image by the measure ``active``.
    """
    columns = (
        Column("Time"),
        Column("From scratch h", 2),
        Column("Pre-annotated h", 2),
        Column("Saved by hours %", 2),
        Column("Saved, mean of types %", 2),
    )
    rows: list[tuple[Cell, ...]] = [
        (measure, *_totals(effort(one.minutes(measure) for one in sessions)))
        for measure in MEASURES
    ]
    active = [one.minutes() for one in sessions]
    told = {stage for one in active for stage, minutes in one.minutes.items() if minutes}
    by_stage = effort_by_stage(active)
    rows += [
        (f"active, without {stage}", *_totals(by_stage[stage])) for stage in STAGES if stage in told
    ]
    notes = [f"{line}." for line in MEASURE_LINES.values()]
    if settled:
        rows.append(("active, with consensus", *_totals(effort(with_consensus(active, settled)))))
        total = sum(one.minutes for one in settled)
        notes.append(
            f"All other rows are without consensus: settling took {total:.1f} min on"
            f" {count(len(settled), 'image')}, for the label maps of both strategies together."
            " With consensus, the minutes of an image's consensus are added to each strategy."
        )
    else:
        notes.append("No consensus was timed: nothing was settled in the application.")
    return Table("Saving by measure of time and by stage", columns, tuple(rows), tuple(notes))


def parts_table(
    sessions: Sequence[TimedSession],
    part: str,
    phases: Sequence[str] = (),
    settled: Sequence[Settling] = (),
) -> Table:
    """Where the time went: by ``tool``, ``phase`` or ``stage``.

    Parameters
    ----------
    part : {"tool", "phase", "stage"}
    phases : sequence of str
        Their names, for ``phase``.
    settled : sequence of Settling
        Of the stage consensus, which belongs to no strategy.
    """
    counted = {one.session for one in countable(s.minutes() for s in sessions)[0]}
    sums: dict[str, dict[str, float]] = {}
    for session in sessions:
        if session.record.id in counted:
            for key, time in getattr(session.time, f"by_{part}").items():
                name = _part_name(key, phases)
                arms = sums.setdefault(name, dict.fromkeys(STRATEGIES, 0.0))
                arms[session.record.strategy] += time.minutes()
    totals = {arm: sum(found[arm] for found in sums.values()) for arm in STRATEGIES}
    columns = (
        Column(part.capitalize()),
        *(
            Column(f"{SPOKEN[arm].capitalize()} {unit}", 1)
            for arm in STRATEGIES
            for unit in ("min", "%")
        ),
    )
    rows = tuple(
        (
            name,
            *(
                cell
                for arm in STRATEGIES
                for cell in (
                    found[arm],
                    100 * found[arm] / totals[arm] if totals[arm] else None,
                )
            ),
        )
        for name, found in sorted(sums.items(), key=lambda item: -sum(item[1].values()))
    )
    notes = ["Active minutes of all sessions that Table 7 counts, summed."]
    if settled:
        total = sum(one.minutes for one in settled)
        notes.append(f"Consensus, of both strategies together: {total:.1f} min.")
    return Table(f"Time by {part}", columns, rows, tuple(notes))


def learning_table(sessions: Iterable[SessionMinutes]) -> Table:
    """Whether practice could be taken for saving, of all annotators and of each."""
    found = learning_curve(sessions)
    columns = (
        Column("Annotator"),
        Column("Strategy"),
        Column("Sessions", 0),
        Column("Change from session to session %", 1),
        Column("Mean place in the order", 2),
    )
    blocks = [(EVERYBODY, found), *(found.people.items() if len(found.people) > 1 else ())]
    rows = tuple(
        (
            who,
            SPOKEN[arm],
            part.sessions[arm],
            percent(part.trend[arm]),
            defined(part.mean_order[arm]),
        )
        for who, part in blocks
        for arm in STRATEGIES
    )
    second = found.preannotated_second
    notes = [
        (
            "Change: median slope of the logarithm of the minutes over an annotator's sessions, in"
            " the order in which they were worked on; below 0 is quicker."
        ),
        (
            "Place: 0 is an annotator's first session, 1 the last; far apart, practice favours the"
            " later strategy."
        ),
    ]
    if not math.isnan(second):
        notes.append(
            f"Of the images that one annotator labelled twice, {100 * second:.0f} % had the"
            " pre-annotated pass second; 50 % is balanced."
        )
    return Table("Practice", columns, rows, tuple(notes))


def _part_name(key: object, phases: Sequence[str]) -> str:
    if key is None:
        return "none yet"
    if isinstance(key, int):
        return phases[key] if key < len(phases) else "void"
    return str(key)


def _totals(found: Effort) -> tuple[Cell, ...]:
    saved = (percent(found.saving_by_hours), percent(found.saving_mean_of_types))
    return (*found.hours, *saved)


def _bounds(interval: Interval) -> tuple[float | None, float | None]:
    return percent(interval.low), percent(interval.high)
