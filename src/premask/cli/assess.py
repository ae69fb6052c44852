"""``evaluate``, ``tables``: candidates and label maps against a truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from premask.cli.out import Json, answer, err, out
from premask.cli.tables import table_lines
from premask.core.errors import PremaskError
from premask.core.words import typed

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
        str,
        typer.Option(
            "--classes", help="Number of phases, or their names: A,B,C.", show_default=False
        ),
    ],
    types: Annotated[
        Path | None,
        typer.Option("--types", help="CSV of stem,type: scores per type; a data set has its own."),
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
        parse_classes(classes),
        types_csv=types,
        naming=naming,
        absent=absent,
        tolerance=tolerance,
    )
    header, rows, policy = evaluation_rows(result)
    answer(json, result.to_dict(), [*table_lines(header, rows), *policy])
    for line in result.unmatched:
        err(f"premask: {line}")


def parse_classes(text: str) -> int | list[str]:
    """A number of phases, or their names.

    Examples
    --------
    >>> parse_classes("5"), parse_classes("Alpha, TiB2")
    (5, ['Alpha', 'TiB2'])
    """
    if text.strip().removeprefix("-").isdecimal():
        return int(text)
    names = [name.strip() for name in text.split(",")]
    if len(names) == 1:
        raise PremaskError(
            f"--classes is {text!r}; the number of phases is accepted, e.g. 5, or their names in"
            " the order of their indices, e.g. Alpha,TiB2,TiN"
        )
    return names


def tables(
    project: Annotated[
        Path,
        typer.Argument(
            metavar="PROJECT",
            help="Folder of the project; or any folder of index PNGs, with --classes.",
            show_default=False,
        ),
    ],
    number: Annotated[
        list[int] | None,
        typer.Option("--table", help="1, 3, 4, 5, 6 or 7; may be repeated. All that can be made."),
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="text, csv, latex or json.")] = "text",
    method: Annotated[
        str | None, typer.Option("--method", help="The method of Table 6; the best if left.")
    ] = None,
    measure: Annotated[
        str,
        typer.Option(
            "--time", help="Table 7: active, strict60, gap100, wall; or an import's, TOOL:FIELD."
        ),
    ] = "active",
    reference: Annotated[
        str | None,
        typer.Option(
            "--reference",
            help="Tables 5, 6: imported, agreed or scratch; what most images have if left.",
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option("--classes", help="Phases of a folder that is no project: A,B,C."),
    ] = None,
    types: Annotated[
        Path | None, typer.Option("--types", help="CSV of stem,type for such a folder.")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Of such a folder: a page with the tables and Figure 3."),
    ] = None,
    naming: Naming = "given",
    absent: Absent = "skip",
    tolerance: Tolerance = 3,
    json: Json = False,
) -> None:
    """Print the paper's tables for this project: 1, 3, 4, 5, 6 and 7."""
    from premask.evaluate.policy import Policy
    from premask.project.project import open_project
    from premask.workflow.project_tables import TableOptions, project_tables
    from premask.workflow.tables import check_format, render

    check_format(format_)
    if report is not None and classes is None:
        raise PremaskError(
            "--report is for a folder of label maps, with --classes; the page of a project is"
            f" made by: premask report {typed(project)} {typed(report)}"
        )
    if classes is not None:
        from premask.core.phases import make_phases
        from premask.workflow.dataset.tables import folder_tables

        phases = make_phases([name.strip() for name in classes.split(",")])
        made, left_out = folder_tables(project, phases.names, types, number or ()), list[str]()
        if report is not None:
            from premask.workflow.folder_report import write_folder_report

            write_folder_report(project, phases, report, types)
            err(f"Open this page in a browser: {report.resolve()}")
    else:
        options = TableOptions(Policy(naming, absent, tolerance), method, measure, reference)
        made, left_out = project_tables(open_project(project), number or (), options)
    out(render(made, "json" if json else format_))
    for line in left_out:
        err(f"premask: not made: {line}")
