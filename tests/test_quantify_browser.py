"""The page of ``premask quantify`` in a real browser, of real micrographs where there are any."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page

from helpers import answer, small_micrograph, small_truth
from premask.io.label_maps import encode_label_map


def opened(page: Page, path: Path) -> Page:
    """The page, all its pictures decoded, with no error and no request but for itself."""
    faults: list[str] = []
    requests: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.as_uri())
    page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    assert faults == []
    assert [url for url in requests if not url.startswith("data:")] == [path.as_uri()]
    return page


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Three small micrographs and their label maps, a third of the last one void."""
    masks, images = tmp_path / "masks", tmp_path / "images"
    masks.mkdir()
    images.mkdir()
    for i, name in enumerate("abc"):
        image = small_micrograph(i)
        labels = small_truth(image)
        if name == "c":
            labels[:32] = 255
        bar = np.full((20, 128), 255, np.uint8)  # the micrographs have their information bar
        cv2.imwrite(str(images / f"{name}.png"), np.vstack([image, bar]))
        (masks / f"{name}.png").write_bytes(encode_label_map(labels, ["#0072b2", "#e69f00"]))
    return masks, images


def test_the_page_shows_figures_plots_and_what_was_counted(
    page: Page, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    masks, images = folders
    out = tmp_path / "out"
    found = answer(
        "quantify", masks, "--images", images, "--classes", "Fe,TiB2",
        "--um-per-px", 0.1, "--out", out,
    )  # fmt: skip
    opened(page, out / "report.html")
    assert page.locator("h1").inner_text() == "masks"
    assert page.locator(".eyebrow").inner_text().lower() == "premask quantify"
    row = page.locator("[aria-label='Area fractions'] tbody tr").nth(1)
    share = found["specimens"][0]["phases"]["TiB2"]["fraction"]
    assert row.locator("td").nth(2).inner_text() == f"{100 * share['mean']:.2f}"
    assert row.locator("td").nth(4).inner_text() == f"{100 * share['ci95']:.2f}"
    for link in page.locator("nav a").all():
        assert page.locator(str(link.get_attribute("href"))).count() == 1
    captions = page.locator(".plot figcaption").all_inner_texts()
    counted = found["specimens"][0]["phases"]["TiB2"]["counted"]
    assert captions[0] == "Fields of masks"
    assert f"masks, TiB2: {counted} particles counted" in captions
    assert "diameter, µm" in str(page.locator(".plot svg").nth(1).text_content())
    # a micrograph and what was counted on it, three times, without the bar
    pictures = page.locator(".picture")
    assert pictures.count() == 6
    assert pictures.nth(1).locator("img").count() == 2
    sizes = page.evaluate(
        "[...document.images].map((image) => [image.naturalWidth, image.naturalHeight])"
    )
    assert sizes == [[128, 96]] * 9
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    notes = page.locator("section").last.inner_text()
    assert "whole particles only" in notes
    assert "void pixels count nowhere" in notes


def test_colours_of_the_overlay_are_those_of_the_legend(
    page: Page, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    masks, _ = folders
    answer("quantify", masks / "a.png", "--out", tmp_path / "out")
    opened(page, tmp_path / "out" / "report.html")
    drawn = page.evaluate(
        """() => {
          const image = document.querySelector(".picture img");
          const canvas = Object.assign(document.createElement("canvas"), {
            width: image.naturalWidth, height: image.naturalHeight });
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          const found = new Set();
          const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
          for (let i = 0; i < data.length; i += 4) found.add(data.slice(i, i + 3).join());
          return [...found];
        }"""
    )
    # the particles that count, their outlines, the pale matrix and pale particles at the border
    assert {"230,159,0", "22,32,31"} <= set(drawn)
    assert len(drawn) in {3, 4}
    assert "0,114,178" not in drawn, "the matrix touches the border and does not count"


@pytest.mark.data
def test_the_page_of_real_label_maps_holds_them_all(page: Page, data: Path, tmp_path: Path) -> None:
    found = answer("quantify", data / "nasa_super" / "masks", "--out", tmp_path / "out")
    opened(page, tmp_path / "out" / "report.html")
    assert page.locator(".picture").count() == len(found["images"]) == 23
    assert page.locator(".plot").count() == 4
    assert found["specimens"][0]["phases"]["2"]["counted"] > 2000
