"""Push and pull against a Labelbox in memory, whose answers and requests are the SDK's."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fake_labelbox import PROJECT_ID, FakeLabelbox, export_row
from helpers import refusal
from masks import ANY_JSON
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.interchange.labelbox_server import (
    CHECKS,
    LabelboxProject,
    connect_labelbox,
    open_labelbox,
)
from premask.project.imports import timed_maps
from premask.workflow.servers import MEMORY, pull, push
from travelling import label, labels_of, project_of

HOST = "https://api.labelbox.test"
PHASES = make_phases(["Alpha", "TiB2"])
MAPS = {
    "a.png": np.array([[0, 0, 1], [1, 255, 0]], np.uint8),
    "ü b.png": np.array([[1, 1, 1]], np.uint8),
    "c.png": np.array([[0], [1]], np.uint8),
}
LOST = "the answer is lost"


class Wire:
    """Carries requests to the fake server and to where it keeps its files."""

    def __init__(self) -> None:
        self.labelbox = FakeLabelbox("https://files.test", list(MAPS))
        self.faults: list[Any] = []
        self.waited: list[float] = []
        self.gets: list[str] = []

    @property
    def how(self) -> dict[str, Any]:
        transport = httpx.MockTransport(self.handle)
        return {"transport": transport, "sleep": self.waited.append, "token": "key", "url": HOST}

    def handle(self, request: httpx.Request) -> httpx.Response:
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, int):
            return httpx.Response(fault)
        own = request.url.host == httpx.URL(HOST).host
        # the key goes to Labelbox, and never to where it keeps its files
        assert request.headers.get("Authorization") == ("Bearer key" if own else None)
        if request.method == "GET":
            self.gets.append(request.url.path)
            found = self.labelbox.files.get(request.url.path)
            return httpx.Response(404) if found is None else httpx.Response(200, content=found)
        assert (request.method, request.url.path) == ("POST", "/graphql")
        reply = self.labelbox.answer(request.headers["Content-Type"], request.read())
        if fault == LOST:
            raise httpx.ReadTimeout("timed out", request=request)
        return httpx.Response(200, json=reply)

    def masks(self) -> dict[str, dict[str, int]]:
        """How many pixels of each phase were imported, by data row."""
        found: dict[str, dict[str, int]] = {}
        for rows in self.labelbox.imported.values():
            for row in rows:
                pixels = decoded(row["mask"]["png"])
                assert pixels.max() == 1
                own = found.setdefault(row["dataRow"]["id"], {})
                assert row["name"] not in own
                own[row["name"]] = int(pixels.sum())
        return found


def decoded(png: str) -> np.ndarray:
    import base64

    with Image.open(io.BytesIO(base64.b64decode(png))) as picture:
        return np.array(picture)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def project(tmp_path: Path):
    made = project_of(tmp_path / "steel", MAPS, PHASES)
    label(made, tmp_path / "labels", list(MAPS.values()))
    label(made, tmp_path / "candidates", list(MAPS.values()), kind="candidate")
    return made


ALL = {"row0": {"Alpha": 3, "TiB2": 2}, "row1": {"TiB2": 3}, "row2": {"Alpha": 1, "TiB2": 1}}


@pytest.mark.parametrize("wanted", ["", "steel", PROJECT_ID])
def test_push_imports_candidates_as_pre_labels_once(project, wire, wanted) -> None:
    done = push(project, "labelbox", remote_project=wanted, **wire.how)
    assert done.address == f"https://app.labelbox.com/projects/{PROJECT_ID}"
    assert (done.created, done.added, done.present) == ([], 3, 0)
    assert wire.masks() == ALL
    made = [one["operation"] for one in wire.labelbox.requests if "create" in one["operation"]]
    assert made == ["createMALPredictionImportByFilePyApi"] * 3
    for keep in (True, False):
        if not keep:
            (project.root / MEMORY).unlink()
        again = push(project, "labelbox", **wire.how)
        assert (again.added, again.present, len(wire.labelbox.jobs)) == (0, 3, 3)


def test_push_of_labels_imports_labels_and_waits_for_them(project, wire) -> None:
    wire.labelbox.slow = 3
    push(project, "labelbox", what="labels", **wire.how)
    made = [one["operation"] for one in wire.labelbox.requests if "create" in one["operation"]]
    assert made == ["createLabelImportByFilePyApi"] * 3
    assert wire.waited == [2, 2, 2]  # for the export, between the looks at it
    assert wire.masks() == ALL


def test_image_without_a_data_row_and_refused_masks_are_said(project, wire) -> None:
    wire.labelbox.refuse = "TiB2"
    with pytest.raises(PremaskError, match=r"1 of 2 masks of the data row row0 .*no feature TiB2"):
        push(project, "labelbox", **wire.how)
    del wire.labelbox.rows["row0"]
    with pytest.raises(PremaskError, match=r"no data row with the global key a\.png; make the"):
        push(project, "labelbox", **wire.how)
    assert not (project.root / MEMORY).exists()


def test_file_name_of_two_images_tells_no_data_row(tmp_path, wire) -> None:
    """Labels of the second would go to the first one's data row."""
    maps = {"x/a.tif": MAPS["a.png"], "y/a.tif": 1 - MAPS["a.png"] // 255}
    made = project_of(tmp_path / "steel", maps, PHASES)
    label(made, tmp_path / "labels", list(maps.values()), kind="candidate")
    wire.labelbox.rows = {"row0": export_row("row0", "a.tif")}
    with pytest.raises(PremaskError, match="no data row with the global key a"):
        push(made, "labelbox", **wire.how)
    assert wire.masks() == {}


@pytest.mark.parametrize("fault", [LOST, 500, 502, 503, 429])
def test_every_request_is_repeated_and_no_mask_is_there_twice(project, wire, fault) -> None:
    push(project, "labelbox", **wire.how)
    n = len(wire.labelbox.requests) + len(wire.gets)
    for at in range(n):
        other = Wire()
        (project.root / MEMORY).unlink()
        other.faults = [None] * at + [fault]
        push(project, "labelbox", **other.how)
        assert other.masks() == ALL
        assert len(other.labelbox.jobs) == 3


def png(pixels: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.array(pixels, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def annotated(wire: Wire, changed: str = "1") -> None:
    """A label of the first image: one composite mask of two objects."""
    url = f"{HOST}/api/v1/tasks/t/masks/m1/index/1"
    wire.labelbox.files["/api/v1/tasks/t/masks/m1/index/1"] = png(
        [[[1, 2, 3], [1, 2, 3], [9, 9, 9]], [[0, 0, 0], [9, 9, 9], [9, 9, 9]]]
    )
    objects = [
        {"feature_id": f"f{i}", "name": name, "composite_mask": {"url": url, "color_rgb": colour}}
        for i, (name, colour) in enumerate((("Alpha", [1, 2, 3]), ("TiB2", [9, 9, 9])))
    ]
    one = {
        "id": "l1", "annotations": {"objects": objects},
        "label_details": {"created_by": "ana@x", "updated_at": changed},
        "performance_details": {"seconds_to_create": 600, "seconds_to_review": 30},
    }  # fmt: skip
    wire.labelbox.rows["row0"] = export_row("row0", "a.png", [one])


def test_pull_brings_labels_with_their_masks_and_times_once(project, wire) -> None:
    annotated(wire)
    done = pull(project, "labelbox", kind="preannotated", **wire.how)
    assert done.done == ["a.png"]
    assert labels_of(project)[0].tolist() == [[0, 0, 1], [255, 1, 1]]
    (timed,) = timed_maps(project)
    assert timed.annotator == "ana@x"
    assert [(one.measure, one.seconds) for one in timed.times] == [
        ("labelbox:seconds_to_create", 600), ("labelbox:seconds_to_review", 30),
    ]  # fmt: skip
    # the composite mask is downloaded once, the export in several parts
    assert wire.gets.count("/api/v1/tasks/t/masks/m1/index/1") == 1
    assert sum(path.startswith("/files/") for path in wire.gets) == 3
    with pytest.raises(PremaskError, match="nothing that is new since the last time"):
        pull(project, "labelbox", kind="preannotated", **wire.how)
    annotated(wire, "2")
    assert pull(project, "labelbox", kind="preannotated", **wire.how).done == ["a.png"]
    with pytest.raises(PremaskError, match="Labelbox exports labels and no pre-labels"):
        pull(project, "labelbox", kind="candidate", **wire.how)


def test_what_is_wrong_is_said(project, wire) -> None:
    with pytest.raises(PremaskError, match="Labelbox has 0 projects 'other'; give the id"):
        push(project, "labelbox", remote_project="other", **wire.how)
    wire.labelbox.export = lambda: b"{}\n"  # type: ignore[method-assign]
    with pytest.raises(PremaskError, match=r"without data_row\.id; its API has changed"):
        push(project, "labelbox", **wire.how)
    line = refusal("push", project.root, "--to", "labelbox", "--url", "x")
    assert "Labelbox needs a token; give --token, or set LABELBOX_API_KEY" in line


@given(drawn=st.data())
@settings(max_examples=150)
def test_strange_answers_give_one_line(drawn) -> None:
    wire = Wire()
    annotated(wire)
    at = drawn.draw(st.integers(0, 5))
    fields = st.sampled_from(["project", "projects", "task", "user", "exportDataRowsInProject"])
    answers = st.dictionaries(st.just("data"), st.dictionaries(fields, ANY_JSON))
    content = drawn.draw(ANY_JSON | answers | st.dictionaries(st.just("errors"), ANY_JSON))
    seen = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if len(seen) == at + 1:
            return httpx.Response(200, text=json.dumps(content))
        return wire.handle(request)

    connection = connect_labelbox(
        HOST, "key", transport=httpx.MockTransport(handle), sleep=lambda _: None
    )
    said = ""
    try:
        remote = open_labelbox(connection, "steel", PHASES, create=False)
        for task in remote.tasks():
            remote.annotations(task)
    except PremaskError as error:
        said = str(error)
    assert "\n" not in said


SDK = """
import json, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
sys.path.insert(0, sys.argv[1])
from fake_labelbox import PROJECT_ID, FakeLabelbox
import labelbox as lb

class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass
    def send(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        body = fake.files.get(self.path)
        self.send(404 if body is None else 200, body or b"")
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send(200, json.dumps(fake.answer(self.headers["Content-Type"], body)).encode())

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"
fake = FakeLabelbox(base, ["a.png", "b.png", "c.png"])
client = lb.Client(api_key="key", endpoint=base + "/graphql", rest_endpoint=base + "/api/v1")
project = client.get_project(PROJECT_ID)
assert [one.uid for one in client.get_projects(where=lb.Project.name == "steel")] == [PROJECT_ID]
rows = json.load(sys.stdin)
for kind in (lb.MALPredictionImport, lb.LabelImport):
    job = kind.create_from_objects(client, PROJECT_ID, f"premask {kind.__name__}", rows)
    assert job.errors == []
    assert kind.from_name(client, PROJECT_ID, job.name).state.value == "FINISHED"
task = project.export(params={
    "performance_details": True, "label_details": True, "data_row_details": True})
task.wait_till_done()
found = [one.json["data_row"]["global_key"] for one in task.get_buffered_stream()]
assert found == ["a.png", "b.png", "c.png"], found
client.get_task_by_id("t1")
print(json.dumps(fake.requests))
"""


@pytest.mark.skipif(
    not os.environ.get("PREMASK_LABELBOX_PYTHON"),
    reason="PREMASK_LABELBOX_PYTHON does not name a Python with the package labelbox",
)
def test_requests_are_those_of_the_sdk(project, wire) -> None:
    push(project, "labelbox", **wire.how)
    push(project, "labelbox", what="labels", remote_project=PROJECT_ID, **wire.how)
    annotated(wire)
    pull(project, "labelbox", **wire.how)
    rows = next(iter(wire.labelbox.imported.values()))
    done = subprocess.run(
        [os.environ["PREMASK_LABELBOX_PYTHON"], "-W", "ignore", "-c", SDK, Path(__file__).parent],
        input=json.dumps(rows), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    theirs = {one["operation"]: one for one in json.loads(done.stdout)}
    ours = {one["operation"]: one for one in wire.labelbox.requests}
    assert len(ours) == 11, " ".join(sorted(ours))
    for operation, request in ours.items():
        assert operation in theirs
        (head, fields), (their_head, their_fields) = map(split, (request, theirs[operation]))
        assert head == their_head
        assert fields <= their_fields
        assert shape(request["variables"]) == shape(theirs[operation]["variables"])


def split(request: dict[str, Any]) -> tuple[str, set[str]]:
    """A query up to the fields that it asks for, without spaces, and those fields."""
    query = " ".join(request["query"].split())
    at = query.rfind(")") if ")" in query else query.index("{", query.index("{") + 1) - 1
    return re.sub(r"\s", "", query[: at + 1]), set(re.findall(r"\w+", query[at + 1 :]))


def shape(value: Any) -> Any:
    """What is fixed of variables: the keys, the types, and everything that is no name or id."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return type(value) if isinstance(value, str | int) and not isinstance(value, bool) else value


def test_job_that_never_ends_is_left_and_said(project, wire, monkeypatch) -> None:
    monkeypatch.setattr(LabelboxProject, "_task", lambda *_: {"status": "IN_PROGRESS"})
    told: list[str] = []
    with pytest.raises(PremaskError, match="a job is not done after 60 min"):
        push(project, "labelbox", on_wait=told.append, **wire.how)
    assert len(wire.waited) == CHECKS
    (said,) = told
    assert said.startswith("waiting for Labelbox to finish a job")
    assert said.endswith("up to 60 min")
