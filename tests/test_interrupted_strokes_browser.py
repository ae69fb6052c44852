"""Strokes that do not end as they should: the tab dies, or a key comes in the middle of one."""

from __future__ import annotations

import time

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as BrowserError

import test_editor_browser as editor
from premask.core.phases import VOID
from premask.project.events import events_of
from premask.project.images import all_images
from premask.project.label_maps import read_version, versions
from test_editor_browser import ANA, Desk, Pen, disc_path, saved

desk = editor.desk
pytestmark = editor.pytestmark

FIRST = [(30.0, 30.0), (120.0, 30.0)]
SECOND = [(30.0, 100.0), (120.0, 100.0)]
THIRD = [(30.0, 170.0), (250.0, 170.0)]


def begin(pen: Pen, path: list[tuple[float, float]]) -> None:
    """Draw, but never let go."""
    pen.page.mouse.move(*pen.at(*path[0]))
    pen.page.mouse.down()
    pen.page.mouse.move(*pen.at(*path[1]), steps=12)


def crash(page: Page) -> None:
    """Kill the process that shows the page, as it stands: no handler of it runs any more."""
    with page.expect_event("crash"), pytest.raises(BrowserError):
        page.goto("chrome://crash")


def test_a_tab_that_dies_within_a_stroke_keeps_those_before(desk: Desk, browser: Browser) -> None:
    began = time.monotonic()
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    pen = Pen(desk.open(page))
    page.keyboard.press("2")
    pen.drag(*FIRST)
    saved(page)
    page.route("**/tiles", lambda route: route.abort())
    pen.drag(*SECOND)
    expect(page.locator(".state.offline")).to_be_visible(timeout=15_000)
    begin(pen, THIRD)
    crash(page)

    again = desk.open(context.new_page())
    expect(again.locator(".notes")).to_contain_text("are back")
    saved(again)
    labels = desk.labels()
    assert set(np.unique(labels)) == {1, VOID}
    assert (labels[30, 30:121] == 1).all()
    assert (labels[100, 30:121] == 1).all()
    anywhere = disc_path(FIRST, 13) | disc_path(SECOND, 13) | disc_path(THIRD, 13)
    assert (labels[~anywhere] == VOID).all()
    pen = Pen(again)
    again.keyboard.press("3")
    pen.drag(*THIRD)
    again.once("dialog", lambda question: question.accept())
    again.get_by_role("button", name="submit").click()
    expect(again.locator(".editor")).to_have_count(0)
    assert (desk.labels()[170, 30:251] == 2).all()
    context.close()

    project = desk.project()
    log = events_of(project, desk.session)
    project.engine.dispose()
    assert [event.data["tool"] for event in log if event.kind == "stroke"] == ["brush"] * 3
    assert len({event.page for event in log}) == 2
    told = httpx.get(f"{desk.address}api/sessions/{desk.session}/time", headers=ANA).json()
    minutes = (time.monotonic() - began) / 60
    assert 0 < told["strict60"] <= told["active"] <= told["wall"] <= minutes


@pytest.mark.parametrize("key", ["Escape", "Control+z", "l"])
def test_a_key_within_a_stroke_takes_it_back(desk: Desk, page: Page, key: str) -> None:
    pen = Pen(desk.open(page))
    page.keyboard.press("2")
    pen.drag(*FIRST)
    saved(page)
    before = desk.labels()
    page.keyboard.press("3")
    across = [(75.0, 10.0), (75.0, 90.0)]
    begin(pen, across)
    page.keyboard.press(key)
    page.mouse.up()
    page.keyboard.press("b")
    pen.drag(*THIRD)
    saved(page)
    np.testing.assert_array_equal(desk.labels()[:150], before[:150])
    assert desk.labels()[170, 75] == 2
    for _ in range(2):
        page.keyboard.press("Control+z")
    saved(page)
    assert (desk.labels() == VOID).all(), "two strokes were drawn, two are undone"


def test_what_is_submitted_within_a_stroke_has_the_stroke(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    page.keyboard.press("3")
    begin(pen, [(75.0, 10.0), (75.0, 90.0)])
    page.once("dialog", lambda question: question.accept())
    page.keyboard.press("Control+Enter")
    expect(page.locator(".editor")).to_have_count(0)
    page.mouse.up()
    project = desk.project()
    (version,) = versions(project, all_images(project)[0], "scratch")
    assert read_version(project, version)[50, 75] == 2
    strokes = [e for e in events_of(project, desk.session) if e.kind == "stroke"]
    assert len(strokes) == 1, "and the log has it too"
    project.engine.dispose()


def test_a_notice_moves_nothing_under_a_stroke(desk: Desk, page: Page) -> None:
    desk.open(page)
    canvas = page.locator("canvas").first
    before = canvas.bounding_box()
    page.route("**/superpixels/**", lambda route: route.fulfill(status=500, json={"detail": "no"}))
    page.keyboard.press("s")
    expect(page.locator(".notes")).to_contain_text("no")
    assert canvas.bounding_box() == before
