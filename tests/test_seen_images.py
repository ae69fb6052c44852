"""Scores of a model say how many of their images it has seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit_project import make_project, write_run
from premask.evaluate.policy import Policy
from premask.project.images import all_images
from premask.project.project import Project
from premask.workflow.preannotate import preannotate
from premask.workflow.project_tables import TableOptions, project_tables
from premask.workflow.seen_images import Exposure, exposure
from premask.workflow.tables import Table

pytest.importorskip("onnxruntime")

SEEN = "scored images trained it or told its best epoch (known by stem)"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path / "steel")


def notes(project: Project, run: Path) -> list[str]:
    """What Tables 5 and 6 say of a model; both the same."""
    method = f"model:{run}"
    preannotate(project, methods=[method], jobs=1)
    tables, _ = project_tables(project, [5, 6], TableOptions(method=method))
    five, six = ([line for line in table.notes if line.startswith(method)] for table in tables)
    assert five == six
    return [line.removeprefix(f"{method}: ") for line in five]


@pytest.mark.parametrize(
    ("parts", "validation", "told"),
    [
        (
            {"train": ["a"], "val": ["b"], "test": ["c"]},
            "val",
            f"2 of 3 {SEEN}: figures over these flatter and are no test.",
        ),
        (
            {"train": ["A"], "val": ["b"]},
            "none",
            f"1 of 3 {SEEN}: figures over these flatter and are no test.",
        ),
        (
            {"train": ["others"]},
            "none",
            f"none of 3 {SEEN}.",
        ),
    ],
)
def test_tables_tell_how_many_images_the_model_has_seen(
    project: Project, tmp_path: Path, parts: dict[str, list[str]], validation: str, told: str
) -> None:
    assert notes(project, write_run(tmp_path / "run", parts, validation=validation)) == [told]


def test_images_are_known_by_content_where_the_run_tells_it(
    project: Project, tmp_path: Path
) -> None:
    ids = {image.name: image.id for image in all_images(project)}
    run = write_run(tmp_path / "run", {"train": ["x", "c"]}, {"x": ids["a.png"], "c": "f" * 64})
    (line,) = notes(project, run)
    assert line.startswith("1 of 3 scored images trained it or told its best epoch (known by con")


def test_what_nobody_knows_is_told(project: Project, tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"train": ["others"]})
    (run / "config.json").unlink()
    (line,) = notes(project, run)
    assert line.startswith("whether it was trained on 3 scored images is not known, as config.json")


def test_another_model_in_the_same_place_tells_nothing_of_the_first(
    project: Project, tmp_path: Path
) -> None:
    run = write_run(tmp_path / "run", {"train": ["others"]})
    assert notes(project, run)[0].startswith("none of 3")
    (run / "model.onnx").write_bytes((run / "model.onnx").read_bytes() + b"\0")
    tables, _ = project_tables(project, [5])
    assert any("is not known" in line for line in tables[0].notes)


def table6(project: Project, method: str | None = None) -> Table:
    options = TableOptions(Policy(naming="many-to-one"), method=method)
    return project_tables(project, [6], options)[0][0]


def test_table_6_chooses_no_model_that_has_seen_the_images(
    project: Project, tmp_path: Path
) -> None:
    seen = f"model:{write_run(tmp_path / 'seen', {'train': ['a']})}"
    preannotate(project, methods=[seen, "multi-otsu"], n_regions=2, jobs=1)
    table = table6(project)
    assert "multi-otsu" in table.title
    assert table.notes[-1].startswith(f"{seen} has a higher mean IoU, but has seen images")
    named = table6(project, seen)
    assert seen in named.title
    assert "higher" not in named.notes[-1]


def test_table_6_chooses_a_model_that_has_seen_none(project: Project, tmp_path: Path) -> None:
    fresh = f"model:{write_run(tmp_path / 'fresh', {'train': ['others']})}"
    preannotate(project, methods=[fresh, "multi-otsu"], n_regions=2, jobs=1)
    assert fresh in table6(project).title


def test_table_6_is_of_a_model_that_has_seen_the_images_where_there_is_no_other(
    project: Project, tmp_path: Path
) -> None:
    seen = f"model:{write_run(tmp_path / 'seen', {'train': ['a']})}"
    preannotate(project, methods=[seen], jobs=1)
    table = table6(project)
    assert seen in table.title
    assert table.notes[-1].endswith("figures over these flatter and are no test.")


def test_methods_that_do_not_learn_have_seen_nothing() -> None:
    assert exposure("kmeans", []) == Exposure()
