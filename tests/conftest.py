"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# A page on a loaded machine is slow, and right.
expect.set_options(timeout=20_000)

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("PREMASK_DATA", ROOT.parent / "shared" / "data"))
SETS = {"uhcs": 4, "nasa_ebc": 3, "nasa_super": 3}


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real micrographs: uhcs, nasa_ebc, nasa_super, each with images/ and masks/."""
    if not DATA.is_dir():
        pytest.skip(f"no real micrographs at {DATA}; set PREMASK_DATA to their folder")
    return DATA


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, as quiet as it can be; nothing is downloaded."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine; install the package chromium")
    quiet = ("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync",
             "disable-background-networking", "disable-component-update")  # fmt: skip
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found, args=[f"--{flag}" for flag in quiet]
        )
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page of its own context."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    yield context.new_page()
    context.close()
