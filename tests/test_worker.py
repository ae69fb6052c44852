"""Seconds of Table 1 are those of a method, not of the compilation of its loops."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from premask.core.phases import make_phases
from premask.preannotators.methods import all_methods
from premask.project.project import init_project
from premask.project.settings import Settings
from premask.synthetic import synthesize
from premask.workflow.add import add_images

COUNTED = """
import sys
from pathlib import Path
from numba.core.registry import CPUDispatcher
from premask.core.records import Parameters
from premask.project.images import all_images
from premask.project.project import open_project
from premask.workflow import worker

def compiled():
    # Signatures of every compiled loop of the package: loaded from disk or compiled anew.
    loops = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("premask"):
            for loop in vars(module).values():
                if isinstance(loop, CPUDispatcher):
                    loops[loop.py_func.__module__, loop.py_func.__name__] = len(loop.signatures)
    return loops

project = open_project(Path(sys.argv[1]))
counts = []
timed = worker.run
def run(*args, **options):
    before = compiled()
    found = timed(*args, **options)
    counts.append((before, compiled()))
    return found
worker.run = run
for image in all_images(project):
    counts.clear()
    worker.make_regions(project.root, image, Parameters(sys.argv[2], 6), 1)
    before, after = counts[-1]
    new = {key: n for key, n in after.items() if before.get(key, 0) != n}
    print(len(counts), len(after), new)
"""


@pytest.mark.parametrize("method", [name for name in all_methods() if name not in {"sam", "cnn"}])
@pytest.mark.parametrize(("bits", "channels"), [(8, 1), (16, 1), (8, 3)])
def test_nothing_is_compiled_while_the_clock_runs(
    tmp_path: Path, method: str, bits: int, channels: int
) -> None:
    picture = synthesize("I", seed=1, shape=(160, 200)).image
    if bits == 16:
        picture = picture.astype(np.uint16) * 257
    if channels == 3:
        picture = np.stack([picture, np.roll(picture, 3, 0), picture[::-1]], -1)
    cv2.imwrite(str(tmp_path / "steel.png"), picture)
    project = init_project(tmp_path / "p", Settings(make_phases(["A", "B"])))
    add_images(project, [tmp_path / "steel.png"], crop_bottom=0)
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, project.root, method],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    runs, loops, new = done.stdout.split(maxsplit=2)
    assert (runs, new.strip()) == ("2", "{}"), done.stdout
    assert int(loops) > 0, "there are compiled loops to count"
