"""Times that came along with label maps: kept under their own names, used by the study."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from helpers import answer, premask, write_images
from premask.core.errors import PremaskError
from premask.core.exchange import ToolTime
from premask.core.phases import make_phases
from premask.evaluate.effort import effort
from premask.io.label_maps import encode_label_map
from premask.project import objects
from premask.project.images import all_images, remove_image
from premask.project.imports import ImportedMap, store
from premask.project.project import Project, init_project
from premask.project.settings import Settings
from premask.workflow.add import add_images
from premask.workflow.project_tables import TableOptions, project_tables
from premask.workflow.report.build import write_report
from premask.workflow.tables import Column, Table, render
from premask.workflow.tool_times import measure_line, minutes_by

RULE = "active time, stops after 5 idle minutes"
MINUTES = {"scratch": (100.0, 120.0), "preannotated": (20.0, 30.0)}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two images under both strategies, with the times of Labelbox."""
    made = init_project(tmp_path / "p", Settings(make_phases(["A", "B"])))
    add_images(made, write_images(tmp_path / "i", 2), type_="I")
    label_map = np.zeros((96, 128), np.uint8)
    content = objects.put(made.root, encode_label_map(label_map, ["#000000"]), ".png")
    maps = [
        ImportedMap(
            image, content, "ana", strategy, "",
            (ToolTime("labelbox", "seconds_to_create", 60 * minutes, RULE),
             ToolTime("labelbox", "seconds_to_review", 6 * minutes, RULE)),
        )
        for strategy, own in MINUTES.items()
        for image, minutes in zip(all_images(made), own, strict=True)
    ]  # fmt: skip
    store(made, [], maps)
    return made


def test_the_saving_by_another_tools_time(project: Project) -> None:
    found = effort(minutes_by(project, "labelbox:seconds_to_create"))
    assert found.hours == (220 / 60, 50 / 60)
    assert found.saving_by_hours == pytest.approx(1 - 50 / 220)
    (row,) = found.types
    assert (row.type, row.scratch.median, row.preannotated.median) == ("I", 110, 25)
    review = effort(minutes_by(project, "labelbox:seconds_to_review"))
    assert review.hours == pytest.approx((22 / 60, 5 / 60))


def test_its_rule_stands_beside_the_figures(project: Project) -> None:
    options = TableOptions(measure="labelbox:seconds_to_create")
    (table, *_), _ = project_tables(project, [7], options)
    assert any(f"labelbox:seconds_to_create: {RULE}" in note for note in table.notes)
    out = project.root / "report.html"
    write_report(project, out, options=options)
    assert f"labelbox:seconds_to_create: {RULE}" in out.read_text("utf-8")


def test_times_of_tools_and_of_event_logs_are_never_mixed(project: Project) -> None:
    assert minutes_by(project, "active") == []
    with pytest.raises(PremaskError, match="did you mean labelbox:seconds_to_create"):
        minutes_by(project, "labelbox:seconds_to_creat")
    with pytest.raises(PremaskError, match="active, strict60, gap100, wall, labelbox"):
        measure_line(project, "cvat:working_time")


def test_a_removed_image_is_left_out_and_said(project: Project) -> None:
    remove_image(project, all_images(project)[0])
    found = effort(minutes_by(project, "labelbox:seconds_to_create"))
    assert found.hours == (2.0, 0.5)
    assert {one.why for one in found.left_out} == {"its image was removed from the project"}


def test_a_second_import_stands_for_the_first(project: Project) -> None:
    image = all_images(project)[0]
    content = objects.put(
        project.root, encode_label_map(np.ones((96, 128), np.uint8), ["#000000"]), ".png"
    )
    again = ToolTime("labelbox", "seconds_to_create", 3000.0, RULE)
    store(project, [], [ImportedMap(image, content, "ana", "scratch", "", (again,))])
    found = effort(minutes_by(project, "labelbox:seconds_to_create"))
    assert found.hours[0] == pytest.approx((50 + 120) / 60)


def test_they_are_listed(project: Project) -> None:
    image, other = all_images(project)
    content = objects.put(
        project.root, encode_label_map(np.ones((96, 128), np.uint8), ["#000000"]), ".png"
    )
    again = ToolTime("labelbox", "seconds_to_create", 3000.0, RULE)
    store(project, [], [ImportedMap(image, content, "ana", "scratch", "", (again,))])
    remove_image(project, other)
    listed = answer("status", project.root)["times"]
    assert len(listed) == 9
    assert listed[0] == {
        "image": "a.png",
        "type": "I",
        "annotator": "ana",
        "as": "scratch",
        "time": "labelbox:seconds_to_create",
        "seconds": 6000,
        "rule": RULE,
        "problem": "its label map was imported again since",
    }
    assert [one["problem"] for one in listed if one["image"] == "b.png"] == [
        "its image was removed from the project"
    ] * 4
    assert [one["seconds"] for one in listed if not one["problem"]] == [1200, 120, 3000]
    lines = premask("status", project.root, "--times").stdout.splitlines()
    assert lines[0] == f"{project.root}: 9 times of other tools"
    assert re.split("  +", lines[-3]) == [
        "a.png", "I", "ana", "scratch", "labelbox:seconds_to_create", "3000.0", "-",
    ]  # fmt: skip
    assert lines[-2:] == [f"labelbox:seconds_to_{what}: {RULE}" for what in ("create", "review")]
    shown = premask("status", project.root).stdout
    assert shown.endswith(f"\n9 times of other tools: premask status {project.root} --times\n")


def test_a_project_without_times_says_so(tmp_path: Path) -> None:
    init_project(tmp_path / "p", Settings(make_phases(["A", "B"])))
    shown = premask("status", tmp_path / "p", "--times").stdout
    assert shown == f"{tmp_path / 'p'}: no times of other tools came with imports\n"
    assert "of other tools" not in premask("status", tmp_path / "p").stdout
    assert answer("status", tmp_path / "p")["times"] == []


def test_table_8_comes_from_the_folder_of_the_models(project: Project, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    options = TableOptions(models=runs)
    with pytest.raises(PremaskError, match="give the folder of premask train"):
        write_report(project, project.root / "report.html", options=options)
    table = Table(
        "Table 8: models", (Column("Model"), Column("IoU %", 2)), (("G", 61.25),), ("P.",)
    )
    (runs / "table8.json").write_text(render(table, "json"), "utf-8")
    write_report(project, project.root / "report.html", options=options)
    page = (project.root / "report.html").read_text("utf-8")
    assert "Table 8: models" in page
    assert "61.25" in page
