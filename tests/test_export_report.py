"""What the validation report of an export says: void, names, the candidates that were taken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
import pytest

from exchange_projects import by_name, label, make_project, picture
from helpers import answer, premask
from premask.cli.exchange import taken
from premask.core.errors import PremaskError
from premask.core.exchange import Finding
from premask.core.phases import VOID
from premask.core.records import Cost, Parameters
from premask.interchange.formats import FORMATS
from premask.io.label_maps import encode_label_map
from premask.project import objects
from premask.project.candidates import save_candidate
from premask.project.images import all_images
from premask.project.imports import ImportedMap, store
from premask.project.project import Project
from premask.workflow.add import add_images, change_image
from premask.workflow.export_labels import export_label_maps

SHAPES = {"a.png": (20, 30), "b.png": (20, 30)}
COST = Cost(0.1, 0.1, 1.0, 1, "a machine")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path, SHAPES)


def candidates(project: Project, methods: Mapping[str, str]) -> None:
    """A candidate of two regions and some void for each method, on the images of these letters."""
    for seed, (method, letters) in enumerate(methods.items()):
        regions = np.zeros((20, 30), np.uint8)
        regions[:10] = 1
        regions[5, : seed + 1] = VOID
        for letter in letters:
            image = by_name(project)[f"{letter}.png"]
            assert save_candidate(project, image, Parameters(method, 2), regions, COST)


def of_kind(kind: str, findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if one.kind == kind]


# -- void


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("frame", ["crop", "original"])
def test_void_is_counted_once_and_without_the_padding(
    project: Project, tmp_path: Path, format_: str, frame: str
) -> None:
    change_image(project, by_name(project)["a.png"], crop_bottom=4)
    label_map = np.ones((16, 30), np.uint8)
    label_map[3, 7:9] = VOID
    label(project, {"a.png": label_map, "b.png": np.zeros((20, 30), np.uint8)})
    done = export_label_maps(project, format_, tmp_path / "out", frame=frame)
    (finding,) = of_kind("unlabelled", done.findings)
    assert (finding.where, finding.count, finding.at) == ("a.png", 2, (3, 7))
    assert finding.message == "2 px (0.417 %) are void"


def test_void_of_candidates_is_counted_for_each(project: Project, tmp_path: Path) -> None:
    candidates(project, {"kmeans": "a", "texture": "ab"})
    done = export_label_maps(project, "label-studio", tmp_path / "out", what="candidates")
    assert [(f.where, f.message) for f in of_kind("unlabelled", done.findings)] == [
        ("a.png", "1 px (0.167 %) of the candidate of kmeans are void"),
        ("a.png", "2 px (0.333 %) of the candidate of texture are void"),
        ("b.png", "2 px (0.333 %) of the candidate of texture are void"),
    ]


def test_void_is_an_error_under_strict(project: Project, tmp_path: Path) -> None:
    void = np.full((20, 30), VOID, np.uint8)
    label(project, {"a.png": void, "b.png": np.zeros((20, 30), np.uint8)})
    with pytest.raises(PremaskError, match=r"^a\.png: 600 px \(100 %\) are void .*nothing was"):
        export_label_maps(project, "png", tmp_path / "out", strict=True)
    assert not (tmp_path / "out").exists()
    label(project, {"a.png": np.zeros((20, 30), np.uint8)})
    assert not export_label_maps(project, "png", tmp_path / "out", strict=True).findings


# -- names


def add_named(project: Project, folder: Path, names: list[str]) -> list[str]:
    """Images of some names and other sizes, each in a folder of its own; their ids."""
    found = []
    for i, name in enumerate(names):
        path = folder / f"more{i}" / name
        path.parent.mkdir()
        path.write_bytes(cv2.imencode(".png", picture(i, (9 + i, 30)))[1].tobytes())
        found += [image.id for image in add_images(project, [path], crop_bottom=0).added]
    return found


def label_all(project: Project) -> None:
    colours = [phase.colour for phase in project.phases.phases]
    for image in all_images(project):
        label_map = np.zeros((image.view_height, image.width), np.uint8)
        key = objects.put(project.root, encode_label_map(label_map, colours), ".png")
        store(project, [], [ImportedMap(image, key, "ana", "reference", "")])


def test_a_second_image_of_one_name_is_told(project: Project, tmp_path: Path) -> None:
    (again,) = add_named(project, tmp_path, ["A.png"])
    label_all(project)
    out = tmp_path / "out"
    done = export_label_maps(project, "png", out)
    (finding,) = done.findings
    name = f"A-{again[:8]}"
    assert (finding.kind, finding.where) == ("name", "A.png")
    assert finding.message == f"it goes out as {name}, since another image goes out as a"
    assert sorted(one.name for one in out.glob("*.png")) == sorted(
        ["a.png", "b.png", f"{name}.png"]
    )
    with pytest.raises(PremaskError, match=f"it goes out as {name}"):
        export_label_maps(project, "png", tmp_path / "strict", strict=True)


def test_the_name_with_the_id_may_be_taken_too(tmp_path: Path) -> None:
    first = make_project(tmp_path, {"x.png": (4, 5)})
    (again,) = add_named(first, tmp_path, ["x.png"])
    (tmp_path / "second").mkdir()
    second = make_project(tmp_path / "second", {"x.png": (4, 5), f"x-{again[:8]}.png": (5, 5)})
    add_named(second, tmp_path / "second", ["x.png"])
    label_all(second)
    out = tmp_path / "out"
    done = export_label_maps(second, "png", out)
    wanted = ["x", f"x-{again[:8]}", f"x-{again[:16]}"]
    assert sorted(one.stem for one in out.glob("*.png")) == wanted
    assert [one.message.split(",")[0] for one in done.findings] == [f"it goes out as {wanted[2]}"]


def test_a_name_that_is_no_files_name_everywhere_is_told(tmp_path: Path) -> None:
    project = make_project(tmp_path, {"a:b?.png": (4, 5), "c.png": (5, 5)})
    label_all(project)
    (finding,) = export_label_maps(project, "npz", tmp_path / "out").findings
    assert (finding.kind, finding.where) == ("name", "a:b?.png")
    assert finding.message.startswith("it goes out as a_b_, since its name has characters")


# -- which candidates


def test_candidates_are_pointed_to_where_there_are_no_labels(
    project: Project, tmp_path: Path
) -> None:
    candidates(project, {"kmeans": "a", "texture": "b"})
    said = r"nothing to export \(labels\), but .* of kmeans, texture; add --what candidates"
    with pytest.raises(PremaskError, match=said):
        export_label_maps(project, "png", tmp_path / "out")


def test_a_method_without_any_candidates_is_nothing_to_export(
    project: Project, tmp_path: Path
) -> None:
    with pytest.raises(PremaskError, match=r"nothing to export \(candidates\)"):
        export_label_maps(project, "png", tmp_path / "out", what="candidates", method="kmeans")


def test_the_methods_that_were_taken_are_told(project: Project, tmp_path: Path) -> None:
    add_named(project, tmp_path, ["c.png", "d.png"])
    candidates(project, {"kmeans": "ab", "texture": "b"})
    shown = premask("export", project.root, tmp_path / "1", "--what", "candidates").stdout
    assert (
        "Taken was the newest candidate of each image, whatever its method (--method picks one):\n"
        "  kmeans: a.png\n  texture: b.png\n"
    ) in shown
    how = ("--format", "label-studio", "--what", "candidates")
    shown = premask("export", project.root, tmp_path / "2", *how).stdout
    assert (
        "Taken was the newest candidate of each method:\n  kmeans: a.png, b.png\n  texture: b.png\n"
    ) in shown
    told = answer("export", project.root, tmp_path / "2", *how)["candidates"]
    assert told == [
        {"image": "a.png", "methods": ["kmeans"]},
        {"image": "b.png", "methods": ["kmeans", "texture"]},
    ]
    one = premask("export", project.root, tmp_path / "3", *how, "--method", "kmeans").stdout
    assert "Taken" not in one
    label_all(project)
    assert answer("export", project.root, tmp_path / "4")["candidates"] == []


def test_many_images_of_a_method_are_cut_short() -> None:
    candidates = [(name, ["kmeans"]) for name in "abcde"]
    assert taken(candidates, several=False)[1:] == [
        "  kmeans: a, b, c and 2 more (--json lists all)"
    ]
