"""``demo``, ``doctor``: a first look, and what this machine can run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from premask.cli.out import Json, answer, duration, err, progress_line
from premask.cli.project import OptionalProject
from premask.core.words import count, typed


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("demo", rich_help_panel="1 Start")(demo)
    app.command("doctor", rich_help_panel="1 Start")(doctor)


def demo(
    out: Annotated[Path, typer.Argument(help="Folder to make.")] = Path("premask-demo"),
    images: Annotated[
        Path | None, typer.Option("--images", help="Your own folder of micrographs instead.")
    ] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", help="One per core by default.")] = None,
    json: Json = False,
) -> None:
    """Pre-annotate a few micrographs and write a page that shows them. Takes a minute or two."""
    from premask.workflow.demo import run_demo

    result = run_demo(out, images=images, jobs=jobs, say=err, on_progress=progress_line())
    took = duration(result.seconds)
    lines = [
        "",
        f"{count(result.images, 'micrograph')}, {count(result.candidates, 'candidate')}, {took}",
        f"Open this page in a browser: {result.gallery.resolve()}",
        f"The project is in {out}; go on with: premask status {typed(out)}",
    ]
    answer(
        json,
        {"project": str(out), "gallery": str(result.gallery), "images": result.images}
        | {"candidates": result.candidates, "seconds": round(result.seconds, 1)}
        | {"left_out": result.left_out, "failed": result.failed},
        lines,
    )
    for line in result.failed:
        err(f"premask: not made: {line}")
    if result.failed:
        raise typer.Exit(2)


def doctor(project: OptionalProject = None, json: Json = False) -> None:
    """Tell what this machine has, which methods can run on it, and what the others need."""
    from premask.project.project import open_project
    from premask.workflow.doctor import examine

    report = examine(open_project(project) if project else None)
    lines = [f"{key}: {value}" for key, value in report.facts.items()]
    lines += ["", "methods:"]
    lines += [
        f"  {key}: {'ready' if reason is None else reason}"
        for key, reason in report.methods.items()
    ]
    answer(json, {**report.facts, "methods": report.methods}, lines)
