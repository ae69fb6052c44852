"""Table 8: general and specific models on a folder laid out as MicroSteel's release."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataset_fakes import write_microsteel
from premask.core.errors import PremaskError
from premask.train.config import make_config
from premask.workflow.dataset.folder import read_dataset
from premask.workflow.evaluate import evaluate_folders
from premask.workflow.train import run as module
from premask.workflow.train.per_type import PerType, train_per_type
from premask.workflow.train.run import Order
from premask.workflow.train.words import epoch_line
from tiny_models import TINY, write_dataset

torch = pytest.importorskip("torch")
pytest.importorskip("segmentation_models_pytorch")
pytestmark = pytest.mark.torch

KNOBS = make_config(given=TINY | {"epochs": 2, "crops_per_epoch": 8})


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Order:
    root = tmp_path_factory.mktemp("set")
    return Order(read_dataset(write_microsteel(root / "microsteel")), root / "runs", KNOBS)


@pytest.fixture(scope="module", autouse=True)
def quick() -> Any:
    """One thread, and no export: that one is tested where it is made."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "save_onnx", lambda _network, _card, path: path.touch() or 0.0)
        yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def told() -> list[str]:
    return []


@pytest.fixture(scope="module")
def found(order: Order, told: list[str]) -> PerType:
    """Stopped in the middle of the third model, and started again."""

    def watch(row: dict[str, Any], one: Order) -> None:
        told.append(f"{one.type or 'G'} {row['epoch']}")
        if told[-1] == "II 1" and told.count("II 1") == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_per_type(order, watch)
    made = train_per_type(order, watch)
    assert made is not None
    return made


def test_each_model_is_trained_once(found: PerType, told: list[str]) -> None:
    assert list(found.runs) == ["G", "S-I", "S-II", "S-III"]
    assert told == ["G 1", "G 2", "I 1", "I 2", "II 1", "II 1", "II 2", "III 1", "III 2"]
    for name, result in found.runs.items():
        assert result.out.name == name
        images = json.loads((result.out / "config.json").read_text())["images"]["train"]
        assert len(images) == (3 if name == "G" else 1)
        assert all(name == "G" or f"Class_{name[2:]}_" in stem for stem in images)


def test_each_line_names_its_model_and_no_sentence_is_told_twice(
    order: Order, tmp_path: Path
) -> None:
    lines: list[str] = []
    few = replace(
        order,
        out=tmp_path / "runs",
        config=make_config(given=TINY | {"epochs": 1, "crops_per_epoch": 4}),
    )
    train_per_type(few, lambda row, one: lines.append(epoch_line(row, one)), lines.append)
    names = ["G", "S-I", "S-II", "S-III"]
    beginnings = dict.fromkeys(line.split(": ")[0] for line in lines)
    assert [one for one in beginnings if one in names] == names
    assert [line.split(": ")[0] for line in lines if ": epoch 1 (of 1): " in line] == names
    assert [line for line in lines if "exporting" in line] == [
        f"{name}: exporting the model to ONNX ..." for name in names
    ]
    assert [line for line in lines if "encoder's weights" in line] == [
        "The encoder's weights: none."
    ]
    held = [line for line in lines if "(validation: hold-out)" in line]
    sentences = [line for line in lines if line.endswith(".") and line not in held]
    assert len(sentences) == len(set(sentences)) > 0


def test_what_holds_for_one_model_is_told_with_its_name(order: Order, tmp_path: Path) -> None:
    lines: list[str] = []
    few = replace(
        order,
        out=tmp_path / "runs",
        config=make_config(
            given=TINY | {"epochs": 1, "crops_per_epoch": 4, "validation": "hold-out"}
        ),
    )
    train_per_type(few, tell=lines.append)
    of_one = [line for line in lines if line.startswith(("G: ", "S-"))]
    assert [line for line in of_one if not line.endswith(" ...")] == [
        "G: 1 image of the part train tells the best epoch (validation: hold-out).",
        *(
            f"S-{one}: There is one training image, or one group: the last epoch is kept."
            for one in ("II", "III")
        ),
    ]


