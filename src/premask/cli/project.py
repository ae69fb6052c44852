"""``init``, ``add``, ``set``, ``status``: a project and its micrographs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from premask.cli.out import Json, answer, err
from premask.core.errors import PremaskError
from premask.core.words import count, typed, verb

if TYPE_CHECKING:
    from premask.workflow.add import Added
    from premask.workflow.tool_times import ImportedTime

ProjectFolder = Annotated[Path, typer.Argument(help="The project's folder.", show_default=False)]
OptionalProject = Annotated[
    Path | None,
    typer.Argument(help="A project, whose own settings of the methods count.", show_default=False),
]
Type = Annotated[
    str | None, typer.Option("--type", help="Processing type of these images, e.g. II.")
]
Scale = Annotated[
    float | None, typer.Option("--um-per-px", help="Scale, µm per pixel; the file's own if left.")
]
Image = Annotated[
    str | None, typer.Option("--image", help="Only this image: its name or the start of its id.")
]


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("init", rich_help_panel="1 Start")(init)
    app.command("add", rich_help_panel="1 Start")(add)
    app.command("set", rich_help_panel="1 Start")(set_)
    app.command("status", rich_help_panel="1 Start")(status)


def init(
    project: ProjectFolder,
    classes: Annotated[
        str | None,
        typer.Option("--classes", help="The phases, in the order of their indices: A,B,C."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option("--preset", help="Phases of a data set: microsteel, metaldam, uhcs."),
    ] = None,
    json: Json = False,
) -> None:
    """Make a project: a folder that holds micrographs, candidates and label maps."""
    from premask.core.phases import make_phases
    from premask.project.project import init_project
    from premask.project.settings import PRESETS, Settings
    from premask.project.settings import preset as find_preset

    if (classes is None) == (preset is None):
        raise PremaskError(
            "give the phases, as in --classes Alpha,TiB2,TiN, or one of the presets:"
            f" --preset {'|'.join(PRESETS)}"
        )
    settings = find_preset(preset) if preset else Settings(make_phases((classes or "").split(",")))
    made = init_project(project, settings)
    names = made.phases.names
    answer(
        json,
        {"project": str(project), "phases": list(names), "types": list(made.phases.by_type)},
        [
            f"{project}: a project with {count(len(names), 'phase')}: {', '.join(names)}",
            f"Colours, types and rules are in {project / 'premask.toml'}; edit them as you like.",
            f"Next: premask add {typed(project)} FOLDER",
        ],
    )


def add(
    project: ProjectFolder,
    paths: Annotated[
        list[Path], typer.Argument(help="Image files, or folders of them.", show_default=False)
    ],
    type_: Type = None,
    crop_bottom: Annotated[
        str,
        typer.Option("--crop-bottom", help="Information bar: auto finds it; or its height in px."),
    ] = "auto",
    um_per_px: Scale = None,
    page: Annotated[
        int | None, typer.Option("--page", help="Page of multi-page files, from 0.")
    ] = None,
    json: Json = False,
) -> None:
    """Add micrographs. The files are copied into the project and never changed.

    Label maps that lie in a folder with them are left out, and told.
    """
    from premask.project.project import open_project
    from premask.workflow.add import add_images

    opened = open_project(project)
    crop = parse_crop(crop_bottom)
    result = add_images(
        opened, paths, type_=type_, crop_bottom=crop, um_per_px=um_per_px, page=page
    )
    answer(
        json,
        {
            "added": [
                {
                    "id": image.id,
                    "name": image.name,
                    "type": image.type,
                    "width": image.width,
                    "height": image.height,
                    "crop_bottom": image.crop_bottom,
                    "um_per_px": image.um_per_px,
                }
                for image in result.added
            ],
            "present": result.present,
            "refused": result.refused,
            "label_maps": [str(path) for path in result.label_maps],
        },
        _added_lines(project, result),
    )
    for line in result.refused:
        err(f"premask: not added: {line}")
    if result.refused:
        raise typer.Exit(2)


def _added_lines(project: Path, result: Added) -> list[str]:
    cropped = [image for image in result.added if image.crop_bottom]
    scaled = [image for image in result.added if image.um_per_px]
    present, bars = len(result.present), len(cropped)
    lines = [f"{count(len(result.added), 'image')} added to {project}"]
    if present:
        lines.append(f"{present} {verb(present, 'was', 'were')} there already")
    if result.label_maps:
        lines.append(result.label_maps_line)
    if cropped:
        lines.append(
            f"{bars} {verb(bars, 'has', 'have')} an information bar, left out of view"
            f" (the {verb(bars, 'original is', 'originals are')} kept):"
        )
        lines += [f"  {image.name}: {image.crop_bottom} px" for image in cropped[:10]]
        if bars > 10:
            lines.append(f"  and {bars - 10} more; all are in: premask status {typed(project)}")
    if scaled:
        lines.append(
            f"{len(scaled)} {verb(len(scaled), 'has', 'have')} a scale,"
            f" e.g. {scaled[0].um_per_px:.4g} µm per pixel"
        )
    lines += [
        f"  {image.name}: no scale ({image.scale_source})"
        for image in result.added
        if image.um_per_px is None and image.scale_source
    ]
    if result.added:
        lines.append(f"Next: premask preannotate {typed(project)}")
    return lines


def set_(
    project: ProjectFolder,
    image: Image = None,
    type_: Type = None,
    crop_bottom: Annotated[
        str | None,
        typer.Option("--crop-bottom", help="Height of the information bar, px, or auto."),
    ] = None,
    um_per_px: Scale = None,
    json: Json = False,
) -> None:
    """Change the type, the crop or the scale of one image, or of all of them."""
    from premask.project.images import all_images, find_image
    from premask.project.project import open_project
    from premask.workflow.add import change_image

    opened = open_project(project)
    if type_ is None and crop_bottom is None and um_per_px is None:
        raise PremaskError("nothing to change; give --type, --crop-bottom or --um-per-px")
    chosen = [find_image(opened, image)] if image else all_images(opened)
    crop = None if crop_bottom is None else parse_crop(crop_bottom)
    changed = [
        change_image(opened, one, type_=type_, crop_bottom=crop, um_per_px=um_per_px)
        for one in chosen
    ]
    answer(
        json,
        {"changed": [one.name for one in changed]},
        [f"{count(len(changed), 'image')} changed"],
    )


def parse_crop(text: str) -> int | Literal["auto"]:
    """``auto`` or a whole number of pixels."""
    if text == "auto":
        return "auto"
    if not text.isdecimal():
        raise PremaskError(f"--crop-bottom {text!r}: auto or a whole number of px is accepted")
    return int(text)


def status(
    project: ProjectFolder,
    times: Annotated[
        bool, typer.Option("--times", help="List the times that came with imports instead.")
    ] = False,
    json: Json = False,
) -> None:
    """What the project holds, image by image."""
    from premask.cli.tables import table_lines
    from premask.project.project import open_project
    from premask.workflow.status import image_states
    from premask.workflow.tool_times import imported_times

    opened = open_project(project)
    states = image_states(opened)
    found = imported_times(opened)
    rows = [
        [
            state.image.name,
            state.image.type or "-",
            f"{state.image.width}x{state.image.view_height}",
            f"{state.image.crop_bottom} px" if state.image.crop_bottom else "-",
            f"{state.image.um_per_px:.4g}" if state.image.um_per_px else "-",
            f"{state.named} of {state.candidates}",
            "yes" if state.reference else "-",
        ]
        for state in states
    ]
    noted = f"{count(len(found), 'time')} of other tools: premask status {typed(project)} --times"
    header = ["image", "type", "size", "bar", "µm/px", "named candidates", "truth"]
    answer(
        json,
        {
            "project": str(project),
            "phases": list(opened.phases.names),
            "simulated": opened.settings.simulated,
            "images": [
                {
                    "id": state.image.id,
                    "name": state.image.name,
                    "type": state.image.type,
                    "width": state.image.width,
                    "height": state.image.view_height,
                    "crop_bottom": state.image.crop_bottom,
                    "um_per_px": state.image.um_per_px,
                    "candidates": state.candidates,
                    "named": state.named,
                    "reference": state.reference,
                }
                for state in states
            ],
            "times": [_time_json(one) for one in found],
        },
        _time_lines(project, found)
        if times
        else [
            f"{project}: {count(len(states), 'image')}, phases {', '.join(opened.phases.names)}",
            *(["Simulated: its annotators are no people."] if opened.settings.simulated else []),
            *table_lines(header, rows),
            *([noted] if found else []),
        ],
    )


def _time_json(one: ImportedTime) -> dict[str, Any]:
    return {
        "image": one.image,
        "type": one.type,
        "annotator": one.annotator,
        "as": one.strategy,
        "time": one.time.measure,
        "seconds": one.time.seconds,
        "rule": one.time.rule,
        "problem": one.problem,
    }


def _time_lines(project: Path, found: Sequence[ImportedTime]) -> list[str]:
    from premask.cli.tables import table_lines

    if not found:
        return [f"{project}: no times of other tools came with imports"]
    header = ["image", "type", "annotator", "as", "time", "seconds", "left out, because"]
    rows = [
        [
            one.image,
            one.type or "-",
            one.annotator,
            one.strategy,
            one.time.measure,
            f"{one.time.seconds:.1f}",
            one.problem or "-",
        ]
        for one in found
    ]
    rules = dict.fromkeys(f"{one.time.measure}: {one.time.rule}" for one in found)
    return [
        f"{project}: {count(len(found), 'time')} of other tools",
        *table_lines(header, rows),
        *rules,
    ]
