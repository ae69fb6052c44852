from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers import premask, refusal
from premask.core.errors import PremaskError
from premask.evaluate.scores import score
from premask.workflow.evaluate import evaluate_folders, evaluation_rows, evaluation_table
from premask.workflow.label_folders import image_stem, read_types

TRUTH = np.array([[0, 0, 0, 1], [0, 0, 0, 1]], np.uint8)
HALF = np.array([[0, 0, 1, 1], [0, 0, 1, 1]], np.uint8)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("predicted", "truth"):
        (tmp_path / name).mkdir()
    return tmp_path / "predicted", tmp_path / "truth"


def save(path: Path, labels: np.ndarray) -> None:
    Image.fromarray(labels.astype(np.uint8)).save(path, format="PNG")


def save_pair(folders: tuple[Path, Path], name: str, prediction=HALF, truth=TRUTH) -> None:
    save(folders[0] / name, prediction)
    save(folders[1] / name, truth)


def types(folder: Path, text: str) -> Path:
    path = folder / "types.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_pairs_are_matched_by_stem_and_scored_together(folders):
    save_pair(folders, "a.png")
    save(folders[0] / "b.png", TRUTH)
    save(folders[1] / "b.jpg.png", TRUTH)
    found = evaluate_folders(*folders, 2)
    assert found.matched == ("a", "b")
    expected = score([(HALF, TRUTH), (TRUTH, TRUTH)], 2).to_dict()
    answer = found.to_dict()
    assert {key: answer[key] for key in expected} == expected
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    assert found.unmatched == ()


def test_folders_of_parts_are_hinted_at(folders):
    predicted, truth = folders
    save(truth / "a.png", TRUTH)
    (predicted / "empty").mkdir()
    assert refusal("evaluate", *folders, "--classes", 2).endswith("index PNGs, one an image")
    for part in ("other", "test"):
        (predicted / part).mkdir()
        save(predicted / part / "a.png", HALF)
        line = refusal("evaluate", *folders, "--classes", 2)
        assert line.endswith(f"e.g. {predicted / part}")
    assert "there are some in other, test within it" in line
    assert evaluate_folders(predicted / "test", truth, 2).matched == ("a",)


def test_phases_have_the_names_that_are_given(folders):
    save_pair(folders, "a.png")
    plain = premask("evaluate", *folders, "--classes", 2, "--json")
    named = premask("evaluate", *folders, "--classes", "Alpha, TiB2", "--json")
    assert plain.returncode == named.returncode == 0, named.stderr
    by_index, by_name = json.loads(plain.stdout), json.loads(named.stdout)
    assert list(by_index["iou"]) == ["0", "1"]
    assert by_name["iou"] == {"Alpha": by_index["iou"]["0"], "TiB2": by_index["iou"]["1"]}
    assert by_name["mean_iou"] == by_index["mean_iou"] == pytest.approx((4 / 6 + 2 / 4) / 2)
    assert "TiB2" in premask("evaluate", *folders, "--classes", "Alpha,TiB2").stdout


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ("1", "the number of phases is 1"),
        ("-3", "the number of phases is -3"),
        ("5.0", "--classes is '5.0'; the number of phases is accepted, e.g. 5, or their names"),
        ("Alpha", "--classes is 'Alpha'"),
        ("Alpha,", "phase 1 has an empty name"),
        ("Alpha,alpha", "alpha"),
    ],
)
def test_classes_that_cannot_be_are_refused(folders, classes, message):
    save_pair(folders, "a.png")
    assert message in refusal("evaluate", *folders, f"--classes={classes}")


def test_what_has_no_partner_is_named(folders, tmp_path):
    save_pair(folders, "a.png")
    save(folders[0] / "extra.png", HALF)
    save(folders[1] / "lone.png", TRUTH)
    (folders[0] / "notes.txt").write_text("x")
    (folders[0] / ".DS_Store").write_text("x")
    (folders[0] / "older").mkdir()
    found = evaluate_folders(*folders, 2, types_csv=types(tmp_path, "b,I\n"))
    assert found.only_predicted == ("extra.png",)
    assert found.only_truth == ("lone.png",)
    assert found.ignored == ("notes.txt",)
    assert found.untyped == ("a",)
    assert found.types_unmatched == ("b",)
    assert found.unmatched == (
        "1 predicted, without a truth: extra.png",
        "1 truth, without a prediction: lone.png",
        "1 not a PNG: notes.txt",
        "1 without a type, in the overall figures only: a",
        "1 in the CSV of types, but not compared: b",
    )
    assert found.to_dict()["unmatched"]["truth"] == ["lone.png"]


@pytest.mark.parametrize(
    "text",
    [
        "stem,type\na,I\nb,II\n",
        "a,I\nb,II\n",
        "\ufeffFile;Type\na.jpg.png;I\n\nmasks/b.tif;II\n",
        "image\tclass\na.png\tI\nb\tII\n",
    ],
)
def test_types_come_from_a_csv_however_it_is_written(folders, tmp_path, text):
    save_pair(folders, "a.png")
    save_pair(folders, "b.png", TRUTH)
    found = evaluate_folders(*folders, 2, types_csv=types(tmp_path, text))
    assert {name: part.images for name, part in found.scores.types.items()} == {"I": 1, "II": 1}
    assert found.scores.types["II"].mean_iou == 1
    assert found.unmatched == ()


