"""The report of a project: every table and figure of the paper on one page."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from premask import __version__
from premask.core.errors import PremaskError
from premask.core.words import count
from premask.evaluate.effort import Effort
from premask.evaluate.effort_certainty import Interval, intervals
from premask.evaluate.learning_curve import learning_curve
from premask.evaluate.session_time import MEASURE_LINES, MEASURES
from premask.io.files import write_atomically
from premask.io.structured import read_text
from premask.project.images import all_images
from premask.project.project import Project, now
from premask.project.sessions import all_sessions
from premask.project.studies import newest_study
from premask.workflow.consensus_tables import consensus_table, reviews_table
from premask.workflow.effort import TimedSession, settling, timed_sessions
from premask.workflow.effort_tables import learning_table, measures_table, parts_table
from premask.workflow.folder_report import histograms
from premask.workflow.hardware import hardware
from premask.workflow.named_by import named_table
from premask.workflow.project_tables import (
    Source,
    TableOptions,
    check_options,
    marked,
    tables_there_are,
    why_not,
)
from premask.workflow.provenance_tables import provenance_tables
from premask.workflow.quality import (
    agreement_tables,
    choices_table,
    comparison_table,
    phase_comparison_table,
)
from premask.workflow.report.page import Page, Section, render_page, write_tables
from premask.workflow.report.pictures import disagreements, examples
from premask.workflow.report.plots import learning_plot, minutes_plot
from premask.workflow.study_tables import plan_table
from premask.workflow.tables import Table, from_json
from premask.workflow.tool_times import measure_line
from premask.workflow.train.per_type import TABLE as TABLE_8
from premask.workflow.verify import verdicts_table


@dataclass(frozen=True)
class Written:
    """What was written."""

    bytes: int
    tables: int
    files: list[str]


def write_report(
    project: Project,
    out: Path,
    *,
    options: TableOptions | None = None,
    tables: Path | None = None,
) -> Written:
    """Write the report as one page without any other file.

    Parameters
    ----------
    options : TableOptions, optional
        Policy, measure of time and reference of the tables.
    tables : Path, optional
        A folder for every table as CSV, LaTeX and JSON.

    Raises
    ------
    PremaskError
        For a project without images, and for options that there are not.
    """
    chosen = options or TableOptions()
    check_options(project, chosen)
    if not all_images(project):
        raise PremaskError(f"{project.root} has no images; there is nothing to report")
    sections = report_sections(project, chosen)
    data = render_page(_page(project, sections)).encode()
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, data)
    found = [table for section in sections for table in section.tables]
    files = write_tables(tables, found) if tables else []
    return Written(len(data), len(found), files)


def report_sections(project: Project, options: TableOptions) -> list[Section]:
    """All parts of the report, in the order of the work."""
    sessions = timed_sessions(project)
    source = Source(project, options)
    sections = [
        _headline(source),
        _design(project),
        _effort(source, sessions),
        _candidates(source),
        _quality(project, options),
        _settled(project, options),
        _provenance(project),
        _dataset(source),
        *([_models(options.models)] if options.models else []),
        examples(project),
        _conditions(project, options),
    ]
    for section in sections:
        section.tables = [marked(project, table) for table in section.tables]
    return sections


def _page(project: Project, sections: Sequence[Section]) -> Page:
    return Page(
        project.root.resolve().name,
        "premask report",
        tuple((one.name, one.colour) for one in project.phases.phases),
        tuple(sections),
        project.settings.simulated,
    )


def _headline(source: Source) -> Section:
    project, options, found = source.project, source.options, source.effort
    section = Section("In short")
    people = {one.annotator for one in all_sessions(project)}
    section.text.append(
        f"{count(len(all_images(project)), 'image')}, {count(len(people), 'annotator')},"
        f" {count(found.sessions, 'session')} in Table 7."
    )
    if found.types:
        sure = intervals(found).saving_by_hours
        scratch, repaired = found.hours
        section.text.append(
            f"From scratch {_long(scratch)}, pre-annotated {_long(repaired)}:"
            f" {100 * found.saving_by_hours:.0f} % saved ({_spoken(sure)}); mean of the types'"
            f" savings by medians {100 * found.saving_mean_of_types:.1f} %."
        )
        section.text.append(_by_type(found))
        section.text.append(f"Time: {measure_line(project, options.measure)}.")
        # Another tool tells nothing of the consensus here.
        own = options.measure if options.measure in MEASURES else "active"
        settled = settling(project, own)
        if settled:
            total = sum(one.minutes for one in settled)
            section.text.append(
                f"Settling what is doubtful took {_long(total / 60)} more, on"
                f" {count(len(settled), 'image')}, for both strategies together."
            )
    return section


def _by_type(found: Effort) -> str:
    """Where pre-annotation pays and where it does not, as far as the images tell."""
    said = []
    for row, sure in zip(found.types, intervals(found).types, strict=True):
        low, high = sure.saving.low, sure.saving.high
        told = " (may as well be nothing)" if low <= 0 <= high else ""
        said.append(f"{row.type} {100 * row.saving:.0f} %{told}")
    return f"Saved by type, medians: {', '.join(said)}. Below 0, repairing took longer."


def _long(hours: float) -> str:
    """Whole hours where there are many, minutes where they would be lost."""
    minutes = round(60 * hours)
    if minutes < 60:
        return f"{minutes} min"
    return f"{hours:.0f} h" if hours >= 20 else f"{minutes // 60} h {minutes % 60:02} min"


def _spoken(interval: Interval) -> str:
    if math.isnan(interval.width):
        return "no interval: it takes two images of one type"
    return f"95 % interval {100 * interval.low:.0f} to {100 * interval.high:.0f} %"


def _design(project: Project) -> Section:
    section = Section("Design of the study")
    plan = newest_study(project)
    if plan is None:
        section.missing.append("No study was planned (premask study plan).")
        return section
    section.text.append(
        f"Every image under both strategies, {count(plan.per_image, 'annotator')} each; at least"
        f" {plan.min_days:g} days between one person's two passes over an image; half of"
        " everybody's images from scratch first. The pre-annotated passes begin with:"
        f" {'the choice of the annotator' if plan.method is None else plan.method}."
        f" Planned {plan.created[:10]}, seed {plan.seed}."
    )
    section.tables.append(plan_table(project, plan))
    return section


def _effort(source: Source, sessions: Sequence[TimedSession]) -> Section:
    project, options, found = source.project, source.options, source.effort
    section = Section("Effort")
    _add(section, source, (7,))
    if found.types:
        section.plots.append(("Minutes of every image", minutes_plot(found.images)))
    if found.types and options.measure in MEASURES:
        minutes = [one.minutes(options.measure) for one in sessions]
        curve = learning_curve(minutes)
        settled = settling(project)
        section.tables.append(measures_table(sessions, settled))
        section.tables += _filled([named_table(sessions)])
        section.tables += [
            parts_table(sessions, "stage", settled=settled),
            parts_table(sessions, "tool"),
            parts_table(sessions, "phase", project.phases.names),
        ]
        section.plots.append(("Minutes by the order of work", learning_plot(curve)))
        section.tables.append(learning_table(minutes))
    return section


def _candidates(source: Source) -> Section:
    section = Section("Pre-annotations")
    _add(section, source, (1, 5, 6))
    section.tables += _filled([choices_table(source.project)])
    return section


def _quality(project: Project, options: TableOptions) -> Section:
    section = Section("Finished label maps")
    made = [
        comparison_table(project, options.policy),
        phase_comparison_table(project, options.policy),
        *agreement_tables(project),
    ]
    section.tables += _filled(made)
    if not section.tables:
        section.missing.append("No image has two submitted label maps to compare.")
    section.pictures = disagreements(project)
    return section


def _settled(project: Project, options: TableOptions) -> Section:
    """Consensus on the maps, and what reviewers and experts said."""
    section = Section("Agreement and review")
    own = options.measure if options.measure in MEASURES else "active"
    agreed = consensus_table(project, settling(project, own))
    section.tables += _filled([agreed, reviews_table(project), verdicts_table(project)])
    if not agreed.rows:
        section.missing.append("Nothing was agreed on yet (consensus, in premask annotate).")
    return section


def _provenance(project: Project) -> Section:
    section = Section("Where the labels came from", tables=_filled(provenance_tables(project)))
    if not section.tables:
        section.missing.append("No repaired label map was submitted yet.")
    return section


def _dataset(source: Source) -> Section:
    section = Section("Data set")
    _add(section, source, (3, 4))
    if section.tables:
        phases = [(one.name, one.colour) for one in source.project.phases.phases]
        section.plots += histograms(source.classes, phases)
    return section


def _models(runs: Path) -> Section:
    """Table 8, as it was made when the models were trained."""
    path = runs / TABLE_8["json"]
    if not path.is_file():
        raise PremaskError(
            f"{runs} has no {path.name}; give the folder of premask train DATASET FOLDER --per-type"
        )
    return Section("Trained models", tables=from_json(read_text(path), str(path)))


def _conditions(project: Project, options: TableOptions) -> Section:
    section = Section("What the figures hang on")
    packages = ("numpy", "scipy", "opencv-python-headless")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    section.text = [
        f"premask {__version__}, Python {platform.python_version()}, {versions}; made {now()}.",
        f"This page was made on: {hardware()}.",
        *options.policy.lines(),
        *(f"{line}." for line in MEASURE_LINES.values()),
        (
            "Table 8 compares trained models: premask train DATASET OUT --per-type makes it, and"
            " --models OUT brings it here."
        ),
    ]
    phases = project.phases
    if phases.merged:
        merged = ", ".join(f"{name} counts as {into}" for name, into in phases.merged.items())
        section.text.append(f"Merged phases: {merged}.")
    return section


def _add(section: Section, source: Source, numbers: Sequence[int]) -> None:
    made, left_out = tables_there_are(source, numbers)
    section.tables += made
    section.missing += why_not(left_out)


def _filled(tables: Sequence[Table]) -> list[Table]:
    return [table for table in tables if table.rows]
