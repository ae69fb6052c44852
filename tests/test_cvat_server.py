"""Push and pull against the CVAT of the tests, whose answers and requests are cvat-sdk's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_cvat import FakeCvat, written
from masks import ANY_JSON, FILES
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.interchange import cvat_server
from premask.interchange.cvat_server import connect_cvat, open_cvat
from premask.interchange.cvat_tasks import task_xml
from premask.interchange.cvat_xml import load_cvat_xml
from premask.interchange.rle import encode_cvat
from premask.interchange.vocabulary import Vocabulary
from premask.project.images import all_images
from premask.project.imports import timed_maps
from premask.project.label_maps import versions
from premask.project.project import Project
from premask.workflow.servers import MEMORY, pull, push
from travelling import label, labels_of, project_of

TOKEN = "a-token"
PHASES = make_phases(["Alpha", "TiB2"])
LOST = "the answer is lost"
"""A fault: the request is carried out, and no answer comes."""

MAPS = {
    "a.png": np.array([[0, 0, 1], [1, 1, 0]], np.uint8),
    "ü b.png": np.array([[1, 255, 1]], np.uint8),
    "c.png": np.full((2, 2), 255, np.uint8),
}


class Wire:
    """Carries requests to the fake server; some of them are lost."""

    def __init__(self) -> None:
        self.cvat = FakeCvat()
        self.cvat.sizes = {name: m.shape[::-1] for name, m in MAPS.items()}
        self.written: list[dict[str, Any]] = []
        self.faults: list[Any] = []
        self.waited: list[float] = []
        self.told: list[str] = []

    @property
    def how(self) -> dict[str, Any]:
        transport = httpx.MockTransport(self.handle)
        return {"transport": transport, "sleep": self.waited.append, "on_wait": self.told.append}

    def handle(self, request: httpx.Request) -> httpx.Response:
        url = request.url.raw_path.decode()
        headers, body = dict(request.headers), request.content
        self.written.append(written(request.method, url, headers, body))
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, BaseException):
            raise fault
        if isinstance(fault, int):
            return httpx.Response(fault)
        if headers["authorization"] != f"Bearer {TOKEN}":
            return httpx.Response(401, json={"detail": "Invalid token."})
        status, content = self.cvat.answer(request.method, url, headers, body)
        if fault == LOST:
            raise httpx.ReadTimeout("timed out", request=request)
        data = b"" if content is None else json.dumps(content).encode()
        return httpx.Response(status, content=data)

    def urls(self, method: str) -> list[str]:
        return [one["url"] for one in self.written if one["method"] == method]


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = project_of(tmp_path / "steel", MAPS, PHASES)
    label(made, tmp_path / "labels", list(MAPS.values()))
    return made


def send(project: Project, wire: Wire, **options: Any) -> Any:
    how = {"url": "http://cvat/", "token": TOKEN, "what": "labels", **wire.how, **options}
    return push(project, "cvat", **how)


def fetch(project: Project, wire: Wire, **options: Any) -> Any:
    how = {"url": "http://cvat/", "token": TOKEN, "kind": "preannotated", **wire.how, **options}
    return pull(project, "cvat", **how)


def shapes_of(wire: Wire, label_map: np.ndarray) -> list[dict[str, Any]]:
    """What an annotator leaves in a task."""
    numbers = {one["name"]: number for number, one in wire.cvat.labels.items()}
    return [
        {"type": "mask", "frame": 0, "label_id": numbers[PHASES.names[index]], "z_order": 0,
         "points": encode_cvat(label_map == index).points}
        for index in np.unique(label_map)
        if index != 255
    ]  # fmt: skip


# --- what the SDK does -------------------------------------------------------------------


def asked_for(requests: list[dict[str, Any]], *methods: str) -> list[dict[str, Any]]:
    """Requests without what they may differ in: the id in a task's name, what is accepted."""
    found = [json.loads(json.dumps(one)) for one in requests if one["method"] in methods]
    for one in found:
        one["headers"].pop("accept", None)
        if "name" in one.get("json", {}):
            one["json"]["name"] = one["json"]["name"].partition(" (premask")[0]
    return found


