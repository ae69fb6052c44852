"""Project settings in a real browser: phases, types, scale by two clicks, an image that goes."""

from __future__ import annotations

from collections.abc import Iterator
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
from premask.project.settings import Settings
from premask.server.app import STATIC
from premask.workflow.add import add_images

HEIGHT, WIDTH = 240, 320

pytestmark = pytest.mark.skipif(
    not (STATIC / "index.html").exists(),
    reason="the page is not built: python hatch_build.py build",
)


@pytest.fixture
def place(tmp_path: Path, page: Page) -> Iterator[tuple[Path, Page]]:
    project = init_project(tmp_path / "project", Settings(make_phases(["A", "B"])))
    for i in range(2):
        frame = np.full((HEIGHT, WIDTH), 90 + 20 * i, np.uint8)
        frame[220:224, 40:240] = 255  # a scale bar of 200 px in the information bar
        cv2.imwrite(str(tmp_path / f"{i}.png"), frame)
    add_images(project, [tmp_path / "0.png", tmp_path / "1.png"], crop_bottom=40)
    project.engine.dispose()
    server, address = start_server(project.root)
    httpx.post(f"{address}api/annotators", json={"name": "ana"}).raise_for_status()
    page.add_init_script("sessionStorage.setItem('premask.annotator', 'ana')")
    page.goto(f"{address}#/settings")
    yield project.root, page
    server.kill()
    server.wait()


def test_a_phase_is_renamed_another_added_and_a_type_too(place: tuple[Path, Page]) -> None:
    root, page = place
    page.get_by_label("Name of phase 1").fill("Ferrite")
    page.get_by_role("button", name="add a phase").click()
    page.get_by_label("Name of phase 3").fill("Pore")
    page.get_by_label("New type").fill("I")
    page.get_by_role("button", name="add a type").click()
    page.get_by_label("Pore in I").uncheck()
    page.get_by_role("button", name="store").click()
    expect(page.get_by_text("Stored.")).to_be_visible()
    phases = open_project(root).phases
    assert phases.names == ("Ferrite", "B", "Pore")
    assert phases.by_type == {"I": ("Ferrite", "B")}
    page.get_by_label("Type of 1.png").select_option("I")
    page.reload()
    expect(page.get_by_label("Type of 1.png")).to_have_value("I")

    page.get_by_label("Name of phase 2").fill("Ferrite")
    page.get_by_role("button", name="store").click()
    expect(page.get_by_role("alert")).to_contain_text("given twice")
    assert open_project(root).phases.names == ("Ferrite", "B", "Pore")


def test_two_clicks_on_the_scale_bar_are_a_scale(place: tuple[Path, Page]) -> None:
    root, page = place
    page.get_by_role("button", name="Calibrate 0.png").click()
    picture = page.get_by_label("The whole frame with its scale bar")
    expect(picture).to_be_visible()
    box = picture.bounding_box()
    assert box is not None
    scale = box["width"] / WIDTH
    picture.click(position={"x": 40 * scale, "y": 222 * scale})
    picture.click(position={"x": 240 * scale, "y": 223 * scale})
    page.get_by_label("its length").fill("50")
    expect(page.get_by_text("µm per px")).to_be_visible()
    page.get_by_role("button", name="store").click()
    expect(page.get_by_text("1 image has the scale now")).to_be_visible()
    first, second = all_images(open_project(root))
    assert first.um_per_px == pytest.approx(0.25, rel=0.01)
    assert second.um_per_px is None, "a scale spreads only where that is wanted"

    page.get_by_role("button", name="Calibrate 0.png").click()
    picture.click(position={"x": 40 * scale, "y": 222 * scale})
    picture.click(position={"x": 240 * scale, "y": 223 * scale})
    page.get_by_label("its length").fill("25")
    page.get_by_label("also for the other image of this frame that has no scale").check()
    expect(page.get_by_text("changes too: 1.png")).to_be_visible()
    page.get_by_role("button", name="store").click()
    expect(page.get_by_text("2 images have the scale now")).to_be_visible()
    for image in all_images(open_project(root)):
        assert image.um_per_px == pytest.approx(0.125, rel=0.01)


def test_an_image_goes_when_its_name_was_typed(place: tuple[Path, Page]) -> None:
    root, page = place
    page.once("dialog", lambda dialog: dialog.accept("1.png"))
    page.get_by_role("button", name="Remove 0.png").click()
    expect(page.get_by_role("alert")).to_contain_text("give its name")
    assert len(all_images(open_project(root))) == 2
    page.once("dialog", lambda dialog: dialog.accept("0.png"))
    page.get_by_role("button", name="Remove 0.png").click()
    expect(page.get_by_text("0.png is not in the project any more.")).to_be_visible()
    assert [one.name for one in all_images(open_project(root))] == ["1.png"]


def test_a_merge_says_what_it_concerns_before_it_is_stored(place: tuple[Path, Page]) -> None:
    root, page = place
    image = all_images(open_project(root))[0]
    address = page.url.split("#")[0]
    with httpx.Client(base_url=address, headers={"X-Premask-Annotator": "ana"}) as client:
        body = {"image": image.id, "strategy": "scratch", "ground": 1}
        client.post("/api/sessions", json=body).raise_for_status()
    page.get_by_label("B counts as").select_option("A")
    px = f"{image.width * image.view_height:,}"
    expect(page.get_by_role("status").filter(has_text="is to count as A")).to_contain_text(px)
    assert open_project(root).phases.merged == {}
    page.get_by_role("button", name="store").click()
    expect(page.get_by_text("Stored.")).to_be_visible()
    assert open_project(root).phases.merged == {"B": "A"}
    page.goto(f"{address}#/images/{image.id}")
    legend = page.get_by_label("Keys of the phases")
    expect(legend).to_contain_text("A")
    expect(legend.locator("kbd")).to_have_count(2)  # one phase, and N
