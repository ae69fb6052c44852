"""Submitting, looking, reopening, going back, and a review, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect

from helpers import start_server
from premask.core.phases import make_phases
from premask.project.images import all_images
from premask.project.project import init_project, open_project
from premask.project.sessions import working_copy
from premask.project.settings import Settings
from premask.server.app import STATIC
from premask.workflow.add import add_images

pytestmark = pytest.mark.skipif(
    not (STATIC / "index.html").exists(),
    reason="the page is not built: python hatch_build.py build",
)


@dataclass
class Place:
    """A server with one submitted label map of ana's, all of one phase."""

    root: Path
    address: str
    session: int

    def open(self, page: Page, name: str, place: str) -> None:
        page.add_init_script(f"sessionStorage.setItem('premask.annotator', '{name}')")
        page.goto(f"{self.address}{place}")

    def sees(self, name: str) -> bool:
        headers = {"X-Premask-Annotator": name}
        images = httpx.get(f"{self.address}api/images", headers=headers).json()
        return bool(images[0]["seen"])

    def labels(self) -> set[int]:
        project = open_project(self.root)
        found = set(np.unique(working_copy(project, self.session).labels).tolist())
        project.engine.dispose()
        return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    project = init_project(tmp_path / "project", Settings(make_phases(["A", "B"])))
    cv2.imwrite(str(tmp_path / "steel.png"), np.tile(np.arange(200, dtype=np.uint8), (150, 1)))
    add_images(project, [tmp_path / "steel.png"], crop_bottom=0)
    image = all_images(project)[0].id
    project.engine.dispose()
    server, address = start_server(project.root)
    with httpx.Client(base_url=address) as client:
        for name in ("ana", "ben"):
            client.post("/api/annotators", json={"name": name})
        client.headers["X-Premask-Annotator"] = "ana"
        body = {"image": image, "strategy": "scratch", "ground": 1}
        session = client.post("/api/sessions", json=body).json()["id"]
        client.post(f"/api/sessions/{session}/submit", json={"revision": 0}).raise_for_status()
    yield Place(project.root, address, session)
    server.kill()
    server.wait()


def test_a_submitted_map_is_looked_at_and_changed_only_when_reopened(
    place: Place, page: Page
) -> None:
    place.open(page, "ana", f"#/sessions/{place.session}")
    page.wait_for_selector("html[data-ready]")
    expect(page.get_by_text("This label map is submitted")).to_be_visible()
    expect(page.get_by_role("button", name="submit", exact=True)).to_be_disabled()
    page.keyboard.press("e")
    canvas = page.locator("canvas").first
    canvas.click(position={"x": 300, "y": 300})
    expect(page.get_by_title("Ctrl+Z")).to_be_disabled()
    page.get_by_role("button", name="versions").click()
    expect(page.get_by_label("Versions")).to_contain_text("as it is now")
    expect(page.get_by_role("button", name="go back to it")).to_have_count(0)
    page.keyboard.press("Escape")

    page.get_by_role("button", name="reopen to change it").click()
    expect(page.get_by_text("This label map is submitted")).to_have_count(0)
    page.wait_for_selector("html[data-ready]")
    expect(page.get_by_role("button", name="submit", exact=True)).to_be_enabled()
    page.keyboard.press("e")
    canvas.click(position={"x": 300, "y": 300})
    expect(page.get_by_title("Ctrl+Z")).to_be_enabled()
    expect(page.locator(".state.saved")).to_be_visible()
    assert place.labels() == {1, 255}

    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="versions").click()
    page.get_by_role("button", name="go back to it").click()
    expect(page.get_by_title("Ctrl+Z")).to_be_disabled()
    assert place.labels() == {1}, "the version as it was submitted"


def test_a_reviewer_sends_back_and_the_annotator_is_told(place: Place, page: Page) -> None:
    place.open(page, "ben", "#/review")
    expect(page.get_by_text("You have seen no label map of this image yet.")).to_be_visible()
    assert not place.sees("ben"), "the list is no sight of a map"
    page.keyboard.press("l")
    expect(page.get_by_text("B 100.0 %")).to_be_visible()
    assert place.sees("ben")
    page.keyboard.press("r")
    note = page.get_by_placeholder("what is to be repaired")
    expect(note).to_be_focused()
    note.fill("the left edge")
    page.get_by_role("button", name="send back").click()
    expect(page.get_by_text("Nothing has been submitted yet.")).to_be_visible()

    page.get_by_role("button", name="sign out").click()
    page.get_by_role("button", name="ana").click()
    expect(page.get_by_text("ben: the left edge")).to_be_visible()
    page.get_by_role("button", name="go on from scratch").click()
    page.wait_for_selector("html[data-ready]")
    expect(page.get_by_text("Sent back. ben: the left edge")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".editor")).to_have_count(0)

    page.get_by_role("button", name="sign out").click()
    page.get_by_role("button", name="ben").click()
    page.get_by_role("link", name="review").click()
    expect(page.get_by_text("returned before by ben: the left edge")).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="accept")).to_be_disabled()
    with httpx.Client(base_url=place.address, headers={"X-Premask-Annotator": "ana"}) as client:
        assert client.get(f"/api/sessions/{place.session}").json()["state"] == "accepted"


def test_ones_own_map_is_not_shown_for_review(place: Place, page: Page) -> None:
    place.open(page, "ana", "#/review")
    expect(page.get_by_text("this is your own label map")).to_be_visible()
    expect(page.get_by_role("button", name="accept")).to_have_count(0)
