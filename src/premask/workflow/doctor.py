"""What this machine has, and which methods can run on it."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from premask import __version__
from premask.preannotators.methods import all_methods, not_ready
from premask.workflow.hardware import hardware

PACKAGES = ("numpy", "numba", "opencv-python-headless", "tifffile", "torch", "transformers")


@dataclass(frozen=True)
class Report:
    """Facts of the machine; for each method None, or why it cannot run."""

    facts: dict[str, str]
    methods: dict[str, str | None]


def examine() -> Report:
    """Look at the machine."""
    facts = {
        "premask": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "hardware": hardware(),
        "free disk": f"{shutil.disk_usage(Path.cwd()).free / 1e9:.0f} GB here",
    }
    for package in PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "not installed"
    return Report(facts, {name: not_ready(name, {}) for name in all_methods()})
