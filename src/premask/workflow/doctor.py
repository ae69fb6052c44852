"""What this machine has, and which methods can run on it."""

from __future__ import annotations

import platform
import shutil
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from premask import __version__
from premask.preannotators.methods import all_methods, not_ready
from premask.project.project import Project
from premask.workflow.hardware import hardware
from premask.workflow.preannotate import method_options

PACKAGES = (
    "numpy",
    "numba",
    "opencv-python-headless",
    "tifffile",
    "torch",
    "transformers",
    "segmentation-models-pytorch",
    "onnxruntime",
)


@dataclass(frozen=True)
class Report:
    """Facts of the machine; for each method None, or why it cannot run."""

    facts: dict[str, str]
    methods: dict[str, str | None]


def examine(project: Project | None = None) -> Report:
    """Look at the machine; with a project, at what its methods' own options need as well.

    Raises
    ------
    PremaskError
        If the project has options for a method that there is not.
    """
    options = method_options(project) if project else {}
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
    return Report(facts, {name: not_ready(name, options.get(name, {})) for name in all_methods()})
