"""The service: right answers, a queue that is bounded, and files that are meant to hurt."""

from __future__ import annotations

import base64
import http.client
import io
import json
import re
import signal
import socket
import struct
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
import uvicorn
from PIL import Image
from playwright.sync_api import Page

from helpers import command, refusal
from premask.deploy.predictor import Model, load_model
from premask.deploy.service import Limits, create_service
from premask.deploy.tiling import Levels, Probabilities
from premask.server.run import listen
from premask.server.security import guard
from tiny_models import card, grey_truth, particles, write_grey_model

pytest.importorskip("onnxruntime")


def png(image: np.ndarray) -> bytes:
    return cv2.imencode(".png", image)[1].tobytes()


PICTURE = particles(0)[0]
SOUND = png(PICTURE)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_grey_model(tmp_path_factory.mktemp("run") / "model.onnx").parent


@pytest.fixture(scope="module")
def model(run: Path) -> Model:
    return load_model(run, threads=1)


@contextmanager
def serving(model: Model, limits: Limits | None = None, token: str | None = None) -> Iterator[int]:
    """A real server in a thread; its port."""
    sock = listen("127.0.0.1", 0)
    app = create_service(model, guard(token), limits)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([sock],))
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        sock.close()


@pytest.fixture(scope="module")
def port(model: Model) -> Iterator[int]:
    with serving(model, Limits(waiting=4, max_bytes=200_000, max_pixels=1_000_000)) as number:
        yield number


def ask(
    port: int,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes, dict[str, str]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
    finally:
        connection.close()


def until(true: Callable[[], bool]) -> None:
    """Ask until it is so."""
    for _ in range(10_000):
        if true():
            return
    pytest.fail("it never came true")


def waiting(port: int) -> int:
    return int(json.loads(ask(port, "GET", "/health")[1])["waiting"])


def metric(port: int, name: str) -> float:
    text = ask(port, "GET", "/metrics")[1].decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, text
    return float(found[1])


def picture(text: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))))


def test_an_image_gets_its_label_map_shares_and_confidence(port: int, model: Model) -> None:
    before = metric(port, "premask_predictions_total")
    status, body, headers = ask(port, "POST", "/api/predict", SOUND)
    assert status == 200, body
    assert headers["content-security-policy"].startswith("default-src 'self'")
    answer = json.loads(body)
    truth = grey_truth(PICTURE)
    assert np.array_equal(picture(answer["label_map"]), truth)
    assert picture(answer["confidence_map"]).shape == truth.shape
    assert np.array_equal(picture(answer["preview"]).shape, PICTURE.shape)
    assert (answer["width"], answer["height"]) == (128, 96)
    assert [one["name"] for one in answer["phases"]] == list(card().names)
    shares = [one["fraction"] for one in answer["phases"]]
    assert shares == pytest.approx([(truth == i).mean() for i in range(3)])
    assert answer["model"] == model.sha256
    assert metric(port, "premask_predictions_total") == before + 1


def test_the_label_map_alone_is_a_png_with_indices(port: int) -> None:
    for path in ("/api/label-map", "/api/label-map?test_time=turns"):
        status, body, headers = ask(port, "POST", path, SOUND)
        assert (status, headers["content-type"]) == (200, "image/png")
        image = Image.open(io.BytesIO(body))
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), grey_truth(PICTURE))


def test_sixteen_bit_tiff_is_taken(port: int) -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, PICTURE.astype(np.uint16) * 257)
    status, body, _ = ask(port, "POST", "/api/predict", buffer.getvalue())
    assert status == 200
    assert json.loads(body)["width"] == 128


def test_health_metrics_and_the_model_are_told(port: int, model: Model) -> None:
    status, body, _ = ask(port, "GET", "/health")
    assert (status, json.loads(body)) == (
        200,
        {"status": "ok", "model": model.sha256, "waiting": 0},
    )
    about = json.loads(ask(port, "GET", "/api/model")[1])
    assert [one["name"] for one in about["phases"]] == list(card().names)
    assert about["facts"] == {"made": "by hand"}
    lines = ask(port, "GET", "/metrics")[1].decode().splitlines()
    assert all(
        re.fullmatch(
            r'# TYPE \w+ (counter|gauge)|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [\d.]+', line
        )
        for line in lines
    )
    assert metric(port, "premask_memory_bytes") > 1e6


