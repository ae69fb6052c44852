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
