"""Kanezaki's network: the fast preset against the reference, in seconds, memory and quality."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from common import SETS, Target, load, report, stems, table, targets
from premask.evaluate.scores import score
from premask.preannotators.cnn import cnn

IMAGES, SEED, RUNS = 4, 0, 3
LONGEST_SIDE, ITERATIONS, ALL_LABELS = 320, 128, 64

FAST = """
import json, resource, time
from premask import preannotate
from premask.synthetic.micrograph import synthesize
image = synthesize("III", seed=0).image
called, used = time.perf_counter(), time.process_time()
preannotate(image, "cnn", 5)
seconds, cpu = time.perf_counter() - called, time.process_time() - used
print(json.dumps([seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6]))
"""

REFERENCE = """
import json, resource, sys, time
import torch
from premask.preannotators.cnn_network import build, train
from premask.preannotators.cnn_presets import reference_channels
from premask.synthetic.micrograph import synthesize
torch.set_num_threads(int(sys.argv[1]))
image = synthesize("III", seed=0).image
inputs = torch.from_numpy(reference_channels(image, image.shape))[None]
layers = build(3)
before, used = time.perf_counter(), time.process_time()
train(layers, inputs, iterations=2, min_labels=3)
seconds, cpu = (time.perf_counter() - before) / 2, (time.process_time() - used) / 2
print(json.dumps([seconds, cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6]))
"""

Regions = NDArray[np.uint8]


@dataclass(frozen=True)
class Quality:
    """Figures of one way to make regions, on the images of one set."""

    regions: float
    mean_iou: float
    boundary_f1: float
    fragments: float
    named_fragments: float

    def row(self, name: str, way: str) -> list[str]:
        """As a row of the table."""
        return [
            name,
            way,
            f"{self.regions:.1f}",
            f"{100 * self.mean_iou:.1f}",
            f"{100 * self.boundary_f1:.1f}",
            f"{self.fragments:.0f}",
            f"{self.named_fragments:.0f}",
        ]


def main() -> None:
    """Seconds and memory in processes of their own, then quality on the three sets."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(tempfile.gettempdir()) / "premask-bench-cnn"
    parser.add_argument("--cache", type=Path, default=default, help="keeps the reference's maps")
    cache = parser.parse_args().cache
    cache.mkdir(parents=True, exist_ok=True)
    found, costs = speed()
    more, rows = quality(cache)
    header = ["set", "way", "regions", "mean IoU", "boundary F1", "fragments", "after naming"]
    report(
        "cnn",
        "Kanezaki's network",
        targets(found + more),
        "## Cost, 1280x959 px, 5 regions",
        table(["run", "threads", "wall s", "CPU s", "peak MB"], costs),
        f"## Quality, {IMAGES} images of each set",
        table(header, rows),
        f"Reference: longest side {LONGEST_SIDE}, {ITERATIONS} iterations, all of its labels kept;"
        " fast: asked for as many regions. Named many-to-one by the truth of each image. Mean IoU"
        " is the mean over images of the mean over the phases present; boundary F1 at 3 px, counts"
        " summed over the images; fragments are 4-connected pieces, mean over images.",
    )


def speed() -> tuple[list[Target], list[list[str]]]:
    """The fast preset's whole call, and two of the reference's steps."""
    child(FAST)  # compiles what numba has not kept yet
    fast = min(child(FAST) for _ in range(RUNS))
    slow = {threads: child(REFERENCE, threads) for threads in (1, 2)}
    seconds = min(run[0] for run in slow.values()) * ITERATIONS
    rows = [
        [f"fast, whole call with torch's import (best of {RUNS})", "1", *map("{:.1f}".format, fast)]
    ]
    rows += [
        [f"reference, one of {ITERATIONS} iterations", str(n), *map("{:.1f}".format, run)]
        for n, run in slow.items()
    ]
    ratio = seconds / fast[0]
    return [
        Target("wall seconds on 1280x959", f"{fast[0]:.1f} s", "at most 15 s", fast[0] <= 15),
        Target("peak memory", f"{fast[2]:.0f} MB", "under 1,500 MB", fast[2] < 1500),
        Target(
            "reference (its faster number of threads) / fast",
            f"{ratio:.0f}x ({seconds / 60:.0f} min / {fast[0]:.1f} s)",
            "at least 150x",
            ratio >= 150,
        ),
    ], rows


