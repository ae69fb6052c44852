"""Push and pull against a small Label Studio in memory, that fails when it is told to."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import numpy as np
import pytest

from helpers import refusal
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.interchange import label_studio_server
from premask.interchange.connection import ATTEMPTS, Connection
from premask.interchange.label_studio_server import connect_label_studio, open_label_studio
from premask.project.images import all_images
from premask.project.imports import timed_maps
from premask.workflow.import_labels import import_label_maps
from premask.workflow.servers import MEMORY, PULLING, SERVERS, pull, push
from travelling import PHASES, candidates_of, label, labels_of, project_of

TOKEN = "0123456789abcdef"
JSON_WEB_TOKEN = "head.refresh.sign"

LOST = "the answer is lost"
"""A fault: the request is carried out, and no answer comes."""


class FakeStudio:
    """What premask asks of Label Studio, with the answers of version 1.23.2."""

    def __init__(self) -> None:
        self.projects: dict[int, dict[str, Any]] = {}
        self.tasks: dict[int, dict[str, Any]] = {}
        self.uploads: list[str] = []
        self.requests: list[str] = []
        self.faults: list[int | BaseException | str | None] = []  # of the next requests, in order
        self.waited: list[float] = []
        self.told: list[str] = []
        self.access = 0
        self.n = 0

    def number(self) -> int:
        self.n += 1
        return self.n

    @property
    def how(self) -> dict[str, Any]:
        transport = httpx.MockTransport(self.handle)
        return {"transport": transport, "sleep": self.waited.append, "on_wait": self.told.append}

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(f"{request.method} {request.url.path}")
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, BaseException):
            raise fault
        if isinstance(fault, int):
            return httpx.Response(fault, headers={"Retry-After": "7"} if fault == 429 else {})
        if request.url.path == "/api/token/refresh":
            self.access += 1
            return httpx.Response(200, json={"access": f"access {self.access}"})
        good = {f"Token {TOKEN}", f"Bearer access {self.access}"}
        if request.headers.get("Authorization") not in good:
            return httpx.Response(401, json={"detail": "Invalid token."})
        answer = self.answer(request)
        if fault == LOST:
            raise httpx.ReadTimeout("timed out", request=request)
        return answer

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/").split("/")
        status, content = self.reply([request.method, *path], request)
        return httpx.Response(status, json=content)

    def reply(self, asked: list[str], request: httpx.Request) -> tuple[int, Any]:
        sent = request.content
        form = "multipart" in request.headers.get("Content-Type", "")
        found: tuple[int, Any] = (404, {"detail": " ".join(asked)})
        match asked:
            case ["GET", "projects"]:
                titles = [{"id": n, "title": p["title"]} for n, p in self.projects.items()]
                found = (200, {"count": len(titles), "results": titles})
            case ["POST", "projects"]:
                number = self.number()
                self.projects[number] = project_content(number, json.loads(sent))
                found = (201, self.projects[number])
            case ["GET", "projects", number]:
                missing = (404, {"detail": "No Project matches."})
                own = self.projects.get(int(number))
                found = missing if own is None else (200, own)
            case ["POST", "projects", _, "import"] if form:
                self.uploads.append(sent.split(b'filename="')[1].split(b'"')[0].decode())
                found = (201, {"file_upload_ids": [len(self.uploads)]})
            case ["POST", "projects", number, "import"]:
                ids = [self.make(int(number), task) for task in json.loads(sent)]
                found = (201, {"task_ids": ids})
            case ["GET", "import", "file-upload", number]:
                stored = f"upload/1/2d8b01a9-{self.uploads[int(number) - 1]}"
                found = (200, {"file": stored})
            case ["GET", "tasks"]:
                found = (200, self.page(request.url.params))
            case ["GET", "tasks", number]:
                found = (200, self.tasks[int(number)])
            case ["POST", "predictions"]:
                content = json.loads(sent)
                self.tasks[content["task"]]["predictions"].append(content)
                found = (201, {"id": self.number()})
            case ["POST", "tasks", number, "annotations"]:
                self.annotate(int(number), json.loads(sent)["result"])
                found = (201, {"id": self.number()})
        return found

    def make(self, project: int, task: dict[str, Any]) -> int:
        number = self.number()
        self.tasks[number] = {**task, "id": number, "project": project, "updated_at": "0"}
        return number

    def page(self, parameters: httpx.QueryParams) -> dict[str, Any]:
        own = [t for t in self.tasks.values() if t["project"] == int(parameters["project"])]
        size, page = int(parameters["page_size"]), int(parameters["page"])
        keys = parameters["include"].split(",")
        return {
            "total": len(own),
            "tasks": [{k: t[k] for k in keys} for t in own[(page - 1) * size : page * size]],
        }

    def annotate(self, task: int, result: Any, seconds: float = 5.0, by: str = "ana@x") -> None:
        at = str(self.number())
        self.tasks[task]["updated_at"] = at
        self.tasks[task]["annotations"].append(
            {"id": int(at), "completed_by": {"id": 1, "email": by}, "updated_at": at,
             "lead_time": seconds, "result": result, "was_cancelled": False}
        )  # fmt: skip

    def count(self, key: str) -> int:
        return sum(len(task[key]) for task in self.tasks.values())


def project_content(number: int, sent: dict[str, Any]) -> dict[str, Any]:
    from xml.etree import ElementTree as ET

    image, control = ET.fromstring(sent["label_config"])
    parsed = {
        control.get("name"): {
            "type": control.tag,
            "to_name": [image.get("name")],
            "inputs": [{"type": "Image", "value": image.get("value", "")[1:]}],
            "labels": [one.get("value") for one in control],
        }
    }
    return {"id": number, "title": sent["title"], "parsed_label_config": parsed}


@pytest.fixture
def studio() -> FakeStudio:
    return FakeStudio()


MAPS = {
    "a.png": np.array([[0, 1, 255], [2, 2, 0]], np.uint8),
    "ü b.png": np.array([[1, 1, 1]], np.uint8),
    "c.png": np.array([[2], [0]], np.uint8),
}


@pytest.fixture
def project(tmp_path: Path):
    """Three images with labels, and a candidate of two methods each."""
    made = project_of(tmp_path / "steel", MAPS)
    label(made, tmp_path / "labels", list(MAPS.values()))
    tasks = []
    for image, label_map in zip(all_images(made), MAPS.values(), strict=True):
        tasks.append({
            "data": {"premask": {"id": image.id}},
            "predictions": [
                {"model_version": method, "result": regions((label_map + turn) % 3)}
                for turn, method in enumerate(("kmeans", "texture"))
            ],
        })  # fmt: skip
    (tmp_path / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    import_label_maps(made, "label-studio", tmp_path / "tasks.json", kind="candidate")
    return made


def regions(label_map: np.ndarray) -> list[dict[str, Any]]:
    from premask.interchange.label_studio_regions import Control, regions_of

    return regions_of(
        label_map.astype(np.uint8), dict(enumerate(PHASES.names)), Control("bitmasklabels")
    )


def send(project, studio: FakeStudio, **options: Any):
    how = {"url": "http://studio/", "token": TOKEN, **studio.how, **options}
    return push(project, "label-studio", **how)


def send_twice(project, studio: FakeStudio) -> None:
    """Some candidates first, then all of them."""
    send(project, studio, method="kmeans")
    send(project, studio)


def fetch(project, studio: FakeStudio, **options: Any):
    how = {"url": "http://studio/", "token": TOKEN, **studio.how, **options}
    return pull(project, "label-studio", **how)


def test_push_makes_a_project_and_a_task_of_each_image(project, studio) -> None:
    seen = []
    done = send(project, studio, on_image=lambda n, total: seen.append((n, total)))
    assert done.created == list(MAPS)
    assert done.address == "http://studio/projects/1/"
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert studio.projects[1]["title"] == "steel"
    assert (studio.uploads[0], len(studio.uploads)) == ("a.png", 3)
    tasks = list(studio.tasks.values())
    assert [t["data"]["image"].startswith("/data/upload/1/") for t in tasks] == [True] * 3
    assert [[p["model_version"] for p in t["predictions"]] for t in tasks] == [
        ["kmeans", "texture"]
    ] * 3
    assert studio.count("annotations") == 0


def test_push_again_uploads_nothing(project, studio) -> None:
    send(project, studio)
    studio.requests.clear()
    done = send(project, studio)
    assert (done.created, done.added, done.present) == ([], 0, 6)
    assert not [one for one in studio.requests if one.startswith("POST")]


def test_push_of_a_copy_that_remembers_nothing_uploads_nothing(project, studio) -> None:
    send(project, studio)
    (project.root / MEMORY).unlink()
    done = send(project, studio)
    assert (done.created, done.added, done.present) == ([], 0, 6)
    assert (len(studio.tasks), studio.count("predictions")) == (3, 6)
    assert (project.root / MEMORY).exists()


def test_push_adds_what_is_new_to_the_tasks(project, studio) -> None:
    send(project, studio, method="kmeans")
    done = send(project, studio)
    assert (done.created, done.added, done.present) == ([], 3, 3)
    done = send(project, studio, what="labels")
    assert (done.created, done.added, done.present) == ([], 3, 0)
    assert (len(studio.tasks), studio.count("predictions")) == (3, 6)
    assert studio.count("annotations") == 3


@pytest.mark.parametrize("stop", range(9))
def test_push_goes_on_where_it_was_interrupted(project, studio, stop) -> None:
    first = 4  # the project is found, made, read; its tasks are listed
    studio.faults = [None] * (first + stop) + [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        send(project, studio)
    before = len(studio.tasks)
    assert before == stop // 3
    done = send(project, studio)
    assert len(done.created) == 3 - before
    assert (len(studio.tasks), studio.count("predictions"), len(studio.projects)) == (3, 6, 1)


@pytest.mark.parametrize("fault", [LOST, 500, 502, 503, 504, 429, httpx.ConnectError("no"),
                                   httpx.RemoteProtocolError("cut")])  # fmt: skip
def test_every_request_is_repeated_and_nothing_is_there_twice(project, studio, fault) -> None:
    send(project, studio, method="kmeans")
    firsts = {0, len(studio.requests)} if isinstance(fault, httpx.ConnectError) else set()
    send(project, studio)
    n = len(studio.requests)
    for at in range(n):
        other = FakeStudio()
        (project.root / MEMORY).unlink(missing_ok=True)
        other.faults = [None] * at + [fault]
        if at in firsts:  # the first request of a command
            with pytest.raises(PremaskError, match="cannot be reached"):
                send_twice(project, other)
            assert (other.waited, other.told) == ([], [])
            continue
        send_twice(project, other)
        assert (len(other.projects), len(other.tasks), other.count("predictions")) == (1, 3, 6)
        if fault == LOST:  # what was lost is found on the server, where that can be told
            assert other.waited in ([], [1])
        else:
            assert other.waited == ([7] if fault == 429 else [1])


def test_waits_grow_and_come_to_an_end(project, studio) -> None:
    studio.faults = [503] * ATTEMPTS
    said = r"6 attempts \(503 .*\); nothing was transferred: run the command again later"
    with pytest.raises(PremaskError, match=said):
        send(project, studio)
    assert studio.waited == [1, 2, 4, 8, 16]
    assert len(studio.requests) == ATTEMPTS
    assert studio.told == [
        f"waiting for http://studio (503 Service Unavailable); attempt {n} of 6 in {s} s"
        for n, s in zip(range(2, 7), (1, 2, 4, 8, 16), strict=True)
    ]


def test_server_that_goes_away_is_waited_for(project, studio) -> None:
    studio.faults = [None] * 5 + [httpx.ConnectError("[Errno 111] gone")] * ATTEMPTS
    with pytest.raises(PremaskError, match=r"6 attempts \(gone\); what has been transferred is"):
        send(project, studio)
    assert len(studio.told) == ATTEMPTS - 1


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize("token", [TOKEN, JSON_WEB_TOKEN])
def test_address_where_nothing_listens_is_given_up_at_once(project, token) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(PremaskError) as refused:
        push(project, "label-studio", url=url, token=token, sleep=pytest.fail)
    assert str(refused.value) == (
        f"Label Studio cannot be reached at {url} (connection refused); check that this is its"
        " address (--url) and that it is running"
    )


@pytest.mark.parametrize("server", SERVERS)
def test_unknown_host_is_given_up_at_once(project, server, monkeypatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    message = rf"{SERVERS[server].title} cannot be reached at http://nowhere \(unknown host\);"
    with pytest.raises(PremaskError, match=message):
        push(project, server, url="http://nowhere", token=TOKEN, sleep=pytest.fail)


@pytest.mark.parametrize("url", ["http://a..b", f"http://{'a' * 70}.b"])
def test_address_that_cannot_be_one_is_refused(project, url) -> None:
    with pytest.raises(PremaskError, match=r"cannot be asked: its address .* check --url"):
        push(project, "cvat", url=url, token=TOKEN, sleep=pytest.fail)


def test_file_of_another_server_is_waited_for_by_its_name(studio) -> None:
    connection = connect_label_studio("http://studio", TOKEN, **studio.how)
    connection.get("/api/projects")
    studio.faults = [httpx.ConnectError("no")] * ATTEMPTS
    with pytest.raises(PremaskError, match=r"^https://files:81 gives no answer"):
        connection.download("https://files:81/mask.png?signature=secret")
    assert not any("secret" in one for one in studio.told)


class Refusing(BaseHTTPRequestHandler):
    """A real server that answers all with one status."""

    status = 401

    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, r"refuses the token \(401: Unauthorized\)"),
        (404, r"/api/projects: 404 Not Found; is http://127\.0\.0\.1:\d+ the address of Label St"),
        (501, r"/api/projects: 501 Not Implemented; is http://\S+ the address of Label Studio\?"),
    ],
)
def test_personal_token_that_is_not_renewed_is_said_at_once(
    project, status, message, monkeypatch
) -> None:
    monkeypatch.setattr(Refusing, "status", status)
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        try:
            with pytest.raises(PremaskError, match=message):
                push(project, "label-studio", url=url, token=JSON_WEB_TOKEN, sleep=pytest.fail)
        finally:
            server.shutdown()
            thread.join()


def test_pull_brings_annotations_with_their_times_once(project, studio) -> None:
    send(project, studio)
    new = [np.zeros_like(m) for m in MAPS.values()]
    for task, label_map in zip(studio.tasks, new[:2], strict=False):
        studio.annotate(task, regions(label_map), seconds=90)
    done = fetch(project, studio, kind="preannotated")
    assert done.done == ["a.png", "ü b.png"]
    found = labels_of(project)
    for mine, expected in zip(found, [*new[:2], MAPS["c.png"]], strict=True):
        assert np.array_equal(mine, expected)
    assert [(m.annotator, m.times[0].seconds) for m in timed_maps(project)] == [("ana@x", 90)] * 2
    assert not (project.root / PULLING).exists() or not list((project.root / PULLING).iterdir())
    with pytest.raises(PremaskError, match=r"projects/1/ has nothing that is new"):
        fetch(project, studio, kind="preannotated")
    studio.annotate(next(iter(studio.tasks)), regions(MAPS["a.png"]), by="ben@x")
    done = fetch(project, studio, kind="preannotated")
    assert done.done == ["a.png", "a.png"]  # of both annotators


def test_pull_takes_finished_tasks_that_nobody_found_a_phase_in(project, studio) -> None:
    send(project, studio)
    studio.annotate(next(iter(studio.tasks)), [])
    done = fetch(project, studio, kind="preannotated")
    assert done.done == ["a.png"]
    assert "empty" in {one.kind for one in done.findings}
    with pytest.raises(PremaskError, match=r"has nothing that is new"):
        fetch(project, studio, kind="preannotated")


def test_pull_goes_on_where_it_was_interrupted(project, studio) -> None:
    send(project, studio)
    for task in studio.tasks:
        studio.annotate(task, regions(np.zeros((1, 1))))  # of another size: refused in the end
    studio.requests.clear()
    studio.faults = [None, None, None, None, KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        fetch(project, studio, kind="preannotated")
    with pytest.raises(PremaskError, match="1x1 px, the image"):
        fetch(project, studio, kind="preannotated")
    gets = [one for one in studio.requests if one.startswith("GET /api/tasks/")]
    assert len(gets) == 4  # the one that was interrupted twice
    for task, label_map in zip(studio.tasks.values(), MAPS.values(), strict=True):
        task["annotations"][0]["result"] = regions(label_map)
        task["updated_at"] = "later"
    assert len(fetch(project, studio, kind="preannotated").done) == 3


def test_pull_of_candidates_brings_those_of_others(project, studio) -> None:
    send(project, studio)
    before = candidates_of(project)
    for task in studio.tasks.values():
        size = (task["data"]["premask"]["height"], task["data"]["premask"]["width"])
        new = {"model_version": "unet", "result": regions(np.ones(size))}
        task["predictions"].append(new)
    done = fetch(project, studio, kind="candidate")
    assert done.done == list(MAPS)
    after = candidates_of(project)
    assert {method for _, method in after.keys() - before.keys()} == {"unet"}
    assert all((after[name, "unet"] == 1).all() for name in MAPS)
    assert len(after) == 9


def test_many_tasks_come_in_pages(project, studio, monkeypatch) -> None:
    monkeypatch.setattr(label_studio_server, "PAGE", 2)
    send(project, studio)
    for task in studio.tasks:
        studio.annotate(task, regions(MAPS["c.png"]))
    done = send(project, studio)
    assert (done.created, done.present) == ([], 6)


def test_half_a_line_in_the_memory_is_cut_off(project, studio) -> None:
    send(project, studio)
    memory = project.root / MEMORY
    lines = memory.read_bytes()
    memory.write_bytes(lines[:-9])
    assert send(project, studio).present == 6
    assert sorted(memory.read_bytes().splitlines()) == sorted(lines.splitlines())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"token": "wrong"}, r"http://studio refuses the token \(401: Invalid token\.\)"),
        ({"url": "studio"}, "the server's URL is 'studio'"),
        (
            {"remote_project": "77"},
            r"/77: 404 No Project matches; is .* of Label Studio, and 77 the number of a project",
        ),
        ({"what": "nothing"}, "--what 'nothing' is not known"),
    ],
)
def test_what_is_wrong_is_said(project, studio, change, message) -> None:
    with pytest.raises(PremaskError, match=message):
        send(project, studio, **change)
    assert not studio.tasks


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "truth"}, r"as 'truth'; reference, .*, candidate are accepted$"),
        ({"kind": "references"}, r"as 'references'; .* accepted; did you mean reference\?$"),
        ({"renames": {"boride": "TiB3"}}, r"'boride' cannot be read as 'TiB3'; .* mean TiB2\?$"),
    ],
)
def test_pull_of_what_cannot_be_asks_no_server(project, studio, change, message) -> None:
    with pytest.raises(PremaskError, match=message):
        fetch(project, studio, **change)
    assert studio.requests == []


def test_projects_are_told_by_number_where_titles_are_not_enough(project, studio) -> None:
    for _ in range(2):
        connection = connect_label_studio("http://studio", TOKEN, **studio.how)
        number = studio.number()
        studio.projects[number] = project_content(
            number,
            {"title": "two", "label_config": label_studio_server.label_config(
                PHASES, label_studio_server.Control("brushlabels", "seg", "im", "pic"))},
        )  # fmt: skip
    with pytest.raises(PremaskError, match=r"2 projects of the title 'two' \(numbers 1, 2\)"):
        send(project, studio, remote_project="two")
    with pytest.raises(PremaskError, match="has no project 'tow'; it has two, two; did you mean"):
        fetch(project, studio, remote_project="tow")
    send(project, studio, remote_project="2")
    (result, *_) = [t["predictions"][0]["result"] for t in studio.tasks.values()]
    # the interface of the project there is kept to
    assert {(r["type"], r["from_name"], r["to_name"]) for r in result} == {
        ("brushlabels", "seg", "im")
    }
    assert all("pic" in task["data"] for task in studio.tasks.values())
    assert connection.url == "http://studio"


def test_interface_without_the_phases_or_masks_is_refused(project, studio) -> None:
    config = label_studio_server.label_config(
        make_phases(["Alpha", "Beta"]), label_studio_server.Control("bitmasklabels")
    )
    studio.projects[1] = project_content(1, {"title": "steel", "label_config": config})
    with pytest.raises(PremaskError, match="has no label TiB2, Ti N/ü & <x>; add them there"):
        send(project, studio)
    studio.projects[1]["parsed_label_config"]["label"]["type"] = "Choices"
    with pytest.raises(PremaskError, match="has neither BitmaskLabels nor BrushLabels"):
        send(project, studio)
    assert not studio.tasks


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (httpx.Response(200, text="<html>hello"), "something else than JSON ('<html>hello')"),
        (httpx.Response(302, headers={"Location": "https://x/"}), "is at 'https://x/' now"),
        (httpx.Response(200, json=[1]), "answers with results = None"),
        (httpx.Response(200, json={"results": [{"id": "x", "title": "steel"}]}), "with id = 'x'"),
        (httpx.Response(400, json={"detail": "no", "validation_errors": {"title": ["short"]}}),
         "/api/projects: 400 no; title: ['short']"),
        (httpx.Response(418), "/api/projects: 418"),
        (httpx.Response(404, text="<html>"),
         "http://studio/api/projects: 404 Not Found; is http://studio the address of X?"),
        ({"headers": {"Content-Encoding": "gzip"}, "content": b"not packed"},
         "http://studio answers with what cannot be read (Error -3 while decompressing data"),
    ],
)  # fmt: skip
def test_strange_answers_give_one_line(reply, message) -> None:
    transport = httpx.MockTransport(
        lambda _: httpx.Response(200, **reply) if isinstance(reply, dict) else reply
    )
    connection = Connection("http://studio", title="X", transport=transport)
    with pytest.raises(PremaskError) as refused:
        open_label_studio(connection, "steel", PHASES, create=False)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_nothing_is_ever_deleted_or_changed(project, studio) -> None:
    send(project, studio)
    studio.annotate(next(iter(studio.tasks)), regions(MAPS["a.png"]))
    fetch(project, studio)
    assert {one.split()[0] for one in studio.requests} == {"GET", "POST"}


def test_commands_say_what_is_missing(project, monkeypatch) -> None:
    monkeypatch.delenv("LABEL_STUDIO_URL", raising=False)
    gone = f"http://127.0.0.1:{free_port()}"
    root: Callable[..., str] = lambda *words: refusal("push", project.root, *words)  # noqa: E731
    assert "needs a url; give --url, or set LABEL_STUDIO_URL" in root("--to", "label-studio")
    assert (
        "'label-stdio' is not known; label-studio, cvat, labelbox are accepted; did you mean"
        in root("--to", "label-stdio")
    )
    said = root("--to", "label-studio", "--url", gone, "--token", "x")
    assert f"Label Studio cannot be reached at {gone} (connection refused)" in said