def header_of(width: int, height: int) -> bytes:
    """A PNG that says it is so large, and whose data inflates without end."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(bytes(10_000_000), 9)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


HOSTILE = {
    "nothing": b"",
    "text": b"GET / HTTP/1.1",
    "cut off": SOUND[: len(SOUND) // 2],
    "a header alone": SOUND[:33],
    "flipped": SOUND[:60] + bytes(200) + SOUND[260:],
    "far too large": header_of(100_000, 100_000),
    "larger than its limit": header_of(1001, 1000),
    "no image": header_of(0, 5),
    "TIFF in pieces": b"II*\x00" + b"\xff" * 500,
    "JPEG in pieces": b"\xff\xd8\xff" + b"\x00" * 500,
    "BMP in pieces": b"BM" + b"\xff" * 500,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_sound_image_gets_one_line(port: int, name: str) -> None:
    before = metric(port, 'premask_refused_total{reason="image"}')
    status, body, _ = ask(port, "POST", "/api/predict", HOSTILE[name])
    assert status == 400, body
    line = json.loads(body)["detail"]
    assert line
    assert "\n" not in line
    assert "Traceback" not in line
    assert "/tmp" not in line
    assert metric(port, 'premask_refused_total{reason="image"}') == before + 1
    assert ask(port, "POST", "/api/label-map", SOUND)[0] == 200


def test_files_that_are_too_large_are_refused_as_soon_as_that_is_seen(port: int) -> None:
    status, body, _ = ask(port, "POST", "/api/predict", bytes(200_001))
    assert (status, "more than 200,000 bytes" in body.decode()) == (413, True)
    assert "larger --megabytes (now 0.191)" in body.decode()
    pieces = (bytes(50_000) for _ in range(6))  # in chunks, without a length
    status, _, _ = ask(port, "POST", "/api/predict", pieces)
    assert status == 413
    assert waiting(port) == 0


def test_images_that_are_too_large_are_refused_with_the_option(port: int) -> None:
    status, body, _ = ask(port, "POST", "/api/predict", png(np.zeros((1001, 1000), np.uint8)))
    line = json.loads(body)["detail"]
    assert status == 400
    assert "1000x1001 px, more than the limit of 1,000,000 px" in line
    assert line.endswith("or start premask serve with a larger --megapixels (now 1)")


def test_a_form_is_told_what_to_send_instead(port: int) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + SOUND + b"\r\n--x--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    status, body, _ = ask(port, "POST", "/api/predict", form, headers)
    assert (status, "curl --data-binary @" in json.loads(body)["detail"]) == (415, True)
    assert waiting(port) == 0
    plain = {"Content-Type": "application/x-www-form-urlencoded"}  # what curl says of any bytes
    assert ask(port, "POST", "/api/label-map", SOUND, plain)[0] == 200


def test_all_that_the_page_names_is_there(port: int) -> None:
    status, body, _ = ask(port, "GET", "/")
    assert status == 200
    named = re.findall(r'(?:href|src)="([^"]+)"', body.decode())
    assert 'rel="icon"' in body.decode(), "else browsers ask for /favicon.ico"
    for address in named:
        if not address.startswith(("data:", "#")):
            assert ask(port, "GET", f"/{address.removeprefix('/')}")[0] == 200, address
    assert "data:," in named


def test_ctrl_c_ends_the_service_with_one_line(run: Path) -> None:
    words = command("serve", run, "--port", 0, "--threads", 1)
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r":(\d+)/", process.stdout.readline())
    assert found
    assert ask(int(found[1]), "GET", "/health")[0] == 200
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert said == "premask: the service has stopped; the same command starts it again\n"


def test_unknown_addresses_methods_and_options(port: int) -> None:
    assert ask(port, "GET", "/api/predict")[0] == 405
    assert ask(port, "GET", "/../../etc/passwd")[0] == 404
    assert ask(port, "GET", "/docs")[0] == 404
    status, body, _ = ask(port, "POST", "/api/predict?test_time=all", SOUND)
    assert (status, "none, flips, turns" in body.decode()) == (400, True)


def test_a_sender_who_is_slow_loses_the_place(model: Model) -> None:
    with serving(model, Limits(waiting=1, seconds=0.3)) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
            slow.sendall(
                b"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nxx"
            )
            assert b" 408 " in slow.recv(4096)
        assert ask(port, "POST", "/api/predict", SOUND)[0] == 200
        assert metric(port, 'premask_refused_total{reason="slow"}') == 1


def test_a_sender_who_leaves_frees_the_place(model: Model) -> None:
    with serving(model, Limits(waiting=1)) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as gone:
            gone.sendall(
                b"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nxx"
            )
            until(lambda: waiting(port) == 1)
            assert ask(port, "POST", "/api/predict", SOUND)[0] == 503
        until(lambda: waiting(port) == 0)
        assert ask(port, "POST", "/api/predict", SOUND)[0] == 200


def held(model: Model) -> tuple[Model, threading.Event]:
    """The model, but it waits until it is told to go on."""
    go = threading.Event()

    def run(levels: Levels) -> Probabilities:
        assert go.wait(60)
        return model.run(levels)

    return replace(model, run=run), go


def test_one_more_than_the_queue_holds_is_sent_away(model: Model) -> None:
    slow, go = held(model)
    with serving(slow, Limits(waiting=3)) as port, ThreadPoolExecutor(3) as pool:
        accepted = [pool.submit(ask, port, "POST", "/api/predict", SOUND) for _ in range(3)]
        until(lambda: waiting(port) == 3)
        status, body, headers = ask(port, "POST", "/api/predict", SOUND)
        assert (status, headers["retry-after"]) == (503, "5")
        assert "3 images are waiting already" in json.loads(body)["detail"]
        go.set()
        assert [one.result()[0] for one in accepted] == [200, 200, 200]
        assert metric(port, 'premask_refused_total{reason="busy"}') == 1
        assert metric(port, "premask_predictions_total") == 3
        assert waiting(port) == 0


def test_a_fault_of_ours_is_one_line_and_ends_nothing(model: Model) -> None:
    def broken(_levels: Levels) -> Probabilities:
        raise ZeroDivisionError("by zero")

    with serving(replace(model, run=broken)) as port:
        status, body, _ = ask(port, "POST", "/api/predict", SOUND)
        assert status == 500
        assert json.loads(body)["detail"].startswith("a fault in premask itself (ZeroDivisionError")
        assert ask(port, "GET", "/health")[0] == 200


def test_others_are_kept_out(model: Model, port: int) -> None:
    assert ask(port, "POST", "/api/predict", SOUND, {"Origin": "http://evil.example"})[0] == 403
    assert ask(port, "POST", "/api/predict", SOUND, {"Host": "rebound.example"})[0] == 403
    with serving(model, token="secret") as guarded:
        assert ask(guarded, "POST", "/api/predict", SOUND)[0] == 401
        bearer = {"Authorization": "Bearer secret"}
        assert ask(guarded, "POST", "/api/predict", SOUND, bearer)[0] == 200
        assert ask(guarded, "GET", "/health")[0] == 200
        assert "premask_token=secret" in ask(guarded, "GET", "/?token=secret")[2]["set-cookie"]


@contextmanager
def started(run: Path, *options: object) -> Iterator[int]:
    """``premask serve`` as a user starts it; its port."""
    words = command("serve", run, "--port", 0, "--threads", 1, *options)
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        with process.stdout as lines:
            found = re.search(r"http://127\.0\.0\.1:(\d+)/", lines.readline())
        assert found, "the service prints its address first"
        yield int(found[1])
    finally:
        process.terminate()
        process.wait()


def test_two_hundred_at_once(run: Path) -> None:
    """All get an answer or a polite refusal, and the service is as before."""
    expected = grey_truth(PICTURE)
    bodies = [SOUND, HOSTILE["cut off"], HOSTILE["far too large"], SOUND]
    with started(run, "--waiting", 20, "--megabytes", 1) as port:
        assert ask(port, "POST", "/api/label-map", SOUND)[0] == 200
        before = metric(port, "premask_memory_bytes")

        def one(number: int) -> int:
            status, body, _ = ask(port, "POST", "/api/label-map", bodies[number % 4])
            if status == 200:
                assert number % 4 in {0, 3}
                assert np.array_equal(np.asarray(Image.open(io.BytesIO(body))), expected)
            return status

        with ThreadPoolExecutor(200) as pool:
            statuses = list(pool.map(one, range(200)))
        assert set(statuses) <= {200, 400, 503}
        assert statuses.count(200) >= 10
        assert waiting(port) == 0
        total = sum(
            metric(port, f'premask_refused_total{{reason="{reason}"}}')
            for reason in ("busy", "image")
        )
        assert metric(port, "premask_predictions_total") - 1 + total == 200
        assert metric(port, "premask_memory_bytes") - before < 200e6
        assert ask(port, "POST", "/api/label-map", SOUND)[0] == 200


def test_what_cannot_be_is_refused(tmp_path: Path, run: Path) -> None:
    assert "there is no model at" in refusal("serve", tmp_path)
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert f"cannot listen on 127.0.0.1, port {port}" in refusal("serve", run, "--port", port)


def test_the_page_labels_what_is_chosen(run: Path, page: Page, tmp_path: Path) -> None:
    (tmp_path / "field.png").write_bytes(SOUND)
    (tmp_path / "notes.txt").write_text("no image")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with started(run) as port:
        page.goto(f"http://127.0.0.1:{port}/")
        page.get_by_text("dark, middle, bright").wait_for()
        page.set_input_files("#file", tmp_path / "field.png")
        page.get_by_role("row").first.wait_for()
        truth = grey_truth(PICTURE)
        for name, index in (("dark", 0), ("middle", 1), ("bright", 2)):
            row = page.get_by_role("row", name=name)
            assert f"{100 * (truth == index).mean():.2f} %" in row.inner_text()
        assert page.locator("#size").inner_text() == "128 × 96 px"
        assert page.evaluate("document.getElementById('labels').naturalWidth") == 128
        with page.expect_download() as found:
            page.get_by_text("Label map (index PNG)").click()
        assert found.value.suggested_filename == "field.png"
        assert np.array_equal(np.asarray(Image.open(found.value.path())), truth)
        page.select_option("#view", "confidence_map")
        assert page.get_by_alt_text("confidence map").count() == 1
        page.set_input_files("#file", tmp_path / "notes.txt")
        page.get_by_text("notes.txt: image: not an image").wait_for()
        assert page.locator("#result").is_hidden()
    assert all(url.startswith((f"http://127.0.0.1:{port}/", "data:", "blob:")) for url in asked)
