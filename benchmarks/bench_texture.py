"""The texture method against multi-Otsu and superpixels, on images it was not tuned on.

python benchmarks/bench_texture.py
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

import premask
from common import SETS, Target, halves, load, report, stems, table, targets

METHODS = ("multi-otsu", "superpixels", "texture")
N_REGIONS = 8
TARGET = {"uhcs": 7, "nasa_super": 14, "nasa_ebc": 10}
MOONSHOT = {"uhcs": 12, "nasa_super": 20, "nasa_ebc": 15}
SECONDS = 1.5
MEGABYTES = 1500


def phase_ious(
    regions: NDArray[np.uint8], truth: NDArray[np.uint8], n_phases: int
) -> NDArray[np.float64]:
    """IoU of each phase, every region named by its majority; NaN for phases that are absent."""
    pairs = regions.ravel().astype(np.int64) * n_phases + truth.ravel()
    counts = np.bincount(pairs, minlength=N_REGIONS * n_phases).reshape(N_REGIONS, n_phases)
    confusion = np.zeros((n_phases, n_phases))
    np.add.at(confusion, counts.argmax(axis=1), counts)
    hit = np.diag(confusion)
    true = confusion.sum(axis=0)
    either = true + confusion.sum(axis=1) - hit
    return np.where(true > 0, hit / np.maximum(either, 1), np.nan)


def score(name: str, chosen: Sequence[str], method: str) -> tuple[float, NDArray[np.float64]]:
    """Mean over images of the mean IoU, and the mean IoU of each phase, in per cent."""
    found = []
    for stem in chosen:
        image, truth = load(name, stem)
        found.append(phase_ious(premask.preannotate(image, method, N_REGIONS), truth, SETS[name]))
    ious = 100 * np.array(found)
    return float(np.nanmean(np.nanmean(ious, axis=1))), np.nanmean(ious, axis=0)


def quality(part: int) -> tuple[list[list[str]], dict[str, float]]:
    """Rows of the table of one half, and texture's lead over the better other method."""
    rows = []
    lead = {}
    for name in TARGET:
        chosen = halves(name)[part]
        scores = {method: score(name, chosen, method) for method in METHODS}
        means = {method: mean for method, (mean, _) in scores.items()}
        lead[name] = means["texture"] - max(means["multi-otsu"], means["superpixels"])
        for method, (mean, phases) in scores.items():
            each = " / ".join(f"{value:.0f}" for value in phases)
            rows.append([name, str(len(chosen)), method, f"{mean:.1f}", each])
    return rows, lead


def cost() -> tuple[list[float], float]:
    """CPU seconds for a 1280x959 image of each set on one core, and the peak memory in MB."""
    cv2.setNumThreads(1)
    seconds = []
    for name in TARGET:
        image = load(name, stems(name)[0])[0]
        frame = np.tile(image, (2, 2))[:959, :1280]
        if frame.shape != (959, 1280):
            frame = np.tile(image, (3, 3))[:959, :1280]
        if not seconds:
            premask.preannotate(frame[:256, :256], "texture", N_REGIONS)  # compiles
        runs = []
        for _ in range(3):
            start = time.process_time()
            premask.preannotate(frame, "texture", N_REGIONS)
            runs.append(time.process_time() - start)
        seconds.append(min(runs))
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def measured_cost() -> tuple[list[float], float]:
    """:func:`cost` in a process of its own, so that the memory is that of one method."""
    answer = subprocess.run(
        [sys.executable, __file__, "--cost"], capture_output=True, text=True, check=True
    )
    *seconds, memory = (float(value) for value in answer.stdout.split())
    return seconds, memory


def main() -> None:
    """Measure both halves, the cost, and compare with the targets."""
    kept_back, lead = quality(1)
    tuned, _ = quality(0)
    seconds, memory = measured_cost()
    goals = [
        Target(f"{name}: lead, {kind}", f"{lead[name]:+.1f}", f"+{wanted[name]}",
               lead[name] >= wanted[name])
        for kind, wanted in (("target", TARGET), ("moonshot", MOONSHOT))
        for name in TARGET
    ]  # fmt: skip
    goals += [
        Target(
            "CPU seconds per 1280x959 image, one core, slowest set",
            f"{max(seconds):.2f}",
            f"at most {SECONDS}",
            max(seconds) <= SECONDS,
        ),
        Target(
            "peak memory of the process, MB",
            f"{memory:.0f}",
            f"under {MEGABYTES}",
            memory < MEGABYTES,
        ),
    ]
    header = ["set", "images", "method", "mean IoU", "IoU of each phase"]
    report(
        "texture",
        "Texture: 8 regions named many to one",
        "Mean over images of the mean IoU over the phases present, in per cent. Regions are"
        " named with the truth (each by its majority), so these are upper bounds of what"
        " naming can reach. One set of defaults for all three sets.",
        "## The half kept back",
        table(header, kept_back),
        "Lead: texture minus the better of the other two, in points, on this half.",
        targets(goals),
        "## The half that the parameters were chosen on",
        table(header, tuned),
        "CPU seconds after compilation, best of 3: "
        + ", ".join(f"{name} {s:.2f}" for name, s in zip(TARGET, seconds, strict=True))
        + ".",
    )


if __name__ == "__main__":
    if "--cost" in sys.argv:
        per_image, peak = cost()
        print(*per_image, peak)
    else:
        main()
