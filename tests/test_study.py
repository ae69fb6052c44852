"""A study in a project: planned, kept to, and its Table 7 from event logs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Page, expect
from sqlalchemy import delete

from helpers import TABLE_7, answer, log_of, minutes_like, premask, refusal, write_images
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.core.sessions import STRATEGIES
from premask.evaluate.effort import effort
from premask.naming.table import make_table
from premask.project.candidates import all_candidates, set_names
from premask.project.database import transaction
from premask.project.events import append_events
from premask.project.images import all_images, remove_image, update_image, with_crop
from premask.project.project import Project, init_project
from premask.project.schema import LabelMapRow
from premask.project.sessions import add_annotator, all_annotators, all_sessions, reopen, submit
from premask.project.settings import Settings
from premask.project.studies import newest_study
from premask.server.app import create_app
from premask.workflow.add import add_images
from premask.workflow.annotate import Choice, begin
from premask.workflow.effort import timed_sessions
from premask.workflow.name import name_by_prototypes, name_regions
from premask.workflow.named_by import named_by, named_table
from premask.workflow.preannotate import preannotate
from premask.workflow.project_tables import project_tables
from premask.workflow.study import check_pass, next_task, plan_study, tasks, without_candidate


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = init_project(tmp_path / "steel", Settings(make_phases(["Matrix", "Disc"])))
    add_images(made, write_images(tmp_path / "in", 4), crop_bottom=0)
    return made


def worked(
    project: Project, image: int, annotator: str, strategy: str, minutes: float = 5.0
) -> int:
    """A submitted session of so many minutes."""
    record = all_images(project)[image]
    session = begin(project, record, annotator, strategy)
    append_events(project, session.id, log_of(minutes, f"page {session.id}"))
    submit(project, session.id, revision=0)
    return session.id


def first_task(project: Project, name: str) -> Any:
    plan = newest_study(project)
    assert plan is not None
    return next_task(tasks(project, plan, name))


def test_a_plan_is_stored_and_shared_out(project: Project) -> None:
    assert newest_study(project) is None
    made = plan_study(project, ["ben", "ana"], min_days=2, seed=3)
    assert newest_study(project) == made
    assert made.annotators == ("ana", "ben")
    assert (made.arm, made.method, made.min_days, made.seed) == ("choice", None, 2, 3)
    assert [len(made.of(name)) for name in made.annotators] == [4, 4]
    assert len(without_candidate(project, made)) == 4
    again = plan_study(project, ["ana"], arm="uniform:kmeans")
    assert newest_study(project) == again, "nothing had begun"
    assert again.method == "kmeans"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"arm": "uniform:kmean"}, "did you mean uniform:kmeans"),
        ({"arm": "unifrm:cnn"}, "did you mean uniform:cnn"),
        ({"arm": "unifrm"}, "did you mean uniform:METHOD"),
        ({"arm": "kmeans"}, "did you mean uniform:kmeans"),
        ({"arm": "uniform"}, "choice or uniform:METHOD"),
        ({"arm": "best"}, "choice or uniform:METHOD"),
        ({"min_days": -1}, "-1 days"),
        ({"types": ["II"]}, "no image has the type 'II'"),
        ({"per_image": 3}, "1 to 2"),
        ({"annotators": ["ana", "ben", "eva", "ida", "uwe"]}, "leave nothing for uwe; name fewer"),
    ],
)
def test_what_is_no_plan(project: Project, more: dict[str, Any], said: str) -> None:
    with pytest.raises(PremaskError, match=said):
        plan_study(project, **{"annotators": ["ana", "ben"], **more})
    assert newest_study(project) is None
    assert all_annotators(project) == []


def test_a_second_pass_waits_for_the_first_and_for_its_day(project: Project) -> None:
    plan = plan_study(project, ["ana"], min_days=7)
    first, *_ = plan.of("ana")
    second = next(one for one in plan.of("ana")[4:] if one.image == first.image)
    image = next(one for one in all_images(project) if one.id == first.image)
    with pytest.raises(PremaskError, match="first; submit that"):
        begin(project, image, "ana", second.strategy)
    add_annotator(project, "guest")
    begin(project, image, "guest", second.strategy)  # who is in no plan is free
    session = begin(project, image, "ana", first.strategy)
    assert first_task(project, "ana").state == "begun"
    submit(project, session.id, revision=0)
    with pytest.raises(PremaskError, match="7 days between"):
        begin(project, image, "ana", second.strategy)
    now = datetime.now(UTC)
    states = {
        (task.assignment.image, task.assignment.strategy): task
        for task in tasks(project, plan, "ana", at=now)
    }
    waiting = states[image.id, second.strategy]
    assert waiting.state == "waiting"
    assert waiting.due is not None
    assert abs(waiting.due - now - timedelta(days=7)) < timedelta(minutes=1)
    assert states[image.id, first.strategy].state == "done"
    check_pass(project, image, "ana", second.strategy, at=now + timedelta(days=7, minutes=1))
    reopen(project, session.id)
    with pytest.raises(PremaskError, match="first; submit that"):
        check_pass(project, image, "ana", second.strategy, at=now + timedelta(days=8))
    with pytest.raises(PremaskError, match="--replace"):
        plan_study(project, ["ana"])
    assert plan_study(project, ["ana"], seed=1, replace_plan=True).seed == 1


def test_a_uniform_arm_begins_with_its_method_alone(project: Project) -> None:
    preannotate(project, methods=["multi-otsu", "kmeans"], n_regions=2)
    for candidate in all_candidates(project):
        set_names(project, candidate, make_table([0, 1], source="hand").to_dict())
    plan = plan_study(project, ["ana"], arm="uniform:kmeans", min_days=0)
    assert without_candidate(project, plan) == []
    task = next(one for one in plan.of("ana") if one.strategy == "preannotated")
    image = next(one for one in all_images(project) if one.id == task.image)
    for one in plan.of("ana"):
        if one.image == image.id and one.strategy == "scratch" and one.position < task.position:
            submit(project, begin(project, image, "ana", "scratch").id, revision=0)
    by_method = {c.parameters.method: c.id for c in all_candidates(project, [image])}
    with pytest.raises(PremaskError, match="with kmeans, not with multi-otsu"):
        begin(project, image, "ana", "preannotated", choice=Choice(by_method["multi-otsu"]))
    session = begin(project, image, "ana", "preannotated", choice=Choice(by_method["kmeans"]))
    assert session.choice["methods"] == {str(by_method["kmeans"]): "kmeans"}


def test_it_is_told_whose_names_a_pass_began_with(project: Project) -> None:
    preannotate(project, methods=["multi-otsu"], n_regions=2)
    images = {image.id: image for image in all_images(project)}
    first, second, third, fourth = all_candidates(project)
    for name in ("ana", "ben"):
        add_annotator(project, name)
    name_regions(project, images[first.image], first, {0: 0, 1: 1}, "ana")
    name_regions(project, images[second.image], second, {0: 0, 1: 1}, "ana")
    second = next(one for one in all_candidates(project) if one.id == second.id)
    name_regions(project, images[second.image], second, {1: 0}, "ben")
    name_by_prototypes(project, image=third.image)
    set_names(project, fourth, make_table([0, 1], source="hand").to_dict())
    found = {}
    for candidate in (first, second, third, fourth):
        image = images[candidate.image]
        for name in ("ana", "ben"):
            session = begin(project, image, name, "preannotated", choice=Choice(candidate.id))
            found[image.name, name] = named_by(session)
            append_events(project, session.id, log_of(4, f"p{session.id}"))
            submit(project, session.id, revision=0)
            worked(project, list(images).index(image.id), name, "scratch", 20)
    assert found == {
        ("a.png", "ana"): "by the annotator",
        ("a.png", "ben"): "by others, beforehand",
        ("b.png", "ana"): "by the annotator and others",
        ("b.png", "ben"): "by the annotator and others",
        ("c.png", "ana"): "carried over from other images",
        ("c.png", "ben"): "carried over from other images",
        ("d.png", "ana"): "by hand, not recorded by whom",
        ("d.png", "ben"): "by hand, not recorded by whom",
    }
    table = named_table(timed_sessions(project))
    assert [row[1] for row in table.rows] == [1, 2, 1, 2, 2]
    assert "7 of 8 pre-annotated passes were begun with names" in table.notes[0]


def test_what_is_left_out_of_table_7_is_named(project: Project) -> None:
    for name in ("ana", "ben", "eva"):
        add_annotator(project, name)
    for image in range(4):
        worked(project, image, "ana", "scratch", 20)
        worked(project, image, "ana", "preannotated", 4)
    removed, cropped = all_images(project)[2:]
    remove_image(project, removed)
    update_image(project, with_crop(cropped, 2))
    worked(project, 0, "ben", "scratch")
    silent = begin(project, all_images(project)[0], "eva", "scratch")
    submit(project, silent.id, revision=0)
    open_ = begin(project, all_images(project)[1], "ben", "preannotated")
    append_events(project, open_.id, log_of(3, "p"))
    found = effort(one.minutes() for one in timed_sessions(project))
    assert [one.image for one in found.images] == ["a.png", "b.png"]
    assert found.saving_by_hours == pytest.approx(0.8)
    reasons = " ".join(f"{one.what}: {one.why}." for one in found.left_out)
    for said in (
        "image was removed",
        "another crop",
        "the session has no events",
        "not submitted yet",
        "annotator ben: has scratch only",
    ):
        assert said in reasons, reasons
    assert len(all_sessions(project)) == len(timed_sessions(project)) - 2, (
        "removed: told, not shown"
    )
    plan_study(project, ["ana"], types=(), replace_plan=True)
    worked(project, 1, "eva", "scratch")
    (late,) = [
        one
        for one in timed_sessions(project)
        if one.record.annotator == "eva" and one.name == "b.png"
    ]
    assert late.problem == "it is not in the plan of the study"


def test_an_image_that_was_removed_comes_back_with_its_sessions(
    project: Project, tmp_path: Path
) -> None:
    add_annotator(project, "ana")
    number = worked(project, 1, "ana", "scratch")
    image = all_images(project)[1]
    remove_image(project, image)
    assert [one.name for one in all_images(project)] == ["a.png", "c.png", "d.png"]
    assert all_sessions(project) == []
    planned = {one.image for one in plan_study(project, ["ana"]).assignments}
    assert image.id not in planned
    add_images(project, [tmp_path / "in" / "b.png"], crop_bottom=0)
    assert [one.id for one in all_sessions(project)] == [number]


def test_table_7_of_the_paper_from_event_logs_to_the_printed_digit(tmp_path: Path) -> None:
    project = init_project(tmp_path / "steel", Settings(make_phases(["Alpha", "TiB2"])))
    add_annotator(project, "ana")
    for type_, (n, scratch, preannotated, _) in TABLE_7.items():
        folder = tmp_path / type_
        folder.mkdir()
        for i in range(n):
            value = np.full((4, 4), i, np.uint8)
            value[0, 0] = 255 - len(type_)
            cv2.imwrite(str(folder / f"{type_}_{i}.png"), value)
        paths = [folder / f"{type_}_{i}.png" for i in range(n)]
        added = add_images(project, paths, type_=type_, crop_bottom=0)
        assert len(added.added) == n
        both = {
            "scratch": minutes_like(n, *scratch),
            "preannotated": minutes_like(n, *preannotated),
        }
        for i, image in enumerate(added.added):
            for strategy in STRATEGIES:
                session = begin(project, image, "ana", strategy)
                append_events(project, session.id, log_of(float(both[strategy][i]), "page"))
                submit(project, session.id, revision=0)
    (table,), _ = project_tables(project, [7])
    printed = {row[0]: row[1:] for row in table.printed()}
    assert printed["I"][:8] == ["29", "102", "20", "58", "10", "73.4", "1.6", "80.39"]
    assert printed["II"][:8] == ["17", "128", "22", "36", "6", "99.8", "9.0", "82.81"]
    assert printed["III"][:8] == ["36", "128", "35", "76", "21", "71.7", "12.3", "72.66"]
    assert printed["all images"][0] == "82"
    assert printed["all images"][3:5] == ["170", "37"]
    assert round(float(printed["all images"][7])) == 78
    assert round(float(printed["mean of the types"][7]), 1) == 78.6
    assert not any("Too few" in note for note in table.notes), "17 images of a type are enough"


def test_a_report_of_one_image_says_that_there_is_no_interval(
    project: Project, tmp_path: Path
) -> None:
    add_annotator(project, "ana")
    worked(project, 0, "ana", "scratch", 20)
    worked(project, 0, "ana", "preannotated", 5)
    answer("report", project.root, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    assert "From scratch 20 min, pre-annotated 5 min" in text
    assert "Too few for a test by type (type -: 1 image): whatever is saved, p cannot" in text
    assert "other people differ it does not know" in text
    assert "75 % saved (no interval: it takes two images of one type)" in text
    assert not re.search(r"\bnan\b", re.sub(r"data:[^\"]*", "", text))


def test_a_submitted_session_without_a_label_map_is_left_out_by_name(
    project: Project, tmp_path: Path
) -> None:
    add_annotator(project, "ana")
    for image in (0, 1):
        worked(project, image, "ana", "scratch", 20)
        worked(project, image, "ana", "preannotated", 5)
    with transaction(project.engine) as session:
        session.execute(delete(LabelMapRow).where(LabelMapRow.session_id == 2))
    answer("report", project.root, tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    assert "session 2 (ana, image a.png, preannotated)" in text
    assert "it is submitted, but has no label map" in text
    assert "annotator ana, image a.png" in text


@pytest.fixture
def client(project: Project) -> Iterator[TestClient]:
    plan_study(project, ["ana", "ben"], per_image=2, min_days=1)
    with TestClient(create_app(project), base_url="http://127.0.0.1:8040") as made:
        yield made


def test_the_server_shows_everybody_their_own_passes(client: TestClient, project: Project) -> None:
    ana, guest = {"X-Premask-Annotator": "ana"}, {"X-Premask-Annotator": "guest"}
    client.post("/api/annotators", json={"name": "guest"})
    assert client.get("/api/study", headers=guest).json() is None
    study = client.get("/api/study", headers=ana).json()
    assert len(study["tasks"]) == 8
    assert study["next"] == 1
    scratch = next(t for t in study["tasks"][:4] if t["strategy"] == "scratch")
    other = {"image": scratch["image"], "strategy": "preannotated"}
    refused = client.post("/api/sessions", json=other, headers=ana)
    assert refused.status_code == 400
    assert "from scratch first" in refused.json()["detail"]
    begun = client.post("/api/sessions", json={**other, "strategy": "scratch"}, headers=ana)
    assert begun.is_success
    study = client.get("/api/study", headers=ana).json()
    (task,) = [t for t in study["tasks"] if t["session"]]
    assert task["state"] == "begun"
    assert study["next"] == task["position"]


def test_who_labels_from_scratch_first_sees_no_candidate_before(
    client: TestClient, project: Project
) -> None:
    preannotate(project, methods=["multi-otsu"], n_regions=2)
    ana = {"X-Premask-Annotator": "ana"}
    study = client.get("/api/study", headers=ana).json()
    for task in study["tasks"][:4]:
        seen = client.get(f"/api/images/{task['image']}", headers=ana).json()
        assert len(seen["details"]) == (task["strategy"] == "preannotated")
        if task["strategy"] == "scratch":
            body = {"image": task["image"], "strategy": "scratch", "ground": 0}
            number = client.post("/api/sessions", json=body, headers=ana).json()["id"]
            client.post(f"/api/sessions/{number}/submit", json={"revision": 0}, headers=ana)
            seen = client.get(f"/api/images/{task['image']}", headers=ana).json()
            assert len(seen["details"]) == 1


def test_the_command_line_plans_and_shows(project: Project) -> None:
    root = project.root
    assert "study plan" in refusal("study", "show", root)
    said = answer("study", "plan", root, "--annotators", "ana, ben", "--per-image", "2")
    assert [one["From scratch first"] for one in said["annotators"]] == [2, 2]
    assert len(said["assignments"]) == 16
    assert said["without_candidate"] == ["a.png", "b.png", "c.png", "d.png"]
    assert [one["images"] for one in said["precision"]["sizes"]] == [4, 5, 10, 20, 40, 80]
    printed = premask("study", "plan", root, "--annotators", "ana,ben").stdout
    assert "this plan" in printed
    assert "premask preannotate" in printed
    shown = answer("study", "show", root, "--annotator", "ana")
    assert [one["position"] for one in shown["tasks"]] == list(range(1, 5))
    assert "comes after the other pass" in premask("study", "show", root).stdout
    remove_image(project, all_images(project)[1])
    gone = [one for one in answer("study", "show", root)["tasks"] if one["state"] == "removed"]
    assert {one["name"] for one in gone} == {"b.png"}
    assert "'eve' is not in the study" in refusal("study", "show", root, "--annotator", "eve")
    assert "did you mean uniform:kmeans" in refusal(
        "study", "plan", root, "--annotators", "ana", "--arm", "uniform:kmeens"
    )
    json.dumps(shown)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["report", "P", "r.html", "--reference", "scratck"], "did you mean scratch"),
        (["report", "P", "r.html", "--time", "activ"], "did you mean active"),
        (["tables", "P", "--table", "7", "--format", "xls"], "text, csv, latex, json"),
        (["tables", "P", "--table", "3", "--time", "activ"], "did you mean active"),
        (["tables", "P", "--table", "3", "--method", "kmeens"], "did you mean kmeans"),
        (["consensus", "P", "--auto", "--method", "stapel"], "did you mean staple"),
        (["consensus", "P", "--method", "stapel"], "did you mean staple"),
    ],
)
def test_wrong_options_are_refused_where_there_is_nothing_to_count(
    tmp_path: Path, command: list[str], said: str
) -> None:
    empty = init_project(tmp_path / "steel", Settings(make_phases(["A", "B"])))
    assert said in refusal(*[empty.root if word == "P" else word for word in command])


def test_tables_of_a_folder_that_is_no_project(tmp_path: Path) -> None:
    for name, labels in {"a": [[0, 0, 1, 1]], "b": [[0, 0, 0, 255]]}.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.array(labels, np.uint8))
    (tmp_path / "types.csv").write_text("a,I\nb,II\n")
    tables = answer(
        "tables", tmp_path, "--classes", "Alpha,TiB2", "--types", tmp_path / "types.csv"
    )["tables"]
    assert [one["title"][:7] for one in tables] == ["Table 3", "Table 4"]
    total = tables[0]["rows"][-1]
    assert (total["Images"], total["Sizes px"], total["Phases"]) == (2, "4x1 (2)", "Alpha, TiB2")
    shares = {(row["Type"], row["Phase"]): row["Share %"] for row in tables[1]["rows"]}
    assert shares["all images", "Alpha"] == pytest.approx(100 * 5 / 7)
    assert shares["II", "Alpha"] == 100
    assert "of a folder of label maps 3 and 4" in refusal(
        "tables", tmp_path, "--classes", "A,B", "--table", "5"
    )


def test_types_without_a_partner_are_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.array([[0, 0, 1, 1]], np.uint8))
    (tmp_path / "types.csv").write_text("a,I\nsteel_07.png,II\n")
    found = answer("tables", tmp_path, "--classes", "A,B", "--types", tmp_path / "types.csv")
    for table in found["tables"]:
        notes = " ".join(table["notes"])
        assert "1 label map without a type, counted in all images alone: b.png." in notes
        assert "1 stem in the CSV of types without a label map: steel_07.png." in notes


def test_a_folder_has_a_page_of_its_own(tmp_path: Path, page: Page) -> None:
    folder = tmp_path / "labels"
    folder.mkdir()
    for name, labels in {"a": [[0, 0, 1, 1]], "b": [[0, 0, 0, 255]]}.items():
        cv2.imwrite(str(folder / f"{name}.png"), np.array(labels, np.uint8))
    (tmp_path / "types.csv").write_text("a,I\nb,II\n")
    out = tmp_path / "page.html"
    command = ["tables", folder, "--classes", "Alpha,TiB2", "--types", tmp_path / "types.csv"]
    answer(*command, "--report", out)
    page.goto(out.as_uri())
    expect(page.get_by_role("heading", level=1)).to_have_text("labels")
    for number in (3, 4):
        expect(page.locator("caption", has_text=f"Table {number}:")).to_be_visible()
    assert page.locator("figure.plot figcaption").all_inner_texts() == [
        "Figure 3: shares of the phases, I",
        "Figure 3: shares of the phases, II",
    ]
    assert "--report is for a folder" in refusal("tables", folder, "--report", out)
