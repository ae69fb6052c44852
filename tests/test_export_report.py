"""What the validation report of an export says: void, names, the candidates that were taken."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from exchange_projects import by_name, label, make_project
from premask.core.errors import PremaskError
from premask.core.exchange import Finding
from premask.core.phases import VOID
from premask.core.records import Cost, Parameters
from premask.interchange.formats import FORMATS
from premask.project.candidates import save_candidate
from premask.project.project import Project
from premask.workflow.add import change_image
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
    with pytest.raises(PremaskError, match=r"^a\.png: 600 px \(100 %\) are void, .* no.* exported"):
        export_label_maps(project, "png", tmp_path / "out", strict=True)
    assert not (tmp_path / "out").exists()
    label(project, {"a.png": np.zeros((20, 30), np.uint8)})
    assert not export_label_maps(project, "png", tmp_path / "out", strict=True).findings
