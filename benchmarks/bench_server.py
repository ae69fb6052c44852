"""Twenty annotators at one server: saves of real strokes, twice a second each, two minutes."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import httpx
import numpy as np

from common import Target, report, targets
from premask.core.phases import make_phases
from premask.core.tiles import TILE, cut, encode_tiles
from premask.project.project import init_project
from premask.project.sessions import all_sessions, working_copy
from premask.project.settings import Settings
from premask.synthetic.micrograph import synthesize
from premask.workflow.add import add_images
from premask.workflow.annotate import image_of

ANNOTATORS, SECONDS, PER_SECOND = 20, 120, 2
HEIGHT, WIDTH = 959, 1280
RADIUS = 30


def main() -> None:
    """Start the real server, work, look at what it kept."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        project = init_project(root, Settings(make_phases(["A", "B", "C", "D", "E"])))
        picture = Path(folder) / "micrograph.png"
        cv2.imwrite(str(picture), synthesize("III", seed=0).image)
        add_images(project, [picture], crop_bottom=0)
        server = subprocess.Popen(
            [sys.executable, "-u", "-m", "premask", "annotate", str(root), "--port", "0",
             "--no-browser"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdout is not None
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found
        try:
            finished = asyncio.run(everybody(found[0]))
        finally:
            server.terminate()
            server.wait()
        seconds = np.array([second for times, _, _, _ in finished for second in times])
        errors = sum(failed for _, failed, _, _ in finished)
        lost = 0
        drawn = {number: labels for _, _, number, labels in finished}
        for session in all_sessions(project):
            assert image_of(project, session).height == HEIGHT
            kept = working_copy(project, session.id).labels
            lost += not np.array_equal(kept, drawn[session.id])
    report(
        "server",
        "Twenty annotators at one server",
        f"{ANNOTATORS} clients, {PER_SECOND} saves a second each for {SECONDS} s, strokes of radius"
        f" {RADIUS} px on {WIDTH}x{HEIGHT}; clients and server share the machine.",
        targets(
            [
                Target("saves that failed", str(errors), "none", errors == 0),
                Target("maps that differ from what was drawn", str(lost), "none", lost == 0),
                Target(
                    f"95th percentile of {seconds.size:,} saves",
                    f"{np.percentile(seconds, 95) * 1e3:.0f} ms"
                    f" (median {np.median(seconds) * 1e3:.0f} ms)",
                    "under 200 ms",
                    float(np.percentile(seconds, 95)) < 0.2,
                ),
            ]
        ),
    )


async def everybody(address: str) -> list[tuple[list[float], int, int, np.ndarray]]:
    """All annotators side by side."""
    return await asyncio.gather(*(work(address, number) for number in range(ANNOTATORS)))


async def work(address: str, number: int) -> tuple[list[float], int, int, np.ndarray]:
    """One annotator: seconds of each save, failures, the session and what was drawn."""
    rng = np.random.default_rng(number)
    labels = np.full((HEIGHT, WIDTH), 255, np.uint8)
    times, failed, revision = [], 0, 0
    headers = {"X-Premask-Annotator": f"annotator{number}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as client:
        await client.post("/api/annotators", json={"name": f"annotator{number}"})
        image = (await client.get("/api/images")).json()[0]["id"]
        body = {"image": image, "strategy": "scratch"}
        session = (await client.post("/api/sessions", json=body)).json()["id"]
        begin = time.perf_counter() + rng.random() / PER_SECOND
        for n in range(SECONDS * PER_SECOND):
            await asyncio.sleep(max(0, begin + n / PER_SECOND - time.perf_counter()))
            data = stroke(labels, rng)
            before = time.perf_counter()
            answer = await client.patch(
                f"/api/sessions/{session}/tiles",
                content=data,
                headers={"X-Revision": str(revision), "X-Save": f"s{n}"},
            )
            times.append(time.perf_counter() - before)
            if answer.status_code == 200:
                revision = answer.json()["revision"]
            else:
                failed += 1
    return times, failed, session, labels


def stroke(labels: np.ndarray, rng: np.random.Generator) -> bytes:
    """Draw one stroke and give its save."""
    start = rng.integers([0, 0], [WIDTH, HEIGHT])
    end = start + rng.integers(-120, 121, 2)
    mask = np.zeros_like(labels)
    cv2.line(mask, start.tolist(), end.tolist(), 1, 2 * RADIUS)
    labels[mask == 1] = rng.integers(0, 5)
    origins = np.where(labels == 255, 0, 2).astype(np.uint8)
    rows, columns = (np.unique(found // TILE) for found in np.nonzero(mask))
    return encode_tiles([cut(labels, origins, int(c), int(r)) for r in rows for c in columns])


if __name__ == "__main__":
    main()
