"""Tools in environments of their own, for tests that let them read what premask writes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

READERS = Path(__file__).parent / "readers"


def python_of(variable: str, target: str) -> Path:
    """The interpreter of another environment."""
    found = os.environ.get(variable)
    if not found:
        pytest.skip(f"needs an environment of its own: make {target} ({variable} is not set)")
    return Path(found)


def run(python: Path, script: str, *arguments: object) -> None:
    """Run one of the scripts in ``readers``, which must succeed."""
    done = subprocess.run(
        [python, READERS / script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
