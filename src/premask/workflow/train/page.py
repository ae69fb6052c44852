"""The page of a run: curves, scores, and the images that it is worst at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from premask.core.phases import VOID
from premask.core.words import count
from premask.evaluate.confusion import confusion
from premask.evaluate.scores import Scores
from premask.io.files import write_atomically
from premask.io.label_maps import read_label_map
from premask.train.state import Progress
from premask.workflow.inline_images import label_uri, photo_uri
from premask.workflow.paper_tables import scores_table
from premask.workflow.report.page import Page, Picture, Section, render_page
from premask.workflow.report.plots import curves_plot
from premask.workflow.tables import Column, Table
from premask.workflow.train.parts import Parts

if TYPE_CHECKING:
    from premask.workflow.train.run import Order

PAGE = "report.html"
WORST = 6
SIDE = 480
WRONG = "#d1242f"


def write_page(
    order: Order, parts: Parts, progress: Progress, scores: Mapping[str, Scores], reason: str
) -> None:
    """Write ``report.html`` into the folder of the run: one file, without any other."""
    sections = [
        _result(order, parts, progress, scores, reason),
        _curves(order, progress),
        _worst(order, parts),
        _knobs(order),
    ]
    title = f"{order.dataset.root.resolve().name}: {order.config.architecture}"
    legend = tuple((phase.name, phase.colour) for phase in order.dataset.phases.phases)
    page = Page(title, "premask train", legend, tuple(sections))
    write_atomically(order.out / PAGE, render_page(page).encode())


def _result(
    order: Order, parts: Parts, progress: Progress, scores: Mapping[str, Scores], reason: str
) -> Section:
    section = Section("What it can do")
    of_type = f" of type {order.type}" if order.type else ""
    told = (
        f"{order.config.architecture} with {order.config.encoder}, trained on"
        f" {count(len(parts.training), 'image')}{of_type} for {count(progress.epoch, 'epoch')}"
        f" ({progress.seconds / 60:.1f} min); the best was epoch {progress.best_epoch}. It ended"
        f" by: {reason}."
    )
    section.text = [told, *parts.notes]
    for part, found in scores.items():
        table = scores_table(found)
        section.tables.append(
            Table(f"Label maps against the truth: {part}", table.columns, table.rows, table.notes)
        )
    if not scores:
        section.missing.append("No labelled image was kept apart, so that there is no figure.")
    return section


def _curves(order: Order, progress: Progress) -> Section:
    section = Section("How it learned")
    epochs = [row["epoch"] for row in progress.history]
    section.plots.append(
        ("Loss", curves_plot("loss", epochs, {"loss": [row["loss"] for row in progress.history]}))
    )
    if all("iou" in row for row in progress.history):
        phases = order.dataset.phases.phases
        curves = {
            phase.name: [row["iou"][phase.index] for row in progress.history] for phase in phases
        }
        colours = {phase.name: phase.colour for phase in phases}
        mean = {"mean": [row["mean_iou"] for row in progress.history]}
        plot = curves_plot("IoU", epochs, curves | mean, colours | {"mean": "#16201f"})
        section.plots.append(("IoU of the validation images", plot))
    return section


def _worst(order: Order, parts: Parts) -> Section:
    section = Section("Where it is wrong")
    section.text = ["Micrograph, truth, prediction, and the pixels that are wrong in red."]
    section.pictures = list(_pictures(order, parts))
    if not section.pictures:
        section.missing.append("No labelled image was kept apart.")
    return section


def _pictures(order: Order, parts: Parts) -> Iterator[list[Picture]]:
    from premask.workflow.train.run import predicted_file, samples_of

    part = parts.test
    if part is None:
        return
    names = order.dataset.phases
    rows = []
    for sample in samples_of(parts.held_out[part]):
        levels, truth = sample.read()
        labels = read_label_map(predicted_file(order.out, part, sample.stem))
        score = confusion(labels, truth, len(names)).mean_iou()
        rows.append((-1.0 if np.isnan(score) else score, sample.stem, levels, truth, labels))
    rows.sort(key=lambda row: row[:2])
    colours = [phase.colour for phase in names.phases]
    for score, stem, levels, truth, labels in rows[:WORST]:
        photo = photo_uri(levels, SIDE)
        wrong = np.where((labels != truth) & (truth != VOID), np.uint8(0), np.uint8(VOID))
        yield [
            Picture(f"{stem}: mean IoU {100 * score:.2f} %" if score >= 0 else stem, photo),
            Picture("truth", photo, label_uri(truth, colours, SIDE)),
            Picture("prediction", photo, label_uri(labels, colours, SIDE)),
            Picture("wrong", photo, label_uri(wrong, [WRONG], SIDE)),
        ]


def _knobs(order: Order) -> Section:
    rows = tuple((name, str(value)) for name, value in order.config.to_dict().items())
    table = Table("Knobs of the run", (Column("Knob"), Column("Value")), rows)
    return Section("What it hangs on", tables=[table])