def test_changes_are_asked_for_as_cvat_sdk_does(tmp_path, wire):
    recorded = json.loads((FILES / "cvat_exchange.json").read_text())["requests"]
    first = project_of(tmp_path / "steel", {"a.png": MAPS["a.png"]}, PHASES)
    label(first, tmp_path / "labels", [MAPS["a.png"]])
    send(first, wire)
    wire.cvat.finish(4)
    fetch(first, wire)
    mine, theirs = (
        asked_for(one, "POST", "PATCH", "PUT", "DELETE") for one in (wire.written, recorded)
    )
    for shape in mine[-1]["json"]["shapes"]:
        assert shape.pop("source") == "manual"
    for shape in theirs[-1]["json"]["shapes"]:
        assert shape.pop("source") == "auto"
    assert mine == theirs
    paths = {one["url"].partition("?")[0] for one in asked_for(recorded, "GET")}
    assert {one["url"].partition("?")[0] for one in asked_for(wire.written, "GET")} == paths - {
        "/api/tasks/4"
    }
    accepted = {one["headers"]["accept"] for one in wire.written}
    assert accepted == {"application/vnd.cvat+json"}


def test_the_recording_is_what_cvat_sdk_asks(tmp_path):
    python = os.environ.get("PREMASK_CVAT_SDK_PYTHON")
    if not python:
        pytest.skip(
            "needs an environment of its own: make test-others (PREMASK_CVAT_SDK_PYTHON is not set)"
        )
    made = tmp_path / "made.json"
    script = FILES / "make_cvat_exchange.py"
    done = subprocess.run(
        [python, script, made], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert made.read_text() == (FILES / "cvat_exchange.json").read_text()


# --- push --------------------------------------------------------------------------------


def test_push_makes_a_project_with_labels_and_a_task_of_each_image(project, wire):
    done = send(project, wire)
    assert (done.created, done.added, done.present) == (list(MAPS), 0, 0)
    assert done.address == "http://cvat/projects/1"
    assert not done.findings
    labels = [(one["name"], one["color"]) for one in wire.cvat.labels.values()]
    assert labels == [("Alpha", "#0072b2"), ("TiB2", "#e69f00")]
    names = [task["name"].partition(" (premask ")[0] for task in wire.cvat.tasks.values()]
    assert names == list(MAPS)
    assert list(wire.cvat.files.values()) == [[name] for name in MAPS]
    drawn = [len(one["shapes"]) for one in wire.cvat.annotations.values()]
    assert drawn == [2, 1, 0]


def test_push_again_uploads_nothing(project, wire):
    send(project, wire)
    wire.written.clear()
    done = send(project, wire)
    assert (done.created, done.added, done.present) == ([], 0, 3)
    (project.root / MEMORY).unlink()
    done = send(project, wire)
    assert (done.created, done.added, done.present) == ([], 0, 3)
    assert {one["method"] for one in wire.written} == {"GET"}


def test_what_was_annotated_there_is_left_alone(project, wire, tmp_path):
    send(project, wire)
    drawn = json.dumps(wire.cvat.annotations)
    label(project, tmp_path / "again", [1 - np.minimum(m, 1) for m in MAPS.values()])
    done = send(project, wire)
    assert (done.created, done.present) == ([], 0)
    assert done.added == 1  # of the task without any annotation
    assert [finding.where for finding in done.findings] == ["a.png", "ü b.png"]
    assert "has annotations already" in done.findings[0].message
    for task in list(wire.cvat.tasks)[:2]:
        before, after = json.loads(drawn)[str(task)], wire.cvat.annotations[task]
        assert before == after
    again = send(project, wire)
    assert (again.added, again.present, len(again.findings)) == (0, 1, 2)


FAULTS = [LOST, 500, 502, 503, 504, 429, httpx.ConnectError("no"), httpx.ReadError("cut")]


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_every_request_is_repeated_and_nothing_is_there_twice(project, wire, fault):
    send(project, wire)
    n = len(wire.written)
    for at in range(n):
        (project.root / MEMORY).unlink(missing_ok=True)
        other = Wire()
        other.faults = [None] * at + [fault]
        if at == 0 and isinstance(fault, httpx.ConnectError):
            with pytest.raises(PremaskError, match="CVAT cannot be reached"):
                send(project, other)
            continue
        done = send(project, other)
        assert len(done.created) == 3
        assert (len(other.cvat.projects), len(other.cvat.tasks)) == (1, 3)
        assert [len(one["shapes"]) for one in other.cvat.annotations.values()] == [2, 1, 0]
        assert [len(set(one)) for one in other.cvat.files.values()] == [1, 1, 1]


def test_push_goes_on_wherever_it_was_interrupted(project, wire):
    send(project, wire)
    n = len(wire.written)
    for at in range(n):
        (project.root / MEMORY).unlink(missing_ok=True)
        other = Wire()
        other.faults = [None] * at + [KeyboardInterrupt()]
        with pytest.raises(KeyboardInterrupt):
            send(project, other)
        send(project, other)
        assert (len(other.cvat.projects), len(other.cvat.tasks)) == (1, 3)
        assert [len(one["shapes"]) for one in other.cvat.annotations.values()] == [2, 1, 0]
        assert [task["size"] for task in other.cvat.tasks.values()] == [1, 1, 1]


def test_a_picture_that_the_server_cannot_read_ends_the_push(project, wire):
    wire.cvat.fails = "cannot identify\nimage file"
    with pytest.raises(PremaskError, match="of a picture: cannot identify image file"):
        send(project, wire)


def test_a_server_that_never_ends_is_left(project, wire, monkeypatch):
    monkeypatch.setattr(FakeCvat, "progress", lambda *_: {"status": "queued"})
    with pytest.raises(PremaskError, match="has not made a task of a picture in 600 s"):
        send(project, wire)
    assert wire.waited == [1] * 600
    (told,) = wire.told
    assert told.endswith("to make a task of a picture (queued), up to 10 min")


def test_labels_that_are_missing_there_are_said_before_anything_is_uploaded(project, wire):
    wire.cvat.make_project(
        {"name": "steel", "labels": [{"name": "Alpha", "color": "#111111", "type": "any"}]}
    )
    with pytest.raises(PremaskError, match="projects/1 has no label TiB2; add it there"):
        send(project, wire)
    assert not wire.urls("POST")


def test_projects_are_told_by_number_where_names_are_not_enough(project, wire):
    labels = [{"name": n, "color": "#111111", "type": "any"} for n in PHASES.names]
    for _ in range(2):
        wire.cvat.make_project({"name": "two", "labels": labels})
    with pytest.raises(PremaskError, match=r"2 projects of the name 'two' \(numbers 1, 4\)"):
        send(project, wire, remote_project="two")
    with pytest.raises(PremaskError, match="has no project 'tow'; it has two, two; did you mean"):
        fetch(project, wire, remote_project="tow")
    send(project, wire, remote_project="4")
    assert {task["project_id"] for task in wire.cvat.tasks.values()} == {4}


def test_projects_of_an_organisation_are_asked_for_as_such(project, wire):
    labels = [{"name": n, "color": "#111111", "type": "any"} for n in PHASES.names]
    wire.cvat.make_project({"name": "steel", "labels": labels})
    wire.cvat.projects[1]["organization"] = 9
    send(project, wire, remote_project="1")
    assert "/api/tasks?org_id=9" in wire.urls("POST")
    lists = [url for url in wire.urls("GET") if url.startswith(("/api/tasks?", "/api/labels?"))]
    assert lists
    assert all("org_id=9" in url for url in lists)


def test_many_tasks_come_in_pages(project, wire, monkeypatch):
    monkeypatch.setattr(cvat_server, "PAGE", 1)
    send(project, wire)
    (project.root / MEMORY).unlink()
    assert send(project, wire).present == 3


@pytest.mark.parametrize(("token", "kind"), [("0f" * 20, "Token"), ("abc.def", "Bearer")])
def test_both_kinds_of_tokens(token, kind):
    asked = []
    transport = httpx.MockTransport(lambda r: asked.append(r) or httpx.Response(200, json={}))
    connect_cvat("http://cvat", f" {token}\n", transport=transport).get("/api/projects")
    assert asked[0].headers["Authorization"] == f"{kind} {token}"


def test_a_wrong_token_is_said(project, wire):
    with pytest.raises(PremaskError, match=r"refuses the token \(401: Invalid token\.\)"):
        send(project, wire, token="wrong")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ([1], "answers with results = None"),
        ({"results": [1]}, "answers with an answer = 1"),
        ({"results": [{"name": "steel", "id": "x"}]}, "answers with id = 'x'"),
        ({"results": [{"name": "steel", "id": True}]}, "answers with id = True"),
    ],
)
def test_strange_answers_give_one_line(reply, said):
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=reply))
    connection = connect_cvat("http://cvat", TOKEN, transport=transport)
    with pytest.raises(PremaskError) as refused:
        open_cvat(connection, "steel", PHASES, create=False)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


