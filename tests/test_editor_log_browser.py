"""What the editor keeps and forgets: the log of saves and undos, the history, its notices."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Page, expect

import test_editor_browser as editor
from premask.project.events import events_of
from test_editor_browser import Desk, Pen, saved

desk = editor.desk
pytestmark = editor.pytestmark


def test_saves_and_undos_are_in_the_log_with_what_they_changed(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    page.keyboard.press("2")
    pen.drag((40, 100), (250, 100))
    saved(page)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    saved(page)
    px = int(np.count_nonzero(desk.labels() == 1))
    page.get_by_role("button", name="images").click()
    expect(page.locator(".card")).to_have_count(1)
    project = desk.project()
    log = events_of(project, desk.session)
    project.engine.dispose()
    strokes = [(event.data["tool"], event.data["px"]) for event in log if event.kind == "stroke"]
    assert strokes == [("brush", px), ("undo", px), ("redo", px)]
    saves = [event.data["revision"] for event in log if event.kind == "save"]
    assert saves == list(range(1, len(saves) + 1))
    assert saves


def test_nobody_is_offered_anothers_steps(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    pen.drag((40, 100), (250, 100))
    saved(page)
    page.get_by_role("button", name="images").click()
    page.get_by_role("button", name="sign out").click()
    page.get_by_label("new name").fill("ben")
    page.get_by_role("button", name="sign in").click()
    page.get_by_role("button", name="from scratch").click()
    expect(page.locator(".editor")).to_be_visible()
    expect(page.get_by_role("button", name="submit", exact=True)).to_be_enabled()
    expect(page.get_by_title("Ctrl+Z")).to_be_disabled()


def test_a_submitted_map_offers_no_undo(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    pen.drag((40, 100), (250, 100))
    saved(page)
    expect(page.get_by_title("Ctrl+Z")).to_be_enabled()
    page.once("dialog", lambda question: question.accept())
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="look at it").click()
    expect(page.get_by_text("This label map is submitted")).to_be_visible()
    expect(page.locator(".under")).to_have_count(1)
    expect(page.get_by_title("Ctrl+Z")).to_be_disabled()


def test_a_notice_that_there_is_no_server_goes_when_there_is_one(desk: Desk, page: Page) -> None:
    desk.open(page)
    page.route("**/superpixels/**", lambda route: route.abort())
    page.keyboard.press("s")
    notice = page.get_by_text("the server cannot be reached")
    expect(notice).to_be_visible()
    page.mouse.move(300, 300)  # what is told to the log is answered
    expect(notice).to_have_count(0, timeout=15_000)


def test_numbers_that_do_nothing_are_said_to(desk: Desk, page: Page) -> None:
    desk.open(page)
    page.keyboard.press("t")
    page.get_by_label("grey from").fill("200")
    page.get_by_label("to", exact=True).fill("100")
    tools = page.get_by_label("Tools")
    expect(tools.get_by_role("alert")).to_contain_text("no grey value is from 200 to 100")
    page.get_by_label("to", exact=True).fill("")
    expect(tools.get_by_role("alert")).to_contain_text("give both")
    page.get_by_label("Radius, px").fill("")
    expect(page.get_by_label("Operations").get_by_role("alert")).to_contain_text("1 to 50 px")
    expect(page.get_by_role("button", name="grow")).to_be_disabled()
