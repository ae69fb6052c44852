"""How long premask takes to start, and the memory that each method needs."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

from common import Target, report, targets
from premask.preannotators.methods import METHODS, not_ready

RUNS = 7

PEAK = """
import json, resource, sys, time
import numpy as np
import premask
from premask.synthetic.micrograph import synthesize
image = synthesize("III", seed=0).image
before = time.perf_counter()
premask.preannotate(image, sys.argv[1], 8)
seconds = time.perf_counter() - before
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6]))
"""


def main() -> None:
    """Whole processes, as a user starts them."""
    bare = seconds_of("-c", "pass")
    imported = seconds_of("-c", "import premask")
    shown = seconds_of("-m", "premask", "--help")
    found = [
        Target(
            "import premask, whole process (median of 7)",
            f"{imported:.3f} s (Python alone {bare:.3f} s)",
            "under 0.3 s",
            imported < 0.3,
        ),
        Target("premask --help, whole process", f"{shown:.3f} s", "under 0.5 s", shown < 0.5),
    ]
    for name in METHODS:
        if not_ready(name, {}) is None:
            seconds, peak = json.loads(
                subprocess.run(
                    [sys.executable, "-c", PEAK, name], capture_output=True, text=True, check=True
                ).stdout
            )
            found.append(
                Target(
                    f"{name}: peak memory on 1280x959, 8 regions",
                    f"{peak:.0f} MB ({seconds:.1f} s with the first compilation)",
                    "under 1,500 MB",
                    peak < 1500,
                )
            )
    report("start", "Start and memory", targets(found))


def seconds_of(*arguments: str) -> float:
    """Median wall clock of a Python process."""
    times = []
    for _ in range(RUNS):
        before = time.perf_counter()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        times.append(time.perf_counter() - before)
    return statistics.median(times)


if __name__ == "__main__":
    main()
