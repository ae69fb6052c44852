"""The editor's keys in a real browser: none is dead, none is taken from who has it."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Dialog, Page, expect

import test_editor_browser as editor
from premask.core.phases import VOID
from test_editor_browser import Desk, Pen, saved

desk = editor.desk
pytestmark = editor.pytestmark

LOOK = "() => document.querySelector('.stage canvas').toDataURL()"
"""What the canvas shows."""

DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Two frames: what was asked for before is drawn by then."""


def pressed(page: Page) -> str:
    """The tool that is taken."""
    return page.get_by_label("Tools").locator("button[aria-pressed=true]").inner_text()


def test_keys_work_after_a_click_and_after_a_number(desk: Desk, page: Page) -> None:
    desk.open(page)
    for name in ("local contrast", "outlines only", "rulers"):
        page.get_by_label(name).check()
        page.keyboard.press("e")
        assert pressed(page).startswith("Eraser"), name
        page.keyboard.press("b")
        assert pressed(page).startswith("Brush"), name
    number = page.get_by_label("Smallest fragment that stays, px")
    for key in ("Enter", "Escape"):
        number.fill("5")
        page.keyboard.press("e")
        assert pressed(page).startswith("Brush"), "a field has the keys while one types"
        page.keyboard.press(key)
        page.keyboard.press("e")
        assert pressed(page).startswith("Eraser"), key
        page.keyboard.press("b")
    page.get_by_label("Other phase").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    assert pressed(page).startswith("Eraser")


def test_a_focused_button_has_its_space_and_a_clicked_one_gives_it_up(
    desk: Desk, page: Page
) -> None:
    pen = Pen(desk.open(page))
    page.get_by_role("button", name="Doubtful").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert pressed(page).startswith("Superpixel")

    page.get_by_role("button", name="Brush B", exact=True).click()
    page.keyboard.down("Space")
    pen.drag((150, 100), (180, 100))  # moves the image
    page.keyboard.up("Space")
    expect(page.get_by_role("button", name="undo")).to_be_disabled()
    saved(page)
    assert np.unique(desk.labels()).tolist() == [VOID]


def test_what_is_held_while_the_window_loses_the_focus_is_let_go(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    page.keyboard.press("2")
    pen.drag((40, 100), (250, 100))
    page.mouse.move(5, 5)

    def same(wanted: bool) -> None:
        page.wait_for_function(
            f"([was, wanted]) => (({LOOK})() === was) === wanted", arg=[shown, wanted]
        )

    shown = page.evaluate(LOOK)
    page.keyboard.down("h")
    same(wanted=False)
    page.evaluate("window.dispatchEvent(new Event('blur'))")
    same(wanted=True)


def test_what_is_not_labelled_is_asked_about_before_it_is_submitted(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    asked: list[str] = []

    def dismiss(question: Dialog) -> None:
        asked.append(question.message)
        question.dismiss()

    page.once("dialog", dismiss)
    page.keyboard.press("Control+Enter")
    pen.drag((40, 100), (250, 100))
    saved(page)
    page.once("dialog", dismiss)
    page.get_by_role("button", name="submit").click()
    px = int((desk.labels() == VOID).sum())
    assert "nothing is labelled" in asked[0]
    assert f"{px:,} px ({100 * px / desk.labels().size:.0f} %) are not labelled" in asked[1]
    expect(page.locator(".editor")).to_be_visible()


def test_a_polygon_closes_by_its_first_corner_and_by_a_double_click(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    page.keyboard.press("p")
    page.keyboard.press("2")
    for corner in ((20, 20), (80, 20), (80, 80), (20, 80), (20, 20)):
        pen.click(*corner)
    page.keyboard.press("3")
    for corner in ((120, 20), (180, 20)):
        pen.click(*corner)
    page.mouse.dblclick(*pen.at(180, 80))
    saved(page)
    labels = desk.labels()
    assert labels[50, 50] == 1
    assert labels[30, 170] == 2
    assert labels[70, 130] == VOID


def test_arrows_look_further_to_one_side(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))

    def under() -> str:
        page.mouse.move(*pen.at(150, 100))
        page.mouse.move(*pen.at(150.5, 100.5))
        return page.locator(".under").inner_text().split(" · ")[0]

    here = under()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    x, y = (int(n) for n in under().split(","))
    assert (x, y) > (int(here.split(",")[0]) + 10, 0)
    assert y > 110
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    assert under() == here
    page.get_by_label("gamma").focus()
    page.keyboard.press("ArrowRight")
    assert under() == here, "a slider has its arrows"


def test_two_tabs_of_one_browser_know_of_each_other_at_once(desk: Desk, page: Page) -> None:
    desk.open(page)
    warning = "open in another tab too"
    expect(page.get_by_text(warning)).to_have_count(0)
    other = desk.open(page.context.new_page())
    for one in (page, other):
        expect(one.get_by_text(warning)).to_be_visible()
    other.close(run_before_unload=True)
    expect(page.get_by_text(warning)).to_have_count(0)


def test_the_range_of_the_threshold_brush_is_picked_from_the_image(desk: Desk, page: Page) -> None:
    pen = Pen(desk.open(page))
    page.keyboard.press("t")
    page.get_by_label("show what is in it").uncheck()
    page.evaluate(DRAWN)
    plain = page.evaluate(LOOK)
    page.get_by_label("show what is in it").check()
    page.wait_for_function(f"was => ({LOOK})() !== was", arg=plain)
    page.get_by_role("button", name="pick from the image").click()
    pen.drag((225, 70), (235, 72))  # inside the grain
    expect(page.get_by_label("grey from")).to_have_value("180")
    expect(page.get_by_label("to", exact=True)).to_have_value("180")
    expect(page.get_by_role("button", name="undo")).to_be_disabled()
    page.keyboard.press("2")
    pen.drag((180, 70), (280, 70))
    saved(page)
    labels = desk.labels()
    assert (labels[70, 200:260] == 1).all()
    assert (labels[70, :200] == VOID).all()
    assert (labels[70, 260:] == VOID).all()
