"""The editor in a real browser against the real command: what is drawn is what is on disk."""

from __future__ import annotations

import itertools
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from helpers import start_server
from premask.core.phases import VOID, make_phases
from premask.project.images import all_images
from premask.project.label_maps import read_version, versions
from premask.project.project import Project, init_project, open_project
from premask.project.sessions import working_copy
from premask.project.settings import Settings
from premask.server.app import STATIC
from premask.workflow.add import add_images

HEIGHT, WIDTH = 200, 300
ANA = {"X-Premask-Annotator": "ana"}

pytestmark = pytest.mark.skipif(
    not (STATIC / "index.html").exists(),
    reason="the page is not built: python hatch_build.py build",
)


@dataclass
class Desk:
    """A running server, a session from scratch, and where it is."""

    root: Path
    server: subprocess.Popen[str]
    address: str
    session: int

    def open(self, page: Page) -> Page:
        """Load the editor, signed in."""
        page.add_init_script("sessionStorage.setItem('premask.annotator', 'ana')")
        page.goto(f"{self.address}#/sessions/{self.session}")
        page.wait_for_selector("html[data-ready]")
        return page

    def project(self) -> Project:
        """The project, looked at from outside."""
        return open_project(self.root)

    def labels(self) -> NDArray[np.uint8]:
        """The working copy on disk."""
        project = self.project()
        copy = working_copy(project, self.session)
        project.engine.dispose()
        return copy.labels


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    project = init_project(tmp_path / "project", Settings(make_phases(["A", "B", "C"])))
    grey = np.full((HEIGHT, WIDTH), 60, np.uint8)
    grey[50:90, 200:260] = 180  # one bright grain
    cv2.imwrite(str(tmp_path / "grain.png"), grey)
    add_images(project, [tmp_path / "grain.png"], crop_bottom=0)
    image = all_images(project)[0].id
    project.engine.dispose()
    server, address = start_server(project.root)
    with httpx.Client(base_url=address, headers=ANA) as client:
        client.post("/api/annotators", json={"name": "ana"})
        body = {"image": image, "strategy": "scratch"}
        session = client.post("/api/sessions", json=body).json()["id"]
    made = Desk(project.root, server, address, session)
    yield made
    made.server.kill()
    made.server.wait()


class Pen:
    """Moves the mouse in image coordinates; the view is the whole image, as after opening."""

    def __init__(self, page: Page) -> None:
        self.page = page
        box = page.locator("canvas").first.bounding_box()
        assert box is not None
        self.scale = min((box["width"] - 32) / WIDTH, (box["height"] - 32) / HEIGHT)
        self.left = box["x"] + (box["width"] - WIDTH * self.scale) / 2
        self.top = box["y"] + (box["height"] - HEIGHT * self.scale) / 2

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x * self.scale, self.top + y * self.scale

    def click(self, x: float, y: float, button: str = "left") -> None:
        self.page.mouse.click(*self.at(x, y), button=button)  # type: ignore[arg-type]

    def drag(self, *points: tuple[float, float]) -> None:
        self.page.mouse.move(*self.at(*points[0]))
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*self.at(*point), steps=6)
        self.page.mouse.up()


def saved(page: Page) -> None:
    expect(page.locator(".state.saved")).to_be_visible(timeout=15_000)


