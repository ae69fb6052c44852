"""The real server: killed in the middle of saves, fuzzed, many at once."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from helpers import command, start_server, write_images
from premask.core.phases import VOID, make_phases
from premask.core.tiles import Tile, encode_tiles
from premask.project.images import all_images
from premask.project.project import Project, init_project, open_project
from premask.project.sessions import all_sessions, working_copy
from premask.project.settings import Settings
from premask.workflow.add import add_images

ANA = {"X-Premask-Annotator": "ana"}
KILLS = 50
SIDE = 256


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = init_project(tmp_path / "project", Settings(make_phases(["A", "B", "C"])))
    add_images(made, write_images(tmp_path / "in", 1, (SIDE, SIDE)), crop_bottom=0)
    return made


@contextmanager
def running(root: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server as a user starts it, and its address."""
    server, address = start_server(root)
    try:
        yield server, address
    finally:
        server.kill()
        server.wait()


def saves_until_it_dies(
    address: str, number: int, revision: int, seed: int, killer: threading.Timer
) -> tuple[int, int]:
    """Save one tile of a single value again and again; the last revision and value answered.

    The killer's time runs from the first answer on, so that every kill meets a server at work.
    """
    value, rng = -1, np.random.default_rng(seed)
    with httpx.Client(base_url=address, headers=ANA, timeout=10) as client:
        while True:
            wanted = int(rng.integers(0, 3))
            plane = np.full((SIDE, SIDE), wanted, np.uint8)
            plane[0, 0] = rng.integers(0, 3)
            # The first row tells the save: its revision in base 3.
            plane[1, :20] = [(revision // 3**n) % 3 for n in range(20)]
            body = encode_tiles([Tile(0, 0, plane, np.full_like(plane, 2))])
            try:
                answer = client.patch(
                    f"/api/sessions/{number}/tiles",
                    content=body,
                    headers={"X-Revision": str(revision), "X-Save": f"{seed}-{revision}"},
                )
            except httpx.HTTPError:
                return revision, value
            assert answer.status_code == 200, answer.text
            revision, value = answer.json()["revision"], wanted
            if not killer.is_alive() and not killer.finished.is_set():
                killer.start()


@pytest.mark.slow
def test_no_acknowledged_save_is_lost_by_any_of_fifty_kills(project: Project) -> None:
    root = project.root
    image = all_images(project)[0].id
    project.engine.dispose()
    acknowledged, value, number = 0, VOID, 0
    rng = np.random.default_rng(0)
    for kill in range(KILLS):
        with running(root) as (server, address):
            with httpx.Client(base_url=address, headers=ANA) as client:
                client.post("/api/annotators", json={"name": "ana"})
                body = {"image": image, "strategy": "scratch"}
                session = client.post("/api/sessions", json=body).json()
            number = session["id"]
            # A save may have been kept whose answer was lost, never the other way round.
            assert session["revision"] in {acknowledged, acknowledged + 1}
            pause = float(rng.uniform(0, 0.1))
            killer = threading.Timer(pause, server.send_signal, [signal.SIGKILL])
            acknowledged, value = saves_until_it_dies(
                address, number, session["revision"], kill, killer
            )
            killer.join()
        again = open_project(root)
        copy = working_copy(again, number)
        again.engine.dispose()
        assert copy.revision in {acknowledged, acknowledged + 1}
        if copy.revision == acknowledged and value >= 0:
            assert copy.labels[SIDE - 1, SIDE - 1] == value
        if copy.revision:
            digits = copy.labels[1, :20].astype(int)
            told = sum(int(digit) * 3**n for n, digit in enumerate(digits))
            assert told == copy.revision - 1
    assert acknowledged >= KILLS, "the kills must meet a server at work"


def test_a_taken_port_is_one_line(project: Project) -> None:
    with running(project.root) as (_, address):
        port = httpx.URL(address).port
        done = subprocess.run(
            command("annotate", project.root, "--port", str(port), "--no-browser"),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "choose another --port" in done.stderr


def test_ctrl_c_stops_the_server_quietly(project: Project) -> None:
    with running(project.root) as (server, address):
        assert httpx.get(f"{address}api/project").status_code == 200
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=30) in {0, 130}


def test_many_annotators_at_once_lose_nothing(project: Project) -> None:
    names = [f"annotator {n}" for n in range(8)]
    image = all_images(project)[0].id
    failures: list[str] = []

    def work(name: str, address: str) -> None:
        headers = {"X-Premask-Annotator": name.replace(" ", "%20")}
        with httpx.Client(base_url=address, headers=headers, timeout=60) as client:
            client.post("/api/annotators", json={"name": name})
            body = {"image": image, "strategy": "scratch"}
            number = client.post("/api/sessions", json=body).json()["id"]
            for revision in range(20):
                plane = np.full((SIDE, SIDE), revision % 3, np.uint8)
                answer = client.patch(
                    f"/api/sessions/{number}/tiles",
                    content=encode_tiles([Tile(0, 0, plane, plane)]),
                    headers={"X-Revision": str(revision), "X-Save": f"s{revision}"},
                )
                if answer.status_code != 200:
                    failures.append(answer.text)

    with running(project.root) as (_, address):
        threads = [threading.Thread(target=work, args=(name, address)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    sessions = all_sessions(project)
    assert sorted(session.annotator for session in sessions) == names
    for session in sessions:
        copy = working_copy(project, session.id)
        assert copy.revision == 20
        assert (copy.labels == 19 % 3).all()
