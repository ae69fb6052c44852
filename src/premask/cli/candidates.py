"""``preannotate``, ``name``, ``islands``, ``gallery``, ``methods``: candidates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from premask.cli.out import Json, answer, err, progress_line
from premask.cli.project import Image, OptionalProject, ProjectFolder
from premask.cli.tables import table_lines
from premask.core.errors import PremaskError
from premask.core.words import count, typed, verb

if TYPE_CHECKING:
    from premask.workflow.name import Named

OneMethod = Annotated[str | None, typer.Option("--method", help="Only candidates of this method.")]


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("preannotate", rich_help_panel="2 Candidates")(preannotate)
    app.command("name", rich_help_panel="2 Candidates")(name)
    app.command("islands", rich_help_panel="2 Candidates")(islands)
    app.command("gallery", rich_help_panel="2 Candidates")(gallery)
    app.command("methods", rich_help_panel="2 Candidates")(methods)


def preannotate(
    project: ProjectFolder,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            help="A method, or model:PATH; may be repeated. All that can run by default.",
        ),
    ] = None,
    regions: Annotated[
        int | None,
        typer.Option("--regions", help="Regions per image; 8, or the number of phases if larger."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same bytes.")] = 0,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", help="Candidates side by side; one per core. Table 1 needs 1."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", help="A knob: METHOD.KEY=VALUE, e.g. multi-otsu.sigma=1.5."),
    ] = None,
    image: Image = None,
    json: Json = False,
) -> None:
    """Propose label maps: every method on every image. Goes on where it was stopped."""
    from premask.core.regions import check_n_classes
    from premask.project.images import find_image
    from premask.project.project import open_project
    from premask.workflow.preannotate import preannotate as run

    opened = open_project(project)
    if jobs is not None and jobs < 1:
        raise PremaskError(f"--jobs {jobs}: 1 or more is accepted")
    summary = run(
        opened,
        methods=method or (),
        n_regions=None if regions is None else check_n_classes(regions),
        seed=seed,
        jobs=jobs,
        options=parse_options(option or []),
        images=[find_image(opened, image)] if image else None,
        on_progress=progress_line(),
    )
    there = f"{summary.present} {verb(summary.present, 'was', 'were')} there already"
    lines = [f"{count(summary.made, 'candidate')} made, {there}"]
    lines += [*summary.known, *(f"left out: {reason}" for reason in summary.left_out)]
    if not summary.stopped:
        where = typed(project)
        lines.append(f"Next: premask annotate {where}, or premask gallery {where} gallery.html")
    answer(json, summary.__dict__, lines)
    for line in summary.failed:
        err(f"premask: not made: {line}")
    if summary.stopped:
        err("premask: stopped; run the same command to go on where it stopped")
        raise typer.Exit(130)
    if summary.failed:
        raise typer.Exit(2)


def parse_options(texts: list[str]) -> dict[str, dict[str, Any]]:
    """``["multi-otsu.sigma=1.5"]`` as ``{"multi-otsu": {"sigma": 1.5}}``."""
    parsed: dict[str, dict[str, Any]] = {}
    for text in texts:
        left, equals, value = text.partition("=")
        method, dot, key = left.rpartition(".")  # the path of a model may have dots
        if not (equals and dot and method and key):
            raise PremaskError(
                f"--option {text!r}: METHOD.KEY=VALUE is accepted, e.g. multi-otsu.sigma=1.5"
            )
        parsed.setdefault(method, {})[key] = _value(value)
    return parsed


def _value(text: str) -> Any:
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def name(
    project: ProjectFolder,
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Names by hand, e.g. 0=Alpha 1=TiB2 (a region may be left out)."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", help="prototypes: as the images named so far; grey: darkest first."),
    ] = None,
    order: Annotated[
        str | None, typer.Option("--order", help="With --by grey: phases, darkest first: A,B,C.")
    ] = None,
    image: Image = None,
    method: OneMethod = None,
    json: Json = False,
) -> None:
    """Turn regions into phases: by hand on one image, then by prototypes on the others."""
    from premask.project.project import open_project
    from premask.workflow import name as naming

    opened = open_project(project)
    if bool(names) == bool(by):
        raise PremaskError(
            "give names for one candidate (--image I --method M 0=Alpha 1=TiB2 ...),"
            " or --by prototypes, or --by grey"
        )
    if names:
        if image is None or method is None:
            raise PremaskError("names by hand need --image and --method: which candidate they name")
        named = [naming.name_by_hand(opened, image, method, names)]
    elif by == "prototypes":
        named = naming.name_by_prototypes(opened, image=image, method=method)
    elif by == "grey":
        named = naming.name_by_grey(
            opened, order=[p for p in (order or "").split(",") if p], image=image, method=method
        )
    else:
        raise PremaskError(f"--by {by!r}: prototypes or grey is accepted")
    answer(json, {"named": [_named_dict(one) for one in named]}, _named_lines(named))


def _named_dict(named: Named) -> dict[str, Any]:
    return {
        "image": named.image,
        "method": named.method,
        "names": named.names,
        "margin": named.margin,
        "findings": named.findings,
        "limits_dropped": named.limits_dropped,
    }


def _named_lines(named: list[Named]) -> list[str]:
    rows = [
        [
            one.image,
            one.method,
            " ".join(f"{region}={phase or '?'}" for region, phase in one.names.items()),
            "-" if one.margin is None else f"{one.margin:.2f}",
        ]
        for one in named
    ]
    several = len([one for one in named if one.margin is not None]) > 1
    lines = [f"{count(len(named), 'candidate')} named{', least certain first' if several else ''}:"]
    lines += table_lines(["image", "method", "names", "margin"], rows)
    for one in named:
        lines += [f"check {one.image}, {one.method}: {finding}" for finding in one.findings]
    dropped = [f"{one.image} {one.method}" for one in named if one.limits_dropped]
    if dropped:
        lines.append(
            "back to the default islands rule, as the limits were set for other labels"
            f" (regions and phases are numbered differently): {', '.join(dropped)}"
        )
    return lines


def islands(
    project: ProjectFolder,
    limits: Annotated[
        list[str] | None,
        typer.Argument(help="Smallest island kept, px, per phase (or region): TiN=5 Alpha=60."),
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Remove no islands.")] = False,
    default: Annotated[
        bool,
        typer.Option("--default", help="Islands under 30 px, and at most 1 % of a phase."),
    ] = False,
    image: Image = None,
    method: OneMethod = None,
    json: Json = False,
) -> None:
    """Show or change which small islands a candidate's label map leaves out.

    Without limits it only shows. The regions themselves are kept as they are, so that
    --off brings everything back.
    """
    from premask.project.project import open_project
    from premask.workflow.islands import change_islands, island_rows

    opened = open_project(project)
    if sum([bool(limits), off, default]) > 1:
        raise PremaskError("give limits (TiN=5), or --off, or --default: one of them")
    if limits or off or default:
        left = change_islands(opened, limits=limits or [], off=off, image=image, method=method)
        if left:
            err(
                f"premask: {count(left, 'candidate')} without names"
                f" {verb(left, 'keeps its rule', 'keep their rule')}: a limit of a phase is for"
                " candidates with names"
            )
    rows = island_rows(opened, image=image, method=method)
    header = ["image", "method", "phase", "rule", "islands removed", "px", "share of phase"]
    answer(
        json,
        {"islands": [row.__dict__ for row in rows]},
        table_lines(
            header,
            [
                [r.image, r.method, r.label, r.rule, str(r.islands), str(r.px), f"{r.share:.2%}"]
                for r in rows
            ],
        ),
    )


def gallery(
    project: ProjectFolder,
    out: Annotated[Path, typer.Argument(help="The page, e.g. gallery.html.", show_default=False)],
    image: Image = None,
    json: Json = False,
) -> None:
    """Write one page that shows each micrograph beside its candidates."""
    from premask.project.images import find_image
    from premask.project.project import open_project
    from premask.workflow.project_gallery import write_gallery

    opened = open_project(project)
    images = [find_image(opened, image)] if image else None
    size = write_gallery(opened, out, images=images)
    answer(
        json,
        {"gallery": str(out), "bytes": size},
        [f"{out}: {size / 1e6:.1f} MB; open it in a browser"],
    )


def methods(project: OptionalProject = None, json: Json = False) -> None:
    """List the methods, what each can be told, and which can run here."""
    from premask.preannotators.methods import all_methods, default_options, not_ready
    from premask.project.project import open_project
    from premask.workflow.preannotate import method_options

    own = method_options(open_project(project)) if project else {}
    rows, data, reasons = [], [], []
    for key, method in all_methods().items():
        reason = not_ready(key, own.get(key, {}))
        options = default_options(key) | own.get(key, {})
        knobs = ", ".join(f"{option}={value}" for option, value in options.items())
        rows.append([key, "no" if reason else "yes", method.summary, knobs])
        data.append(
            {"name": key, "summary": method.summary, "ready": reason is None}
            | {"reason": reason, "options": options}
        )
        reasons += [f"{key} is not ready: {reason}"] if reason else []
    lines = table_lines(["method", "ready", "what it does", "options"], rows)
    answer(json, {"methods": data}, [*lines, *reasons])
