"""Pictures of the annotation application, on micrographs that premask makes itself.

python docs/make_screenshots.py    writes docs/img/overview-page.png, choose.png, editor.png
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parent / "img"
SCREENSHOTS = ("overview-page", "choose", "editor")
QUIET = ("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync",
         "disable-background-networking", "disable-component-update")  # fmt: skip


def main() -> None:
    """Make the demo's project, open it, go through it."""
    with tempfile.TemporaryDirectory() as folder:
        premask = [sys.executable, "-u", "-m", "premask"]
        subprocess.run([*premask, "demo", "steel"], cwd=folder, check=True)  # noqa: S603
        server = subprocess.Popen(  # noqa: S603
            [*premask, "annotate", "steel", "--port", "0", "--no-browser"],
            cwd=folder, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdout is not None
        found = re.search(r"http://\S+", server.stdout.readline())
        assert found
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=[f"--{flag}" for flag in QUIET]
                )
                walk(browser.new_page(viewport={"width": 1400, "height": 900}), found[0])
                browser.close()
        finally:
            server.kill()
            server.wait()


def walk(page: Page, address: str) -> None:
    """Sign in, draw a little, look at every page."""
    page.goto(address)
    page.locator("input").first.fill("Ana")
    page.get_by_role("button", name="sign in").click()
    page.locator(".card > a").nth(4).click()
    texture = page.locator("figure").filter(has_text="texture")
    texture.locator(".title button").click()
    texture.locator(".swatch").first.wait_for()
    page.wait_for_timeout(1500)
    shot(page, "choose")
    page.get_by_role("button", name="repair", exact=True).click()
    page.wait_for_selector("html[data-ready]")
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.keyboard.press("2")
    page.mouse.move(box["x"] + 400, box["y"] + 300)
    page.mouse.down()
    page.mouse.move(box["x"] + 470, box["y"] + 340, steps=10)
    page.mouse.up()
    page.wait_for_selector(".state.saved")
    shot(page, "editor")
    page.get_by_role("button", name="← images").click()
    page.locator(".card").nth(5).wait_for()
    page.wait_for_timeout(1500)
    shot(page, "overview-page")


def shot(page: Page, name: str) -> None:
    """A picture small enough for a repository."""
    path = IMAGES / f"{name}.png"
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(200)
    page.screenshot(path=path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").resize((1000, 643), Image.Resampling.LANCZOS)
    small.quantize(128, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1e3:.0f} kB")  # noqa: T201


if __name__ == "__main__":
    main()
