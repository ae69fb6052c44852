"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("PREMASK_DATA", ROOT.parent / "shared" / "data"))
SETS = {"uhcs": 4, "nasa_ebc": 3, "nasa_super": 3}


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real micrographs: uhcs, nasa_ebc, nasa_super, each with images/ and masks/."""
    if not DATA.is_dir():
        pytest.skip(f"no real micrographs at {DATA}; set PREMASK_DATA to their folder")
    return DATA
