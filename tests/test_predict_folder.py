"""``premask predict``: folders, going on, names, bars, faults, and a folder that is watched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from helpers import answer, command, premask, refusal
from premask.core.errors import DiskFullError
from premask.deploy import folder as module
from premask.deploy.folder import RECORDS, Done, Job, images_of, predict_images
from premask.deploy.predictor import Model, Options, load_model
from premask.deploy.watch import arrivals
from premask.io.images import image_stem
from premask.io.label_maps import read_label_map
from premask.synthetic import synthesize
from tiny_models import card, grey_truth, particles, write_grey_model

pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "steel-run"
    folder.mkdir()
    return write_grey_model(folder / "model.onnx").parent


@pytest.fixture(scope="module")
def model(run: Path) -> Model:
    return load_model(run, threads=1)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Two PNGs, one of them in a folder below, and a 16-bit TIFF."""
    root = tmp_path / "images"
    (root / "day 2").mkdir(parents=True)
    cv2.imwrite(str(root / "a.png"), particles(0)[0])
    cv2.imwrite(str(root / "day 2" / "b.png"), particles(1)[0])
    tifffile.imwrite(root / "c.tif", particles(2)[0].astype(np.uint16) * 257)
    return root


def rows(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / RECORDS).read_text().splitlines()]