def test_table_8_is_what_evaluate_says_of_the_label_maps(
    found: PerType, order: Order, tmp_path: Path
) -> None:
    rows = {str(row[0]): row for row in found.table.rows}
    assert list(rows) == ["G", "G-I", "S-I", "G-III", "S-III"]
    entries = {entry.stem: entry for entry in order.dataset.entries}
    types = tmp_path / "types.csv"
    types.write_text("".join(f"{stem},{one.type}\n" for stem, one in entries.items()))
    for name, row in rows.items():
        folder = name if name.startswith("S") else "G"
        truth = order.dataset.root / "labels" / "labels"
        predicted = order.out / folder / "predictions" / "test"
        scores = evaluate_folders(predicted, truth, 5, types_csv=types).scores
        if name.startswith("G-"):
            scores = scores.types[name[2:]]
        zero = evaluate_folders(predicted, truth, 5, types_csv=types, absent="zero").scores
        if name.startswith("G-"):
            zero = zero.types[name[2:]]
        assert row[1] == scores.images
        for cell, iou in zip(row[2:7], scores.iou, strict=True):
            assert cell is None if np.isnan(iou) else cell == pytest.approx(100 * iou)
        assert row[7] == pytest.approx(100 * scores.mean_iou)
        assert row[8] == pytest.approx(100 * zero.mean_iou)
    assert rows["S-I"][6] is None  # type I has no Fe2B
    assert rows["S-I"][8] == pytest.approx(float(rows["S-I"][7] or 0) * 4 / 5)


def test_the_policy_stands_under_the_table(found: PerType, order: Order) -> None:
    notes = " ".join(found.table.notes)
    assert "absent: skip" in notes
    assert "mixes the two means" in notes
    assert "No image of the part test: type II." in notes
    text = (order.out / "table8.txt").read_text()
    assert "mixes the two means" in text
    assert (order.out / "table8.tex").read_text().count(r"\\") == 6
    assert json.loads((order.out / "table8.json").read_text())["tables"][0]["rows"]
    assert "policy" in (order.out / "table8.csv").read_text()


def test_made_again_it_is_the_same_without_training(
    found: PerType, order: Order, told: list[str]
) -> None:
    before = list(told)
    again = train_per_type(order, lambda *_: told.append("trained"))
    assert again is not None
    assert again.table == found.table
    assert told == before


def test_rows_go_to_tensorboard_too(order: Order, tmp_path: Path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board = replace(order, out=tmp_path, tensorboard=True)
    with module._Log(board, lambda *_: None) as log:
        log.open()
        for epoch, loss in ((1, 0.5), (2, 0.25)):
            log.row({"epoch": epoch, "loss": loss, "mean_iou": 0.75, "learning_rate": 1e-3})
    read = events.EventAccumulator(str(tmp_path / "tensorboard"))
    read.Reload()
    assert [(one.step, one.value) for one in read.Scalars("loss")] == [(1, 0.5), (2, 0.25)]
    assert [one.value for one in read.Scalars("mean_iou")] == [0.75, 0.75]
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 2


def test_types_that_the_table_will_lack_are_told_before_training(
    order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("premask.workflow.train.per_type.train", never)
    lines: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        train_per_type(replace(order, out=tmp_path), tell=lines.append)
    assert lines == ["Type II has no image in the part test: Table 8 will have no row of it."]
    entries = tuple(
        replace(one, type="IV") if one.stem == "Class_I_C26F1x15000" else one
        for one in order.dataset.entries
    )
    lines.clear()
    with pytest.raises(KeyboardInterrupt):
        train_per_type(
            replace(order, dataset=replace(order.dataset, entries=entries)), tell=lines.append
        )
    assert lines == [
        "Type I has no image in the part test: Table 8 will have no row of it.",
        "Type II has no image in the part test: Table 8 will have no row of it.",
        "Type IV has no training image: it gets no model, and no row in Table 8.",
    ]


def test_what_cannot_be_compared_is_refused(tmp_path: Path) -> None:
    plain = Order(read_dataset(write_dataset(tmp_path / "plain")), tmp_path / "runs", KNOBS)
    with pytest.raises(PremaskError, match=r"of 0 types \(none is told\); --per-type compares two"):
        train_per_type(plain)
    assert not plain.out.exists()
