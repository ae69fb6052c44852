"""``quantify``: the numbers of the microstructure from label maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from premask.cli.out import Json, answer, count_line, err
from premask.cli.tables import table_lines
from premask.core.words import count


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("quantify", rich_help_panel="4 Measure")(quantify)


def quantify(
    masks: Annotated[
        Path,
        typer.Argument(
            help="Folder of index PNGs or of predictions, one PNG, a data set or a project.",
            show_default=False,
        ),
    ],
    um_per_px: Annotated[
        float | None, typer.Option("--um-per-px", help="Scale of all images, µm per pixel.")
    ] = None,
    scales: Annotated[
        Path | None, typer.Option("--scales", help="CSV of stem,µm per px, where they differ.")
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option("--classes", help="Names of the phases: A,B,C. A project has its own."),
    ] = None,
    specimens: Annotated[
        Path | None,
        typer.Option("--specimens", help="CSV of stem,specimen: which images belong together."),
    ] = None,
    border: Annotated[
        Literal["exclude", "include", "weighted"],
        typer.Option(
            "--border",
            help="Particles at the border: leave out, take as they are, or weight the whole ones.",
        ),
    ] = "exclude",
    min_px: Annotated[
        int, typer.Option("--min-px", help="Smaller pieces are no particles, px.", min=1)
    ] = 1,
    connectivity: Annotated[
        Literal["8", "4"],
        typer.Option("--connectivity", help="8, or 4: pixels that meet at a corner are apart."),
    ] = "8",
    parts: Annotated[
        int,
        typer.Option(
            "--parts", help="An image's own interval is over N x N parts of it.", min=1, max=50
        ),
    ] = 3,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for three CSVs, a JSON and a page."),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option("--images", help="Folder of the micrographs, for the page of --out."),
    ] = None,
    instances: Annotated[
        Path | None,
        typer.Option(
            "--instances", help="Folder of maps that number the grains, for the contiguity."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Measure area fractions, particles, intercepts and interfaces from label maps."""
    from premask.quantify.field import Settings
    from premask.workflow.quantify.files import write_files
    from premask.workflow.quantify.measure import find_sources
    from premask.workflow.quantify.measure import quantify as measure
    from premask.workflow.quantify.pictures import Pictures
    from premask.workflow.quantify.report import render_quantified
    from premask.workflow.quantify.tables import specimen_tables

    settings = Settings(border, int(connectivity), min_px, parts)
    sources = find_sources(
        masks,
        classes=classes,
        um_per_px=um_per_px,
        scales=scales,
        specimens=specimens,
        images=images,
        instances=instances,
    )
    pictures = Pictures(tuple(colour for _, colour in sources.phases))
    found = measure(
        sources,
        settings,
        seen=pictures.add if out else None,
        progress=count_line("image") if len(sources.images) > 9 else None,
    )
    lines: list[str] = []
    for table in specimen_tables(found):
        lines += [table.title, *table_lines(table.header, table.printed()), *table.notes, ""]
    lines += found.notes
    files: list[str] = []
    if out:
        files = write_files(found, out, render_quantified(found, pictures))
        page = (out / "report.html").resolve()
        lines += ["", f"{count(len(files), 'file')} in {out}. Open this page in a browser: {page}"]
    answer(json, {**found.to_dict(), "files": files}, lines)
    for line in found.unmatched:
        err(f"premask: {line}")
