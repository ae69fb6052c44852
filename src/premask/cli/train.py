"""``train``: a model from a data set, and Table 8."""

from __future__ import annotations

from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from premask.cli.out import Json, answer, err, note, passing_line
from premask.cli.tables import table_lines
from premask.core.errors import PremaskError
from premask.core.words import count, typed

if TYPE_CHECKING:
    from premask.train.state import Row
    from premask.workflow.train.per_type import PerType
    from premask.workflow.train.run import Order, Result, Watch


def add_commands(app: typer.Typer) -> None:
    """Put this module's commands into the command line."""
    app.command("train", rich_help_panel="7 Learn and predict")(train)


def train(
    dataset: Annotated[
        Path,
        typer.Argument(
            help="A data set: premask's, MicroSteel's, MetalDAM's, or images/ and masks/.",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Argument(help="The folder of the run.", show_default=False)],
    split: Annotated[
        str | None, typer.Option("--split", help="Its name; default, or the only one, if left.")
    ] = None,
    preset: Annotated[
        Literal["paper", "minutes"],
        typer.Option("--preset", help="The paper's recipe, or one for minutes of a processor."),
    ] = "paper",
    architecture: Annotated[
        str | None, typer.Option("--architecture", help="Of segmentation_models_pytorch.")
    ] = None,
    encoder: Annotated[str | None, typer.Option("--encoder", help="Likewise.")] = None,
    encoder_weights: Annotated[
        str | None,
        typer.Option("--encoder-weights", help="auto, none, imagenet, micronet, lite0, or a file."),
    ] = None,
    loss: Annotated[
        str | None, typer.Option("--loss", help="cross-entropy, focal, dice; + adds them.")
    ] = None,
    class_weights: Annotated[
        str | None, typer.Option("--class-weights", help="none, sqrt, inverse (of the share).")
    ] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="At most.")] = None,
    patience: Annotated[
        int | None, typer.Option("--patience", help="Epochs without a better one; 0: never mind.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", help="Learn for so many; scoring and export come on top."),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Same seed, same bytes.")] = None,
    knob: Annotated[
        list[str] | None,
        typer.Option("--knob", help="Any other: KEY=VALUE, e.g. crop=256. May be repeated."),
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write events for TensorBoard too.")
    ] = False,
    per_type: Annotated[
        bool, typer.Option("--per-type", help="One model of all types and one of each: Table 8.")
    ] = False,
    json: Json = False,
) -> None:
    """Train a model on a labelled data set. Goes on where it was stopped."""
    from premask.train.config import make_config
    from premask.workflow.dataset.folder import read_dataset
    from premask.workflow.train.run import Order
    from premask.workflow.train.words import epoch_line, stopped_line

    given: dict[str, Any] = {
        "architecture": architecture,
        "encoder": encoder,
        "encoder_weights": encoder_weights,
        "loss": loss,
        "class_weights": class_weights,
        "epochs": epochs,
        "patience": patience,
        "minutes": minutes,
        "seed": seed,
    }
    turned = {name: value for name, value in given.items() if value is not None}
    config = make_config(preset, turned | parse_knobs(knob or []))
    found = read_dataset(dataset)
    for remark in found.remarks:
        if found.splits or remark not in found.lost:  # else it is refused, with the same words
            err(f"premask: {remark.line}")
    order = Order(found, out, config, split=split, tensorboard=tensorboard)

    def watch(row: Row, one: Order) -> None:
        note(epoch_line(row, one))

    try:
        _train(order, per_type, json, watch)
    except KeyboardInterrupt:
        note(f"premask: {stopped_line(out)}")
        raise typer.Exit(130) from None


def _train(order: Order, per_type: bool, json: bool, watch: Watch) -> None:
    from premask.workflow.train.per_type import train_per_type
    from premask.workflow.train.run import train as run

    out = order.out
    if per_type:
        found_all = train_per_type(order, watch, note, passing_line())
        if found_all is not None:
            _answer_all(json, out, found_all)
        return
    result = run(order, watch, note, passing_line())
    if result is not None:
        answer(json, {"run": str(out), **result.summary}, _lines(result))


def parse_knobs(texts: list[str]) -> dict[str, str]:
    """``["crop=256"]`` as ``{"crop": "256"}``."""
    parsed = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise PremaskError(f"--knob {text!r}: KEY=VALUE is accepted, e.g. crop=256")
        parsed[key] = value
    return parsed


def _answer_all(json: bool, out: Path, found: PerType) -> None:
    from premask.workflow.tables import render

    data = {
        "run": str(out),
        "runs": {name: dict(one.summary) for name, one in found.runs.items()},
        **loads(render(found.table, "json")),
    }
    where = typed(out)
    answer(json, data, [render(found.table), f"Next: premask predict {where}/G IMAGES OUT"])


def _lines(result: Result) -> list[str]:
    summary = result.summary
    best, reason = summary["best_epoch"], summary["reason"]
    lines = [f"{count(summary['epochs'], 'epoch')}, the best was {best} (ended by {reason})"]
    rows = []
    for part, found in summary["scores"].items():
        ious = [_percent(value) for value in found["iou"].values()]
        rows.append([part, str(found["images"]), *ious, _percent(found["mean_iou"])])
    if rows:
        names = next(iter(summary["scores"].values()))["iou"]
        header = ["part", "images", *(f"IoU {name} %" for name in names), "mean IoU %"]
        lines += table_lines(header, rows)
        lines.append("Mean over the phases that the truth has (absent: skip).")
    where = typed(result.out)
    return [*lines, f"Next: premask predict {where} IMAGES OUT; see {where}/report.html"]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f}"
