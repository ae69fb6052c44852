"""Making candidates: resumable, side by side, and whole whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from helpers import answer, command, premask, refusal, write_images
from premask import preannotate
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.core.records import Candidate
from premask.io.files import sha256_of
from premask.project.candidates import all_candidates, read_regions
from premask.project.images import all_images, find_image, read_pixels
from premask.project.objects import sweep
from premask.project.project import Project, init_project, open_project
from premask.project.settings import Settings
from premask.workflow import preannotate as workflow
from premask.workflow.add import add_images

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = init_project(tmp_path / "steel", Settings(make_phases(["Alpha", "TiB2"])))
    add_images(made, write_images(tmp_path / "in", 3))
    return made


def run(project: Project, **kwargs: object) -> workflow.Summary:
    return workflow.preannotate(project, **{"jobs": 1, "methods": ["multi-otsu"], **kwargs})  # type: ignore[arg-type]


def test_candidates_are_what_the_method_returns(project: Project) -> None:
    summary = run(project, methods=["multi-otsu", "kmeans"], n_regions=3, jobs=2)
    assert (summary.made, summary.present, summary.failed) == (6, 0, [])
    for candidate in all_candidates(project):
        pixels = read_pixels(project, find_image(project, candidate.image))
        expected = preannotate(pixels, candidate.parameters.method, 3)
        np.testing.assert_array_equal(read_regions(project, candidate), expected)
        assert candidate.cost.seconds > 0
        assert candidate.cost.jobs == 2
        assert candidate.cost.hardware
        assert candidate.table == {}


def test_what_is_there_is_not_made_again(project: Project) -> None:
    assert run(project).made == 3
    assert (run(project).made, run(project).present) == (0, 3)
    assert run(project, n_regions=5).made == 3
    assert run(project, options={"multi-otsu": {"sigma": 1.5}}).made == 3
    assert run(project, seed=1).made == 3


def test_progress_counts_up_and_tells_the_time_left(project: Project) -> None:
    seen: list[tuple[int, int, bool]] = []
    run(
        project,
        on_progress=lambda p: seen.append((p.done, p.total, p.seconds_left is not None)),
    )
    assert seen == [(0, 3, False), (1, 3, True), (2, 3, True), (3, 3, True)]


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"methods": ["kmean"]}, "did you mean kmeans"),
        ({"options": {"multi-otsu": {"sigmas": 1}}}, "sigmas"),
        ({"options": {"otsu": {"sigma": 1}}}, "no method 'otsu'"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_made(
    project: Project, kwargs: dict[str, object], said: str
) -> None:
    with pytest.raises(PremaskError, match=said):
        run(project, **kwargs)
    assert all_candidates(project) == []


def test_one_image_that_fails_does_not_stop_the_others(project: Project, tmp_path: Path) -> None:
    import cv2

    flat = tmp_path / "flat.png"
    cv2.imwrite(str(flat), np.full((50, 60), 7, np.uint8))
    add_images(project, [flat])
    summary = run(project)
    assert summary.made == 3
    assert len(summary.failed) == 1
    assert "flat.png: multi-otsu" in summary.failed[0]
    assert "constant" in summary.failed[0]


def _whole(project: Project) -> list[Candidate]:
    found = all_candidates(project)
    for candidate in found:
        assert read_regions(project, candidate).shape == (300, 400)
    for path in (project.root / "objects").glob("*/[!.]*"):
        assert path.stem == sha256_of(path.read_bytes()), "an object is whole or not there"
    return found


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], Project]]:
    """A run of the real command that has kept at least one of its 40 candidates."""
    made = init_project(tmp_path / "busy", Settings(make_phases(["Alpha", "TiB2"])))
    add_images(made, write_images(tmp_path / "many", 20, (300, 400)), crop_bottom=0)
    process = subprocess.Popen(
        command("preannotate", made.root, "--method", "kmeans", "--method", "superpixels"),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while not all_candidates(made):
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < deadline
    yield process, made
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_kill_leaves_whole_candidates_and_the_run_goes_on(
    busy: tuple[subprocess.Popen[str], Project],
) -> None:
    process, project = busy
    process.kill()  # the parent alone: its workers must end by themselves
    process.communicate(timeout=60)
    kept = len(_whole(open_project(project.root)))
    assert kept >= 1
    summary = answer("preannotate", project.root, "--method", "kmeans", "--method", "superpixels")
    assert summary["present"] == kept
    assert len(_whole(project)) == 40
    # What a kill in the middle of a write leaves has a name of its own, and is swept up.
    sweep(project.root, older_than=-1)
    assert not list(project.root.rglob("*.tmp"))


def test_an_interrupt_ends_with_130_and_keeps_what_was_made(
    busy: tuple[subprocess.Popen[str], Project],
) -> None:
    process, project = busy
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command" in stderr
    assert "Traceback" not in stderr
    assert _whole(project)
    assert not list(project.root.rglob("*.tmp"))


HALF_A_MESSAGE = """
import os, struct, sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from premask.workflow.preannotate import _end

def send_half(mark):
    frame = sys._getframe()
    while "result_queue" not in frame.f_locals:
        frame = frame.f_back
    os.write(frame.f_locals["result_queue"]._writer.fileno(), struct.pack("!i", 1000) + b"half")
    Path(mark).touch()
    time.sleep(600)

if __name__ == "__main__":
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    pool.submit(send_half, sys.argv[1])
    while not Path(sys.argv[1]).exists():
        time.sleep(0.01)
    _end(pool)
"""


def test_a_worker_stopped_in_the_middle_of_sending_does_not_hold_the_process(
    tmp_path: Path,
) -> None:
    script = tmp_path / "half.py"
    script.write_text(HALF_A_MESSAGE)
    line = [sys.executable, str(script), str(tmp_path / "mark")]
    assert subprocess.run(line, timeout=60, check=False).returncode == 0


def test_two_runs_on_one_project_share_the_work(tmp_path: Path) -> None:
    made = init_project(tmp_path / "shared", Settings(make_phases(["Alpha", "TiB2"])))
    add_images(made, write_images(tmp_path / "in", 6))
    line = command("preannotate", made.root, "--method", "multi-otsu", "--method", "kmeans")
    both = [subprocess.Popen(line, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        _, stderr = process.communicate(timeout=240)
        assert process.returncode == 0, stderr
    assert len(all_candidates(made)) == 12


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here (needs root)")
    try:
        project = init_project(disk / "steel", Settings(make_phases(["Alpha", "TiB2"])))
        add_images(project, write_images(tmp_path / "in", 2))
        images = all_images(project)
        run(project, methods=["multi-otsu"], images=images[:1])
        kept = {
            candidate.id: read_regions(project, candidate) for candidate in all_candidates(project)
        }
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        line = refusal("preannotate", project.root, "--method", "kmeans", "--jobs", 1)
        assert "full" in line or "No space" in line
        filler.unlink()
        for candidate in all_candidates(project):
            np.testing.assert_array_equal(read_regions(project, candidate), kept[candidate.id])
        assert answer("preannotate", project.root, "--method", "kmeans")["made"] == 2
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_the_answer_is_json_and_progress_goes_to_stderr(project: Project) -> None:
    done = premask("preannotate", project.root, "--method", "multi-otsu", "--json")
    assert done.stdout.startswith("{")
    assert "3 of 3 candidates" in done.stderr
