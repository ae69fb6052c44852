"""``import``, ``export``: label maps in and out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from premask.cli.out import Json, answer, err
from premask.cli.project import ProjectFolder
from premask.core.words import count, verb

if TYPE_CHECKING:
    from premask.workflow.exchange import Exchanged

Format = Annotated[str, typer.Option("--format", help="png: index PNGs, matched by their names.")]


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("import", rich_help_panel="5 Exchange")(import_)
    app.command("export", rich_help_panel="5 Exchange")(export)


def import_(
    project: ProjectFolder,
    path: Annotated[Path, typer.Argument(help="Folder of label maps.", show_default=False)],
    format_: Format = "png",
    json: Json = False,
) -> None:
    """Read label maps as the truth that candidates are scored against."""
    from premask.project.project import open_project
    from premask.workflow.exchange import import_label_maps

    result = import_label_maps(open_project(project), format_, path)
    n = len(result.done)
    line = f"{count(n, 'label map')} imported as {verb(n, 'a reference', 'references')}"
    _report(json, "imported", line, result)


def export(
    project: ProjectFolder,
    out: Annotated[Path, typer.Argument(help="Folder to write to.", show_default=False)],
    format_: Format = "png",
    what: Annotated[str, typer.Option("--what", help="labels or candidates.")] = "labels",
    method: Annotated[
        str | None, typer.Option("--method", help="Which candidates, where there are several.")
    ] = None,
    frame: Annotated[
        str, typer.Option("--frame", help="crop, or original: padded with void to the whole image.")
    ] = "crop",
    json: Json = False,
) -> None:
    """Write label maps, or one method's candidates, as index PNGs with the palette inside."""
    from premask.project.project import open_project
    from premask.workflow.exchange import export_label_maps

    result = export_label_maps(
        open_project(project), format_, out, what=what, method=method, frame=frame
    )
    _report(json, "exported", f"{count(len(result.done), 'label map')} written to {out}", result)


def _report(as_json: bool, key: str, line: str, result: Exchanged) -> None:
    answer(
        as_json,
        {key: result.done, "refused": result.refused, "notes": result.notes},
        [line, *result.notes],
    )
    for refused in result.refused:
        err(f"premask: left out: {refused}")
    if result.refused:
        raise typer.Exit(2)
