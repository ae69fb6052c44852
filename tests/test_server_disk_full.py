"""The real server on a full disk: it says so, keeps what it has, and goes on when there is room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from helpers import start_server, write_images
from premask.core.phases import VOID, make_phases
from premask.core.tiles import Tile, encode_tiles
from premask.project.events import events_of
from premask.project.images import all_images
from premask.project.label_maps import read_version, versions
from premask.project.project import init_project, open_project
from premask.project.sessions import WorkingCopy, working_copy
from premask.project.settings import Settings
from premask.server.app import STATIC
from premask.workflow.add import add_images

ANA = {"X-Premask-Annotator": "ana"}
SIDE = 256


class Disk:
    """A project on a disk of 8 MB of its own, with a server and a session from scratch."""

    def __init__(self, folder: Path, inputs: Path) -> None:
        self.filler = folder / "filler"
        project = init_project(folder / "steel", Settings(make_phases(["A", "B", "C"])))
        add_images(project, write_images(inputs, 1, (SIDE, SIDE)), crop_bottom=0)
        self.root = project.root
        self.image = all_images(project)[0]
        project.engine.dispose()
        self.server, self.address = start_server(self.root)
        self.client = httpx.Client(base_url=self.address, headers=ANA, timeout=30)
        self.client.post("/api/annotators", json={"name": "ana"})
        body = {"image": self.image.id, "strategy": "scratch"}
        self.session = self.client.post("/api/sessions", json=body).json()["id"]

    def fill(self) -> None:
        """Leave not a single byte."""
        with self.filler.open("wb", buffering=0) as file:
            for size in (65_536, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass

    def make_room(self) -> None:
        self.filler.unlink()

    def save(self, labels: np.ndarray, revision: int) -> httpx.Response:
        return self.client.patch(
            f"/api/sessions/{self.session}/tiles",
            content=encode_tiles([Tile(0, 0, labels, np.full_like(labels, 2))]),
            headers={"X-Revision": str(revision), "X-Save": f"s{revision}"},
        )

    def copy(self) -> WorkingCopy:
        """The working copy, looked at from outside."""
        project = open_project(self.root)
        copy = working_copy(project, self.session)
        project.engine.dispose()
        return copy


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted here (needs root)")
    made: Disk | None = None
    try:
        made = Disk(folder, tmp_path / "in")
        yield made
    finally:
        if made:
            made.client.close()
            made.server.kill()
            made.server.wait()
        subprocess.run(["umount", "-l", str(folder)], check=False)


def noise(seed: int) -> np.ndarray:
    """A tile that does not compress: what fits by luck proves nothing."""
    return np.random.default_rng(seed).integers(0, 3, (SIDE, SIDE), np.uint8)


def saves_until_full(disk: Disk, revision: int) -> tuple[int, httpx.Response]:
    """The database may have room inside: save until there is no more."""
    for _ in range(200):
        answer = disk.save(noise(revision), revision)
        if answer.status_code != 200:
            return revision, answer
        revision = answer.json()["revision"]
    raise AssertionError("the disk never filled")


def test_a_save_on_a_full_disk_is_one_line_and_can_be_sent_again(disk: Disk) -> None:
    assert disk.save(noise(0), 0).status_code == 200
    disk.fill()
    revision, refused = saves_until_full(disk, 1)
    assert refused.status_code == 507
    line = refused.json()["detail"]
    assert line.startswith(f"the disk of {disk.root} is full: make room")
    assert "\n" not in line
    read = disk.client.get(f"/api/sessions/{disk.session}")
    assert read.status_code == 200, "reading goes on"
    assert read.json()["revision"] == revision
    disk.make_room()
    np.testing.assert_array_equal(disk.copy().labels, noise(revision - 1))
    assert disk.save(noise(revision), revision).status_code == 200
    np.testing.assert_array_equal(disk.copy().labels, noise(revision))


def test_a_version_that_does_not_fit_leaves_the_session_open(disk: Disk) -> None:
    assert disk.save(noise(0), 0).status_code == 200
    disk.fill()
    submit = f"/api/sessions/{disk.session}/submit"
    refused = disk.client.post(submit, json={"revision": 1})
    assert refused.status_code == 507
    disk.make_room()
    assert disk.client.get(f"/api/sessions/{disk.session}").json()["state"] == "open"
    assert disk.client.post(submit, json={"revision": 1}).status_code == 200
    project = open_project(disk.root)
    (version,) = versions(project, disk.image, "scratch")
    np.testing.assert_array_equal(read_version(project, version), noise(0))
    project.engine.dispose()


@pytest.mark.skipif(
    not (STATIC / "index.html").exists(),
    reason="the page is not built: python hatch_build.py build",
)
def test_the_page_says_so_and_loses_nothing(disk: Disk, page: Page) -> None:
    assert disk.save(noise(0), 0).status_code == 200
    disk.fill()
    revision, _ = saves_until_full(disk, 1)
    page.add_init_script("sessionStorage.setItem('premask.annotator', 'ana')")
    page.goto(f"{disk.address}#/sessions/{disk.session}")
    page.wait_for_selector("html[data-ready]")
    before = disk.copy().labels
    canvas = page.locator("canvas")
    box = canvas.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.keyboard.press("2")
    for _ in range(6):
        page.keyboard.press("]")
    page.mouse.move(middle[0] - 150, middle[1])
    page.mouse.down()
    page.mouse.move(middle[0] + 150, middle[1], steps=8)
    page.mouse.up()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(f"the disk of {disk.root} is full", timeout=15_000)
    expect(page.locator(".state.failed")).to_be_visible()
    assert canvas.bounding_box() == box, "nothing moves under the hand"
    np.testing.assert_array_equal(disk.copy().labels, before)
    page.reload()
    page.wait_for_selector("html[data-ready]")
    expect(page.locator(".notes")).to_contain_text("are back")
    disk.make_room()
    expect(page.locator(".state.saved")).to_be_visible(timeout=15_000)
    expect(alert).to_have_count(0)
    copy = disk.copy()
    assert copy.revision == revision + 1
    assert copy.labels[SIDE // 2, SIDE // 2] == 1
    np.testing.assert_array_equal(copy.labels[:40], before[:40])
    assert VOID not in copy.labels
    project = open_project(disk.root)
    strokes = [event for event in events_of(project, disk.session) if event.kind == "stroke"]
    project.engine.dispose()
    assert [event.data["tool"] for event in strokes] == ["brush"], "told once, though sent often"
