"""Run all benchmarks, or those that are named: ``python benchmarks/run.py paper start``."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """One process for each, so that none warms up another."""
    found = {path.stem.removeprefix("bench_"): path for path in sorted(HERE.glob("bench_*.py"))}
    wanted = sys.argv[1:] or list(found)
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise SystemExit(f"no benchmark {unknown[0]!r}; there are {', '.join(found)}")
    for name in wanted:
        started = time.monotonic()
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, found[name]], check=True)
        print(f"== {name} took {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
