"""``premask quantify`` of what was predicted, of a data set, and of the folder of a run."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from helpers import answer, premask, refusal, write_images
from premask.core.errors import PremaskError
from premask.deploy.records import RECORDS
from premask.io.label_maps import encode_label_map
from premask.workflow.quantify.measure import find_sources
from tiny_models import card, grey_truth, particles, write_grey_model

COLOURS = ["#111111", "#dd2200", "#0044ff"]
SCALE = 0.025


def write_scaled(path: Path, image: np.ndarray, um_per_px: float) -> None:
    per_cm = 1e4 / um_per_px
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, image, resolution=(per_cm, per_cm), resolutionunit="CENTIMETER")


@pytest.fixture
def predicted(tmp_path: Path) -> Path:
    """Predictions of two images of one scale, one of them in a folder below."""
    pytest.importorskip("onnxruntime")
    run = write_grey_model(tmp_path / "run" / "model.onnx").parent
    for seed, name in enumerate(("a.tif", "day 2/b.tif")):
        write_scaled(tmp_path / "scans" / name, particles(seed)[0], SCALE)
    answer("predict", run, tmp_path / "scans", tmp_path / "predicted", "--threads", 1)
    return tmp_path / "predicted"


def test_predictions_have_the_scales_names_and_colours_of_the_model(predicted: Path) -> None:
    found = answer("quantify", predicted)
    assert (found["unit"], found["phases"]) == ("µm", list(card().names))
    assert [one["um_per_px"] for one in found["images"]] == [pytest.approx(SCALE)] * 2
    for seed, image in enumerate(found["images"]):
        truth = grey_truth(particles(seed)[0])
        for phase, name in enumerate(card().names):
            share = image["phases"][name]["fraction"]["mean"]
            assert share == pytest.approx((truth == phase).mean())
    assert found["unmatched"] == []
    sources = find_sources(predicted)
    assert tuple(colour for _, colour in sources.phases) == card().colours


def test_what_the_user_says_stands_above_the_records(predicted: Path) -> None:
    words = ["--um-per-px", 0.5, "--classes", "A,B,C"]
    found = answer("quantify", predicted, *words)
    assert found["phases"] == ["A", "B", "C"]
    assert [one["um_per_px"] for one in found["images"]] == [0.5, 0.5]


def test_what_is_not_recorded_or_not_there_is_told(predicted: Path) -> None:
    (predicted / "own.png").write_bytes(encode_label_map(np.ones((9, 9), np.uint8), COLOURS))
    (predicted / "day 2" / "b.png").unlink()
    found = answer("quantify", predicted)
    assert [one["name"] for one in found["images"]] == ["a.png"]
    assert found["unmatched"] == [
        f"1 in {RECORDS}, but not there: day 2/b.png",
        f"1 not in {RECORDS}: own.png",
    ]
    (predicted / "a.png").unlink()
    with pytest.raises(PremaskError, match=r"has no label map that predictions\.jsonl"):
        find_sources(predicted)


def test_predictions_of_models_with_other_phases_are_not_mixed(predicted: Path) -> None:
    first, *rest = (predicted / RECORDS).read_text(encoding="utf-8").splitlines()
    row = json.loads(first)
    row["fractions"] = {"Alpha": 0.5, "Beta": 0.5}
    (predicted / RECORDS).write_text("\n".join([json.dumps(row), *rest]) + "\n", encoding="utf-8")
    with pytest.raises(PremaskError, match=r"models with different phases: a\.png of Alpha, Beta"):
        find_sources(predicted)
    assert [name for name, _ in find_sources(predicted, classes="A,B,C").phases] == ["A", "B", "C"]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """As ``premask dataset build`` writes one: two labelled images of two types and a bare one."""
    root = tmp_path / "set"
    write_images(root / "images", 3, (60, 80))
    (root / "labels").mkdir()
    rows = []
    for i, stem in enumerate("ab"):
        labels = np.zeros((60, 80), np.uint8)
        labels[: 6 * (i + 1)] = 1
        (root / "labels" / f"{stem}.png").write_bytes(encode_label_map(labels, COLOURS[:2]))
        rows.append(
            {
                "stem": stem,
                "image": {"file": f"images/{stem}.png"},
                "type": "I" * (i + 1),
                "group": "heat 1",
                "um_per_px": 0.5,
                "label_map": "final",
                "label_maps": [{"strategy": "final", "file": f"labels/{stem}.png"}],
            }
        )
    bare = {"stem": "c", "image": {"file": "images/c.png"}, "type": None, "group": "c"}
    phases = [
        {"index": i, "name": name, "colour": COLOURS[i]} for i, name in enumerate(("Fe", "TiB2"))
    ]
    manifest = {
        "premask_dataset": 1,
        "phases": phases,
        "types": {},
        "inside": {},
        "images": rows,
        "unlabelled": [{**bare, "um_per_px": None}],
    }
    (root / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return root


def test_a_data_set_has_its_scale_types_names_and_images(dataset: Path, tmp_path: Path) -> None:
    found = answer("quantify", dataset, "--out", tmp_path / "numbers")
    assert (found["unit"], found["phases"]) == ("µm", ["Fe", "TiB2"])
    assert [one["name"] for one in found["specimens"]] == ["I", "II"]
    assert [one["phases"]["TiB2"]["fraction"]["pooled"] for one in found["specimens"]] == [0.1, 0.2]
    assert found["unmatched"] == ["1 without a label map: c"]
    sources = find_sources(dataset)
    assert [colour for _, colour in sources.phases] == COLOURS[:2]
    assert sources.images[0].photo is not None
    shown = cv2.imread(str(dataset / "images" / "a.png"), cv2.IMREAD_GRAYSCALE)
    assert np.array_equal(sources.images[0].photo(), shown)
    assert [name for name, _ in find_sources(dataset, classes="A,B").phases] == ["A", "B"]


def test_groups_are_specimens_where_no_type_is_known(dataset: Path) -> None:
    manifest = json.loads((dataset / "manifest.json").read_text(encoding="utf-8"))
    for row in manifest["images"]:
        row["type"] = None
    (dataset / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert {one.specimen for one in find_sources(dataset).images} == {"heat 1"}
    (dataset / "manifest.json").unlink()
    plain = find_sources(dataset)
    assert {one.specimen for one in plain.images} == {"set"}
    assert [name for name, _ in plain.phases] == ["phase 0", "phase 1"]


def test_a_run_is_refused_with_the_folder_of_its_label_maps(tmp_path: Path) -> None:
    run = tmp_path / "run"
    (run / "predictions" / "test").mkdir(parents=True)
    (run / "model.onnx").write_bytes(b"")
    assert f"premask quantify {run}/predictions/test" in refusal("quantify", run)
    (run / "predictions" / "test" / "a.png").write_bytes(
        encode_label_map(np.eye(60, dtype=np.uint8), COLOURS[:2])
    )
    done = premask("quantify", run / "predictions" / "test")
    assert done.returncode == 0, done.stderr