def disc_path(points: list[tuple[float, float]], radius: float) -> NDArray[np.bool_]:
    """Pixels whose centre is within the radius of a path, the plain way."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    inside = np.zeros((HEIGHT, WIDTH), bool)
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        length = np.hypot(x1 - x0, y1 - y0)
        along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length**2
        along = np.clip(along, 0, 1)
        far = np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
        inside |= far <= radius
    return inside


def test_every_tool_draws_what_it_should_and_undo_takes_it_back(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    expected = np.full((HEIGHT, WIDTH), VOID, np.uint8)

    page.keyboard.press("2")
    path = [(30.0, 30.0), (120.0, 70.0)]
    pen.drag(*path)
    saved(page)
    drawn = disc_path(path, 12)
    labels = desk.labels()
    # The pointer is at whole px of the screen: the edge may differ by a px of the image.
    sure = cv2.erode(drawn.astype(np.uint8), np.ones((3, 3)))
    never = 1 - cv2.dilate(drawn.astype(np.uint8), np.ones((3, 3)))
    assert (labels[sure == 1] == 1).all()
    assert (labels[never == 1] == VOID).all()

    page.keyboard.press("w")
    page.keyboard.press("3")
    pen.click(230, 70)
    saved(page)
    labels = desk.labels()
    assert (labels[50:90, 200:260] == 2).all(), "the bright grain, to the pixel"
    assert (labels == 2).sum() == 40 * 60

    page.keyboard.press("l")
    page.keyboard.press("1")
    pen.drag((20, 120), (100, 120), (100, 180), (20, 180))
    saved(page)
    labels = desk.labels()
    assert (labels[122:178, 22:98] == 0).all()
    assert (labels == 0).sum() == pytest.approx(80 * 60, rel=0.05)

    page.keyboard.press("p")
    page.keyboard.press("2")
    for corner in ((150, 120), (190, 120), (190, 160)):
        pen.click(*corner)
    page.keyboard.press("Enter")
    saved(page)
    triangle = desk.labels()[118:162, 148:192] == 1
    assert triangle.sum() == pytest.approx(800, rel=0.1)

    page.keyboard.press("f")
    page.keyboard.press("3")
    pen.click(180, 130)
    saved(page)
    assert desk.labels()[130, 180] == 2

    page.keyboard.press("e")
    pen.drag((205, 55), (255, 85))
    saved(page)
    assert desk.labels()[70, 230] == VOID

    for _ in range(6):
        page.keyboard.press("Control+z")
    saved(page)
    np.testing.assert_array_equal(desk.labels(), expected)
    for _ in range(6):
        page.keyboard.press("Control+y")
    saved(page)
    assert desk.labels()[70, 230] == VOID
    assert desk.labels()[60, 255] == 2


def test_a_reload_keeps_who_is_signed_in(desk: Desk, page: Page) -> None:
    page.goto(desk.address)
    page.get_by_role("button", name="ana").click()
    expect(page.get_by_role("button", name="sign out")).to_be_visible()
    refused: list[int] = []
    page.on("response", lambda a: refused.append(a.status) if a.status >= 400 else None)
    for _ in range(5):
        page.reload()
        expect(page.get_by_role("heading", name="1 image")).to_be_visible()
        expect(page.get_by_role("button", name="sign out")).to_be_visible()
    assert not refused, "nothing is asked before the server knows who asks"


def test_a_locked_phase_is_never_painted_over(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    page.keyboard.press("w")
    page.keyboard.press("3")
    pen.click(230, 70)
    page.keyboard.press("Shift+Digit3")
    page.keyboard.press("b")
    page.keyboard.press("1")
    pen.drag((150, 70), (290, 70))
    page.keyboard.press("e")
    pen.drag((150, 60), (290, 60))
    saved(page)
    assert (desk.labels()[50:90, 200:260] == 2).all()


def test_closed_opened_submitted_and_on_disk(desk: Desk, page: Page, browser: Browser) -> None:
    pen = Pen(desk.open(page))
    page.keyboard.press("2")
    pen.drag((30, 30), (120, 70))
    saved(page)
    before = desk.labels()
    page.close()
    again = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    pen = Pen(desk.open(again))
    again.keyboard.press("3")
    pen.drag((30, 150), (120, 150))
    saved(again)
    after = desk.labels()
    np.testing.assert_array_equal(after[:100], before[:100])
    again.once("dialog", lambda question: question.accept())
    again.get_by_role("button", name="submit").click()
    expect(again.locator(".editor")).to_have_count(0)
    project = desk.project()
    (version,) = versions(project, all_images(project)[0], "scratch")
    np.testing.assert_array_equal(read_version(project, version), after)
    project.engine.dispose()
    again.context.close()


def test_a_dead_server_loses_no_stroke(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    port = httpx.URL(desk.address).port
    page.keyboard.press("2")
    pen.drag((30, 30), (120, 70))
    saved(page)
    desk.server.send_signal(signal.SIGKILL)
    desk.server.wait()
    pen.drag((30, 150), (120, 150))
    expect(page.locator(".state.offline")).to_be_visible(timeout=15_000)
    desk.server, _ = start_server(desk.root, port or 0)
    saved(page)
    labels = desk.labels()
    assert labels[50, 75] == 1
    assert labels[150, 75] == 1


def test_a_killed_tab_has_its_strokes_back(desk: Desk, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    pen = Pen(desk.open(page))
    context.set_offline(True)
    page.keyboard.press("2")
    pen.drag((30, 30), (120, 70))
    expect(page.locator(".state.offline")).to_be_visible(timeout=15_000)
    page.close(run_before_unload=False)
    context.set_offline(False)
    assert (desk.labels() == VOID).all()
    again = context.new_page()
    desk.open(again)
    expect(again.locator(".notes")).to_contain_text("are back")
    saved(again)
    assert desk.labels()[50, 75] == 1
    context.close()


def test_two_tabs_are_told_of_each_other(desk: Desk, browser: Browser) -> None:
    pages = []
    for _ in range(2):
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        pages.append(desk.open(context.new_page()))
    first, second = (Pen(page) for page in pages)
    pages[0].keyboard.press("2")
    first.drag((30, 30), (120, 30))
    saved(pages[0])
    pages[1].keyboard.press("3")
    second.drag((30, 150), (120, 150))
    expect(pages[1].get_by_role("alert")).to_contain_text("saved elsewhere")
    assert desk.labels()[30, 75] == 1, "nothing was overwritten"
    pages[1].get_by_role("button", name="take what was saved there").click()
    expect(pages[1].get_by_role("alert")).to_have_count(0)
    pages[1].wait_for_selector("html[data-ready]")
    second = Pen(pages[1])
    second.drag((30, 180), (120, 180))
    saved(pages[1])
    labels = desk.labels()
    assert labels[30, 75] == 1
    assert labels[180, 75] == 0
    for page in pages:
        page.context.close()


def test_what_was_drawn_here_goes_over_what_was_drawn_there(desk: Desk, browser: Browser) -> None:
    pages = []
    for _ in range(2):
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        pages.append(desk.open(context.new_page()))
    first, second = (Pen(page) for page in pages)
    pages[0].keyboard.press("2")
    first.drag((30, 30), (120, 30))
    saved(pages[0])
    pages[1].keyboard.press("3")
    second.drag((75, 20), (75, 100))
    pages[1].get_by_role("button", name="keep what I drew here, over it").click()
    saved(pages[1])
    labels = desk.labels()
    assert labels[30, 40] == 1, "in the same tile, where nothing was drawn here"
    assert labels[30, 75] == labels[90, 75] == 2, "where both drew"
    assert labels[150, 150] == VOID
    pages[1].mouse.move(*second.at(40.5, 30.5))
    expect(pages[1].locator(".under")).to_contain_text("grey 60 · B")
    expect(pages[1].get_by_role("button", name="undo")).to_be_disabled()
    for page in pages:
        page.context.close()


def test_operations_stay_inside_the_scope(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    page.keyboard.press("2")
    for y in (40, 150):
        pen.drag((30, y), (120, y))
    page.keyboard.press("a")
    pen.click(75, 40)  # a component
    expect(page.get_by_role("heading", name="In the scope")).to_be_visible()
    page.keyboard.press("3")
    page.get_by_label("Other phase").select_option("B")
    page.get_by_role("button", name="→ C").click()
    saved(page)
    labels = desk.labels()
    assert labels[40, 75] == 2
    assert labels[150, 75] == 1
    assert (labels == 1).sum() == (labels == 2).sum()

    page.locator("canvas").first.focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Whole image")).to_be_visible()
    page.get_by_role("button", name="⇄ C").click()
    saved(page)
    labels = desk.labels()
    assert labels[40, 75] == 1
    assert labels[150, 75] == 2

    page.locator("canvas").first.focus()
    page.keyboard.press("a")
    pen.drag((10, 10), (75, 10), (75, 190), (10, 190))  # a lasso around the left halves
    page.keyboard.press("1")
    page.get_by_role("button", name="→ A").click()
    saved(page)
    labels = desk.labels()
    assert labels[40, 60] == 0
    assert labels[40, 90] == 1
    assert (labels[:, :72] != 1).all()
    assert (labels[:, 78:] != 0).all()


def test_undo_never_reaches_into_another_map(desk: Desk, page: Page) -> None:
    with httpx.Client(base_url=desk.address, headers=ANA) as client:
        image = client.get("/api/images").json()[0]["id"]
        body = {"image": image, "strategy": "preannotated"}
        other = client.post("/api/sessions", json=body).json()["id"]
    pen = Pen(desk.open(page))
    page.keyboard.press("2")
    pen.drag((30, 40), (120, 40))
    saved(page)
    drawn = desk.labels()
    page.evaluate(f"location.hash = '#/sessions/{other}'")
    page.wait_for_selector(f"html[data-ready='{other}']")
    page.keyboard.press("Control+z")
    expect(page.locator(".notes")).to_contain_text("belongs to another image")
    page.get_by_role("link", name="open it").click()
    page.wait_for_selector(f"html[data-ready='{desk.session}']")
    np.testing.assert_array_equal(desk.labels(), drawn)
    page.keyboard.press("Control+z")
    saved(page)
    assert (desk.labels() == VOID).all(), "on its own map it is undone"

    # The map changes behind the page's back: what was drawn before fits it no more.
    page.keyboard.press("Control+y")
    saved(page)
    page.evaluate(f"location.hash = '#/sessions/{other}'")
    page.wait_for_selector(f"html[data-ready='{other}']")
    with httpx.Client(base_url=desk.address, headers=ANA) as client:
        client.post(f"/api/sessions/{desk.session}/submit", json={"revision": 3}).raise_for_status()
        client.post(f"/api/sessions/{desk.session}/reopen", json={}).raise_for_status()
        versions_ = client.get(f"/api/sessions/{desk.session}/versions").json()
        body = {"version": versions_[0]["id"], "revision": 3}
        client.post(f"/api/sessions/{desk.session}/restore", json=body).raise_for_status()
    page.evaluate(f"location.hash = '#/sessions/{desk.session}'")
    page.wait_for_selector(f"html[data-ready='{desk.session}']")
    expect(page.get_by_title("Ctrl+Z")).to_be_disabled()


def test_minimap_and_rulers_say_where_one_is(desk: Desk, page: Page) -> None:
    desk.open(page)
    minimap = page.get_by_label("Minimap; click to go there")
    expect(minimap).to_have_count(0)
    for _ in range(6):
        page.keyboard.press("+")
    expect(minimap).to_be_visible()
    box = minimap.bounding_box()
    assert box is not None
    minimap.click(position={"x": box["width"] - 4, "y": box["height"] - 4})
    canvas = page.get_by_label("Micrograph and its labels; tools draw here")
    canvas.hover(position={"x": 400, "y": 400})
    x, y = page.locator(".under").inner_text().split(" · ")[0].split(", ")
    assert int(x) > WIDTH / 2
    assert int(y) > HEIGHT / 2
    page.keyboard.press("r")
    expect(page.get_by_label("rulers")).to_be_checked()


def test_a_large_map_is_worked_on_beside_the_page(tmp_path: Path, page: Page) -> None:
    side = 4100
    project = init_project(tmp_path / "project", Settings(make_phases(["A", "B"])))
    cv2.imwrite(str(tmp_path / "large.png"), np.full((side, side), 60, np.uint8))
    add_images(project, [tmp_path / "large.png"], crop_bottom=0)
    image = all_images(project)[0].id
    project.engine.dispose()
    server, address = start_server(project.root)
    try:
        with httpx.Client(base_url=address, headers=ANA) as client:
            client.post("/api/annotators", json={"name": "ana"})
            body = {"image": image, "strategy": "scratch", "ground": 0}
            session = client.post("/api/sessions", json=body).json()["id"]
        Desk(project.root, server, address, session).open(page)
        workers: list[str] = []
        page.on("worker", lambda worker: workers.append(worker.url))
        page.keyboard.press("2")
        page.get_by_role("button", name="→ B").click()
        expect(page.get_by_title("Ctrl+Z")).to_have_text("undo merge")
        saved(page)
        assert workers, "the page itself stayed free"
        project = open_project(project.root)
        assert (working_copy(project, session).labels == 1).all()
        project.engine.dispose()
    finally:
        server.kill()
        server.wait()
