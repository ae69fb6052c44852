"""Experts verify predictions: accept, or reject with a reason (paper, section 4.2)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from helpers import start_server, write_images
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.core.records import Cost, Parameters
from premask.project.candidates import all_candidates, save_candidate, set_names
from premask.project.database import open_database
from premask.project.images import all_images
from premask.project.project import Project, init_project, open_project
from premask.project.sessions import add_annotator
from premask.project.settings import Settings
from premask.project.verdicts import newest_verdicts
from premask.server.app import STATIC
from premask.workflow.add import add_images
from premask.workflow.report.build import write_report
from premask.workflow.study import plan_study
from premask.workflow.verify import give_verdict, predictions, verdicts_table

SHAPE = (96, 128)
NAMES = {"names": [0, 1], "margins": [1.0, 1.0], "source": "hand"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two images, each with a named candidate of kmeans, and one of cnn that nobody has named."""
    made = init_project(tmp_path / "steel", Settings(make_phases(["A", "B"])))
    add_images(made, write_images(tmp_path / "in", 2, SHAPE), crop_bottom=0, type_="II")
    cost = Cost(1.0, 1.0, 0.0, 1, "")
    for i, image in enumerate(all_images(made)):
        regions = np.zeros(SHAPE, np.uint8)
        regions[10 : 40 + i, 20:60] = 1
        for method in ("kmeans", "cnn"):
            save_candidate(made, image, Parameters(method, 2), regions, cost)
    for candidate in all_candidates(made, methods=["kmeans"]):
        set_names(made, candidate, NAMES)
    for name in ("ana", "ben"):
        add_annotator(made, name)
    return made


def test_only_named_candidates_are_predictions(project: Project) -> None:
    found = predictions(project, "ana")
    assert [(one.image.name, one.candidate.parameters.method) for one in found] == [
        ("a.png", "kmeans"),
        ("b.png", "kmeans"),
    ]


def test_the_last_verdict_of_each_expert_counts_and_all_are_kept(project: Project) -> None:
    first = predictions(project, "ana")[0].candidate.id
    give_verdict(project, first, "ana", "accepted")
    give_verdict(project, first, "ben", "rejected", "discs too large")
    give_verdict(project, first, "ana", "rejected", " discs too large ")
    said = newest_verdicts(project)[first]
    assert {name: (one.verdict, one.reason) for name, one in said.items()} == {
        "ana": ("rejected", "discs too large"),
        "ben": ("rejected", "discs too large"),
    }


def test_the_table_counts_predictions_by_method_and_type(project: Project) -> None:
    one, two = (prediction.candidate.id for prediction in predictions(project, "ana"))
    assert verdicts_table(project).rows == ()
    give_verdict(project, one, "ana", "accepted")
    give_verdict(project, one, "ben", "rejected", "B where A is")
    give_verdict(project, two, "ben", "accepted")
    assert verdicts_table(project).rows == (
        ("kmeans", "II", 2, 2, 1, 0, 1, 50.0, "ana, ben", "B where A is"),
    )
    write_report(project, project.root / "report.html")
    page = (project.root / "report.html").read_text("utf-8")
    assert "Predictions verified by experts" in page
    assert "B where A is" in page


@pytest.mark.parametrize(
    ("verdict", "reason", "message"),
    [
        ("rejected", "  ", "say why it is rejected"),
        ("maybe", "", "accepted or rejected is accepted"),
    ],
)
def test_a_rejection_needs_a_reason(
    project: Project, verdict: str, reason: str, message: str
) -> None:
    first = predictions(project, "ana")[0].candidate.id
    with pytest.raises(PremaskError, match=message):
        give_verdict(project, first, "ana", verdict, reason)
    with pytest.raises(PremaskError, match="no named candidate 999"):
        give_verdict(project, 999, "ana", "accepted")
    assert newest_verdicts(project) == {}


def test_who_labels_from_scratch_first_sees_no_prediction(project: Project) -> None:
    plan = plan_study(project, ["ana", "ben"], arm="uniform:kmeans", per_image=2, seed=1)
    first = {one.image for one in plan.of("ana") if one.strategy == "scratch"} & {
        image for image in (i.id for i in all_images(project))
        if min((a for a in plan.of("ana") if a.image == image), key=lambda a: a.position).strategy
        == "scratch"
    }  # fmt: skip
    for one in predictions(project, "ana"):
        assert bool(one.refusal) == (one.image.id in first)
        if one.refusal:
            with pytest.raises(PremaskError, match="from scratch first"):
                give_verdict(project, one.candidate.id, "ana", "accepted")
    assert first, "half of the images come from scratch first"


def test_a_project_of_an_earlier_version_gets_the_table(project: Project) -> None:
    with project.engine.begin() as connection:
        for table in ("agreements", "sightings", "verdicts", "tool_times"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0004'")
    project.engine.dispose()
    open_database(project.root).dispose()
    again = open_project(project.root)
    give_verdict(again, predictions(again, "ana")[0].candidate.id, "ana", "accepted")
    assert len(newest_verdicts(again)) == 1


@pytest.fixture
def served(project: Project) -> Iterator[tuple[Project, str]]:
    if not (STATIC / "index.html").exists():
        pytest.skip("the page is not built: python hatch_build.py build")
    project.engine.dispose()
    server, address = start_server(project.root)
    yield open_project(project.root), address
    _stop(server)


def _stop(server: subprocess.Popen[str]) -> None:
    server.kill()
    server.wait()


def test_keys_accept_and_reject_in_the_application(served: tuple[Project, str], page: Page) -> None:
    project, address = served
    page.add_init_script("sessionStorage.setItem('premask.annotator', 'ana')")
    page.goto(address)
    page.get_by_role("link", name="verify").click()
    expect(page.get_by_text("1 of 2")).to_be_visible()
    expect(page.get_by_label("a.png as kmeans predicts it")).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_role("combobox", name="reason")).to_be_focused()
    assert newest_verdicts(project) == {}, "no rejection without a reason"
    page.keyboard.type("discs too large")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 of 2")).to_be_visible()
    expect(page.get_by_label("b.png as kmeans predicts it")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("2 verified by you")).to_be_visible()
    said = [one for own in newest_verdicts(project).values() for one in own.values()]
    assert [(one.annotator, one.verdict, one.reason) for one in said] == [
        ("ana", "rejected", "discs too large"),
        ("ana", "accepted", ""),
    ]
    page.keyboard.press("p")
    expect(page.get_by_label("What experts said")).to_contain_text("ana rejected: discs too large")
    page.reload()
    expect(page.get_by_text("2 verified by you")).to_be_visible()
    project.engine.dispose()
