"""``evaluate``, ``tables``: candidates and label maps against a truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from premask.cli.out import Json, answer, err, out
from premask.cli.project import ProjectFolder
from premask.cli.tables import table_lines

Naming = Annotated[
    Literal["given", "one-to-one", "many-to-one"],
    typer.Option(
        "--naming",
        help="given: indices are phases; one-to-one, many-to-one: by the truth, said so.",
    ),
]
Absent = Annotated[
    Literal["skip", "zero"],
    typer.Option("--absent", help="A phase the truth has none of: skip it, or count it as zero."),
]
Tolerance = Annotated[
    int, typer.Option("--tolerance", help="Of the boundary F1, px.", min=0, max=100)
]


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("evaluate", rich_help_panel="4 Measure")(evaluate)
    app.command("tables", rich_help_panel="4 Measure")(tables)


def evaluate(
    predicted: Annotated[Path, typer.Argument(help="Folder of index PNGs.", show_default=False)],
    truth: Annotated[Path, typer.Argument(help="Folder of index PNGs.", show_default=False)],
    classes: Annotated[
        int, typer.Option("--classes", help="Number of phases.", show_default=False)
    ],
    types: Annotated[
        Path | None, typer.Option("--types", help="CSV of stem,type: scores per type as well.")
    ] = None,
    naming: Naming = "given",
    absent: Absent = "skip",
    tolerance: Tolerance = 3,
    json: Json = False,
) -> None:
    """Score a folder of label maps against the truth: IoU, Dice, boundary F1, Hausdorff."""
    from premask.workflow.evaluate import evaluate_folders, evaluation_rows

    result = evaluate_folders(
        predicted,
        truth,
        classes,
        types_csv=types,
        naming=naming,
        absent=absent,
        tolerance=tolerance,
    )
    header, rows, policy = evaluation_rows(result)
    answer(json, result.to_dict(), [*table_lines(header, rows), *policy])
    for line in result.unmatched:
        err(f"premask: {line}")


def tables(
    project: ProjectFolder,
    number: Annotated[
        list[int] | None,
        typer.Option("--table", help="1, 5 or 6; may be repeated. All by default."),
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="text, csv, latex or json.")] = "text",
    method: Annotated[
        str | None, typer.Option("--method", help="The method of Table 6; the best if left.")
    ] = None,
    naming: Naming = "given",
    absent: Absent = "skip",
    tolerance: Tolerance = 3,
    json: Json = False,
) -> None:
    """Print the paper's Tables 1, 5 and 6 for this project."""
    from premask.project.project import open_project
    from premask.workflow.project_tables import project_tables
    from premask.workflow.tables import render

    opened = open_project(project)
    made = project_tables(
        opened,
        numbers=number or [1, 5, 6],
        method=method,
        naming=naming,
        absent=absent,
        tolerance=tolerance,
    )
    out(render(made, "json" if json else format_))