def test_an_image_called_image_is_no_header_unless_it_is_first(tmp_path):
    assert read_types(types(tmp_path, "a,I\nimage,II\n")).by_stem == {"a": "I", "image": "II"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,I\nb\n", r"line 2: 'b' is not stem,type"),
        ("a,I\nb,\n", r"line 2: 'b,' is not stem,type"),
        ("a,I\na.png,II\n", r"line 2: a has the type 'II' and, further up, 'I'"),
    ],
)
def test_a_csv_of_types_that_cannot_be_read_is_refused(tmp_path, text, message):
    with pytest.raises(PremaskError, match=message):
        read_types(types(tmp_path, text))


def test_a_missing_or_binary_csv_of_types_is_refused(tmp_path):
    with pytest.raises(PremaskError, match="cannot be read"):
        read_types(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PremaskError, match="not UTF-8"):
        read_types(tmp_path / "binary.csv")


def test_sizes_that_differ_name_the_file_and_the_information_bar(folders):
    save_pair(folders, "a.png", np.vstack([HALF, HALF]))
    with pytest.raises(PremaskError, match=r"a\.png.* is 4x4 px and the truth 4x2 px.*2 px taller"):
        evaluate_folders(*folders, 2)


@pytest.mark.parametrize(
    ("prediction", "truth", "message"),
    [
        (HALF + 2, TRUTH, r"a\.png: the prediction has the value 2"),
        (HALF, TRUTH + 1, r"a\.png: the truth has the value 2"),
    ],
)
def test_values_that_are_no_phase_name_the_file(folders, prediction, truth, message):
    save_pair(folders, "a.png", prediction, truth)
    with pytest.raises(PremaskError, match=message):
        evaluate_folders(*folders, 2)


def test_regions_may_have_any_index_when_the_truth_names_them(folders):
    save_pair(folders, "a.png", TRUTH + 40)
    assert evaluate_folders(*folders, 2, naming="many-to-one").scores.mean_iou == 1


def test_two_files_of_one_stem_are_refused(folders):
    save_pair(folders, "a.png")
    save(folders[1] / "a.jpg.png", TRUTH)
    with pytest.raises(PremaskError, match=r"has a\.jpg\.png and a\.png, which are one image"):
        evaluate_folders(*folders, 2)


def test_nothing_matched_is_an_error_that_shows_both_sides(folders, tmp_path):
    save(folders[0] / "a.png", HALF)
    save(folders[1] / "b.png", TRUTH)
    with pytest.raises(PremaskError, match=r"a\.png.*b\.png.*matched by name"):
        evaluate_folders(*folders, 2)
    with pytest.raises(PremaskError, match="none is not there; give a folder"):
        evaluate_folders(tmp_path / "none", folders[1], 2)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PremaskError, match="has no PNG"):
        evaluate_folders(tmp_path / "empty", folders[1], 2)


def test_a_truncated_file_is_named(folders):
    save_pair(folders, "a.png")
    whole = (folders[0] / "a.png").read_bytes()
    (folders[0] / "a.png").write_bytes(whole[:40])
    with pytest.raises(PremaskError, match=r"a\.png"):
        evaluate_folders(*folders, 2)


def test_rows_are_by_type_then_overall_with_the_policy(folders, tmp_path):
    save_pair(folders, "a.png")
    save_pair(folders, "b.png", TRUTH)
    found = evaluate_folders(*folders, 3, types_csv=types(tmp_path, "a,I\nb,II\n"))
    header, rows, policy = evaluation_rows(found)
    assert header == [
        "Type", "Images", "IoU phase 0 %", "IoU phase 1 %", "IoU phase 2 %", "Mean IoU %",
        "Mean Dice %", "Boundary F1 %", "Hausdorff px", "Hausdorff 95 px",
    ]  # fmt: skip
    assert rows[0] == ["I", "1", "66.67", "50.00", "-", "58.33", "73.33", "100.00", "1.0", "1.0"]
    assert [row[0] for row in rows] == ["I", "II", "all images"]
    assert "absent: skip" in " ".join(policy)
    assert evaluation_table(found).notes == tuple(policy)


def test_progress_is_told_after_each_image(folders):
    save_pair(folders, "a.png")
    save_pair(folders, "b.png")
    told: list[tuple[int, int]] = []
    evaluate_folders(*folders, 2, progress=lambda done, of: told.append((done, of)))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("name", ["x", "x.PNG", "x.jpg.png", "a/b/x.tif", r"a\x.bmp", " x.jpeg "])
def test_stem_is_the_name_without_folder_and_endings(name):
    assert image_stem(name) == "x"


@pytest.mark.data
@pytest.mark.parametrize(("name", "phases"), [("uhcs", 4), ("nasa_ebc", 3), ("nasa_super", 3)])
def test_real_masks_agree_with_themselves(data, name, phases):
    masks = data / name / "masks"
    found = evaluate_folders(masks, masks, phases)
    answer = found.to_dict()
    assert answer["images"] == len(list(masks.glob("*.png")))
    assert answer["mean_iou"] == answer["mean_dice"] == answer["boundary_f1"] == 1
    assert answer["hausdorff"] == 0
