"""A running Label Studio: candidates arrive, its page draws them, what is made comes back."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from helpers import answer, refusal
from premask.interchange.label_studio import label_config
from premask.interchange.label_studio_regions import Control, regions_of
from premask.project.images import all_images
from premask.project.imports import timed_maps
from premask.project.project import Project
from premask.workflow.import_labels import import_label_maps
from travelling import PHASES, labels_of, project_of

VARIABLE = "PREMASK_LABEL_STUDIO"
EXECUTABLE = os.environ.get(VARIABLE, "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not EXECUTABLE,
        reason=f"{VARIABLE} does not name the program label-studio; run make test-label-studio",
    ),
]

USER, PASSWORD, TOKEN = "ana@example.org", "premask-premask", "0123456789abcdef" * 2 + "01234567"
KINDS = ("bitmasklabels", "brushlabels")
COLOURS = np.array([[int(one.colour[i : i + 2], 16) for i in (1, 3, 5)] for one in PHASES.phases])
GREY = 128


@dataclass(frozen=True)
class Studio:
    """A running server."""

    url: str
    files: Path  # what it serves as local files
    api: httpx.Client

    def get(self, path: str, **parameters: Any) -> Any:
        reply = self.api.get(path, params=parameters or None)  # an empty one takes the query off
        assert reply.is_success, reply.text
        return reply.json() if "json" in reply.headers["Content-Type"] else reply.content

    def post(self, path: str, content: Any, **parameters: Any) -> Any:
        reply = self.api.post(path, json=content, params=parameters)
        assert reply.is_success, reply.text
        return reply.json()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """Label Studio on SQLite in a folder of its own, with one user."""
    root = tmp_path_factory.mktemp("studio")
    (root / "files").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    settings = {
        "HOME": str(root), "LABEL_STUDIO_BASE_DATA_DIR": str(root / "data"),
        "LABEL_STUDIO_USERNAME": USER, "LABEL_STUDIO_PASSWORD": PASSWORD,
        "LABEL_STUDIO_USER_TOKEN": TOKEN, "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(root / "files"),
        "COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false", "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "", "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    server = subprocess.Popen(
        [EXECUTABLE, "start", "--host", url, "--internal-host", "127.0.0.1", "--port", str(port),
         "--no-browser"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, **settings},
    )  # fmt: skip
    lines: list[str] = []
    ready = threading.Event()
    reader = threading.Thread(target=listen, args=(server, lines, ready))
    reader.start()
    try:
        assert ready.wait(300), "".join(lines[-40:])
        assert server.poll() is None, "".join(lines[-40:])
        again = httpx.HTTPTransport(retries=10)  # it listens a moment after it says so
        with httpx.Client(
            base_url=url, headers={"Authorization": f"Token {TOKEN}"}, timeout=60, transport=again
        ) as api:
            assert api.get("/health").json() == {"status": "UP"}
            yield Studio(url, root / "files", api)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(60)
        reader.join(60)


def listen(server: subprocess.Popen[str], lines: list[str], ready: threading.Event) -> None:
    """Keep what the server says, and tell when it is ready, or gone."""
    assert server.stdout is not None
    with server.stdout:
        for line in server.stdout:
            lines.append(line)
            if "Starting development server" in line:
                ready.set()
    ready.set()


def micrograph_map() -> NDArray[np.uint8]:
    """All three phases and void."""
    label_map = np.zeros((96, 128), np.uint8)
    label_map[:, 64:] = 1
    cv2.circle(label_map, (40, 40), 20, 2, -1)
    label_map[80:90, 10:110] = 255
    label_map[5, 5] = 2
    return label_map


MAPS = {"a.png": micrograph_map(), "größe 7 ü.png": micrograph_map()[:, ::-1].copy()}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two flat grey images with candidates of two methods."""
    root = tmp_path_factory.mktemp("project")
    made = project_of(root / "steel", {})
    tasks = []
    (root / "images").mkdir()
    for number, (name, label_map) in enumerate(MAPS.items()):
        grey = np.full(label_map.shape, GREY, np.uint8)
        grey[0, 0] += number  # two equal files would be one image
        Image.fromarray(grey).save(root / "images" / name)
        methods = {"kmeans": label_map, "texture": (label_map + 1) % 3}
        predictions = [
            {"model_version": method, "result": regions(one)} for method, one in methods.items()
        ]
        tasks.append({"data": {"image": f"images/{name}"}, "predictions": predictions})
    (root / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    import_label_maps(made, "label-studio", root / "tasks.json", kind="candidate", add_images=True)
    assert [image.name for image in all_images(made)] == list(MAPS)
    return made


def regions(label_map: NDArray[np.uint8], kind: str = KINDS[0]) -> list[dict[str, Any]]:
    return regions_of(label_map.astype(np.uint8), dict(enumerate(PHASES.names)), Control(kind))


def remote(studio: Studio, title: str, kind: str) -> str:
    """A project there with an interface of one kind of masks; its number."""
    config = label_config(PHASES, Control(kind))
    made = studio.post("/api/projects", {"title": title, "label_config": config})
    return str(made["id"])


def push(project: Project, studio: Studio, *more: str, token: str = TOKEN) -> Any:
    return answer("push", project.root, "--to", "label-studio", "--url", studio.url,
                  "--token", token, *more)  # fmt: skip


def tasks_of(studio: Studio, number: str) -> dict[str, dict[str, Any]]:
    """The tasks of a project by their images' names, with all that was made."""
    listed = studio.get("/api/tasks", project=number, page_size=100)["tasks"]
    return {one["data"]["premask"]["file"]: studio.get(f"/api/tasks/{one['id']}") for one in listed}


def test_candidates_arrive_once(studio, project) -> None:
    done = push(project, studio)
    assert done["created"] == list(MAPS)
    number = done["address"].split("/")[-2]
    assert studio.get(f"/api/projects/{number}")["title"] == "steel"
    tasks = tasks_of(studio, number)
    for name, label_map in MAPS.items():
        made = {one["model_version"]: one["result"] for one in tasks[name]["predictions"]}
        assert sorted(made) == ["kmeans", "texture"]
        assert made["kmeans"] == regions(label_map)
        picture = studio.get(tasks[name]["data"]["image"])
        with Image.open(io.BytesIO(picture)) as image:
            assert image.size == (128, 96)
    # with a token that has to be exchanged for another, and nothing remembered
    (project.root / "servers.ndjson").unlink()
    token = studio.post("/api/token/", {})["token"]
    done = push(project, studio, token=token)
    assert (done["created"], done["added"], done["present"]) == ([], 0, 4)
    assert len(tasks_of(studio, number)) == 2
    assert "refuses the token (401" in refusal(
        "push", project.root, "--to", "label-studio", "--url", studio.url, "--token", "wrong"
    )


@pytest.fixture
def logged_in(studio: Studio, page: Page) -> Page:
    page.goto(f"{studio.url}/user/login/")
    page.fill("#email", USER)
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.click("button[type=submit]")
    return page


AT_REST = """() => new Promise(resolve => {
    let last = '', same = 0;
    const look = () => {
        const parts = document.querySelectorAll('.lsf-image, .lsf-image img, .konvajs-content');
        const now = JSON.stringify([...parts].map(part => part.getBoundingClientRect()));
        same = now === last ? same + 1 : 0;
        last = now;
        same < 30 ? requestAnimationFrame(look) : resolve();
    };
    look();
})"""
"""Until nothing has moved for thirty frames."""


def drawn(page: Page, address: str) -> NDArray[np.float64]:
    """The colours that the labelling page shows in the middle of each pixel of the image."""
    page.goto(address)
    page.add_style_tag(content=".lsf-toolbar { visibility: hidden !important }")
    canvas = page.locator(".konvajs-content")
    canvas.wait_for()
    # until some canvas over the picture has colour in the middle of each phase
    page.wait_for_function(
        """places => {
            const layers = [...document.querySelectorAll('.konvajs-content canvas')];
            return places.every(([row, column]) => layers.some(layer =>
                layer.getContext('2d').getImageData(
                    column * layer.width, row * layer.height, 1, 1).data[3] > 0));
        }""",
        arg=[[0.9, 0.02], [0.5, 0.9], [0.42, 0.3]],
    )
    page.evaluate(AT_REST)
    page.keyboard.press("Shift+Digit1")  # zoom to fit: at first the edges may be cut off
    page.evaluate(AT_REST)
    left, right = page.locator(".lsf-image img").bounding_box(), canvas.bounding_box()
    assert left is not None
    assert right is not None
    assert abs(left["width"] - right["width"]) < 1
    shot = np.array(Image.open(io.BytesIO(canvas.screenshot())).convert("RGB"), np.float64)
    rows = ((np.arange(96) + 0.5) * shot.shape[0] / 96).astype(int)
    columns = ((np.arange(128) + 0.5) * shot.shape[1] / 128).astype(int)
    return shot[rows][:, columns]


def phases_seen(colours: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The phase whose colour, laid over grey as Label Studio does, is nearest to each pixel's."""
    opacity = 0.6
    over = np.vstack([GREY + opacity * (COLOURS - GREY), np.full((1, 3), GREY)])
    distance = np.linalg.norm(colours[:, :, None] - over, axis=-1)
    between = np.linalg.norm(over[:, None] - over, axis=-1)[np.triu_indices(4, 1)].min()
    assert distance.min(axis=-1).max() < between / 2, "a colour that is of no phase"
    return np.array([0, 1, 2, 255], np.uint8)[distance.argmin(axis=-1)]


@pytest.mark.parametrize("kind", KINDS)
def test_page_draws_the_candidates_and_submits_them(
    studio, project, logged_in, kind, tmp_path
) -> None:
    number = remote(studio, f"draw {kind}", kind)
    push(project, studio, "--remote-project", number, "--method", "kmeans")
    task = tasks_of(studio, number)["a.png"]
    address = f"{studio.url}/projects/{number}/data?task={task['id']}"
    colours = drawn(logged_in, address)
    if folder := os.environ.get("PREMASK_SCREENSHOTS"):
        logged_in.screenshot(path=Path(folder) / f"label-studio-{kind}.png")
    assert np.array_equal(phases_seen(colours), MAPS["a.png"])
    # what the page has made of the prediction, sent by its own button
    with logged_in.expect_response(lambda reply: f"/tasks/{task['id']}/annotations" in reply.url):
        logged_in.get_by_role("button", name="submit").click()
    other = project_of(tmp_path / "other", {})
    add_the_images(other, project)
    done = answer("pull", other.root, "--from", "label-studio", "--url", studio.url,
                  "--token", TOKEN, "--remote-project", number)  # fmt: skip
    assert (done["imported"], done["times"]) == (["a.png"], ["label-studio:lead_time"])
    found, nothing = labels_of(other)
    assert nothing is None
    assert np.array_equal(found, MAPS["a.png"])
    (timed,) = timed_maps(other)
    assert (timed.annotator, timed.strategy) == (USER, "preannotated")
    assert timed.times[0].seconds > 0
    assert "nothing that is new" in refusal(
        "pull", other.root, "--from", "label-studio", "--url", studio.url, "--token", TOKEN,
        "--remote-project", number,
    )  # fmt: skip


def add_the_images(other: Project, project: Project) -> None:
    from premask.project import objects
    from premask.workflow.add import add_images

    for image in all_images(project):
        copy = other.root.parent / image.name
        copy.write_bytes(objects.existing(project.root, image.content).read_bytes())
        add_images(other, [copy], crop_bottom=0)


@pytest.mark.parametrize("kind", KINDS)
def test_annotation_of_the_api_comes_back_in_every_export(studio, project, kind, tmp_path) -> None:
    number = remote(studio, f"annotate {kind}", kind)
    push(project, studio, "--remote-project", number)
    new = np.where(MAPS["a.png"] == 255, 255, 2 - MAPS["a.png"]).astype(np.uint8)
    task = tasks_of(studio, number)["a.png"]
    sent = {"result": regions(new, kind), "lead_time": 77.5}
    studio.post(f"/api/tasks/{task['id']}/annotations", sent)
    exports = {name: export(studio, number, name) for name in ("JSON", "JSON_MIN")}
    paths = []
    for name, content in exports.items():
        paths.append(tmp_path / f"{name}.json")
        paths[-1].write_bytes(content)
    if kind == "brushlabels":
        paths.append(tmp_path / "pngs")
        with zipfile.ZipFile(io.BytesIO(export(studio, number, "BRUSH_TO_PNG"))) as archive:
            archive.extractall(paths[-1])
        (paths[-1] / "names.json").write_bytes(exports["JSON_MIN"])
    for turn, path in enumerate(paths):
        other = project_of(tmp_path / f"p{turn}", {})
        add_the_images(other, project)
        done = answer("import", other.root, path, "--format", "label-studio", "--as", "scratch")
        assert done["imported"] == ["a.png"], path
        assert np.array_equal(labels_of(other)[0], new), path
        (timed,) = timed_maps(other)
        assert [time.seconds for time in timed.times] == [77.5], path


def export(studio: Studio, number: str, kind: str) -> bytes:
    reply = studio.api.get(
        f"/api/projects/{number}/export",
        params={"exportType": kind, "download_all_tasks": "true"},
    )
    assert reply.is_success, reply.text
    return reply.content


def test_exported_files_are_imported_and_their_pictures_served(studio, project) -> None:
    out = studio.files
    answer("export", project.root, out, "--format", "label-studio", "--what", "candidates")
    config = (out / "label-config.xml").read_text(encoding="utf-8")
    number = studio.post("/api/projects", {"title": "files", "label_config": config})["id"]
    studio.post(
        "/api/storages/localfiles",
        {"project": number, "path": str(out / "images"), "use_blob_urls": True},
    )
    reply = studio.api.post(
        f"/api/projects/{number}/import",
        files={"file": ("tasks.json", (out / "tasks.json").read_bytes(), "application/json")},
    )
    assert reply.json()["task_count"] == 2
    assert reply.json()["prediction_count"] == 4
    for name, task in tasks_of(studio, str(number)).items():
        picture = studio.get(task["data"]["image"])
        assert picture == (out / "images" / name).read_bytes()
        assert len(task["predictions"]) == 2