def quality(cache: Path) -> tuple[list[Target], list[list[str]]]:
    """Score the reference and both groupings of the fast preset on each set."""
    found, rows = [], []
    for name, n_phases in SETS.items():
        ways: dict[str, list[tuple[Regions, Regions]]] = {}
        for stem in np.random.default_rng(SEED).permutation(stems(name))[:IMAGES].tolist():
            image, truth = load(name, stem)
            slow = reference(cache / f"{name}_{stem}.npz", image)
            ways.setdefault("reference", []).append((slow, truth))
            for grouping in ("responses", "argmax"):
                fast = cnn(image, int(slow.max()) + 1, grouping=grouping).astype(np.uint8)
                ways.setdefault(f"fast, {grouping}", []).append((fast, truth))
        scored = {way: measured(pairs, n_phases) for way, pairs in ways.items()}
        rows += [figures.row(name, way) for way, figures in scored.items()]
        found += compared(name, scored["fast, responses"], scored["reference"])
    return found, rows


def compared(name: str, fast: Quality, slow: Quality) -> list[Target]:
    """The fast preset is nowhere behind the reference."""
    better = [
        ("mean IoU", fast.mean_iou, slow.mean_iou),
        ("boundary F1", fast.boundary_f1, slow.boundary_f1),
    ]
    found = [
        Target(f"{name}: {what}", f"{100 * a:.1f}", f"not below {100 * b:.1f}", a >= b)
        for what, a, b in better
    ]
    a, b = fast.fragments, slow.fragments
    return [*found, Target(f"{name}: fragments", f"{a:.0f}", f"not above {b:.0f}", a <= b)]


def measured(pairs: list[tuple[Regions, Regions]], n_phases: int) -> Quality:
    """All figures of one way on one set."""
    scores = score(pairs, n_phases, naming="many-to-one")
    return Quality(
        float(np.mean([len(np.unique(regions)) for regions, _ in pairs])),
        scores.per_image_mean_iou,
        scores.boundary_f1,
        float(np.mean([fragments(regions) for regions, _ in pairs])),
        float(np.mean([fragments(named(*pair)) for pair in pairs])),
    )


def named(regions: Regions, truth: Regions) -> Regions:
    """Each region by its majority phase."""
    counts = [np.bincount(truth[regions == r], minlength=256)[:255] for r in range(64)]
    return np.array([count.argmax() for count in counts], np.uint8)[regions]


def fragments(labels: Regions) -> int:
    """4-connected pieces of a label map."""
    return sum(
        cv2.connectedComponents((labels == label).astype(np.uint8), connectivity=4)[0] - 1
        for label in np.unique(labels)
    )


def reference(kept: Path, image: NDArray[np.uint8]) -> Regions:
    """The reference's regions at full size, computed once."""
    if not kept.exists():
        before = time.process_time()
        labels = cnn(
            image,
            ALL_LABELS,
            preset="reference",
            longest_side=LONGEST_SIDE,
            iterations=ITERATIONS,
        ).astype(np.uint8)
        cpu = time.process_time() - before
        print(f"{kept.stem}: {labels.max() + 1} labels, {cpu:.0f} CPU-s", flush=True)
        np.savez_compressed(kept, labels=labels)
    with np.load(kept) as saved:
        return np.asarray(saved["labels"], np.uint8)


def child(program: str, *arguments: object) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak memory (MB) of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    wall, cpu, peak = json.loads(done.stdout)
    return wall, cpu, peak


if __name__ == "__main__":
    main()
