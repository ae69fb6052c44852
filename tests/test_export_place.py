"""Where exports go: over an earlier export, and over nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exchange_projects import label, make_project
from premask.core.errors import PremaskError
from premask.project.images import all_images, remove_image
from premask.project.project import Project
from premask.workflow.exchange import MANIFEST
from premask.workflow.export_labels import export_label_maps
from premask.workflow.import_labels import import_label_maps

SHAPES = {"a.png": (20, 30), "b.png": (20, 30)}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = make_project(tmp_path, SHAPES)
    for i, image in enumerate(all_images(made)):
        label(made, {image.name: np.full((20, 30), i, np.uint8)})
    return made


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("format_", ["png", "labelme"])
def test_micrographs_are_never_replaced(project: Project, tmp_path: Path, format_: str) -> None:
    scans = tmp_path / "scans"
    scans.mkdir()
    for name in SHAPES:
        Image.fromarray(np.full((20, 30), 7, np.uint8)).save(scans / name)
    before = contents(scans)
    with pytest.raises(PremaskError, match=r"2 files that would be replaced .* e\.g\. a\.png"):
        export_label_maps(project, format_, scans)
    assert contents(scans) == before


def test_an_earlier_export_is_replaced_and_other_files_stay(
    project: Project, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export_label_maps(project, "png", out)
    (out / "notes.txt").write_text("mine")
    label(project, {"a.png": np.full((20, 30), 3, np.uint8)})
    export_label_maps(project, "png", out)
    assert np.unique(np.asarray(Image.open(out / "a.png"))).tolist() == [3]
    assert (out / "notes.txt").read_text() == "mine"
    assert json.loads((out / MANIFEST).read_text("utf-8"))["files"] == ["a.png", "b.png"]
    export_label_maps(project, "npz", out)
    assert json.loads((out / MANIFEST).read_text("utf-8"))["files"] == [
        "a.npz", "a.png", "b.npz", "b.png",
    ]  # fmt: skip


def test_two_projects_do_not_share_a_folder(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export_label_maps(project, "png", out)
    before = contents(out)
    remove_image(project, all_images(project)[0])
    with pytest.raises(PremaskError, match=r"an export of other images \(a\)"):
        export_label_maps(project, "png", out)
    assert contents(out) == before


def test_the_project_itself_and_other_zips_are_no_place(project: Project, tmp_path: Path) -> None:
    for place in (project.root, project.root / "objects", project.root / "new" / "out"):
        with pytest.raises(PremaskError, match="lies in the project"):
            export_label_maps(project, "png", place)
    other = tmp_path / "o.zip"
    other.write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.raises(PremaskError, match="no export of premask"):
        export_label_maps(project, "png", other)
    mine = tmp_path / "m.zip"
    export_label_maps(project, "png", mine)
    export_label_maps(project, "png", mine)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("x.tar.gz", ".tar.gz"), ("x.TGZ", ".TGZ"), ("x.7z", ".7z"), ("x.rar", ".rar")],
)
def test_other_archives_are_not_written(
    project: Project, tmp_path: Path, name: str, kind: str
) -> None:
    out = tmp_path / "out" / name
    said = f"of the kind {kind} is not written; a folder or a name that ends in .zip is accepted"
    with pytest.raises(PremaskError, match=re.escape(said)) as refused:
        export_label_maps(project, "png", out)
    assert str(refused.value).endswith(f"e.g. {out.parent / 'x.zip'}")
    assert not out.parent.exists()


def test_a_folder_is_taken_whatever_its_name(project: Project, tmp_path: Path) -> None:
    for name in ("steel 1.5", "x.tar.gz"):
        (tmp_path / name).mkdir()
        export_label_maps(project, "png", tmp_path / name)
        assert (tmp_path / name / MANIFEST).exists()
    export_label_maps(project, "png", tmp_path / "new 1.5")
    assert (tmp_path / "new 1.5" / MANIFEST).exists()


def test_label_maps_have_no_method(project: Project, tmp_path: Path) -> None:
    with pytest.raises(PremaskError, match="--what candidates to export those of texture"):
        export_label_maps(project, "png", tmp_path / "out", method="texture")


def test_a_rename_that_is_never_met_is_told(project: Project, tmp_path: Path) -> None:
    export_label_maps(project, "cvat", tmp_path / "out")
    done = import_label_maps(project, "cvat", tmp_path / "out", renames={"TiX": "Alpha"})
    (finding,) = [one for one in done.findings if one.where == "--map"]
    assert "no label in the files is called 'TiX'; names there:" in finding.message
    done = import_label_maps(project, "cvat", tmp_path / "out", renames={"alpha": "TiB2 fine"})
    assert not [one for one in done.findings if one.where == "--map"]


def test_a_time_that_nobody_worked_is_left_out(project: Project, tmp_path: Path) -> None:
    export_label_maps(project, "label-studio", tmp_path / "out")
    (tasks,) = [p for p in (tmp_path / "out").rglob("*.json") if p.name != MANIFEST]
    text = json.loads(tasks.read_text("utf-8"))
    for task, seconds in zip(text, (60.0, 1e308), strict=True):
        for annotation in task["annotations"]:
            annotation["lead_time"] = seconds
    tasks.write_text(json.dumps(text), "utf-8")
    done = import_label_maps(project, "label-studio", tmp_path / "out", kind="scratch")
    told = [one.message for one in done.findings if "lead_time says" in one.message]
    assert len(told) == 1
    assert "1e+308 s on one image, more than 30 days" in told[0]
    assert done.times == ["label-studio:lead_time"]
