"""What a candidate was computed on (paper, Table 1)."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
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


def forget_peak_memory() -> None:
    """Let the count of :func:`peak_memory_mb` begin anew; without effect but on Linux."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_memory_mb() -> float:
    """Most resident memory since :func:`forget_peak_memory`, MB; 0 but on Linux."""
    return _memory_of_process("VmHWM")


def memory_mb() -> float:
    """Resident memory of this process now, MB; 0 but on Linux."""
    return _memory_of_process("VmRSS")


def _memory_of_process(key: str) -> float:
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
        line = next(line for line in lines if line.startswith(key))
    except (OSError, StopIteration):
        return 0.0
    return int(line.split()[1]) * 1024 / 1e6
