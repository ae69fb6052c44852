"""Which label maps candidates are scored against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from helpers import write_images
from premask.core.errors import PremaskError
from premask.core.phases import VOID, make_phases
from premask.naming.table import make_table
from premask.project.candidates import all_candidates, set_names
from premask.project.images import all_images
from premask.project.label_maps import save_label_map
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images
from premask.workflow.preannotate import preannotate
from premask.workflow.project_tables import TableOptions, project_tables
from premask.workflow.references import default_reference, reference_notes

SHAPE = (48, 64)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = init_project(tmp_path / "steel", Settings(make_phases(["Matrix", "Disc"])))
    add_images(made, write_images(tmp_path / "in", 3, SHAPE), crop_bottom=0)
    return made


def mapped(project: Project, strategy: str, images: str, void_rows: int = 0) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:, 32:] = 1
    labels[:void_rows] = VOID
    for image in all_images(project):
        if image.name[0] in images:
            save_label_map(project, image, labels, annotator="ana", strategy=strategy)


@pytest.mark.parametrize(
    ("kinds", "chosen"),
    [
        ({}, "imported"),
        ({"scratch": "abc"}, "scratch"),
        ({"scratch": "abc", "agreed": "a"}, "scratch"),
        ({"scratch": "ab", "agreed": "ab"}, "agreed"),
        ({"scratch": "abc", "reference": "ab"}, "scratch"),
        ({"reference": "abc", "scratch": "abc", "agreed": "abc"}, "imported"),
        ({"reference": "a", "scratch": "bc"}, "scratch"),
        ({"reference": "a", "agreed": "b", "scratch": "c"}, "imported"),
    ],
)
def test_the_reference_is_what_the_project_has(
    project: Project, kinds: dict[str, str], chosen: str
) -> None:
    for strategy, images in kinds.items():
        mapped(project, strategy, images)
    assert default_reference(project) == chosen


def test_one_agreed_map_does_not_take_the_other_images_out_of_the_tables(
    project: Project,
) -> None:
    preannotate(project, methods=["multi-otsu"], n_regions=2)
    for candidate in all_candidates(project):
        set_names(project, candidate, make_table([0, 1], source="hand").to_dict())
    mapped(project, "scratch", "abc")
    mapped(project, "agreed", "b", void_rows=12)
    (five, six), _ = project_tables(project, [5, 6])
    assert [row[2] for row in five.rows if row[0] == "all images"] == [3]
    assert six.title == "Table 6: quality of multi-otsu against the label maps from scratch"
    (five, six), _ = project_tables(project, [5, 6], TableOptions(reference="agreed"))
    assert six.title.endswith("against the agreed label maps")
    for table in (five, six):
        notes = " ".join(table.notes)
        assert "2 images of 3 have no such label map and are not scored: a.png, c.png." in notes
        assert "25.0 % of the reference's pixels are void." in notes


def test_notes_say_nothing_where_there_is_nothing_to_say(project: Project) -> None:
    mapped(project, "scratch", "abc")
    assert reference_notes(project, "scratch") == []
    with pytest.raises(PremaskError, match="did you mean scratch"):
        reference_notes(project, "scratck")
