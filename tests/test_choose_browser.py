"""The candidates in a real browser: naming, choosing, composing; what is shown is what begins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from helpers import start_server, write_images
from premask.core.phases import make_phases
from premask.core.records import Candidate
from premask.evaluate.session_time import time_of
from premask.project.candidates import all_candidates, read_regions
from premask.project.events import events_of
from premask.project.images import all_images
from premask.project.project import init_project, open_project
from premask.project.sessions import all_sessions, working_copy
from premask.project.settings import Settings
from premask.server.app import STATIC
from premask.workflow.add import add_images
from premask.workflow.derive import derive
from premask.workflow.preannotate import preannotate

HEIGHT, WIDTH = 96, 128

pytestmark = pytest.mark.skipif(
    not (STATIC / "index.html").exists(),
    reason="the page is not built: python hatch_build.py build",
)


@dataclass
class Bench:
    """A server, its project, and the page on the one image's candidates."""

    root: Path
    page: Page

    def card(self, method: str) -> Locator:
        return self.page.locator("figure", has=self.page.locator(f"canvas[aria-label^={method}]"))

    def candidate(self, method: str, image: int = 0) -> Candidate:
        project = open_project(self.root)
        found = all_candidates(project, methods=[method])[image]
        project.engine.dispose()
        return found

    def press(self, key: str) -> None:
        """Press the key of a phase, and wait until the server has kept the name."""
        with self.page.expect_response("**/names"):
            self.page.keyboard.press(key)

    def names(self, method: str) -> list[int | None]:
        found: list[int | None] = self.candidate(method).table.get("names", [])
        return found


@pytest.fixture
def bench(tmp_path: Path, page: Page) -> Iterator[Bench]:
    project = init_project(tmp_path / "project", Settings(make_phases(["A", "B", "C"])))
    add_images(project, write_images(tmp_path / "in", 2, (HEIGHT, WIDTH)), crop_bottom=0)
    preannotate(project, methods=["multi-otsu", "kmeans"], n_regions=3, jobs=1)
    image = all_images(project)[0].id
    project.engine.dispose()
    server, address = start_server(project.root)
    httpx.post(f"{address}api/annotators", json={"name": "ana"}).raise_for_status()
    page.add_init_script("sessionStorage.setItem('premask.annotator', 'ana')")
    page.goto(f"{address}#/images/{image}")
    expect(page.locator(".swatch")).to_have_count(6)
    yield Bench(project.root, page)
    server.kill()
    server.wait()


def test_a_swatch_and_the_picture_take_a_phases_key(bench: Bench) -> None:
    card = bench.card("kmeans")
    card.get_by_label("Region 0: no name").hover()
    bench.press("q")
    expect(card.get_by_label("Region 0: A")).to_be_visible()

    project = open_project(bench.root)
    regions = read_regions(project, bench.candidate("kmeans"))
    project.engine.dispose()
    y, x = (int(at[0]) for at in np.nonzero(regions == 2))
    canvas = card.locator("canvas")
    box = canvas.bounding_box()
    assert box is not None
    scale = box["width"] / WIDTH
    canvas.hover(position={"x": (x + 0.5) * scale, "y": (y + 0.5) * scale})
    bench.press("e")
    expect(card.get_by_label("Region 2: C")).to_be_visible()
    bench.page.mouse.move(5, 5)
    expect(card.locator(".bar")).to_be_visible()
    assert bench.names("kmeans") == [0, None, 2]
    assert bench.names("multi-otsu") == [], "the other candidate is left alone"


def test_of_quick_keys_the_last_one_stands(bench: Bench) -> None:
    held: list[Route] = []

    def slow(route: Route) -> None:
        held.append(route)
        if len(held) > 1:
            route.continue_()

    bench.page.route("**/names", slow)
    card = bench.card("kmeans")
    card.get_by_label("Region 1: no name").hover()
    for key in "qwe":
        bench.page.keyboard.press(key)
    expect(card.get_by_label("Region 1: C")).to_be_visible()
    assert len(held) == 1, "one after the other"
    with bench.page.expect_response(lambda it: '"1":2' in (it.request.post_data or "")):
        held[0].continue_()
    expect(card.get_by_label("Region 1: C")).to_be_visible()
    assert bench.names("kmeans")[1] == 2


def test_a_name_that_was_refused_is_taken_back(bench: Bench) -> None:
    bench.page.route("**/names", lambda route: route.fulfill(status=400, json={"detail": "no"}))
    card = bench.card("kmeans")
    card.get_by_label("Region 1: no name").hover()
    bench.page.keyboard.press("q")
    expect(bench.page.get_by_role("alert")).to_contain_text("no")
    expect(card.get_by_label("Region 1: no name")).to_be_visible()


