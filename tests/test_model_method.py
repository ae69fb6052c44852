"""A trained model as a pre-annotator: named regions, resumable, by the content of its file."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers import answer, premask, refusal
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.core.regions import order_by_grey
from premask.io.label_maps import read_label_map
from premask.naming.table import NameTable
from premask.project.candidates import all_candidates, read_regions, save_candidate
from premask.project.images import all_images, find_image, read_pixels
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images
from premask.workflow.derive import derive
from premask.workflow.method_scores import latest_candidates
from premask.workflow.model_method import is_model, model_parameters, model_table
from premask.workflow.preannotate import Summary, preannotate
from premask.workflow.project_tables import project_tables
from premask.workflow.study import check_arm, plan_study
from premask.workflow.verify import predictions
from tiny_models import card, grey_truth, particles, write_grey_model

pytest.importorskip("onnxruntime")

SMOOTH = (80, 110)


def picture(seed: int) -> np.ndarray:
    """Areas of three grey levels without specks, which the rule for islands would take away."""
    image = np.full(SMOOTH, 60, np.uint8)
    image[10 + seed : 40, 10:50] = 130
    image[50:75, 60 - seed : 100] = 220
    return image


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_grey_model(tmp_path / "run.v1" / "model.onnx").parent


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Its phases are in another order than the model's (dark, middle, bright), one is its own."""
    made = init_project(
        tmp_path / "steel", Settings(make_phases(["Bright", "Oxide", "Dark", "Middle"]))
    )
    (tmp_path / "in").mkdir()
    for seed in range(2):
        cv2.imwrite(str(tmp_path / "in" / f"{seed}.png"), picture(seed))
    add_images(made, sorted((tmp_path / "in").iterdir()))
    return made


def make(project: Project, run: Path, **kwargs: object) -> Summary:
    given: dict[str, object] = {"methods": [f"model:{run}"], "jobs": 1} | kwargs
    return preannotate(project, **given)  # type: ignore[arg-type]


def test_label_maps_are_the_predictions_in_the_phases_of_the_project(
    project: Project, run: Path
) -> None:
    summary = make(project, run, jobs=2)
    assert (summary.made, summary.present, summary.failed, summary.left_out) == (2, 0, [], [])
    of_project = np.array([2, 3, 0], np.uint8)  # dark, middle, bright
    for candidate in all_candidates(project):
        image = find_image(project, candidate.image)
        pixels = read_pixels(project, image)
        truth = grey_truth(pixels)
        assert np.array_equal(read_regions(project, candidate), order_by_grey(truth, pixels))
        derived = derive(project, candidate)
        assert derived.named
        assert np.array_equal(derived.label_map, of_project[truth])
        table = NameTable.from_dict(candidate.table)
        assert (table.source, table.complete) == ("model", True)
        assert candidate.parameters.n_regions == 3
        assert candidate.cost.seconds > 0
    assert len(predictions(project, "ana")) == 2  # for experts to verify


def test_what_is_there_is_not_made_again_unless_the_model_is_another(
    project: Project, run: Path
) -> None:
    assert make(project, run).made == 2
    again = make(project, run, seed=7, n_regions=12)
    assert (again.made, again.present) == (0, 2)
    write_grey_model(run / "model.onnx", described=replace(card(), facts={"epochs": 9}))
    assert make(project, run).made == 2
    assert make(project, run, options={f"model:{run}": {"test_time": "flips"}}).made == 2


def test_a_model_has_one_name_however_its_path_is_written(
    project: Project, run: Path, tmp_path: Path
) -> None:
    first = f"model:{run}"
    moved = shutil.copytree(run, tmp_path / "elsewhere")
    assert make(project, run, methods=[first, f"model:{moved}"]).made == 2
    others = [f"model:{run / '..' / run.name}", f"model:{moved}/model.onnx", first]
    again = make(project, run, methods=others)
    assert (again.made, again.present) == (0, 2)
    assert again.known == [f"{one} is the model that the project knows as {first}" for one in
                           others[:2]]  # fmt: skip
    shutil.rmtree(run)
    turned = make(project, run, methods=others[1:2], options={others[1]: {"test_time": "turns"}})
    assert turned.made == 2, "made from the file that is there, under the name that is known"
    assert {one.parameters.method for one in all_candidates(project)} == {first}
    out = answer("export", project.root, "--what", "candidates", "--method", others[1],
                 tmp_path / "maps")  # fmt: skip
    assert out
    answer("name", project.root, "--image", "0.png", "--method", others[1], "0=Oxide")
    plan = plan_study(project, ["ana", "ben"], arm=f"uniform:{others[1]}")
    assert plan.method == first


def test_a_wrong_path_of_a_model_names_the_one_that_may_be_meant(
    project: Project, run: Path
) -> None:
    for method, told in (
        (f"model:{run.with_name('rnu.v1')}", "did you mean run.v1?"),
        (f"model:{run.parent}", f"there is one in {run}"),
        (str(run), f"a trained model is told by --method model:{run}"),
    ):
        assert told in refusal("preannotate", project.root, "--method", method, "--jobs", 1)


