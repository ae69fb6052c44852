"""Run all benchmarks, or those that are named: ``python benchmarks/run.py paper start``."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from common import MISSING

HERE = Path(__file__).parent


def main() -> None:
    """One process for each, so that none warms up another.

    A benchmark whose micrographs are missing says so and is left out; one that fails ends it all.
    """
    found = {path.stem.removeprefix("bench_"): path for path in sorted(HERE.glob("bench_*.py"))}
    wanted = sys.argv[1:] or list(found)
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise SystemExit(f"no benchmark {unknown[0]!r}; there are {', '.join(found)}")
    for name in wanted:
        started = time.monotonic()
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, found[name]], check=False)
        if done.returncode not in (0, MISSING):
            raise SystemExit(f"{name} failed with the exit code {done.returncode}")
        took = f"took {time.monotonic() - started:.0f} s"
        print(f"== {name} {'left out' if done.returncode == MISSING else took}", flush=True)


if __name__ == "__main__":
    main()
