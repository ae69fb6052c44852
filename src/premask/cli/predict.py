"""``predict``: label maps from a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from premask.cli.out import Json, answer, count_line, err, stoppable
from premask.core.errors import PremaskError
from premask.core.words import count, typed, verb

if TYPE_CHECKING:
    from premask.deploy.folder import Done, Job

ModelPath = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="The folder of a run, or its model.onnx.", show_default=False
    ),
]
Threads = Annotated[
    int | None, typer.Option("--threads", help="All cores if left.", min=1, max=1024)
]


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("predict", rich_help_panel="7 Learn and predict")(predict)


def predict(
    model: ModelPath,
    images: Annotated[
        Path,
        typer.Argument(
            help="An image, a folder of them with all that is in it, or a data set.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Argument(help="Folder of the label maps.", show_default=False)],
    test_time: Annotated[
        Literal["none", "flips", "turns"],
        typer.Option("--test-time", help="Average over 4 mirror images, or 8 with turns."),
    ] = "none",
    confidence: Annotated[
        bool, typer.Option("--confidence/--no-confidence", help="Write confidence maps too.")
    ] = True,
    crop_bottom: Annotated[
        str, typer.Option("--crop-bottom", help="Rows of an information bar: auto or PIXELS.")
    ] = "0",
    frame: Annotated[
        Literal["crop", "original"],
        typer.Option("--frame", help="original: label maps as large as images, void below."),
    ] = "crop",
    tile: Annotated[
        int | None,
        typer.Option("--tile", help="Largest side of a tile, px: less takes less memory."),
    ] = None,
    overlap: Annotated[
        int | None, typer.Option("--overlap", help="Of tiles, px; up to a quarter of a tile.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Wait for images that arrive, until Ctrl-C.")
    ] = False,
    seconds: Annotated[
        float, typer.Option("--seconds", help="Between two looks with --watch.", min=0.1)
    ] = 2.0,
    threads: Threads = None,
    json: Json = False,
) -> None:
    """Label images with a trained model; torch is not needed. Done ones are skipped."""
    from premask.deploy.folder import AUTO, Job, predict_images
    from premask.deploy.predictor import Options, layout, load_model
    from premask.workflow.to_predict import check_out, to_predict

    if crop_bottom != AUTO and not crop_bottom.isdecimal():
        raise PremaskError(f"--crop-bottom {crop_bottom!r}: auto or a number of rows is accepted")
    options = Options(tile, overlap, test_time)
    check_out(images, out)
    loaded = load_model(model, threads=threads)
    layout(loaded.card, options)  # refuses before anything is computed
    rows = AUTO if crop_bottom == AUTO else int(crop_bottom)
    job = Job(loaded, out, options, confidence, rows, frame)
    if watch:
        done = _watch(job, model, images, seconds)
    else:
        found = to_predict(str(model), images, out)
        for line in found.notes:
            err(f"premask: {line}")
        show, total = count_line("image"), len(found.images)
        with stoppable("what was finished is kept, and the same command makes the rest"):
            done = predict_images(
                job,
                found.source,
                found.images,
                lambda so_far: show(so_far.made + so_far.present + len(so_far.failed), total),
            )
    there = f"{done.present} {verb(done.present, 'was', 'were')} there already"
    lines = [f"{count(done.made, 'label map')} made, {there}: {typed(out)}"]
    answer(json, {"out": str(out), **done.__dict__}, lines)
    if done.renamed and not watch:
        err("premask: several images have one name, so that their label maps are called otherwise:")
        for line in done.renamed:
            err(f"premask: {line}")
    for line in done.failed:
        err(f"premask: not made: {line}")
    if done.failed:
        raise typer.Exit(2)


def _watch(job: Job, model: Path, images: Path, seconds: float) -> Done:
    from premask.deploy.folder import Done, predict_images
    from premask.deploy.watch import arrivals
    from premask.workflow.to_predict import is_label_map, micrographs, source_of

    latest = Done()

    def tell(done: Done) -> None:
        nonlocal latest
        failed = len(done.failed) > len(latest.failed)
        renamed = done.renamed[len(latest.renamed) :]
        latest = Done(done.made, done.present, list(done.failed), list(done.renamed))
        for line in renamed:
            err(f"premask: another image has its name: {line}")
        if failed:
            err(f"premask: not made: {done.failed[-1]}")
        else:
            err(f"premask: {count(done.made, 'label map')} made")

    source, notes = source_of(str(model), images)
    for line in notes:
        err(f"premask: {line}")
    coming = arrivals(source, job.out, seconds=seconds, listing=micrographs)
    err(f"premask: watching {source}; Ctrl-C ends it")
    try:
        predict_images(job, source, (path for path in coming if not is_label_map(path)), tell)
    except KeyboardInterrupt:
        err("premask: stopped; what was finished is kept, and the same command goes on")
    return latest
