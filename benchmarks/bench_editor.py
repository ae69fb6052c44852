"""The editor in headless Chromium: strokes, opening, undo, submitting.

No graphics card: the canvas is drawn by the processor, so that a desk is faster than this.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import httpx
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from common import Target, report, targets
from premask.core.phases import make_phases
from premask.project.images import all_images
from premask.project.project import init_project
from premask.project.settings import Settings
from premask.synthetic.micrograph import synthesize
from premask.workflow.add import add_images
from premask.workflow.preannotate import preannotate

SIZES = {"1280x959": (959, 1280), "4096x4096": (4096, 4096), "10240x10240": (10240, 10240)}
MOST_MS = {"1280x959": 4, "4096x4096": 4, "10240x10240": 8}
METHODS = ("multi-otsu", "superpixels", "kmeans", "texture")
N_CANDIDATES = len(METHODS)
ANA = {"X-Premask-Annotator": "ana"}
QUIET = ("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync",
         "disable-background-networking", "disable-component-update")  # fmt: skip
SUM = """() => {
  const all = (name) => performance.getEntriesByName(name).map((e) => e.duration);
  return [all("premask-pointermove"), all("premask-draw")];
}"""


def main() -> None:
    """Every size in a project and a server of its own."""
    found: list[Target] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[f"--{flag}" for flag in QUIET]
        )
        for name, shape in SIZES.items():
            with tempfile.TemporaryDirectory() as folder:
                found += measure(browser, name, shape, Path(folder))
        browser.close()
    report(
        "editor",
        "The editor in headless Chromium",
        "Strokes of radius 30 px at 100 %; work is the pointer's handler and the drawing of the"
        " frame after it, 95th percentiles added up.",
        targets(found),
    )


def measure(browser: Browser, name: str, shape: tuple[int, int], folder: Path) -> list[Target]:
    """One image: open, draw, undo, submit."""
    project = init_project(folder / "project", Settings(make_phases(["A", "B", "C"])))
    image = cv2.resize(synthesize("III", seed=0).image, shape[::-1])
    cv2.imwrite(str(folder / "micrograph.png"), image)
    add_images(project, [folder / "micrograph.png"], crop_bottom=0)
    if name == "1280x959":
        preannotate(project, methods=list(METHODS), jobs=1)
    record = all_images(project)[0]
    project.engine.dispose()
    server = subprocess.Popen(
        [sys.executable, "-u", "-m", "premask", "annotate", str(project.root), "--port", "0",
         "--no-browser"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    address = re.search(r"http://\S+", server.stdout.readline())
    assert address
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    try:
        with httpx.Client(base_url=address[0], headers=ANA, timeout=60) as client:
            client.post("/api/annotators", json={"name": "ana"})
            body = {"image": record.id, "strategy": "scratch"}
            session = client.post("/api/sessions", json=body).json()["id"]
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.add_init_script("sessionStorage.setItem('premask.annotator', 'ana')")
        page.goto(address[0])
        page.wait_for_selector(".card")
        chosen = gallery(page, record.id) if name == "1280x959" else 0.0
        before = time.perf_counter()
        page.evaluate(f"location.hash = '#/sessions/{session}'")
        page.wait_for_selector("html[data-ready]", timeout=120_000)
        opened = time.perf_counter() - before
        handler, frame = strokes(page)
        undo = keyed(page, "Control+z")
        submitted = submitting(page)
    finally:
        context.close()
        server.kill()
        server.wait()
    work = float(np.percentile(handler, 95) + np.percentile(frame, 95))
    rows = [
        Target(
            f"{name}: a pointer event of a stroke",
            f"{work:.1f} ms (handler {np.percentile(handler, 95):.1f} + frame"
            f" {np.percentile(frame, 95):.1f}, {len(handler)} events)",
            f"under {MOST_MS[name]} ms",
            work < MOST_MS[name],
        ),
        Target(f"{name}: undo of a stroke", f"{undo:.0f} ms", "under 50 ms", undo < 50),
    ]
    if name == "1280x959":
        rows += [
            Target(f"{name}: opening the editor", f"{opened:.2f} s", "under 1 s", opened < 1),
            Target(
                f"{name}: opening the image with its {N_CANDIDATES} candidates",
                f"{chosen:.2f} s",
                "under 1 s",
                chosen < 1,
            ),
            Target(f"{name}: submitting", f"{submitted:.0f} ms", "under 300 ms", submitted < 300),
        ]
    else:
        rows.append(Target(f"{name}: opening the editor", f"{opened:.2f} s", "stated", True))
    return rows


def gallery(page: Page, image: str) -> float:
    """Seconds from the link to the regions of every candidate."""
    before = time.perf_counter()
    page.evaluate(f"location.hash = '#/images/{image}'")
    page.wait_for_function(
        "n => [...document.querySelectorAll('figure:has(.title)')]"
        ".filter((one) => one.querySelector('.swatch')).length === n",
        arg=N_CANDIDATES,
    )
    return time.perf_counter() - before


def strokes(page: Page) -> tuple[list[float], list[float]]:
    """Ten strokes at 100 %; ms of each handler and each frame."""
    page.locator("canvas").first.focus()
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    while abs(zoom_of(page) - 100) > 3:
        page.mouse.wheel(0, 400 * np.log(zoom_of(page) / 100))
        page.wait_for_timeout(50)
    for _ in range(5):
        page.keyboard.press("]")  # 12 px to 36 px
    page.keyboard.press("2")
    page.evaluate("performance.clearMeasures()")
    rng = np.random.default_rng(0)
    for _ in range(10):
        points = rng.uniform([60, 60], [box["width"] - 60, box["height"] - 60], (2, 2))
        page.mouse.move(box["x"] + points[0, 0], box["y"] + points[0, 1])
        page.mouse.down()
        page.mouse.move(box["x"] + points[1, 0], box["y"] + points[1, 1], steps=40)
        page.mouse.up()
    handler, frame = page.evaluate(SUM)
    return handler, frame


def zoom_of(page: Page) -> float:
    """The zoom that the page shows, %."""
    return float(page.locator(".zoom button").nth(1).inner_text().rstrip(" %"))


def keyed(page: Page, key: str) -> float:
    """Ms from a key to the frame that shows what it did."""
    page.evaluate(
        "() => { window.pressed = new Promise((done) => addEventListener('keydown', (e) => {"
        " if (e.key !== 'z') return; const start = performance.now();"
        " requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));"
        " }, { capture: true })); }"
    )
    page.keyboard.press(key)
    return float(page.evaluate("() => window.pressed"))


def submitting(page: Page) -> float:
    """Ms from the button to the answer of the server, everything saved before."""
    page.wait_for_selector(".state.saved")
    with page.expect_response("**/submit") as caught:
        page.once("dialog", lambda question: question.accept())  # not all is labelled
        page.get_by_role("button", name="submit").click()
    caught.value.finished()  # its times are there only then
    timing = caught.value.request.timing
    return float(timing["responseEnd"] - timing["requestStart"])


if __name__ == "__main__":
    main()
