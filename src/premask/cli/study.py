"""``study``: plan a comparison of the two strategies, and see how far it has come."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from premask.cli.assess import Absent, Tolerance
from premask.cli.out import Json, answer, count_line, duration, err
from premask.cli.project import ProjectFolder
from premask.cli.tables import table_lines
from premask.core.errors import PremaskError
from premask.core.words import count, typed, verb

if TYPE_CHECKING:
    from premask.core.study import StudyPlan
    from premask.project.project import Project

SIZES = (5, 10, 20, 40, 80)
"""Numbers of images whose precision is shown beside that of the plan."""


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    study = typer.Typer(no_args_is_help=True, help="Compare labelling from scratch with repairing.")
    study.command("plan")(plan)
    study.command("show")(show)
    study.command("demo")(demo)
    app.add_typer(study, name="study", rich_help_panel="4 Measure")
    app.command("consensus", rich_help_panel="3 Repair")(consensus)
    app.command("report", rich_help_panel="4 Measure")(report)


def plan(
    project: ProjectFolder,
    annotators: Annotated[
        str, typer.Option("--annotators", help="Names, as in ana,ben,eva.", show_default=False)
    ],
    arm: Annotated[
        str,
        typer.Option(
            "--arm",
            help="The pre-annotated passes: choice (the expert's own), or uniform:METHOD.",
        ),
    ] = "choice",
    per_image: Annotated[
        int,
        typer.Option("--per-image", help="Annotators for each image; 1 shares the images out."),
    ] = 1,
    min_days: Annotated[
        float, typer.Option("--min-days", help="Between one person's two passes over an image.")
    ] = 7.0,
    type_: Annotated[
        list[str] | None, typer.Option("--type", help="Only images of this type; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the order.", min=0)] = 0,
    replace: Annotated[
        bool, typer.Option("--replace", help="Plan anew although passes have begun.")
    ] = False,
    json: Json = False,
) -> None:
    """Plan who labels which image under which strategy, and when."""
    from premask.project.project import open_project
    from premask.workflow.study import plan_study, without_candidate

    opened = open_project(project)
    names = [name.strip() for name in annotators.split(",") if name.strip()]
    made = plan_study(
        opened,
        names,
        arm=arm,
        per_image=per_image,
        min_days=min_days,
        seed=seed,
        types=type_ or (),
        replace_plan=replace,
    )
    missing = [image.name for image in without_candidate(opened, made)]
    shares, share_lines = _shares(opened, made)
    precision, precision_lines = _precision(opened, made)
    lines = [*share_lines, "", *precision_lines, ""]
    if missing:
        lines.append(
            f"{count(len(missing), 'image')} {verb(len(missing), 'has', 'have')} no candidate for"
            f" the pre-annotated passes yet: {', '.join(missing[:5])}"
            f"{' ...' if len(missing) > 5 else ''}"
        )
    method = f" --method {typed(made.method)}" if made.method else ""
    follow = f"premask preannotate {typed(project)}{method}, then " if missing else ""
    lines.append(f"Next: {follow}premask annotate {typed(project)}: everybody finds their passes.")
    answer(
        json,
        {
            **_facts(made),
            "annotators": shares,
            "precision": precision,
            "without_candidate": missing,
            "assignments": [asdict(one) for one in made.assignments],
        },
        lines,
    )


def show(
    project: ProjectFolder,
    annotator: Annotated[
        str | None, typer.Option("--annotator", help="Every pass of this one.")
    ] = None,
    json: Json = False,
) -> None:
    """Show the plan of the study and how far everybody has come."""
    from premask.project.project import open_project
    from premask.project.studies import newest_study
    from premask.workflow.study import STATE_LINES, tasks

    opened = open_project(project)
    made = newest_study(opened)
    if made is None:
        raise PremaskError(
            f"{project} has no study yet; plan one with:"
            f" premask study plan {typed(project)} --annotators ana,ben"
        )
    if annotator is not None and annotator not in made.annotators:
        raise PremaskError(f"{annotator!r} is not in the study; {', '.join(made.annotators)} are")
    found = {name: tasks(opened, made, name) for name in made.annotators}
    rows = [
        [
            name,
            str(task.assignment.position),
            task.name,
            task.assignment.strategy,
            STATE_LINES[task.state]
            + (f", until {task.due:%Y-%m-%d %H:%M} UTC" if task.due else ""),
        ]
        for name, mine in found.items()
        if annotator in (None, name)
        for task in mine
    ]
    done = {name: sum(task.state == "done" for task in mine) for name, mine in found.items()}
    lines = [
        *table_lines(["annotator", "no.", "image", "strategy", "state"], rows),
        "",
        *(f"{name}: {done[name]} of {count(len(found[name]), 'pass', 'passes')}" for name in found),
    ]
    data = {
        **_facts(made),
        "tasks": [
            {
                **asdict(task.assignment),
                "name": task.name,
                "state": task.state,
                "due": task.due.isoformat() if task.due else None,
                "session": task.session,
            }
            for mine in found.values()
            for task in mine
            if annotator in (None, task.assignment.annotator)
        ],
    }
    answer(json, data, lines)


def demo(
    out: Annotated[Path, typer.Argument(help="Folder to make.")] = Path("premask-study"),
    seed: Annotated[int, typer.Option("--seed", help="Of everything in it.", min=0)] = 0,
    json: Json = False,
) -> None:
    """Make a finished study with simulated annotators, to see what comes of one."""
    from premask.workflow.simulate import simulate_study

    made = simulate_study(out, seed=seed, say=err, on_session=count_line("session"))
    lines = [
        "",
        f"{count(made.sessions, 'session')} of simulated annotators, {duration(made.seconds)}.",
        "Their times are no measurement.",
        f"Next: premask tables {typed(out)} --table 7; premask report {typed(out)} report.html",
    ]
    data = {"project": str(out), "sessions": made.sessions, "seconds": round(made.seconds, 1)}
    answer(json, data | {"simulated": True}, lines)


def consensus(
    project: ProjectFolder,
    auto: Annotated[
        bool, typer.Option("--auto", help="Make the agreed maps without people; ties stay void.")
    ] = False,
    method: Annotated[str, typer.Option("--method", help="majority or staple.")] = "majority",
    min_px: Annotated[
        int, typer.Option("--min-px", help="Smaller regions are not asked about, px.", min=0)
    ] = 20,
    json: Json = False,
) -> None:
    """Show on which images label maps differ or are doubtful; people settle it in the browser."""
    from premask.project.images import all_images
    from premask.project.project import open_project
    from premask.workflow.consensus import (
        agree_automatically,
        agreed_versions,
        check_rule,
        open_consensus,
        voters,
    )

    check_rule(method, min_px)
    opened = open_project(project)
    images = [image for image in all_images(opened) if voters(opened, image)]
    made = 0
    kept: dict[str, list[str]] = {}
    if auto:
        for image in images:
            done = agree_automatically(opened, image, method=method, min_px=min_px)
            made += done.version is not None
            if done.why:
                kept.setdefault(done.why, []).append(image.name)
    rows = []
    for image in images:
        found = open_consensus(opened, image, "", method=method, min_px=min_px)
        rows.append(
            {
                "name": image.name,
                "votes": len(found.votes),
                "regions": len(found.doubts.queue),
                "px": sum(one.px for one in found.doubts.queue),
                "small": found.doubts.small,
                "agreed": bool(agreed_versions(opened, image)),
            }
        )
    header = ["image", "label maps", "regions", "px in them", "px in smaller ones", "agreed"]
    cells = [[*map(str, list(row.values())[:-1]), "yes" if row["agreed"] else "no"] for row in rows]
    lines = table_lines(header, cells)
    if auto:
        lines.append(f"{count(made, 'agreed map')} made by {method}")
        lines += [
            f"{count(len(names), 'image')} not: {why} ({', '.join(names[:5])}"
            f"{' ...' if len(names) > 5 else ''})"
            for why, names in kept.items()
        ]
    else:
        lines.append(f"Settle them in the browser: premask annotate {typed(project)}, consensus")
    answer(json, {"images": rows, "made": made, "not_made": kept}, lines)


def report(
    project: ProjectFolder,
    out: Annotated[Path, typer.Argument(help="The page to write.", show_default=False)],
    tables: Annotated[
        Path | None, typer.Option("--tables", help="Folder for all tables as CSV, LaTeX, JSON.")
    ] = None,
    measure: Annotated[
        str,
        typer.Option("--time", help="active, strict60, gap100, wall; or an import's, TOOL:FIELD."),
    ] = "active",
    reference: Annotated[
        str | None,
        typer.Option("--reference", help="Of Tables 5 and 6: imported, agreed or scratch."),
    ] = None,
    models: Annotated[
        Path | None,
        typer.Option("--models", help="Folder of premask train --per-type, for Table 8."),
    ] = None,
    absent: Absent = "skip",
    tolerance: Tolerance = 3,
    json: Json = False,
) -> None:
    """Write one page with every table and figure of the paper for this project."""
    from premask.evaluate.policy import Policy
    from premask.project.project import open_project
    from premask.workflow.project_tables import TableOptions
    from premask.workflow.report.build import write_report

    options = TableOptions(Policy("given", absent, tolerance), None, measure, reference, models)
    made = write_report(open_project(project), out, options=options, tables=tables)
    lines = [f"Open this page in a browser: {out.resolve()}"]
    if tables:
        lines.append(f"{count(len(made.files), 'file')} of tables in {tables}")
    data = {"report": str(out), "bytes": made.bytes, "tables": made.tables, "files": made.files}
    answer(json, data, lines)


def _facts(made: StudyPlan) -> dict[str, Any]:
    return {
        "arm": made.arm,
        "min_days": made.min_days,
        "per_image": made.per_image,
        "seed": made.seed,
        "created": made.created,
    }


def _shares(opened: Project, made: StudyPlan) -> tuple[list[dict[str, Any]], list[str]]:
    """How much everybody has to do, and that the order is even."""
    from premask.workflow.study_tables import plan_table

    table = plan_table(opened, made)
    shares = [dict(zip(table.header, row, strict=True)) for row in table.rows]
    rule = (
        f"Each image under both strategies; {made.min_days:g} days between one person's two passes;"
        f" pre-annotated: {made.arm}; seed {made.seed}."
    )
    return shares, [*table_lines(table.header, table.printed()), "", rule]


def _precision(opened: Project, made: StudyPlan) -> tuple[dict[str, Any], list[str]]:
    """How sure the saving will be, for this plan and for others."""
    from premask.evaluate.effort import effort
    from premask.evaluate.study_design import expected_precision, spread_of
    from premask.workflow.effort import timed_sessions

    pilot = effort(one.minutes() for one in timed_sessions(opened)).images
    spread = spread_of(pilot)
    n = len({one.image for one in made.assignments})
    sizes = sorted({*SIZES, *([n] if n > 1 else [])})
    found = expected_precision(sizes, spread, seed=made.seed)
    rows = [
        [
            f"{one.images}{'  <- this plan' if one.images == n else ''}",
            f"{100 * one.interval.low:.0f} to {100 * one.interval.high:.0f} %",
            f"{100 * one.interval.width:.0f} points",
        ]
        for one in found
    ]
    lines = [
        *table_lines(["images", "95 % interval of the saving", "width"], rows),
        (
            f"If {100 * spread.saving:.0f} % are saved and minutes spread over images as in"
            f" {spread.source}."
        ),
    ]
    data = {
        "source": spread.source,
        "saving": spread.saving,
        "sizes": [
            {"images": one.images, "low": one.interval.low, "high": one.interval.high}
            for one in found
        ],
    }
    return data, lines
