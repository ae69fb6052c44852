"""The gallery page in a real browser: which region is which, and the command that names them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from helpers import small_micrograph
from premask.workflow.gallery import render_gallery
from premask.workflow.gallery_page import GalleryCandidate, GalleryImage, GalleryPage

SHAPE = (120, 160)


def candidate(method: str, label_map: np.ndarray, named: bool) -> GalleryCandidate:
    counts = np.bincount(label_map.ravel(), minlength=4) / label_map.size
    return GalleryCandidate(method, label_map, named, 0.1, 0.1, 4, 7, tuple(counts.tolist()))


@pytest.fixture
def gallery(page: Page, tmp_path: Path) -> Page:
    """Four vertical stripes, once without names, once named."""
    stripes = np.repeat(np.arange(4, dtype=np.uint8), SHAPE[1] // 4)[None].repeat(SHAPE[0], axis=0)
    image = GalleryImage(
        name="a b.png",
        type=None,
        image=small_micrograph(0, SHAPE),
        um_per_px=None,
        crop_bottom=0,
        original_height=SHAPE[0],
        candidates=(
            candidate("texture", stripes, named=False),
            candidate("kmeans", stripes % 2, named=True),
        ),
    )
    phases = (("Alpha", "#800080"), ("Fe2B (pink)", "#ffc0cb"))
    text = render_gallery(GalleryPage("steel", phases, (image,), project="steel"))
    (tmp_path / "gallery.html").write_text(text, encoding="utf-8")
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.goto((tmp_path / "gallery.html").as_uri())
    page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    assert faults == []
    return page


def pixel(page: Page, kind: str, x: int) -> list[int]:
    found: list[int] = page.evaluate(
        f"[...document.querySelector('canvas.{kind}').getContext('2d')"
        f".getImageData({x}, 60, 1, 1).data]"
    )
    return found


def test_pointing_at_a_swatch_lights_its_region_up(gallery: Page) -> None:
    panel = gallery.locator(".candidate[data-method=texture]")
    assert panel.locator(".swatch").count() == 4
    panel.locator(".swatch").nth(2).hover()
    assert pixel(gallery, "spot", 100)[3] == 0, "region 2 is bare"
    for x in (20, 60, 140):
        assert pixel(gallery, "spot", x)[3] > 100, "the others are dimmed"
    gallery.locator("h1").hover()
    assert gallery.locator("canvas.spot").count() == 0


def test_pointing_at_the_picture_tells_the_region(gallery: Page) -> None:
    panel = gallery.locator(".candidate[data-method=texture]")
    box = panel.locator(".viewport").bounding_box()
    assert box is not None
    for region in range(4):
        gallery.mouse.move(
            box["x"] + box["width"] * (region + 0.5) / 4, box["y"] + box["height"] / 2
        )
        assert panel.locator(".under").inner_text() == f"region {region}"


def test_picked_names_are_shown_at_once_and_make_the_command(gallery: Page) -> None:
    panel = gallery.locator(".candidate[data-method=texture]")
    start = "premask name steel --image 'a b.png' --method texture"
    assert panel.locator(".command").inner_text() == f"{start} 0=? 1=? 2=? 3=?"
    panel.locator("select").nth(1).select_option(label="Fe2B (pink)")
    panel.locator("select").nth(3).focus()
    assert gallery.locator("canvas.spot").count() == 1
    panel.locator("select").nth(3).select_option(label="Alpha")
    assert panel.locator(".command").inner_text() == f"{start} '1=Fe2B (pink)' 3=Alpha"
    assert gallery.locator("canvas.spot").count() == 0, "a pick is not dimmed by its own swatch"
    assert pixel(gallery, "preview", 60) == [255, 192, 203, 255]
    assert pixel(gallery, "preview", 140) == [128, 0, 128, 255]
    assert panel.locator(".copy").is_visible()
    panel.locator("select").nth(1).select_option(label="?")
    panel.locator("select").nth(3).select_option(label="?")
    assert gallery.locator("canvas.preview").count() == 0


def test_shares_are_printed_beside_the_numbers(gallery: Page) -> None:
    panel = gallery.locator(".candidate[data-method=texture]")
    assert panel.locator(".swatch b").all_inner_texts() == ["0", "1", "2", "3"]
    assert panel.locator(".swatch small").all_inner_texts() == ["25.0 %"] * 4


def test_a_click_on_a_number_goes_to_its_names(gallery: Page) -> None:
    panel = gallery.locator(".candidate[data-method=texture]")
    panel.locator(".swatch b").nth(2).click()
    focused = gallery.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused == "Phase of region 2"


def test_pointing_at_a_picked_region_tells_its_phase_too(gallery: Page) -> None:
    panel = gallery.locator(".candidate[data-method=texture]")
    panel.locator("select").nth(1).select_option(label="Alpha")
    box = panel.locator(".viewport").bounding_box()
    assert box is not None
    gallery.mouse.move(box["x"] + box["width"] * 0.375, box["y"] + box["height"] / 2)
    assert panel.locator(".under").inner_text() == "region 1: Alpha"


def test_a_changed_command_is_no_longer_called_copied(gallery: Page) -> None:
    panel = gallery.locator(".candidate[data-method=texture]")
    panel.locator("select").nth(1).select_option(label="Alpha")
    panel.locator(".copy").click()
    expect(panel.locator(".copy")).not_to_have_text("copy")
    panel.locator("select").nth(2).select_option(label="Alpha")
    assert panel.locator(".copy").inner_text() == "copy"


def test_preview_outlives_the_outlines_and_gives_them_its_colours(gallery: Page) -> None:
    panel = gallery.locator(".candidate[data-method=texture]")
    for region in (0, 1):
        panel.locator("select").nth(region).select_option(label="Alpha")
    gallery.locator("#outline").check()
    gallery.wait_for_selector(".candidate[data-method=texture] canvas.edge", state="attached")
    assert not panel.locator("canvas.preview").is_visible()
    edges = panel.locator("canvas.edge").evaluate(
        "(e) => [...e.getContext('2d').getImageData(0, 60, 160, 1).data]"
    )
    drawn = {tuple(edges[4 * x : 4 * x + 4]) for x in range(35, 45)}
    assert drawn == {(0, 0, 0, 0)}, "two regions of one phase have no line between them"
    assert any(edges[4 * x + 3] for x in range(75, 85))
    gallery.locator("#outline").uncheck()
    assert panel.locator("canvas.edge").count() == 0
    assert panel.locator("canvas.preview").is_visible()
    assert pixel(gallery, "preview", 60) == [128, 0, 128, 255]


def test_named_phases_light_up_by_keyboard(gallery: Page) -> None:
    panel = gallery.locator(".candidate[data-method=kmeans]")
    assert panel.locator(".swatch").all_inner_texts() == ["Alpha\n50.0 %", "Fe2B (pink)\n50.0 %"]
    panel.locator(".swatch").first.focus()
    assert pixel(gallery, "spot", 20)[3] == 0
    assert pixel(gallery, "spot", 60)[3] > 100
