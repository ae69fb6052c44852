"""What every benchmark shares: the data, the machine, the report."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.workflow.hardware import hardware

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("PREMASK_DATA", ROOT.parent / "shared" / "data"))
RESULTS = ROOT / "benchmarks" / "results"
SETS = {"uhcs": 4, "nasa_ebc": 3, "nasa_super": 3}
"""The sets of real micrographs and their numbers of phases."""
MISSING = 77
"""Exit code of a benchmark whose micrographs are not there: it is left out, not failed."""


@dataclass(frozen=True)
class Target:
    """A figure, what it must reach, and whether it does."""

    what: str
    measured: str
    wanted: str
    reached: bool

    def row(self) -> list[str]:
        """As a row of a table."""
        return [self.what, self.measured, self.wanted, "PASS" if self.reached else "MISS"]


def stems(name: str) -> list[str]:
    """The images of a set, in order."""
    found = sorted(path.stem for path in (DATA / name / "images").glob("*.png"))
    if not found:
        missing(f"no micrographs in {DATA / name / 'images'}")
    return found


def missing(what: str) -> NoReturn:
    """Say in one line what is not there, and end."""
    print(f"left out: {what}; set PREMASK_DATA to the folder of the sets", file=sys.stderr)
    raise SystemExit(MISSING)


def load(name: str, stem: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """An image (H, W) and its truth (H, W)."""
    files = [DATA / name / kind / f"{stem}.png" for kind in ("images", "masks")]
    for file in files:
        if not file.is_file():
            missing(f"{file} is not there")
    image, truth = (cv2.imread(str(file), cv2.IMREAD_UNCHANGED) for file in files)
    return image.astype(np.uint8), truth.astype(np.uint8)


def halves(name: str, seed: int = 0) -> tuple[list[str], list[str]]:
    """The half that parameters were tuned on (the larger one) and the one that is reported."""
    order = np.random.default_rng(seed).permutation(stems(name)).tolist()
    middle = (len(order) + 1) // 2
    return sorted(order[:middle]), sorted(order[middle:])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def targets(found: Sequence[Target]) -> str:
    """The targets as a Markdown table."""
    return table(["target", "measured", "wanted", ""], [target.row() for target in found])


def report(topic: str, title: str, *parts: str) -> None:
    """Print a report and keep it in ``results/TOPIC.md`` with the machine and the date."""
    day = datetime.now(UTC).date().isoformat()
    where = f"{hardware()}; {platform.system()}, Python {platform.python_version()}; {day}"
    text = "\n\n".join([f"# {title}", *parts, f"Measured on: {where}."]) + "\n"
    print(text)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{topic}.md").write_text(text, encoding="utf-8")
