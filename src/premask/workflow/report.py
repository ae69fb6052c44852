"""The report of a project: every table and figure of the paper on one page."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from premask import __version__
from premask.core.errors import PremaskError
from premask.core.micrograph import window
from premask.core.phases import VOID
from premask.core.records import Candidate, ImageRecord
from premask.evaluate.effort import Effort, effort
from premask.evaluate.effort_certainty import Interval, intervals
from premask.evaluate.learning_curve import learning_curve
from premask.evaluate.session_time import MEASURE_LINES, MEASURES
from premask.io.files import write_atomically
from premask.project.candidates import all_candidates
from premask.project.images import all_images, read_pixels
from premask.project.label_maps import read_version
from premask.project.project import Project, now
from premask.project.sessions import all_sessions
from premask.project.studies import newest_study
from premask.workflow.dataset_tables import project_classes
from premask.workflow.effort import TimedSession, consensus_minutes, timed_sessions
from premask.workflow.effort_tables import learning_table, measures_table, parts_table
from premask.workflow.final_maps import final_version
from premask.workflow.hardware import hardware
from premask.workflow.inline_images import label_uri, photo_uri
from premask.workflow.named_by import named_table
from premask.workflow.overview import derived_of
from premask.workflow.project_tables import (
    TableOptions,
    check_options,
    marked,
    project_tables,
)
from premask.workflow.quality import (
    agreement_tables,
    choices_table,
    comparison_table,
    disagreement,
    phase_comparison_table,
    provenance_tables,
)
from premask.workflow.report_page import Page, Picture, Section, render_page, write_tables
from premask.workflow.report_plots import learning_plot, minutes_plot, share_histograms
from premask.workflow.study_tables import plan_table
from premask.workflow.tables import Table
from premask.workflow.tool_times import measure_line, minutes_by
from premask.workflow.verify import verdicts_table

SIDE = 480
"""Longest side of the pictures of the report, px."""
EXAMPLES = 1
"""Images of each type that are shown."""
DIFFERENCES = 6
"""Images whose disagreement is shown, those that differ most."""


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
    found = effort(minutes_by(project, options.measure))
    sections = [
        _headline(project, found, options),
        _design(project),
        _effort(project, sessions, found, options),
        _candidates(project, options),
        _quality(project, options),
        _provenance(project),
        _dataset(project),
        _examples(project),
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


def _headline(project: Project, found: Effort, options: TableOptions) -> Section:
    section = Section("In short")
    people = {one.annotator for one in all_sessions(project)}
    section.text.append(
        f"{len(all_images(project))} images, {len(people)} annotators,"
        f" {found.sessions} sessions in Table 7."
    )
    if found.types:
        sure = intervals(found).saving_by_hours
        scratch, repaired = found.hours
        section.text.append(
            f"From scratch {scratch:.1f} h, pre-annotated {repaired:.1f} h:"
            f" {100 * found.saving_by_hours:.0f} % saved ({_spoken(sure)}); mean of the types'"
            f" savings by medians {100 * found.saving_mean_of_types:.1f} %."
        )
        section.text.append(f"Time: {measure_line(project, options.measure)}.")
        # Another tool tells nothing of the consensus here.
        own = options.measure if options.measure in MEASURES else "active"
        settled = consensus_minutes(project, own)
        if settled:
            section.text.append(f"Settling doubtful pixels took {settled:.1f} min more.")
    return section


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
        f"Every image under both strategies, {plan.per_image} annotator(s) for each image; at least"
        f" {plan.min_days:g} days between one person's two passes over an image; half of"
        " everybody's images from scratch first. The pre-annotated passes begin with:"
        f" {'the choice of the annotator' if plan.method is None else plan.method}."
        f" Planned {plan.created[:10]}, seed {plan.seed}."
    )
    section.tables.append(plan_table(project, plan))
    return section


def _effort(
    project: Project, sessions: Sequence[TimedSession], found: Effort, options: TableOptions
) -> Section:
    section = Section("Effort")
    _try(section, project, 7, options)
    if found.types:
        section.plots.append(("Minutes of every image", minutes_plot(found.images)))
    if found.types and options.measure in MEASURES:
        minutes = [one.minutes(options.measure) for one in sessions]
        curve = learning_curve(minutes)
        section.tables.append(measures_table(sessions))
        section.tables += _filled([named_table(sessions)])
        section.tables += [
            parts_table(sessions, part, project.phases.names) for part in ("stage", "tool", "phase")
        ]
        section.plots.append(("Minutes by the order of work", learning_plot(curve)))
        section.tables.append(learning_table(minutes))
    return section


def _candidates(project: Project, options: TableOptions) -> Section:
    section = Section("Pre-annotations")
    for number in (1, 5, 6):
        _try(section, project, number, options)
    section.tables += _filled([choices_table(project), verdicts_table(project)])
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
    section.pictures = list(_disagreements(project))
    return section


def _provenance(project: Project) -> Section:
    section = Section("Where the labels came from", tables=_filled(provenance_tables(project)))
    if not section.tables:
        section.missing.append("No repaired label map was submitted yet.")
    return section


def _dataset(project: Project) -> Section:
    section = Section("Data set")
    for number in (3, 4):
        _try(section, project, number, TableOptions())
    if section.tables:
        found = project_classes(project)
        phases = [(one.name, one.colour) for one in project.phases.phases]
        for type_, part in sorted(found.types.items()) or [("all images", found)]:
            title = f"Figure 3: shares of the phases, {type_}"
            section.plots.append((title, share_histograms(part, phases, type_)))
    return section


def _examples(project: Project) -> Section:
    """As in Figures 2 and 4: micrograph, pre-annotation, final map."""
    section = Section("Examples")
    shown: dict[str | None, int] = {}
    for image in all_images(project):
        final = final_version(project, image)
        if final is None or shown.get(image.type, 0) >= EXAMPLES:
            continue
        shown[image.type] = shown.get(image.type, 0) + 1
        photo = _photo(project, image)
        kind = f"type {image.type}, " if image.type else ""
        row = [Picture(f"{kind}{image.name}", photo)]
        chosen = _chosen(project, image)
        if chosen is not None:
            labels = derived_of(project, chosen).label_map
            row.append(Picture(chosen.parameters.method, photo, _labels(project, labels)))
        labels = read_version(project, final)
        row.append(Picture(f"final ({final.strategy})", photo, _labels(project, labels)))
        section.pictures.append(row)
    if not section.pictures:
        section.missing.append("No image has a label map yet.")
    return section


def _conditions(project: Project, options: TableOptions) -> Section:
    section = Section("What the figures hang on")
    packages = ("numpy", "scipy", "opencv-python-headless")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    section.text = [
        f"premask {__version__}, Python {platform.python_version()}, {versions}; made {now()}.",
        f"This page was made on: {hardware()}.",
        *options.policy.lines(),
        *(f"{line}." for line in MEASURE_LINES.values()),
        "Table 8 compares trained models; there is none in this project.",
    ]
    phases = project.phases
    if phases.merged:
        merged = ", ".join(f"{name} counts as {into}" for name, into in phases.merged.items())
        section.text.append(f"Merged phases: {merged}.")
    return section


def _try(section: Section, project: Project, number: int, options: TableOptions) -> None:
    try:
        section.tables += project_tables(project, [number], options)[0]
    except PremaskError as error:
        section.missing.append(f"Table {number}: {error}")


def _filled(tables: Sequence[Table]) -> list[Table]:
    return [table for table in tables if table.rows]


def _disagreements(project: Project) -> Iterator[list[Picture]]:
    """The images whose maps differ most, those pixels in red."""
    found = []
    for image in all_images(project):
        differ = disagreement(project, image)
        if differ is not None and differ.any():
            found.append((float(differ.mean()), image, differ))
    found.sort(key=lambda one: (-one[0], one[1].name))
    for share, image, differ in found[:DIFFERENCES]:
        mask = np.where(differ, np.uint8(0), np.uint8(VOID))
        caption = f"{image.name}: label maps differ on {100 * share:.1f} %"
        yield [Picture(caption, _photo(project, image), label_uri(mask, ["#d1242f"], SIDE))]


def _chosen(project: Project, image: ImageRecord) -> Candidate | None:
    by_number = {one.id: one for one in all_candidates(project, [image])}
    for session in reversed(all_sessions(project, image)):
        if session.choice.get("candidate") in by_number:
            return by_number[session.choice["candidate"]]
    return None


def _photo(project: Project, image: ImageRecord) -> str:
    return photo_uri(window(read_pixels(project, image)), SIDE)


def _labels(project: Project, labels: NDArray[np.uint8]) -> str:
    return label_uri(labels, [phase.colour for phase in project.phases.phases], SIDE)
