"""Small micrographs and the real command line, for several test files."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from premask.core.sessions import Event


def small_micrograph(seed: int, shape: tuple[int, int] = (96, 128)) -> NDArray[np.uint8]:
    """Dark matrix, bright discs, grey noise: no two seeds give the same picture."""
    rng = np.random.default_rng(seed)
    image = np.full(shape, 90, np.uint8)
    for _ in range(8):
        centre = (int(rng.integers(shape[1])), int(rng.integers(shape[0])))
        cv2.circle(image, centre, int(rng.integers(5, 14)), int(rng.integers(150, 240)), -1)
    noise = rng.normal(0, 6, shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def small_truth(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Two phases: the discs and the matrix."""
    return (cv2.GaussianBlur(image, (0, 0), 1.5) > 120).astype(np.uint8)


def write_images(folder: Path, n: int, shape: tuple[int, int] = (96, 128)) -> list[Path]:
    """n small micrographs as PNGs, named a.png, b.png ..."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{chr(97 + i)}.png" for i in range(n)]
    for i, path in enumerate(paths):
        cv2.imwrite(str(path), small_micrograph(i, shape))
    return paths


def command(*arguments: object) -> list[str]:
    """The command line that runs premask in this environment."""
    return [sys.executable, "-m", "premask", *map(str, arguments)]


def premask(
    *arguments: object, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run premask as a user does."""
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "160", **(env or {})},
    )


def start_server(root: Path, port: int = 0) -> tuple[subprocess.Popen[str], str]:
    """``premask annotate`` as a user starts it, and the address that it prints."""
    server = subprocess.Popen(
        command("annotate", root, "--port", port, "--no-browser"),
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert server.stdout is not None
    with server.stdout as lines:
        found = re.search(r"http://\S+", lines.readline())
    assert found, "the server prints its address first"
    return server, found[0]


def answer(*arguments: object) -> Any:
    """The JSON answer of a command that must succeed."""
    done = premask(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusal(*arguments: object) -> str:
    """The one line of a command that must refuse: exit code 2, no traceback."""
    done = premask(*arguments)
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("premask: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


TABLE_7 = {
    "I": (29, (102, 58, 73.4), (20, 10, 1.6), "80.39"),
    "II": (17, (128, 36, 99.8), (22, 6, 9.0), "82.81"),
    "III": (36, (128, 76, 71.7), (35, 21, 12.3), "72.66"),
}
"""The paper's Table 7: images; median min, total h and SD min of both strategies; saved %."""


def minutes_like(n: int, median: float, hours: float, std: float) -> NDArray[np.float64]:
    """n times with this median, sum and standard deviation."""
    # The middle at the median, one half below and one above; the mean is made in one of them.
    side = (n - 1) // 2
    rest = hours * 60 - n * median
    base = np.full(n, float(median))
    base[:side] += min(rest, 0) / side
    base[-side:] += max(rest, 0) / side
    spread = np.zeros(n)
    spread[:side], spread[-side:] = -1, 1
    assert base.std(ddof=1) < std
    low, high = 0.0, float(median)
    for _ in range(60):
        middle = (low + high) / 2
        below = (base + middle * spread).std(ddof=1) < std
        low, high = (middle, high) if below else (low, middle)
    return base + low * spread


def log_of(minutes: float, page: str, start: float = 1_760_000_000_000) -> list[Event]:
    """An event log of exactly so many active minutes, beginning at a wall clock (UTC ms)."""
    total = round(minutes * 60_000)
    marks = [*range(0, total, 200_000), total]
    kinds = ["open", *["activity"] * (len(marks) - 2), "submit"]
    return [
        Event(kind, page, i, t, start + t, start + t, {"stage": "repair"} if i == 0 else {})
        for i, (kind, t) in enumerate(zip(kinds, marks, strict=True))
    ]
