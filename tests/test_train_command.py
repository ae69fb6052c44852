"""``premask train`` as a user runs it: a run's folder, kill -9, torchrun, refusals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dataset_project import make_project
from helpers import command, premask, refusal
from premask.cli.train import _lines as answer_lines
from premask.core.errors import PremaskError
from premask.deploy.predictor import load_model
from premask.project.project import open_project
from premask.train.config import make_config
from premask.workflow.dataset.about import About
from premask.workflow.dataset.build import build_dataset
from premask.workflow.dataset.folder import read_dataset
from premask.workflow.train.run import Order, Result, train
from tiny_models import TINY, write_dataset

pytest.importorskip("torch")
pytest.importorskip("segmentation_models_pytorch")
pytestmark = [pytest.mark.torch, pytest.mark.slow]

ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
FILES = {
    "config.json", "metrics.jsonl", "model.onnx", "model.safetensors", "predictions",
    "report.html", "result.json",
}  # fmt: skip


def knobs(**others: object) -> list[str]:
    given = TINY | {"epochs": 3} | others
    return [word for key, value in given.items() for word in ("--knob", f"{key}={value}")]


def without_times(run: Path) -> list[dict[str, Any]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{**json.loads(line), "seconds": 0} for line in lines]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dataset(tmp_path_factory.mktemp("data") / "discs")


@pytest.fixture(scope="module")
def run(dataset: Path) -> Path:
    """An uninterrupted run."""
    out = dataset.parent / "run"
    done = premask("train", dataset, out, *knobs(), "--json", env=ONE_THREAD)
    assert done.returncode == 0, done.stderr
    (dataset.parent / "answer.json").write_text(done.stdout)
    assert done.stderr.count("epoch ") == 3
    assert "The encoder's weights: none." in done.stderr
    said = [line for line in done.stderr.splitlines() if line.endswith(" ...")]
    assert said == [
        "reading 4 images ...",
        "exporting the model to ONNX ...",
        "scoring 2 images of the part val ...",
        "scoring 2 images of the part test ...",
    ]
    return out


def test_a_run_leaves_its_folder(run: Path) -> None:
    assert {path.name for path in run.iterdir()} == FILES
    config = json.loads((run / "config.json").read_text())
    assert config["knobs"]["encoder"] == TINY["encoder"]
    assert config["images"]["train"] == ["field_0", "field_1", "field_2", "field_3"]
    assert config["encoder_weights_source"] == "none"
    rows = without_times(run)
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert rows[-1]["loss"] < rows[0]["loss"]


def test_the_answer_is_that_of_the_predictions(run: Path, dataset: Path) -> None:
    answer = json.loads((run.parent / "answer.json").read_text())
    assert answer["run"] == str(run)
    assert answer["epochs"] == 3
    assert answer["reason"] == "epochs"
    assert answer["onnx_difference"] < 1e-4
    assert set(answer["scores"]) == {"val", "test"}
    assert answer["scores"]["val"]["mean_iou"] == pytest.approx(answer["validation_mean_iou"])
    done = premask(
        "evaluate", run / "predictions" / "test", dataset / "masks", "--classes", 3, "--json"
    )
    scores = json.loads(done.stdout)
    assert scores["images"] == 2
    assert scores["mean_iou"] == pytest.approx(answer["scores"]["test"]["mean_iou"])


def test_the_page_shows_curves_scores_and_the_worst_images(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "Label maps against the truth: test" in page
    assert "absent: skip" in page
    assert "field_6" in page
    assert "field_7" in page
    assert "field_0" not in page
    assert "tu-test_efficientnet" in page
    assert "its figures flatter" in page
    assert not re.search(r'(src|href)="https?:', page)


def test_a_run_that_is_over_is_not_done_again(run: Path, dataset: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    done = premask("train", dataset, run, *knobs(), "--json", env=ONE_THREAD)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((run.parent / "answer.json").read_text())
    assert "epoch" not in done.stderr
    line = refusal("train", dataset, run, *knobs(epochs=4))
    assert "holds the result of another run (knobs differ)" in line
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_killed_and_started_again_it_ends_with_the_same_bytes(run: Path, dataset: Path) -> None:
    out = dataset.parent / "killed"
    words = command("train", dataset, out, *knobs())
    process = subprocess.Popen(
        words, stderr=subprocess.PIPE, text=True, env={**os.environ, **ONE_THREAD}
    )
    assert process.stderr is not None
    with process.stderr as lines:
        seen = next(line for line in lines if line.startswith("epoch 1 "))
        process.send_signal(signal.SIGKILL)
    assert seen
    assert process.wait() == -signal.SIGKILL
    assert not (out / "result.json").exists()
    done = premask("train", dataset, out, *knobs(), env=ONE_THREAD)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("epoch 1 ") == 1  # told again from the state, not learned again
    assert {path.name for path in out.iterdir()} == FILES
    same = ["config.json", "model.safetensors", "model.onnx", "predictions/test/field_6.png"]
    for name in same:
        assert (out / name).read_bytes() == (run / name).read_bytes(), name
    assert without_times(out) == without_times(run)


@pytest.mark.parametrize("more", [[], ["--per-type"]])
@pytest.mark.parametrize("place", ["", "runs/1", "../discs/images"])
def test_a_run_is_not_written_into_its_data_set(
    tmp_path: Path, place: str, more: list[str]
) -> None:
    data = write_dataset(tmp_path / "discs")
    (tmp_path / "link").symlink_to(data)
    before = {path: path.stat().st_mtime_ns for path in data.rglob("*")}
    line = refusal("train", tmp_path / "link", data / place, *knobs(), *more)
    assert "which a run must not change; name a folder outside it, e.g. discs-run" in line
    assert {path: path.stat().st_mtime_ns for path in data.rglob("*")} == before


def test_what_has_lost_its_splits_is_refused_in_one_line(tmp_path: Path) -> None:
    make_project(tmp_path, 3)
    build_dataset(open_project(tmp_path / "project"), tmp_path / "set", About("Steel"))
    (tmp_path / "set" / "splits.json").unlink()
    line = refusal("train", tmp_path / "set", tmp_path / "run", *knobs())
    assert "its splits are lost (splits.json: manifest.json names it; it is not there)" in line
    assert not (tmp_path / "run").exists()


def test_two_processes_of_torchrun_make_one_run_of_colour_images(tmp_path: Path) -> None:
    dataset, out = write_dataset(tmp_path / "colour", 4), tmp_path / "two"
    for path in (dataset / "images").iterdir():
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        cv2.imwrite(str(path), np.dstack([grey, 255 - grey, grey]))
    words = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
        "-m", "premask", "train", dataset, out, *knobs(crops_per_epoch=8, epochs=2, device="cpu"),
        "--json",
    ]  # fmt: skip
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, **ONE_THREAD},
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["epochs"] == 2
    assert {path.name for path in out.iterdir()} == FILES
    assert len(without_times(out)) == 2
    model = load_model(out)
    assert model.card.channels == 3
    assert model.card.names == ("phase 0", "phase 1", "phase 2")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--split", "folds"], "no split 'folds'"),
        (["--encoder", "resnet19"], "no encoder 'resnet19'"),
        (["--knob", "crop"], "KEY=VALUE is accepted"),
        (["--knob", "speed=3"], "no knob 'speed'"),
        (["--encoder-weights", "nowhere.pth"], "no weights at nowhere.pth"),
        (["--loss", "hinge"], "no loss 'hinge'"),
        (["--loss", "cross-entropy+"], "no loss ''"),
        (["--architecture", "unet3"], "no architecture 'unet3'"),
        (["--class-weights", "square"], "class_weights is 'square'"),
        (["--knob", "augment=flip,fog"], "no augmentation 'fog'"),
        (["--knob", "batch=1"], "batch is 1; 2 to 4096"),
        (["--knob", "device=tpu7"], "cannot train on the device 'tpu7'"),
        (["--knob", "device=meta"], "cannot train on the device 'meta'"),
        (["--knob", "device=cpu", "--knob", "precision=mixed"], "mixed precision needs a GPU"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    dataset: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    from typer.testing import CliRunner

    from premask.cli.main import app

    done = CliRunner().invoke(app, ["train", str(dataset), str(tmp_path / "out"), *words])
    assert isinstance(done.exception, PremaskError)
    assert message in str(done.exception)
    assert not (tmp_path / "out").exists()
    assert "The encoder's weights" not in done.stderr


def test_two_trainings_in_one_folder_are_noticed(dataset: Path, tmp_path: Path) -> None:
    order = Order(read_dataset(dataset), tmp_path / "out", make_config(given=TINY | {"epochs": 1}))
    lines: list[str] = []

    def meanwhile(*_: object) -> None:
        before = {path.name: path.read_bytes() for path in order.out.iterdir()}
        lines.append(refusal("train", dataset, order.out, *knobs(epochs=1)))
        assert {path.name: path.read_bytes() for path in order.out.iterdir()} == before

    assert train(order, meanwhile) is not None
    assert f"another premask is training here (process {os.getpid()})" in lines[0]
    assert len(lines) == 1
    assert {path.name for path in order.out.iterdir()} == FILES


def test_one_epoch_is_in_the_singular(tmp_path: Path) -> None:
    summary = {"epochs": 1, "best_epoch": 1, "reason": "epochs", "scores": {}}
    for n, noun in ((1, "1 epoch"), (2, "2 epochs")):
        first = answer_lines(Result(tmp_path, {**summary, "epochs": n}))[0]
        assert first == f"{noun}, the best was 1 (ended by epochs)"


def test_ctrl_c_says_what_is_kept(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for awaited, said in (
        (
            "reading 4 images",
            "stopped before the first epoch was finished: the same command begins",
        ),
        (
            "epoch 1 ",
            f"stopped; all finished epochs are kept in {out}, and the same command goes on",
        ),
    ):
        process = subprocess.Popen(
            command("train", dataset, out, *knobs(epochs=1000)),
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        assert process.stderr is not None
        with process.stderr as lines:
            assert next(line for line in lines if line.startswith(awaited))
            process.send_signal(signal.SIGINT)
            rest = lines.read()
        assert process.wait() == 130, rest
        assert said in rest
        assert "Traceback" not in rest
        assert not (out / "train.lock").exists()
        assert (out / "state.pt").exists() == awaited.startswith("epoch")


@pytest.mark.parametrize("name", ["taken", "taken/run"])
def test_a_file_is_no_folder_of_a_run(dataset: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "taken").write_text("mine")
    order = Order(read_dataset(dataset), tmp_path / name, make_config(given=TINY))
    with pytest.raises(PremaskError, match="taken is a file, where a folder is needed"):
        train(order)
    assert (tmp_path / "taken").read_text() == "mine"


def test_every_step_and_image_is_told(dataset: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    most: list[float] = []

    def step(what: str, done: int, total: int, seconds: float) -> None:
        told.append((what, done, total))
        most.append(seconds)

    config = make_config(given=TINY | {"epochs": 1, "minutes": 30})
    train(Order(read_dataset(dataset), tmp_path / "out", config), step=step)
    counted = [("images read", 4), ("steps of epoch 1", 6), *[("images scored", 2)] * 3]
    expected = [(what, done, total) for what, total in counted for done in range(total + 1)]
    assert list(dict.fromkeys(told)) == list(dict.fromkeys(expected))
    assert told.count(("images scored", 2, 2)) == 3  # to tell the best epoch, val, test
    assert all(0 < one <= 1800 for one in most[6:12])


def test_other_settings_leave_a_stopped_run_as_it_was(dataset: Path, tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    order = Order(read_dataset(dataset), tmp_path / "out", make_config(given=TINY))
    with pytest.raises(KeyboardInterrupt):
        train(order, stop)
    before = {path.name: path.read_bytes() for path in order.out.iterdir()}
    assert {"config.json", "state.pt"} <= set(before)
    told: list[str] = []
    other = replace(order, config=make_config(given=TINY | {"loss": "dice"}))
    with pytest.raises(PremaskError, match=r"of other settings: loss dice \(cross-entropy\)"):
        train(other, tell=told.append)
    assert told == ["reading 4 images ..."]
    assert {path.name: path.read_bytes() for path in order.out.iterdir()} == before