def test_a_file_that_changed_keeps_its_name(project: Project, run: Path) -> None:
    make(project, run)
    write_grey_model(run / "model.onnx", described=replace(card(), facts={"epochs": 9}))
    assert make(project, run, methods=[f"model:{run / 'model.onnx'}"]).made == 2
    assert {one.parameters.method for one in all_candidates(project)} == {f"model:{run}"}


def test_two_names_of_one_model_are_one_row(project: Project, run: Path) -> None:
    """Projects have them from versions that took the path for the model."""
    make(project, run)
    (image, *_) = all_images(project)
    parameters = replace(model_parameters(f"model:{run}", {}), method="model:other")
    (one, _) = all_candidates(project)
    save_candidate(project, image, parameters, read_regions(project, one), one.cost, one.table)
    found = latest_candidates(project)
    assert {name: len(pairs) for name, pairs in found.items()} == {f"model:{run}": 2}
    assert find_method(project) == [f"model:{run}"]


def find_method(project: Project) -> list[str]:
    (table,) = project_tables(project, [1])[0]
    return [str(row[0]) for row in table.rows]


def test_phases_that_the_project_does_not_have_are_told_and_unnamed(
    tmp_path: Path, run: Path
) -> None:
    made = init_project(tmp_path / "other", Settings(make_phases(["DARK", "Oxide"])))
    cv2.imwrite(str(tmp_path / "a.png"), picture(0))
    add_images(made, [tmp_path / "a.png"])
    summary = make(made, run)
    assert summary.made == 1
    assert len(summary.left_out) == 1
    assert "no phase middle, bright; regions of it are without a name" in summary.left_out[0]
    (candidate,) = all_candidates(made)
    assert NameTable.from_dict(candidate.table).names == (0, None, None)
    assert set(np.unique(derive(made, candidate).label_map)) == {0, 255}


def test_only_a_person_changes_the_names(project: Project, run: Path) -> None:
    make(project, run, methods=[f"model:{run}", "multi-otsu"], n_regions=3)
    answer("name", project.root, "--by", "grey", "--order", "Oxide,Dark,Middle")
    sources = {
        candidate.parameters.method.split(":")[0]: NameTable.from_dict(candidate.table).source
        for candidate in all_candidates(project)
    }
    assert sources == {"model": "model", "multi-otsu": "grey"}
    answer("name", project.root, "--image", "0.png", "--method", f"model:{run}", "0=Oxide")
    table = next(
        NameTable.from_dict(one.table)
        for one in all_candidates(project)
        if one.parameters.method.startswith("model:")
    )
    assert table.source == "hand"
    assert table.names == (1, 3, 0)


def test_the_command_line_goes_from_a_model_to_label_maps(project: Project, run: Path) -> None:
    method = f"model:{run.name}"
    done = premask("preannotate", project.root, "--method", method, cwd=run.parent)
    assert done.returncode == 0, done.stderr
    assert "2 candidates made" in done.stdout
    words = ["preannotate", project.root, "--method", method]
    done = premask(*words, "--option", f"{method}.test_time=turns", cwd=run.parent)
    assert "2 candidates made" in done.stdout, done.stderr
    out = run.parent / "maps"
    answer("export", project.root, "--format", "png", "--what", "candidates",
           "--method", method, out)  # fmt: skip
    found = [path for path in out.rglob("*.png") if read_label_map(path).shape == SMOOTH]
    assert len(found) == 2
    gallery = premask("gallery", project.root, run.parent / "gallery.html")
    assert gallery.returncode == 0, gallery.stderr
    assert "named by the model" in (run.parent / "gallery.html").read_text(encoding="utf-8")


def test_models_that_cannot_run_are_refused(project: Project, run: Path, tmp_path: Path) -> None:
    for path, message in (
        (tmp_path, "there is no model at"),
        (tmp_path / "x", "there is no model"),
    ):
        assert message in refusal("preannotate", project.root, "--method", f"model:{path}")
    with pytest.raises(PremaskError, match=r"no option 'tile'; its options are test_time"):
        make(project, run, options={f"model:{run}": {"tile": 64}})
    with pytest.raises(PremaskError, match="test_time is 'all'"):
        make(project, run, options={f"model:{run}": {"test_time": "all"}})
    (run / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(PremaskError, match="damaged or is no ONNX model"):
        make(project, run)
    assert all_candidates(project) == []


def test_a_model_that_changes_during_a_run_is_noticed(run: Path) -> None:
    from premask.workflow.model_method import _loaded, model_regions

    parameters = model_parameters(f"model:{run}", {})
    _loaded.cache_clear()
    shutil.copy(write_grey_model(run / "other.onnx", channels=3), run / "model.onnx")
    with pytest.raises(PremaskError, match="changed while it was used; run the command again"):
        model_regions(particles(0)[0], parameters, 1)


def test_names_match_whatever_their_case() -> None:
    phases = make_phases(["TiN", "Alpha"])
    assert model_table(["ALPHA", "tin", "Fe2B"], phases).names == (1, 0, None)


def test_a_study_may_start_from_a_model() -> None:
    assert is_model("model:x")
    assert not is_model("multi-otsu")
    check_arm("uniform:model:runs/steel")
    with pytest.raises(PremaskError, match="pre-annotated arm is 'uniform:modl'"):
        check_arm("uniform:modl")
