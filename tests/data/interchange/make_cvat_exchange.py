"""Let cvat-sdk talk to the CVAT of the tests, and write down what it asks.

    python make_cvat_exchange.py cvat_exchange.json

It does what premask's push and pull do: a project with labels, a task of one picture in it,
masks, and the way back. Every answer goes through cvat-sdk's models, which refuse what is not as
the server's are; every request is written down as it was sent.
"""

from __future__ import annotations

import json
import struct
import sys
import tempfile
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from cvat_sdk.core.client import AccessTokenCredentials, Client, Config
from cvat_sdk.core.helpers import get_paginated_collection
from cvat_sdk.core.proxies.annotations import AnnotationUpdateAction
from cvat_sdk.masks import encode_mask
from cvat_sdk.models import (
    LabeledShapeRequest,
    PatchedLabeledDataRequest,
    PatchedLabelRequest,
    ProjectWriteRequest,
    ShapeType,
    TaskWriteRequest,
)

from fake_cvat import FakeCvat, written

TOKEN = "a-token"


def main(out: str) -> None:
    """Run it all, and write the requests."""
    asked: list[dict] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(FakeCvat(), asked))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        talk(f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
    text = json.dumps({"cvat-sdk": "2.80.0", "requests": asked}, indent=1)
    Path(out).write_text(text + "\n", encoding="utf-8")


def talk(url: str) -> None:
    """What premask does, by means of the SDK."""
    client = Client(url, check_server_version=False, config=Config(status_check_period=0.01))
    client.login(AccessTokenCredentials(TOKEN))
    labels = [
        PatchedLabelRequest(name=name, color=colour, type="any")
        for name, colour in (("Alpha", "#0072b2"), ("TiB2", "#e69f00"))
    ]
    project = client.projects.create(ProjectWriteRequest(name="steel", labels=labels))
    client.projects.list()
    ids = {label.name: label.id for label in project.get_labels()}
    task = client.tasks.create(TaskWriteRequest(name="a.png (premask 1f)", project_id=project.id))
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "a.png"
        picture.write_bytes(grey_png(3, 2))
        task.upload_data([picture], params={"image_quality": 100})
    assert task.size == 1
    masks = {"Alpha": [[1, 1, 0], [0, 0, 1]], "TiB2": [[0, 0, 1], [1, 1, 0]]}
    shapes = [
        LabeledShapeRequest(
            type=ShapeType("mask"),
            frame=0,
            label_id=ids[name],
            points=encode_mask(np.array(mask, bool)),
            occluded=False,
            z_order=0,
            source="auto",
        )
        for name, mask in masks.items()
    ]
    task.update_annotations(
        PatchedLabeledDataRequest(shapes=shapes), action=AnnotationUpdateAction.CREATE
    )
    project.get_tasks()
    assert [job.assignee.username for job in task.get_jobs()] == ["ana"]
    assert [frame.name for frame in task.get_frames_info()] == ["a.png"]
    drawn = task.get_annotations().shapes
    assert [list(map(int, shape.points)) for shape in drawn] == [
        list(map(int, shape.points)) for shape in shapes
    ]
    get_paginated_collection(client.api_client.tasks_api.list_endpoint, project_id=project.id)


def handler(fake: FakeCvat, asked: list[dict]) -> type[BaseHTTPRequestHandler]:
    """Answers of the fake server, over HTTP."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {k.casefold(): v for k, v in self.headers.items()}
            asked.append(written(self.command, self.path, headers, body))
            status, content = fake.answer(self.command, self.path, headers, body)
            data = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.cvat+json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_POST = do_PATCH = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def grey_png(width: int, height: int) -> bytes:
    """A small picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


if __name__ == "__main__":
    main(sys.argv[1])
