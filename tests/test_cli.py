"""The real command line: from a folder of images to named, scored candidates."""

from __future__ import annotations

import json
import os
import shlex
import stat
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers import answer, premask, refusal, small_micrograph, small_truth, write_images


@pytest.fixture(scope="module")
def steel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three images with candidates of two methods and a truth; read only."""
    root = tmp_path_factory.mktemp("cli")
    paths = write_images(root / "in", 3)
    (root / "truth").mkdir()
    for path in paths:
        truth = small_truth(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))
        Image.fromarray(truth).save(root / "truth" / path.name)
    project = root / "steel"
    answer("init", project, "--classes", "Matrix,Disc")
    added = answer("add", project, root / "in", "--type", "I", "--um-per-px", 0.5)["added"]
    assert [(image["name"], image["um_per_px"]) for image in added] == [
        ("a.png", 0.5), ("b.png", 0.5), ("c.png", 0.5),
    ]  # fmt: skip
    made = answer("preannotate", project, "--method", "multi-otsu", "--method", "texture",
                  "--regions", 3, "--jobs", 1)  # fmt: skip
    assert made["made"] == 6
    assert answer("import", project, "--format", "png", root / "truth")["imported"] == [
        "a.png", "b.png", "c.png",
    ]  # fmt: skip
    for method in ("multi-otsu", "texture"):
        answer("name", project, "--image", "a.png", "--method", method,
               "0=Matrix", "1=Disc", "2=Disc")  # fmt: skip
    named = answer("name", project, "--by", "prototypes")["named"]
    assert len(named) == 4
    assert [one["margin"] for one in named] == sorted(one["margin"] for one in named)
    return project


def test_status_shows_how_far_each_image_has_come(steel: Path) -> None:
    images = answer("status", steel)["images"]
    assert [(i["candidates"], i["named"], i["reference"]) for i in images] == [(2, 2, True)] * 3
    assert "a.png" in premask("status", steel).stdout


def test_commands_are_proposed_as_a_shell_takes_them(tmp_path: Path) -> None:
    project = tmp_path / "my steel"
    assert premask("init", project, "--classes", "titanium boride,iron").returncode == 0
    assert premask("add", project, *write_images(tmp_path / "in", 1)).returncode == 0
    answer("preannotate", project, "--method", "multi-otsu", "--regions", 2, "--jobs", 1)
    told = refusal("name", project, "--by", "prototypes")
    words = shlex.split(told.partition("name one first: ")[2])
    assert words[:3] == ["premask", "name", str(project)]
    assert words[-2:] == ["0=titanium boride", "..."]
    told = refusal("tables", project, "--table", 5)
    assert f"premask import '{project}' --format png FOLDER" in told


def test_prototypes_name_the_other_images_as_the_first(steel: Path, tmp_path: Path) -> None:
    answer("export", steel, "--what", "candidates", "--method", "multi-otsu", tmp_path / "out")
    for i, name in enumerate("abc"):
        exported = Image.open(tmp_path / "out" / f"{name}.png")
        assert exported.mode == "P"
        truth = small_truth(small_micrograph(i))
        assert (np.asarray(exported) == truth).mean() > 0.9


def test_tables_5_and_6_score_against_the_imported_truth(steel: Path) -> None:
    tables = answer("tables", steel)["tables"]
    assert json.loads(premask("tables", steel, "--format", "json").stdout) == {"tables": tables}
    assert [table["title"][:7] for table in tables] == [f"Table {n}" for n in (1, 3, 4, 5, 6)]
    for form in ("text", "csv", "latex"):
        printed = premask("tables", steel, "--format", form).stdout
        assert "multi-otsu" in printed
        assert "given" in printed
    assert "many-to-one" in premask("tables", steel, "--naming", "many-to-one").stdout


def test_the_gallery_is_one_page(steel: Path, tmp_path: Path) -> None:
    page = tmp_path / "gallery.html"
    assert answer("gallery", steel, page)["bytes"] == page.stat().st_size
    html = page.read_text()
    for name in ("a.png", "b.png", "c.png", "multi-otsu", "texture", "Matrix", "Disc"):
        assert name in html


def test_evaluate_answers_by_the_contract(steel: Path, tmp_path: Path) -> None:
    answer("export", steel, "--what", "candidates", "--method", "multi-otsu", tmp_path / "out")
    truth = steel.parent / "truth"
    scores = answer("evaluate", tmp_path / "out", truth, "--classes", 2)
    assert {"mean_iou", "iou", "dice", "mean_dice", "boundary_f1", "hausdorff", "hausdorff95",
            "policy", "images"} <= set(scores)  # fmt: skip
    assert scores["images"] == 3
    assert 0.5 < scores["mean_iou"] <= 1
    assert answer("evaluate", truth, truth, "--classes", 2)["mean_iou"] == 1
    assert "mean" in premask("evaluate", truth, truth, "--classes", 2).stdout.lower()


def test_islands_are_shown_changed_and_brought_back(steel: Path) -> None:
    def shown() -> list[tuple[str, int]]:
        rows = answer("islands", steel, "--image", "b.png", "--method", "multi-otsu")["islands"]
        return [(row["rule"], row["px"]) for row in rows]

    before = shown()
    answer("islands", steel, "--image", "b.png", "--method", "multi-otsu", "Matrix=500", "Disc=500")
    more = shown()
    assert sum(px for _, px in more) > sum(px for _, px in before)
    answer("islands", steel, "--image", "b.png", "--method", "multi-otsu", "--off")
    assert sum(px for _, px in shown()) == 0
    answer("islands", steel, "--image", "b.png", "--method", "multi-otsu", "--default")
    assert shown() == before


def test_the_original_frame_is_padded_with_void(tmp_path: Path) -> None:
    (path,) = write_images(tmp_path / "in", 1)
    project = tmp_path / "p"
    answer("init", project, "--classes", "A,B")
    answer("add", project, path, "--crop-bottom", 20)
    answer("preannotate", project, "--method", "kmeans", "--regions", 2)
    done = premask("export", project, "--what", "candidates", "--frame", "original", tmp_path / "o")
    assert "region indices" in done.stdout
    exported = np.asarray(Image.open(tmp_path / "o" / "a.png"))
    assert exported.shape == (96, 128)
    assert (exported[76:] == 255).all()
    assert (exported[:76] < 2).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["init", "{new}"], "--classes"),
        (["init", "{new}", "--classes", "A"], "2 to"),
        (["init", "{new}", "--preset", "microstel"], "did you mean microsteel"),
        (["status", "{new}"], "premask init"),
        (["add", "{steel}", "{new}"], "new"),
        (["add", "{steel}", "{steel}", "--um-per-px", "-1"], "positive"),
        (["add", "{steel}", "{steel}", "--crop-bottom", "a lot"], "auto or a whole number"),
        (["preannotate", "{steel}", "--method", "kmean"], "did you mean kmeans"),
        (["preannotate", "{steel}", "--regions", "1"], "2 to"),
        (["preannotate", "{steel}", "--method", "kmeans", "--option", "sigma"], "METHOD.KEY"),
        (["preannotate", "{steel}", "--method", "kmeans", "--option", "kmeans.x=1"], "no option"),
        (["preannotate", "{steel}", "--method", "sam"], "weights"),
        (["name", "{steel}"], "--by"),
        (["name", "{steel}", "--by", "size"], "prototypes or grey"),
        (["name", "{steel}", "0=Disc"], "--image"),
        (["name", "{steel}", "--image", "a", "--method", "texture", "0=Disk"], "did you mean Disc"),
        (["name", "{steel}", "--image", "a", "--method", "texture", "9=Disc"], "region 9"),
        (["name", "{steel}", "--image", "zz", "--method", "texture", "0=Disc"], "no image"),
        (["tables", "{steel}", "--table", "2"], "no table 2"),
        (["tables", "{steel}", "--table", "7"], "premask study plan"),
        (["tables", "{steel}", "--format", "word"], "word"),
        (["export", "{steel}", "--format", "pgn", "{new}"], "did you mean png"),
        (["export", "{steel}", "--what", "label", "{new}"], "did you mean labels"),
        (["import", "{steel}", "--format", "png", "{new}"], "does not exist"),
        (["evaluate", "{new}", "{new}", "--classes", "3"], "new"),
        (["islands", "{steel}", "Disk=4"], "did you mean Disc"),
        (["islands", "{steel}", "Disc=4", "--off"], "one of them"),
        (["doctor", "{new}"], "premask init"),
        (["methods", "{new}"], "premask init"),
    ],
)
def test_bad_input_gets_one_line_that_says_what_to_do(
    steel: Path, tmp_path: Path, arguments: list[str], said: str
) -> None:
    places = {"steel": str(steel), "new": str(tmp_path / "new")}
    assert said in refusal(*[argument.format(**places) for argument in arguments])


def test_bad_files_are_told_and_the_others_go_on(tmp_path: Path) -> None:
    (good,) = write_images(tmp_path / "in", 1)
    (tmp_path / "in" / "cut.png").write_bytes(good.read_bytes()[:500])
    (tmp_path / "in" / "empty.tif").write_bytes(b"")
    (tmp_path / "in" / "text.jpg").write_text("not an image")
    project = tmp_path / "p"
    answer("init", project, "--classes", "A,B")
    done = premask("add", project, tmp_path / "in", "--json")
    assert done.returncode == 2
    assert [image["name"] for image in json.loads(done.stdout)["added"]] == ["a.png"]
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    for name in ("cut.png", "empty.tif", "text.jpg"):
        assert sum(name in line for line in lines) == 1


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    closed.chmod(stat.S_IRUSR | stat.S_IXUSR)
    if os.access(closed, os.W_OK):
        pytest.skip("this user may write everywhere")
    assert "closed" in refusal("init", closed / "p", "--classes", "A,B")


def test_no_phase_has_the_name_of_what_is_not_labelled(tmp_path):
    told = refusal("init", tmp_path / "p", "--classes", "Alpha,Void")
    assert "cannot be called 'Void'" in told
    assert not (tmp_path / "p").exists()


def test_the_version_and_every_help_are_printed() -> None:
    assert premask("--version").stdout.startswith("premask 0.")
    commands = ["demo", "doctor", "init", "add", "set", "status", "preannotate", "name", "islands",
                "gallery", "methods", "evaluate", "tables", "import", "export"]  # fmt: skip
    overview = premask("--help").stdout
    for name in commands:
        assert name in overview
        assert premask(name, "--help").returncode == 0


def test_doctor_tells_which_methods_can_run() -> None:
    report = answer("doctor")
    assert report["methods"]["multi-otsu"] is None
    assert "sam_vit_b_01ec64.pth" in report["methods"]["sam"]


def test_demo_makes_a_page_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    images = tmp_path / "own"
    write_images(images, 2)
    out = tmp_path / "demo"
    first = answer("demo", out, "--images", images)
    assert first["images"] == 2
    assert Path(first["gallery"]).exists()
    assert answer("demo", out, "--images", images)["candidates"] == first["candidates"]
    assert "other files" in refusal("demo", images)
