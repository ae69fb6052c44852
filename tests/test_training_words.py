"""What the one who waits for a training is told."""

from __future__ import annotations

from pathlib import Path

from premask.cli.train import _lines as answer_lines
from premask.core.datasets import Dataset
from premask.core.phases import make_phases
from premask.train.config import make_config
from premask.workflow.train.run import Order, Result
from premask.workflow.train.words import epoch_line

PHASES = make_phases(["A", "B"])


def order(name: str = "", **knobs: object) -> Order:
    dataset = Dataset(Path("set"), "plain", PHASES, (), {})
    return Order(dataset, Path("out"), make_config(given={"epochs": 9, **knobs}), name=name)


def test_an_epoch_gives_its_mean_iou_in_the_form_of_the_answer() -> None:
    row = {"epoch": 3, "loss": 0.51234, "seconds": 1.2, "mean_iou": 0.0961}
    assert epoch_line(row, order()) == "epoch 3 (of 9): loss 0.512, mean IoU 9.61 %, 1 second"
    part = {"iou": {"A": 0.0961, "B": None}, "images": 2, "mean_iou": 0.0961}
    summary = {"epochs": 3, "best_epoch": 3, "reason": "epochs", "scores": {"test": part}}
    answer = answer_lines(Result(Path("out"), summary))
    assert [line.split() for line in answer if line.startswith("test")] == [
        ["test", "2", "9.61", "-", "9.61"]
    ]


def test_an_epoch_names_its_model_and_its_limit() -> None:
    row = {"epoch": 1, "loss": 1.0, "seconds": 61.0}
    assert epoch_line(row, order("G")) == "G: epoch 1 (of 9): loss 1.000, 61 seconds"
    assert "epoch 1 (of 2.5 min): " in epoch_line(row, order(minutes=2.5))
