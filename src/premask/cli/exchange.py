"""``import``, ``export``: label maps in and out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from premask.cli.out import Json, answer, count_line
from premask.cli.project import ProjectFolder
from premask.core.errors import PremaskError
from premask.core.exchange import Finding
from premask.core.words import count, typed

Format = Annotated[str, typer.Option("--format", help="png, cvat, coco ...: see premask formats.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Any finding of the validation report is an error.")
]

Kind = Annotated[
    str, typer.Option("--as", help="reference (the truth), scratch, preannotated or candidate.")
]
Renames = Annotated[
    list[str] | None,
    typer.Option("--map", help="NAME=PHASE: what a name there means; can be repeated."),
]
What = Annotated[str, typer.Option("--what", help="labels or candidates.")]
Frame = Annotated[
    str, typer.Option("--frame", help="crop, or original: padded with void to the whole image.")
]


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("import", rich_help_panel="5 Exchange")(import_)
    app.command("export", rich_help_panel="5 Exchange")(export)
    app.command("formats", rich_help_panel="5 Exchange")(formats)


def import_(
    project: ProjectFolder,
    path: Annotated[Path, typer.Argument(help="Folder, file or zip archive.", show_default=False)],
    format_: Format = "png",
    kind: Kind = "reference",
    annotator: Annotated[
        str, typer.Option("--annotator", help="Who made them, where the file does not say.")
    ] = "",
    method: Annotated[
        str,
        typer.Option(
            "--method", help="Which method made candidates; what the files say by default."
        ),
    ] = "",
    renames: Renames = None,
    tolerance: Annotated[
        int, typer.Option("--tolerance", help="How far colours may be off, for png-rgb: 0 to 255.")
    ] = 0,
    image: Annotated[
        str | None,
        typer.Option("--image", help="Whose a single label map is: a name or the start of an id."),
    ] = None,
    suffix: Annotated[
        str,
        typer.Option("--suffix", help="What follows the images' names, e.g. _mask: x_mask is x."),
    ] = "",
    add_images: Annotated[
        bool, typer.Option("--add-images", help="Add images that come along and are new.")
    ] = False,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Read label maps of another tool, matched with the images by their names.

    All of them come in, or none: the project stays as it was where something is wrong.
    """
    from premask.project.project import open_project
    from premask.workflow.import_labels import KINDS, import_label_maps

    result = import_label_maps(
        open_project(project),
        format_,
        path,
        kind=kind,
        annotator=annotator,
        method=method,
        renames=dict(map(rename, renames or [])),
        tolerance=tolerance,
        image=image or "",
        suffix=suffix,
        add_images=add_images,
        strict=strict,
        on_image=count_line("label map"),
    )
    lines = [f"{count(len(result.done), 'label map')} imported as {kind}: {KINDS[kind]}"]
    if result.added:
        lines.append(f"{count(len(result.added), 'image')} came along and were added")
    lines += times_lines(project, result.times)
    data = {
        "imported": result.done,
        "images_added": result.added,
        "times": result.times,
    }
    with_findings(json, data, lines, result.findings)


def export(
    project: ProjectFolder,
    out: Annotated[
        Path, typer.Argument(help="Folder to write to, or a name.zip.", show_default=False)
    ],
    format_: Format = "png",
    what: What = "labels",
    method: Annotated[
        str | None, typer.Option("--method", help="Which candidates, where there are several.")
    ] = None,
    frame: Frame = "crop",
    pictures: Annotated[
        bool | None,
        typer.Option(
            "--pictures/--no-pictures",
            help="Whether the micrographs go along; where the tool needs them by default.",
            show_default=False,
        ),
    ] = None,
    prefix: Annotated[
        str, typer.Option("--prefix", help="What stands before a picture's name in the tool.")
    ] = "",
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Write the final label maps, or the candidates, for another tool."""
    from premask.interchange.formats import find_format
    from premask.project.project import open_project
    from premask.workflow.export_labels import export_label_maps

    result = export_label_maps(
        open_project(project),
        format_,
        out,
        what=what,
        method=method,
        frame=frame,
        pictures=pictures,
        prefix=prefix,
        strict=strict,
        on_image=count_line("image"),
    )
    lines = [f"{count(len(result.done), 'image')} written to {out} ({format_}, {what})"]
    methods = list(zip(result.done, result.methods, strict=True)) if result.methods else []
    if methods and method is None:
        lines += taken(methods, several=find_format(format_).layers)
    told = [{"image": image, "methods": list(own)} for image, own in methods]
    with_findings(json, {"exported": result.done, "candidates": told}, lines, result.findings)


def taken(
    candidates: Sequence[tuple[str, Sequence[str]]], *, several: bool, most: int = 3
) -> list[str]:
    """Which candidates were taken where no method was asked for.

    Parameters
    ----------
    candidates : sequence of (str, sequence of str)
        Images and the methods of their candidates.
    several : bool
        Whether the format holds several maps of an image.
    """
    images: dict[str, list[str]] = {}
    for image, methods in candidates:
        for method in methods:
            images.setdefault(method, []).append(image)
    rule = (
        "of each method" if several else "of each image, whatever its method (--method picks one)"
    )
    return [
        f"Taken was the newest candidate {rule}:",
        *(
            f"  {method}: {', '.join(names[:most])}"
            + (f" and {len(names) - most} more (--json lists all)" if len(names) > most else "")
            for method, names in images.items()
        ),
    ]


def formats(json: Json = False) -> None:
    """List the formats that label maps come and go in."""
    from premask.interchange.formats import FORMATS

    rows = [{"name": name, "summary": one.summary} for name, one in FORMATS.items()]
    width = max(map(len, FORMATS))
    answer(json, {"formats": rows}, [f"{r['name']:<{width}}  {r['summary']}" for r in rows])


def rename(text: str) -> tuple[str, str]:
    """``NAME=PHASE`` in its two parts."""
    name, equals, phase = text.partition("=")
    if not (name.strip() and equals and phase.strip()):
        raise PremaskError(f"--map {text!r} is not NAME=PHASE; e.g. --map 'titanium boride=TiB2'")
    return name.strip(), phase.strip()


def times_lines(project: Path, times: Sequence[str]) -> list[str]:
    """How times that came along are seen."""
    if not times:
        return []
    seen = f"premask status {typed(project)} --times"
    return [f"Times came along: {', '.join(times)}; see them with {seen}"]


def with_findings(
    as_json: bool, data: dict[str, Any], lines: list[str], findings: Sequence[Finding]
) -> None:
    """An answer with the validation report."""
    from premask.workflow import exchange

    data = {**data, "findings": exchange.as_json(findings)}
    answer(as_json, data, [*lines, *exchange.report_lines(findings)])
