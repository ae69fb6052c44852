"""Settling an audit in a real browser: its queue, its keys, and the label map that it makes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Dialog, Page, expect

from audit_project import (
    BRIGHT,
    DARK,
    LARGE,
    NAMES,
    THIN,
    make_project,
    truth,
    with_errors,
    write_run,
)
from helpers import start_server
from premask.core.phases import VOID
from premask.project.images import all_images
from premask.project.label_maps import read_version, versions
from premask.project.project import Project, open_project
from premask.project.sessions import add_annotator
from premask.server.app import STATIC
from premask.workflow.audit import audit
from premask.workflow.consensus import agreed_versions
from premask.workflow.final_maps import final_version

pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.skipif(
    not (STATIC / "index.html").exists(),
    reason="the page is not built: python hatch_build.py build",
)

WIDTHS = {LARGE[1].start: (LARGE, BRIGHT), THIN[1].start: (THIN, DARK)}
"""The errors and the phases that they really are, by their left edges."""


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Project, str]]:
    """A project of three images, of which one has two wrong regions; it is audited."""
    made = make_project(tmp_path)
    audit(made, [write_run(tmp_path / "run", {"train": ["x"]})])
    add_annotator(made, "ana")
    made.engine.dispose()
    server, address = start_server(made.root)
    yield open_project(made.root), address
    server.kill()
    server.wait()


def queue_of(project: Project, address: str) -> list[dict[str, Any]]:
    """The regions in the order in which the page asks about them."""
    found = httpx.post(
        f"{address}api/images/{all_images(project)[0].id}/consensus",
        headers={"X-Premask-Annotator": "ana"},
    )
    regions: list[dict[str, Any]] = found.json()["regions"]
    return regions


def opened(page: Page, address: str) -> list[str]:
    """The audited image in the consensus; what is asked before it is finished."""
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", accept)
    page.add_init_script("sessionStorage.setItem('premask.annotator', 'ana')")
    page.goto(address)
    page.get_by_role("link", name="consensus").click()
    page.get_by_role("button", name="a.png").click()
    expect(page.get_by_text("region 1 of 2")).to_be_visible()
    return asked


def test_the_queue_shows_what_the_models_contradict(
    served: tuple[Project, str], page: Page
) -> None:
    project, address = served
    opened(page, address)
    images = page.get_by_role("navigation", name="Images to settle").get_by_role("button")
    expect(images).to_have_count(1)
    expect(images).to_contain_text("2 label maps")
    votes = page.get_by_role("list", name="Everybody's vote").get_by_role("listitem")
    for number, region in enumerate(queue_of(project, address), 1):
        expect(page.get_by_text(f"region {number} of 2")).to_be_visible()
        labelled, suggested = (NAMES[int(next(iter(one)))] for one in region["votes"])
        expect(votes.nth(0)).to_contain_text(f"labels: {labelled}")
        expect(votes.nth(1)).to_contain_text(f"model audit: {suggested}")
        expect(page.get_by_text(f"{region['px']} px ·")).to_be_visible()
        page.keyboard.press("n")
    expect(page.get_by_text("region 1 of 2")).to_be_visible()
    expect(page.get_by_text("the labels shown are those that a model contradicts")).to_be_visible()
    expect(page.get_by_text("smaller ones stay as labelled")).to_be_visible()
    expect(page.get_by_text("6 px in regions under 20 px are left to it")).to_be_visible()
    expect(page.get_by_role("combobox", name="What decides outside the regions")).to_have_count(0)
    page.get_by_label("Smallest region that is asked about").select_option("5 px")
    expect(page.get_by_text("region 1 of 3")).to_be_visible()
    project.engine.dispose()


def test_keys_settle_regions_and_the_label_map_gets_its_new_version(
    served: tuple[Project, str], page: Page
) -> None:
    project, address = served
    image = all_images(project)[0]
    first, second = (WIDTHS[one["box"][0]] for one in queue_of(project, address))
    asked = opened(page, address)
    page.keyboard.press(str(first[1] + 1))
    expect(page.get_by_text("1 settled")).to_be_visible()
    expect(page.get_by_text("region 2 of 2")).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_text("2 settled")).to_be_visible()
    expect(page.get_by_role("button", name="as the labels")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.keyboard.press("z")
    expect(page.get_by_text("1 settled")).to_be_visible()
    page.get_by_role("button", name="finish").click()
    status = page.get_by_role("status")
    expect(status).to_contain_text("1 region settled (ana 1), 1 left as labelled")
    assert asked == ["1 region is not settled; it stays as labelled. Finish all the same?"]
    expect(page.get_by_role("button", name="a.png")).to_contain_text("agreed")
    expected = with_errors(truth(0))
    expected[first[0]] = first[1]
    (agreed,) = agreed_versions(project, image)
    assert np.array_equal(read_version(project, agreed), expected), "the rest is as labelled"
    final = final_version(project, image)
    assert final is not None
    assert final.id == agreed.id
    # it goes on: the second region too, and what was labelled void stays so
    page.keyboard.press(str(second[1] + 1))
    expect(page.get_by_text("2 settled")).to_be_visible()
    page.get_by_role("button", name="finish").click()
    expect(status).to_contain_text("2 regions settled (ana 2)")
    expected[second[0]] = second[1]
    newest = agreed_versions(project, image)[-1]
    assert newest.id != agreed.id
    assert np.array_equal(read_version(project, newest), expected)
    assert read_version(project, newest)[-1, -1] == VOID
    assert len(asked) == 1, "nothing was left open"
    (kept,) = versions(project, image, "reference")
    assert np.array_equal(read_version(project, kept), with_errors(truth(0)))
    page.goto(address)
    expect(page.locator(".state", has_text="agreed")).to_be_visible()
    project.engine.dispose()
