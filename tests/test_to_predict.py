"""Which images ``premask predict`` takes: not label maps, projects, or what it has made itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers import answer, premask, refusal, write_images
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.deploy.watch import arrivals
from premask.io.label_maps import encode_label_map
from premask.project.project import init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images
from premask.workflow.to_predict import is_label_map, micrographs, source_of, to_predict
from tiny_models import write_dataset, write_grey_model


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    """A folder with micrographs, and with all that is none, in folders below."""
    root = tmp_path / "all"
    write_images(root / "day 1", 2)
    write_dataset(root / "set", 4)
    project = init_project(root / "steel", Settings(make_phases(["A", "B"])))
    add_images(project, write_images(tmp_path / "in", 1))
    maps = encode_label_map(np.eye(60, dtype=np.uint8), ["#112233", "#445566"])
    (root / "day 1" / "map.png").write_bytes(maps)
    return root


def names(source: Path, out: Path) -> list[str]:
    found = to_predict("run", source, out)
    return [path.relative_to(found.source).as_posix() for path in found.images]


def test_micrographs_are_taken_and_nothing_else(everything: Path, tmp_path: Path) -> None:
    fields = [f"set/images/field_{i}.png" for i in range(4)]
    found = to_predict("run", everything, tmp_path / "out")
    assert names(everything, tmp_path / "out") == ["day 1/a.png", "day 1/b.png", *fields]
    assert len(list((everything / "steel" / "objects").rglob("*.png"))) == 1
    (note,) = found.notes
    assert note.startswith(f"6 files below {everything} are left out: what premask has made, ")


def test_of_a_data_set_the_images_are_taken(everything: Path, tmp_path: Path) -> None:
    fields = [f"field_{i}.png" for i in range(4)]
    dataset = everything / "set"
    assert names(dataset, tmp_path / "out") == fields
    (dataset / "unlabelled").mkdir()
    (note,) = to_predict("run", dataset, tmp_path / "out").notes
    assert note.startswith(f"{dataset} is a data set: its images/ are taken")
    assert note.endswith(f"for its unlabelled/ give {dataset / 'unlabelled'}")


def test_a_released_data_set_lies_in_folders_of_classes(tmp_path: Path) -> None:
    write_images(tmp_path / "images_class1", 2)
    write_images(tmp_path / "labels" / "labels", 2)
    found = ["images_class1/a.png", "images_class1/b.png"]
    assert names(tmp_path, tmp_path / "out") == found


def test_what_was_predicted_before_is_not_predicted(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    run = write_grey_model(tmp_path / "run" / "model.onnx").parent
    write_images(tmp_path / "data" / "in", 2)
    answer("predict", run, tmp_path / "data" / "in", tmp_path / "data" / "before")
    done = premask("predict", run, tmp_path / "data", tmp_path / "data" / "now")
    assert done.returncode == 0, done.stderr
    assert "2 label maps made" in done.stdout
    assert "4 files below" in done.stderr
    again = refusal("predict", run, tmp_path / "data" / "before", tmp_path / "out")
    assert "has no image (PNG, JPEG, BMP or TIFF) (4 files below" in again


def test_a_project_is_refused_with_what_to_do(everything: Path, tmp_path: Path) -> None:
    run = write_grey_model(tmp_path / "a run" / "model.onnx").parent
    steel = everything / "steel"
    said = refusal("predict", run, steel, tmp_path / "out")
    assert said.endswith(f"premask preannotate {steel} --method 'model:{run}'")
    assert "inside a project" in refusal("predict", run, steel / "objects", tmp_path / "out")
    assert "is a project" in refusal("predict", run, steel, tmp_path / "out", "--watch")
    for out in (steel, steel / "objects", everything / "set"):
        assert "give another folder for the label maps" in refusal(
            "predict", run, everything / "day 1", out
        )
    with pytest.raises(PremaskError, match="no such file"):
        source_of("run", tmp_path / "none")


def test_label_maps_are_known_by_their_palette(tmp_path: Path) -> None:
    grey = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    coloured = grey.convert("RGB").quantize(64)
    ramp = grey.copy()
    ramp.putpalette([level for i in range(256) for level in (i, i, i)])
    path = tmp_path / "a.png"
    for image in (grey, coloured, ramp):
        image.save(path)
        assert not is_label_map(path)
    path.write_bytes(encode_label_map(np.zeros((9, 9), np.uint8), ["#ffffff"] * 64))
    assert is_label_map(path)
    with pytest.raises(PremaskError, match="is a label map that premask has made"):
        to_predict("run", path, tmp_path / "out")
    path.write_bytes(b"nothing")
    assert not is_label_map(path)


def test_a_watched_folder_gives_micrographs_alone(everything: Path, tmp_path: Path) -> None:
    looks: Iterator[bool] = iter([True, False])
    coming = arrivals(
        everything, tmp_path / "out", wait=lambda _seconds: next(looks), listing=micrographs
    )
    seen = {path.parent.name for path in coming if not is_label_map(path)}
    assert seen == {"day 1", "images"}
    cv2.imwrite(str(everything / "day 1" / "c.png"), np.zeros((9, 9), np.uint8))
    assert len(micrographs(everything, tmp_path / "out")) == 8
