"""``dataset``: build a data set from a project, and check any."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from premask.cli.out import Json, answer, count_line, err, stoppable
from premask.cli.project import ProjectFolder
from premask.core.words import count, typed

if TYPE_CHECKING:
    from premask.core.datasets import Remark
    from premask.workflow.dataset.check import Checked

MOST = 5
"""Lines of one kind that are shown to people."""


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    dataset = typer.Typer(no_args_is_help=True, help="Publish a data set, and check any.")
    dataset.command("build")(build)
    dataset.command("check")(check)
    app.add_typer(dataset, name="dataset", rich_help_panel="6 Publish")


def build(
    project: ProjectFolder,
    out: Annotated[
        Path,
        typer.Argument(help="A new folder, or one that was built before.", show_default=False),
    ],
    title: Annotated[
        str, typer.Option("--title", help="Of the data set; the project's name by default.")
    ] = "",
    authors: Annotated[
        str,
        typer.Option("--authors", help="'Ana Ruiz (Univ. of Granada) 0000-...; Ben Doe; A Group'."),
    ] = "",
    licence: Annotated[
        str, typer.Option("--licence", "--license", help="CC-BY-4.0, CC0-1.0, MIT ...")
    ] = "",
    description: Annotated[
        str, typer.Option("--description", help="A paragraph: the material, the microscope ...")
    ] = "",
    url: Annotated[
        str, typer.Option("--url", help="Where it will be, e.g. https://doi.org/10.5281/zenodo.1.")
    ] = "",
    version: Annotated[str, typer.Option("--version", help="Of the data set.")] = "1.0.0",
    names: Annotated[
        bool, typer.Option("--names", help="Name the annotators; else annotator-1, annotator-2.")
    ] = False,
    groups: Annotated[
        Path | None,
        typer.Option("--groups", help="CSV of stem,group: fields of one specimen stay together."),
    ] = None,
    group_by: Annotated[
        str,
        typer.Option("--group-by", help="The same from the names: a regex, as in '(C[0-9]+)F'."),
    ] = "",
    splits: Annotated[
        Path | None,
        typer.Option("--splits", help="Splits to keep: JSON, a folder of .txt, or stem,part."),
    ] = None,
    shares: Annotated[
        str, typer.Option("--shares", help="Of the images, for the parts of the default split; %.")
    ] = "train=70,val=15,test=15",
    folds: Annotated[
        int | None,
        typer.Option(
            "--folds",
            help="Of the cross-validation; 0 for none. 5 by default.",
            show_default=False,
            min=0,
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the splits.", min=0)] = 0,
    unlabelled: Annotated[
        bool,
        typer.Option(
            "--unlabelled", help="Put images without a label map into a folder of their own."
        ),
    ] = False,
    archive: Annotated[
        bool, typer.Option("--zip", help="Write OUT.zip as well, ready for Zenodo.")
    ] = False,
    json: Json = False,
) -> None:
    """Write images, label maps, splits, statistics and metadata, ready to publish.

    The same project and options give the same bytes.
    """
    from premask.project.project import open_project
    from premask.workflow.dataset.about import About, parse_authors, parse_licence
    from premask.workflow.dataset.build import build_dataset
    from premask.workflow.dataset.sides import SideOptions, parse_shares

    opened = open_project(project)
    about = About(
        title.strip() or opened.root.resolve().name,
        parse_licence(licence),
        parse_authors(authors),
        version,
        url,
        description.strip() or "Micrographs with a phase for every pixel.",
    )
    options = SideOptions(groups, group_by, splits, parse_shares(shares), folds, seed)
    with stoppable(f"{out} is not built; run the command again"):
        built = build_dataset(
            opened,
            out,
            about,
            options,
            names=names,
            unlabelled=unlabelled,
            archive=archive,
            on_image=count_line("image"),
            on_comparison=count_line("comparison"),
        )
    bare = f", and {built.unlabelled} without a label map" if built.unlabelled else ""
    lines = [f"{count(built.images, 'labelled image')} written to {out}{bare}"]
    lines += [
        f"Split {name}: " + ", ".join(f"{part} {n}" for part, n in parts.items())
        for name, parts in built.splits.items()
    ]
    pairs = built.duplicates
    if pairs:
        lines.append(
            f"{count(len(pairs), 'pair')} of near-duplicates, each counted as one group: "
            + ", ".join(" and ".join(pair) for pair in pairs)
        )
    lines += [f"Archive: {file}" for file in built.files[1:]]
    lines.append(f"Check it with: premask dataset check {typed(out)}")
    for remark in built.remarks:
        err(f"Note: {remark}")
    data = {
        "images": built.images,
        "unlabelled": built.unlabelled,
        "splits": built.splits,
        "near_duplicates": [list(pair) for pair in pairs],
        "files": [str(file) for file in built.files],
        "remarks": built.remarks,
    }
    answer(json, data, lines)


def check(
    folder: Annotated[
        Path, typer.Argument(help="Any data set: a folder or a zip archive.", show_default=False)
    ],
    classes: Annotated[
        str, typer.Option("--classes", help="Names of the phases, for a plain folder: A,B,C.")
    ] = "",
    compare: Annotated[
        bool,
        typer.Option(
            "--near-duplicates/--no-near-duplicates", help="Compare all images with one another."
        ),
    ] = True,
    json: Json = False,
) -> None:
    """Read every file of a data set and say what is wrong with it.

    Takes what premask built, MicroSteel's and MetalDAM's releases, and images/ with labels/ or
    masks/. The exit code is 2 where something is broken, 0 where something is only doubtful.
    """
    from premask.workflow.dataset.check import check_dataset

    with stoppable("nothing was changed"):
        checked = check_dataset(
            folder,
            classes=[name for name in classes.split(",") if name.strip()],
            compare=compare,
            on_image=count_line("image"),
            on_comparison=count_line("comparison"),
        )
    answer(json, _check_data(folder, checked), _check_lines(folder, checked))
    if checked.broken:
        raise typer.Exit(2)


def _check_data(folder: Path, checked: Checked) -> dict[str, Any]:
    dataset = checked.dataset
    return {
        "folder": str(folder),
        "layout": dataset.layout,
        "images": len(dataset.entries),
        "labelled": len(dataset.labelled),
        "phases": list(dataset.phases.names),
        "splits": {
            name: {part: len(stems) for part, stems in split.parts.items()}
            for name, split in dataset.splits.items()
        },
        "broken": len(checked.broken),
        "doubtful": len(checked.remarks) - len(checked.broken),
        "remarks": [
            {"kind": r.kind, "broken": r.broken, "where": r.where, "message": r.message}
            for r in checked.remarks
        ],
    }


def _check_lines(folder: Path, checked: Checked) -> list[str]:
    dataset = checked.dataset
    bare = len(dataset.entries) - len(dataset.labelled)
    head = f"{folder}: {dataset.layout}, {count(len(dataset.labelled), 'labelled image')}"
    head += f", {bare} unlabelled" if bare else ""
    head += f", {count(len(dataset.phases), 'phase')}, {count(len(dataset.splits), 'split')}"
    lines = [head]
    for title, broken in (("Broken", True), ("Doubtful", False)):
        own = [remark for remark in checked.remarks if remark.broken == broken]
        if own:
            lines += [f"{title}:", *_remark_lines(own)]
    return lines if len(lines) > 1 else [*lines, "Nothing is wrong."]


def _remark_lines(remarks: Sequence[Remark]) -> list[str]:
    from premask.core.datasets import REMARKS

    lines = []
    for kind in dict.fromkeys(remark.kind for remark in remarks):
        own = [remark.line for remark in remarks if remark.kind == kind]
        lines.append(f"  {REMARKS[kind][1]}: {len(own)}")
        lines += [f"    {line}" for line in own[:MOST]]
        lines += [f"    and {len(own) - MOST} more (--json lists all)"] * (len(own) > MOST)
    return lines