# --- pull --------------------------------------------------------------------------------


def test_pull_brings_what_is_finished_once(project, wire):
    send(project, wire)
    first = np.array([[1, 1, 1], [0, 0, 255]], np.uint8)
    wire.cvat.finish(4, shapes_of(wire, first))
    done = fetch(project, wire)
    assert done.done == ["a.png"]
    found, other, _ = labels_of(project)
    np.testing.assert_array_equal(found, first)
    np.testing.assert_array_equal(other, MAPS["ü b.png"])
    (version,) = versions(project, all_images(project)[0], "preannotated")
    assert version.annotator == "ana"
    assert not timed_maps(project)
    with pytest.raises(PremaskError, match=r"projects/1 has nothing that is new"):
        fetch(project, wire)
    second = list(wire.cvat.tasks)[1]
    wire.cvat.finish(second, shapes_of(wire, np.zeros((1, 3), np.uint8)))
    assert fetch(project, wire).done == ["ü b.png"]


def test_cvat_holds_no_predictions(project, wire):
    send(project, wire)
    wire.cvat.finish(4)
    with pytest.raises(PremaskError, match="CVAT holds no predictions"):
        fetch(project, wire, kind="candidate")


def test_pull_goes_on_where_it_was_interrupted(project, wire):
    send(project, wire)
    for task in wire.cvat.tasks:
        wire.cvat.finish(task)
    wire.written.clear()
    wire.faults = [None] * 8 + [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        fetch(project, wire)
    assert len(fetch(project, wire).done) == 3
    asked = [url for url in wire.urls("GET") if url.endswith("/annotations/")]
    assert asked.count("/api/tasks/4/annotations/") == 1
    assert len(asked) == 4  # that of the second task, when it was interrupted, and again


def test_nothing_is_ever_deleted_or_changed(project, wire):
    send(project, wire)
    wire.cvat.finish(4)
    fetch(project, wire)
    changes = [one for one in wire.written if one["method"] not in {"GET", "POST"}]
    assert {(one["method"], one["url"].partition("?")[2]) for one in changes} == {
        ("PATCH", "action=create")
    }


def read(tmp_path: Path, shapes: list[dict[str, Any]], **more: Any) -> tuple[Any, list[str]]:
    frames = [{"name": "x/a <1>.png", "width": 6, "height": 4}]
    data = task_xml("7", "ana & ben", frames, {"shapes": shapes, **more}, {1: "Alpha", 2: "Ti<B2"})
    (tmp_path / "task.xml").write_bytes(data)
    vocabulary = Vocabulary(make_phases(["Alpha", "Ti<B2"]))
    (one,) = load_cvat_xml(tmp_path / "task.xml", vocabulary)
    assert (one.name, one.annotator) == ("x/a <1>.png", "ana & ben")
    return one.read(), [finding.line for finding in vocabulary.report.findings]


def shape(kind: str, points: Any, label: Any = 1, **more: Any) -> dict[str, Any]:
    return {"type": kind, "points": points, "label_id": label, "frame": 0, "z_order": 0, **more}


def test_shapes_of_the_api_are_read_as_those_of_the_file(tmp_path):
    found, said = read(
        tmp_path,
        [
            shape("rectangle", [0.0, 0.0, 6.0, 2.0], rotation=0.0),
            shape("polygon", [1.0, 1.0, 3.0, 1.0, 3.0, 3.0, 1.0, 3.0], label=2, z_order=1),
            shape("mask", [0.0, 1.0, 1.0, 1.0, 5.0, 1.0, 5.0, 3.0], label=2),
            shape("polyline", [0.0, 0.0, 1.0, 1.0]),
        ],
        tags=[{"label_id": 1, "frame": 0}],
    )
    assert found.tolist() == [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 0, 0, 1],
        [255, 1, 1, 255, 255, 255],
        [255, 255, 255, 255, 255, 1],
    ]
    place = "task.xml: x/a <1>.png: "
    assert [line.removeprefix(place) for line in said] == [
        "1 of <polyline>, which is no area",
        "1 of <tag>, which is no area",
        "3 px belong to several regions; the later region wins, e.g. at row 1, column 1",
    ]


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (shape("mask", [1, 2, 3]), "task 7: shapes 1: 3 numbers are no mask"),
        (shape("mask", [0, 1.5, 0, 0, 0, 0]), "task 7: shapes 1: entry 2 of 6 is 1.5"),
        (shape("mask", [0, 1, 5, 0, 6, 0]), "not within the image"),
        (shape("mask", [0, 1], label=9), "task 7: shapes 1: the project there has no label 9"),
        (shape("mask", [0, 1], label="x"), "its 'label_id' is 'x'"),
        (shape("polygon", ["x", 1, 2]), "its points is 'x'"),
        (shape("rectangle", [1, 2]), "its xbr is None"),
        (shape("rectangle", [1, 2, 3, 4], rotation="x"), "its 'rotation' is 'x'"),
        ({}, "task 7: shapes 1: it has no 'label_id'"),
        (5, "task 7: shapes 1: it is 5"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(tmp_path, one, said):
    with pytest.raises(PremaskError) as caught:
        read(tmp_path, [one])
    assert said in str(caught.value)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_answers_of_any_kind_give_one_line_and_nothing_else(tmp_path_factory, data):
    content: Any = {
        "shapes": [
            shape("mask", [0, 24, 0, 0, 5, 3]),
            shape("polygon", [1.0, 1.0, 3.0, 1.0, 3.0, 3.0], label=2),
            shape("rectangle", [0.0, 0.0, 6.0, 2.0], rotation=4.0),
        ],
        "tags": [{"label_id": 1, "frame": 0}],
        "tracks": [],
    }
    record, key = data.draw(st.sampled_from(list(places(content))))
    record[key] = data.draw(ANY_JSON)
    try:
        read(tmp_path_factory.getbasetemp(), content.pop("shapes", []), **content)
        said = ""
    except PremaskError as error:
        said = str(error)
    assert "\n" not in said


def places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every value within JSON, by what holds it and its key there."""
    for key in range(len(content)) if isinstance(content, list) else list(content):
        yield content, key
        if isinstance(content[key], list | dict):
            yield from places(content[key])