def test_what_begins_waits_for_the_names_on_their_way(bench: Bench) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    bench.page.route("**/names", hold)
    card = bench.card("kmeans")
    for region, key in enumerate("qwe"):
        card.get_by_label(f"Region {region}: no name").hover()
        bench.page.keyboard.press(key)
    bench.page.locator("h1").click()
    bench.page.keyboard.press(str(1 + ["multi-otsu", "kmeans"].index("kmeans")))
    expect(bench.page.locator("figure.chosen")).to_contain_text("kmeans")
    bench.page.keyboard.press("Control+Enter")
    expect(bench.page.get_by_role("button", name="repair", exact=True)).to_be_disabled()
    held[0].continue_()
    bench.page.unroute("**/names")
    bench.page.wait_for_selector("html[data-ready]")
    project = open_project(bench.root)
    (begun,) = all_sessions(project)
    labels = working_copy(project, begun.id).labels
    project.engine.dispose()
    assert set(np.unique(labels)) == {0, 1, 2}


def test_differences_are_between_maps_with_names(bench: Bench) -> None:
    option = bench.page.get_by_label("differences from").locator("option", has_text="kmeans")
    expect(option).to_be_disabled()
    bench.card("kmeans").get_by_label("Region 1: no name").hover()
    bench.page.keyboard.press("q")
    expect(option).to_be_enabled()


def test_what_is_composed_is_what_begins(bench: Bench) -> None:
    page = bench.page
    for method, keys in (("kmeans", "qwe"), ("multi-otsu", "qew")):
        for region, key in enumerate(keys):
            bench.card(method).get_by_label(f"Region {region}: no name").hover()
            bench.press(key)
            expect(
                bench.card(method).get_by_label(f"Region {region}: ", exact=False)
            ).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_label("Begin")).to_contain_text("Repair kmeans")
    shown = page.get_by_label("Your choice", exact=True)
    shown.get_by_label("B from").select_option(label="1 multi-otsu")
    expect(shown).to_contain_text("2 kmeans, B from 1 multi-otsu")
    bar = page.get_by_label("Begin").bounding_box()
    assert bar is not None
    assert bar["height"] < 900 / 12, "it leaves the window to the pictures"
    page.get_by_role("button", name="repair").click()
    page.wait_for_selector("html[data-ready]")

    project = open_project(bench.root)
    first, second = (
        derive(project, bench.candidate(method)).label_map for method in ("kmeans", "multi-otsu")
    )
    expected = np.where((second == 1) | (first == 1), second, first)
    (session,) = all_sessions(project)
    np.testing.assert_array_equal(working_copy(project, session.id).labels, expected)
    assert session.choice["methods"].keys() == {str(bench.candidate("kmeans").id)} | {
        str(bench.candidate("multi-otsu").id)
    }
    project.engine.dispose()


def test_the_page_scrolls_until_one_turns_to_a_picture(bench: Bench) -> None:
    page = bench.page
    page.set_viewport_size({"width": 1000, "height": 400})
    canvas = bench.card("kmeans").locator("canvas")
    canvas.hover()
    page.mouse.wheel(0, 80)
    page.wait_for_function("scrollY > 0")


def test_one_method_for_all_images_of_a_type(bench: Bench) -> None:
    page = bench.page
    bench.card("kmeans").get_by_label("Region 0: no name").hover()
    page.keyboard.press("q")
    expect(bench.card("kmeans").get_by_label("Region 0: A")).to_be_visible()
    page.keyboard.press("2")
    page.get_by_label("for all images of this kind").check()
    page.get_by_role("button", name="repair", exact=True).click()
    page.wait_for_selector("html[data-ready]")
    home = page.url.split("#")[0]
    other = bench.candidate("kmeans", 1)
    assert other.table == {}, "the other image's regions have no names yet"

    page.goto(f"{home}#/images/{other.image}")
    expect(page.get_by_label("Begin")).to_contain_text("Repair kmeans")
    expect(page.get_by_label("for all images of this kind")).to_be_checked()
    page.mouse.move(300, 300)
    page.goto(home)
    page.get_by_role("button", name="repair, usual method").click()
    page.wait_for_selector("html[data-ready]")
    project = open_project(bench.root)
    second = all_sessions(project)[-1]
    stages = time_of(events_of(project, second.id)).by_stage
    project.engine.dispose()
    assert second.choice["candidate"] == other.id
    assert second.choice["uniform"] is True
    assert "choose" in stages or "name" in stages, "the visit to its candidates belongs to it"


