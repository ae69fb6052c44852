"""The benchmarks where micrographs are missing: one line for each, and on with the next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT


def run(data: Path, *names: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PREMASK_DATA": str(data)}
    return subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "run.py", *names],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_benchmark_without_its_micrographs_is_left_out_and_the_next_one_runs(
    tmp_path: Path,
) -> None:
    done = run(tmp_path, "paper", "naming")
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said == ["== paper", "== paper left out", "== naming", "== naming left out"]
    told = done.stderr.splitlines()
    assert len(told) == 2
    for line in told:
        assert line.startswith(f"left out: no micrographs in {tmp_path}")
        assert "PREMASK_DATA" in line


def test_a_micrograph_without_its_truth_is_named(tmp_path: Path) -> None:
    for name in ("uhcs", "nasa_ebc", "nasa_super"):
        (tmp_path / name / "images").mkdir(parents=True)
        (tmp_path / name / "images" / "a.png").write_bytes(b"")
    done = run(tmp_path, "naming")
    assert done.returncode == 0, done.stderr
    assert f"{Path('masks') / 'a.png'} is not there" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_that_fails_for_another_reason_ends_it_all(tmp_path: Path) -> None:
    copy = tmp_path / "benchmarks"
    copy.mkdir()
    for name in ("run.py", "common.py"):
        (copy / name).write_bytes((ROOT / "benchmarks" / name).read_bytes())
    (copy / "bench_broken.py").write_text("raise SystemExit(3)\n")
    (copy / "bench_next.py").write_text("print('reached')\n")
    done = subprocess.run(
        [sys.executable, copy / "run.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "broken failed with the exit code 3" in done.stderr
    assert "reached" not in done.stdout
