"""What a candidate was computed on (paper, Table 1)."""

from __future__ import annotations

import functools
import os
import platform
import sys
from pathlib import Path


def cores() -> int:
    """Processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@functools.cache
def hardware() -> str:
    """Processor, cores and memory in one line, e.g. ``Intel Xeon 2.6 GHz, 2 cores, 24 GB``."""
    parts = [_processor(), f"{cores()} cores"]
    memory = _memory_gb()
    return ", ".join([*parts, f"{memory} GB"] if memory else parts)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _memory_gb() -> int:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
    except (AttributeError, ValueError, OSError):
        return 0


def peak_mb() -> float:
    """Largest resident memory of this process so far, MB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    in_bytes = peak if sys.platform == "darwin" else peak * 1024  # Linux counts in KiB
    return round(in_bytes / 1e6, 1)