def test_names_carry_over_to_the_next_image_by_themselves(bench: Bench) -> None:
    page = bench.page
    for region, key in enumerate("qwe"):
        bench.card("kmeans").get_by_label(f"Region {region}: no name").hover()
        bench.press(key)
        expect(bench.card("kmeans").get_by_label(f"Region {region}: ")).not_to_contain_text("?")
    page.goto(f"{page.url.split('#')[0]}#/images/{bench.candidate('kmeans', 1).image}")
    expect(bench.card("kmeans").locator(".swatch[data-margin]")).to_have_count(3)
    page.mouse.move(5, 5)
    page.keyboard.press("n")
    expect(page.locator(".swatch[data-margin]:focus")).to_have_count(1)
    table = bench.candidate("kmeans", 1).table
    assert table["source"] == "prototypes"
    assert None not in table["names"]


def test_choosing_and_naming_are_timed_from_the_first_look_on(bench: Bench) -> None:
    card = bench.card("kmeans")
    for region, key in enumerate("qwe"):
        card.get_by_label(f"Region {region}: ").hover()
        bench.page.keyboard.press(key)
        expect(card.get_by_label(f"Region {region}: {'ABC'[region]}")).to_be_visible()
    gallery = bench.page.url
    bench.page.goto(gallery.split("#")[0] + "#/")
    expect(bench.page.get_by_role("heading", name="2 images")).to_be_visible()
    bench.page.goto(gallery)
    expect(bench.page.locator(".swatch")).to_have_count(6)
    bench.page.mouse.move(300, 300)
    bench.page.keyboard.press("2")  # in the order of the methods
    bench.page.mouse.move(320, 300)
    bench.page.get_by_role("button", name="repair").click()
    expect(bench.page.locator(".editor")).to_be_visible()
    project = open_project(bench.root)
    (session,) = all_sessions(project)
    log = events_of(project, session.id)
    first = [event for event in log if event.page == log[0].page]
    kinds = [event.kind for event in first]
    assert kinds.count("open") == kinds.count("close") == 2, "two visits"
    assert [event.seq for event in first] == list(range(len(first)))
    time = time_of(log)
    assert time.problem == ""
    assert {"choose", "name"} <= set(time.by_stage)
    assert time.by_stage["name"].active > 0
    project.engine.dispose()
    kept = bench.page.evaluate(
        "Object.keys(localStorage).filter((k) => k.includes('visit')).length"
    )
    assert kept == 0, "the session has it"


def pixel_of(bench: Bench, method: str, region: int) -> tuple[float, float]:
    """A point of the page on a region in a candidate's picture."""
    project = open_project(bench.root)
    regions = read_regions(project, bench.candidate(method))
    project.engine.dispose()
    inside = cv2.erode((regions == region).astype(np.uint8), np.ones((3, 3), np.uint8))
    y, x = (int(at[0]) for at in np.nonzero(inside))
    box = bench.card(method).locator("canvas").bounding_box()
    assert box is not None
    scale = box["width"] / WIDTH
    return box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale


def test_what_the_pointer_points_at_is_named_and_not_the_swatch_before(bench: Bench) -> None:
    bench.card("kmeans").get_by_label("Region 0: no name").hover()
    bench.page.mouse.move(*pixel_of(bench, "multi-otsu", 2))
    bench.press("w")
    expect(bench.card("multi-otsu").get_by_label("Region 2: B")).to_be_visible()
    bench.card("kmeans").get_by_label("Region 0: no name").click()
    bench.page.mouse.move(*pixel_of(bench, "multi-otsu", 0))
    bench.press("e")
    expect(bench.card("multi-otsu").get_by_label("Region 0: C")).to_be_visible()
    assert bench.names("kmeans") == []
    assert bench.names("multi-otsu") == [2, None, 1]


def test_a_page_that_scrolls_under_the_pointer_changes_no_target(bench: Bench) -> None:
    page = bench.page
    page.set_viewport_size({"width": 420, "height": 400})
    other = bench.card("multi-otsu").get_by_label("Region 0: no name")
    box = other.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 10, 60)
    bench.card("kmeans").get_by_label("Region 1: no name").evaluate(
        "one => one.focus({ preventScroll: true })"
    )
    page.evaluate("by => scrollBy(0, by)", box["y"] - 50)
    page.wait_for_function("one => one.matches(':hover')", arg=other.element_handle())
    bench.press("q")
    expect(bench.card("kmeans").get_by_label("Region 1: A")).to_be_visible()
    assert bench.names("multi-otsu") == []