def test_a_folder_gets_label_maps_confidence_and_records(
    run: Path, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = answer("predict", run, images, out, "--threads", 1)
    assert said == {"out": str(out), "made": 3, "present": 0, "failed": [], "renamed": []}
    expected = {"a.png": 0, "day 2/b.png": 1, "c.png": 2}
    for file, seed in expected.items():
        labels = read_label_map(out / file)
        confidence = cv2.imread(str(out / "confidence" / file), cv2.IMREAD_UNCHANGED)
        assert confidence.shape == labels.shape
        assert confidence.dtype == np.uint8
        if seed < 2:
            assert np.array_equal(labels, grey_truth(particles(seed)[0]))
    found = {str(row["image"]): row for row in rows(out)}
    assert set(found) == {"a.png", "day 2/b.png", "c.tif"}
    shares = found["a.png"]["fractions"]
    truth = grey_truth(particles(0)[0])
    assert shares == {
        name: pytest.approx(float((truth == i).mean()), abs=1e-6)
        for i, name in enumerate(card().names)
    }


def test_done_images_are_skipped_and_changed_ones_are_not(
    model: Model, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def again(job: Job) -> tuple[int, int]:
        done = predict_images(job, images, images_of(images, out))
        assert done.failed == []
        return done.made, done.present

    job = Job(model, out)
    assert again(job) == (3, 0)
    assert again(job) == (0, 3)
    cv2.imwrite(str(images / "a.png"), particles(7)[0])
    assert again(job) == (1, 2)
    assert np.array_equal(read_label_map(out / "a.png"), grey_truth(particles(7)[0]))
    (out / "confidence" / "a.png").unlink()
    assert again(job) == (1, 2)
    assert again(Job(model, out, Options(test_time="flips"))) == (3, 0)
    text = (out / RECORDS).read_text()
    (out / RECORDS).write_text(text[:-40])  # the power went in the middle of a line
    assert again(Job(model, out, Options(test_time="flips"))) == (1, 2)
    assert again(Job(model, out, Options(test_time="flips"))) == (0, 3)


def test_images_of_one_name_get_label_maps_that_nobody_confuses(
    model: Model, tmp_path: Path
) -> None:
    root, out = tmp_path / "images", tmp_path / "out"
    (root / "confidence").mkdir(parents=True)
    seeds = {"a.png": 0, "a.bmp": 1, "A_bmp.png": 2, "confidence/a.png": 3, "b.png": 4}
    for name, seed in seeds.items():
        cv2.imwrite(str(root / name), particles(seed)[0])
    job = Job(model, out)
    told = predict_images(job, root, images_of(root, out)).renamed
    assert predict_images(job, root, images_of(root, out)).present == 5
    files = {str(row["image"]): str(row["label_map"]) for row in rows(out)}
    assert files["b.png"] == "b.png"
    assert files["a.png"] == "a_png.png"
    assert sorted(told) == [
        f"the label map of {name} is {file}"
        for name, file in sorted(files.items())
        if file.casefold() != name.casefold()
    ]
    kept = [str(path.relative_to(out)) for path in out.rglob("*.png")]
    stems = {f"{Path(file).parent}/{image_stem(file)}".casefold() for file in kept}
    assert len(stems) == len(kept) == 10, "a label map and a confidence map each"
    for name, file in files.items():
        assert np.array_equal(read_label_map(out / file), grey_truth(particles(seeds[name])[0]))


def test_an_image_that_comes_later_leaves_the_names_of_the_first(
    run: Path, model: Model, tmp_path: Path
) -> None:
    root, out = tmp_path / "images", tmp_path / "out"
    root.mkdir()
    cv2.imwrite(str(root / "plain.png"), particles(0)[0])
    job = Job(model, out)
    assert predict_images(job, root, iter(images_of(root, out))).renamed == []
    cv2.imwrite(str(root / "plain.jpg"), particles(1)[0])
    done = premask("predict", run, root, out, "--threads", 1)
    assert "premask: the label map of plain.jpg is plain_jpg.png" in done.stderr
    assert "several images have one name" in done.stderr
    found = answer("quantify", out)
    assert sorted(one["name"] for one in found["images"]) == ["plain.png", "plain_jpg.png"]
    assert np.array_equal(read_label_map(out / "plain.png"), grey_truth(particles(0)[0]))


def test_predictions_inside_the_images_are_not_predicted(model: Model, images: Path) -> None:
    job = Job(model, images / "out")
    for made in (3, 0):
        assert predict_images(job, images, images_of(images, job.out)).made == made


@pytest.mark.parametrize(
    ("frame", "crop", "rows_below"),
    [("crop", "auto", 0), ("original", "auto", 1), ("crop", 10, 0), ("original", 10, 1)],
)
def test_information_bars_are_left_out(
    model: Model, tmp_path: Path, frame: str, crop: str | int, rows_below: int
) -> None:
    made = synthesize("I", seed=0, shape=(240, 320), with_bar=True)
    path = tmp_path / "bar.png"
    cv2.imwrite(str(path), made.image)
    bar = made.image.shape[0] - made.truth.shape[0] if crop == "auto" else int(crop)
    job = Job(model, tmp_path / "out", crop_bottom=crop, frame=frame)
    assert predict_images(job, path, [path]).failed == []
    labels = read_label_map(tmp_path / "out" / "bar.png")
    kept = made.image.shape[0] - bar
    assert bar > 0
    assert labels.shape[0] == kept + bar * rows_below
    assert np.array_equal(labels[:kept], grey_truth(made.image[:kept]))
    assert (labels[kept:] == 255).all()


def test_images_that_cannot_be_read_end_nothing(run: Path, images: Path, tmp_path: Path) -> None:
    (images / "cut.png").write_bytes((images / "a.png").read_bytes()[:500])
    (images / "text.tif").write_text("no image")
    done = premask("predict", run, images, tmp_path / "out", "--no-confidence")
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith("premask: not made: ")]
    assert [line.split(": ")[2] for line in lines] == ["cut.png", "text.tif"]
    assert "3 label maps made" in done.stdout
    assert not (tmp_path / "out" / "confidence").exists()


def test_a_full_disk_ends_the_run_with_what_is_whole(
    model: Model, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = []

    def full(path: Path, data: bytes) -> None:
        if len(written) == 3:
            raise DiskFullError("the disk is full")
        written.append(path)
        path.write_bytes(data)

    monkeypatch.setattr(module, "write_atomically", full)
    job = Job(model, tmp_path / "out")
    with pytest.raises(DiskFullError):
        predict_images(job, images, images_of(images, job.out))
    monkeypatch.undo()
    done = predict_images(job, images, images_of(images, job.out))
    assert (done.made, done.present) == (2, 1)


def test_what_cannot_be_is_refused(run: Path, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    for words, message in (
        ([run, tmp_path / "empty", out], "has no image"),
        ([run, tmp_path / "nowhere", out], "there is no such file or folder"),
        ([tmp_path, images, out], f"there is no model at {tmp_path}/model.onnx"),
        ([run.parent, images, out], f"there is one in {run}"),
        ([run.with_name("stel-run"), images, out], f"did you mean {run.name}?"),
        ([run / "model.onx", images, out], "did you mean model.onnx?"),
        ([run, images, images], "holds the micrographs; give another folder for the label maps"),
        ([run, images / "a.png", images], "e.g. images-predicted"),
        ([run, images, images / "a.png"], "a.png is a file, where a folder is needed"),
        ([run, images, images / "a.png" / "out"], "a.png is a file, where a folder is needed"),
        ([run, images, out, "--tile", 100], "a multiple of 32"),
        ([run, images, out, "--crop-bottom", "-3"], "auto or a number of rows"),
        ([run, images / "a.png", out, "--watch"], "is not a folder"),
    ):
        assert message in refusal("predict", *words)
    assert not (out / RECORDS).exists()
    cut = premask("predict", run, images, out, "--crop-bottom", 5000)
    assert cut.returncode == 2
    assert "5000 rows are to be cut off an image of 96" in cut.stderr


def looks(actions: list[Callable[[], object]]) -> Callable[[float], bool]:
    """A wait that does something between two looks, and ends after the last."""
    left = iter(actions)

    def wait(seconds: float) -> bool:
        assert seconds == 2.0
        action = next(left, None)
        if action is not None:
            action()
        return action is not None

    return wait


def test_arrivals_are_taken_when_they_are_complete(tmp_path: Path) -> None:
    images, out = tmp_path / "images", tmp_path / "images" / "out"
    out.mkdir(parents=True)
    (images / "there.png").write_bytes(b"1")
    (images / "notes.txt").write_bytes(b"1")

    def append(name: str) -> Callable[[], object]:
        def act() -> None:
            with (images / name).open("ab") as file:
                file.write(b"more")

        return act

    def nothing() -> None:
        pass

    def hide() -> None:
        images.rename(tmp_path / "away")

    def show() -> None:
        (tmp_path / "away").rename(images)

    wait = looks(
        [
            append("new.tif"),  # there.png is taken: same at two looks
            append("new.tif"),  # still being written
            nothing,  # new.tif is taken
            append("out/label.png"),
            nothing,
            append("there.png"),  # changed: taken again when it rests
            hide,
            show,
            nothing,
            nothing,
        ]
    )
    seen = [path.name for path in arrivals(images, out, wait=wait)]
    assert seen == ["there.png", "new.tif", "there.png"]


def test_an_endless_stream_is_predicted_as_it_comes(
    model: Model, images: Path, tmp_path: Path
) -> None:
    told: list[tuple[int, str]] = []

    def stream() -> Iterator[Path]:
        for path in (images / "a.png", images / "gone.png", images / "c.tif"):
            told.append((len(told), path.name))
            yield path

    seen: list[int] = []

    def watch(done: Done) -> None:
        seen.append(done.made)
        assert len(told) == len(seen)  # one at a time

    done = predict_images(Job(model, tmp_path / "out"), images, stream(), watch)
    assert (done.made, len(done.failed)) == (2, 1)
    assert "gone.png: the file cannot be read" in done.failed[0]


def test_watching_ends_with_ctrl_c(run: Path, images: Path, tmp_path: Path) -> None:
    words = command("predict", run, images, tmp_path / "out", "--watch", "--seconds", 0.1)
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "3 label maps made" in line:
            process.send_signal(signal.SIGINT)
            break
    said, rest = process.communicate(timeout=60)
    assert process.returncode == 0, rest
    assert "3 label maps made" in said
    assert "stopped" in rest
