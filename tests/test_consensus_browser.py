"""Settling regions of doubt in a real browser; the agreed map is checked pixel by pixel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Dialog, Page, expect

from helpers import start_server, write_images
from premask.core.origins import ORIGINS
from premask.core.phases import VOID, make_phases
from premask.evaluate.session_time import time_of
from premask.project.events import events_of
from premask.project.images import all_images
from premask.project.label_maps import read_version
from premask.project.project import Project, init_project, open_project
from premask.project.sessions import add_annotator, all_sessions, get_session, replace_base, submit
from premask.project.settings import Settings
from premask.server.app import STATIC
from premask.workflow.add import add_images
from premask.workflow.annotate import begin
from premask.workflow.consensus import agreed_versions

SHAPE = (120, 160)

pytestmark = pytest.mark.skipif(
    not (STATIC / "index.html").exists(),
    reason="the page is not built: python hatch_build.py build",
)


def people() -> dict[str, NDArray[np.uint8]]:
    """Three label maps that differ in three squares."""
    maps = {}
    for name, phases in {"ana": (1, 0, 2), "ben": (2, 1, 2), "eva": (2, 1, 0)}.items():
        labels = np.zeros(SHAPE, np.uint8)
        for i, phase in enumerate(phases):
            labels[10 : 30 - 4 * i, 10 + 40 * i : 30 + 40 * i] = phase
        maps[name] = labels
    return maps


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Project, str]]:
    project = init_project(tmp_path / "steel", Settings(make_phases(["A", "B", "C"])))
    add_images(project, write_images(tmp_path / "in", 1, SHAPE), crop_bottom=0)
    image = all_images(project)[0]
    for name, labels in people().items():
        add_annotator(project, name)
        session = begin(project, image, name, "scratch")
        origins = np.full(SHAPE, ORIGINS["expert"], np.uint8)
        revision = replace_base(project, session.id, labels, origins, {}, revision=0)
        submit(project, session.id, revision=revision)
    project.engine.dispose()
    server, address = start_server(project.root)
    yield open_project(tmp_path / "steel"), address
    server.kill()
    server.wait()


def test_keys_settle_the_regions_and_finish_makes_a_version(
    served: tuple[Project, str], page: Page
) -> None:
    project, address = served
    page.on("dialog", lambda dialog: dialog.accept())
    page.add_init_script("sessionStorage.setItem('premask.annotator', 'ana')")
    page.goto(address)
    page.get_by_role("link", name="consensus").click()
    page.get_by_role("button", name="a.png").click()
    expect(page.get_by_text("region 1 of 3")).to_be_visible()
    expect(page.get_by_text("ana: ")).to_be_visible()
    page.keyboard.press("2")
    expect(page.get_by_text("region 2 of 3")).to_be_visible()
    expect(page.get_by_text("1 settled")).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_text("2 settled")).to_be_visible()
    page.keyboard.press("1")
    expect(page.get_by_text("3 settled")).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_text("2 settled")).to_be_visible()
    expect(page.get_by_text("region 3 of 3")).to_be_visible()
    page.get_by_role("button", name="finish").click()
    expect(page.get_by_role("status")).to_contain_text("2 regions settled (ana 2), 1 left void")
    expect(page.get_by_role("button", name="a.png")).to_contain_text("agreed")
    (version,) = agreed_versions(project, all_images(project)[0])
    expected = np.zeros(SHAPE, np.uint8)
    boxes = [(10, 30, 10, 30), (10, 26, 50, 70), (10, 22, 90, 110)]
    queue = httpx.post(
        f"{address}api/images/{all_images(project)[0].id}/consensus",
        headers={"X-Premask-Annotator": "ana"},
    ).json()["regions"]
    order = [next(b for b in boxes if b[2] == one["box"][0]) for one in queue]
    majority = {10: 2, 50: 1, 90: 2}
    for (top, bottom, left, right), label in zip(
        order, (1, majority[order[1][2]], VOID), strict=True
    ):
        expected[top:bottom, left:right] = label
    assert np.array_equal(read_version(project, version), expected)
    page.goto(address)
    expect(page.locator(".state", has_text="agreed")).to_be_visible()
    (sitting,) = [one for one in all_sessions(project) if one.strategy == "agreed"]
    assert get_session(project, sitting.id).state == "submitted"
    time = time_of(events_of(project, sitting.id))
    assert time.problem == ""
    assert set(time.by_stage) == {"consensus"}
    project.engine.dispose()


def test_the_rest_goes_by_majority_and_a_tie_stays_open(
    served: tuple[Project, str], page: Page
) -> None:
    project, address = served
    image = all_images(project)[0]
    # A fourth label map, so that one region is two against two.
    add_annotator(project, "ida")
    session = begin(project, image, "ida", "scratch")
    labels = people()["ben"].copy()
    labels[labels == 1] = 0
    origins = np.full(SHAPE, ORIGINS["expert"], np.uint8)
    submit(
        project,
        session.id,
        revision=replace_base(project, session.id, labels, origins, {}, revision=0),
    )
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", answer)
    page.add_init_script("sessionStorage.setItem('premask.annotator', 'ana')")
    page.goto(f"{address}#/consensus")
    page.get_by_role("button", name="a.png").click()
    expect(page.get_by_text("region 1 of 3")).to_be_visible()
    page.get_by_role("button", name="majority for all the rest").click()
    expect(page.get_by_text("2 settled")).to_be_visible()
    assert "Settle 2 regions as the majority, unseen?" in asked[0]
    assert "1 region on which it cannot tell stays open" in asked[0]
    expect(page.get_by_role("button", name="the majority cannot tell")).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_role("status")).to_contain_text("cannot tell here")
    expect(page.get_by_text("2 settled")).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_text("0 settled")).to_be_visible()
    page.get_by_label("Smallest region that is asked about").select_option("500 px")
    expect(page.get_by_text("nothing to settle")).to_be_visible()
    page.get_by_label("Smallest region that is asked about").select_option("20 px")
    expect(page.get_by_text("region 1 of 3")).to_be_visible()
    for width, height in ((1400, 900), (700, 900), (400, 800)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.locator("main").evaluate("(main) => main.scrollWidth") <= width
    page.set_viewport_size({"width": 1400, "height": 900})
    for name in ("ana", "ben", "eva", "ida"):
        box = page.get_by_label(f"with the labels of {name}").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 900, "every vote is seen without scrolling"
    project.engine.dispose()
