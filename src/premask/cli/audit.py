"""``audit``: labels that trained models contradict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from premask.cli.out import Json, answer, count_line
from premask.cli.predict import Threads
from premask.cli.project import ProjectFolder
from premask.cli.tables import table_lines
from premask.core.words import count, typed

if TYPE_CHECKING:
    from premask.workflow.audit import Audit

MOST_NAMES = 5


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("audit", rich_help_panel="7 Learn and predict")(audit)


def audit(
    project: ProjectFolder,
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="Folders that premask train has written.", show_default=False
        ),
    ],
    min_px: Annotated[
        int, typer.Option("--min-px", help="Smaller regions are not counted, px.", min=0)
    ] = 20,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Find labels that models which never saw them contradict; people settle it in the browser."""
    from premask.project.project import open_project
    from premask.workflow.audit import audit as run
    from premask.workflow.audit import audit_table

    opened = open_project(project)
    found = run(opened, runs, min_px=min_px, threads=threads, watch=count_line("image"))
    table = audit_table(found)
    lines = [table.title, *table_lines(table.header, table.printed()), *table.notes]
    named = {
        "left out, seen by every run of their type": found.seen,
        "left out, without a label map": found.unlabelled,
    }
    for why, names in named.items():
        if names:
            listed = ", ".join(names[:MOST_NAMES]) + (" ..." if len(names) > MOST_NAMES else "")
            lines.append(f"{count(len(names), 'image')} {why}: {listed}")
    if any(one.version is not None for one in found.images):
        lines.append(f"Settle them in the browser: premask annotate {typed(project)}, consensus")
    answer(json, _data(found), lines)


def _data(found: Audit) -> dict[str, Any]:
    return {
        "min_px": found.min_px,
        "phases": [
            {
                "name": one.name,
                "labelled": one.labelled,
                "usual_confidence": one.usual,
                "contradicted": one.contradicted,
                "share": one.contradicted / one.labelled if one.labelled else None,
                "regions": one.regions,
                "suggested": dict(one.suggested),
            }
            for one in found.phases
        ],
        "images": [
            {
                "name": one.image.name,
                "contradicted": one.contradicted,
                "regions": one.regions,
                "runs": [str(run.folder) for run in one.runs],
                "label_map": one.labels.id,
                "version": one.version,
            }
            for one in found.images
        ],
        "matched_by": {str(run.folder): run.seen.rule for run in found.runs},
        "seen": list(found.seen),
        "unlabelled": list(found.unlabelled),
    }
