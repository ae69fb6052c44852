"""What the default island rule removes, and what each phase keeps.

python benchmarks/bench_islands.py
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

import premask
from common import SETS, Target, load, report, stems, table, targets
from premask.features.islands import remove_islands

METHODS = ("multi-otsu", "superpixels", "kmeans", "texture")
N_REGIONS = 8
MOST = 0.02


def named(regions: NDArray[np.uint8], truth: NDArray[np.uint8], n_phases: int) -> NDArray[np.uint8]:
    """Every region by the majority of its true pixels."""
    pairs = regions.ravel().astype(np.int64) * n_phases + truth.ravel()
    counts = np.bincount(pairs, minlength=N_REGIONS * n_phases).reshape(N_REGIONS, n_phases)
    return counts.argmax(axis=1).astype(np.uint8)[regions]


def losses(
    before: NDArray[np.uint8], after: NDArray[np.uint8], truth: NDArray[np.uint8]
) -> tuple[float, float]:
    """The largest share that a phase loses, of its area by name and of its hits by truth.

    By name, the pixels of the candidate's phase that go. By truth, the drop of correctly
    named pixels, as a share of the phase's true area.
    """
    by_name = [
        float(((before == phase) & (after != phase)).sum() / (before == phase).sum())
        for phase in np.unique(before)
    ]
    by_truth = []
    for phase in np.unique(truth):
        true = truth == phase
        hits = [(true & (labels == phase)).sum() for labels in (before, after)]
        by_truth.append(float((hits[0] - hits[1]) / true.sum()))
    return max(by_name), max(0.0, *by_truth)


def measure(name: str, kind: str) -> tuple[list[str], float]:
    """A row of the table and the largest loss."""
    small, gone, by_name, by_truth = 0, 0, 0.0, 0.0
    for stem in stems(name):
        image, truth = load(name, stem)
        before = truth
        if kind != "truth":
            before = named(premask.preannotate(image, kind, N_REGIONS), truth, SETS[name])
        after, islands = remove_islands(before)
        small += int((np.bincount(islands.components.ravel()) < 30).sum())
        gone += sum(count for count, _ in islands.table.values())
        a, b = losses(before, after, truth)
        by_name, by_truth = max(by_name, a), max(by_truth, b)
    share = f"{100 * gone / max(small, 1):.0f} %"
    row = [name, kind, str(small), str(gone), share, f"{100 * by_name:.2f} %",
           f"{100 * by_truth:.2f} %"]  # fmt: skip
    return row, max(by_name, by_truth)


def main() -> None:
    """All images of the three sets, all fast methods and the truth itself."""
    rows, worst = [], 0.0
    for name in SETS:
        for kind in (*METHODS, "truth"):
            row, loss = measure(name, kind)
            rows.append(row)
            worst = max(worst, loss)
    frame = np.tile(load("nasa_ebc", stems("nasa_ebc")[0])[0] // 32, (1, 2))[:959, :1280]
    remove_islands(frame[:64, :64])  # compiles
    times = []
    for _ in range(5):
        start = time.process_time()
        remove_islands(np.ascontiguousarray(frame))
        times.append(time.process_time() - start)
    report(
        "islands",
        "Islands: the default rule",
        "Candidates with 8 regions, named many to one by the truth; the truth maps themselves."
        " Islands are 4-connected components under 30 px. The rule removes the smallest first,"
        " up to 1 % of the area of each label.",
        table(
            ["set", "candidate", "islands", "removed", "share", "worst loss by name",
             "worst loss by truth"],
            rows,
        ),
        targets(
            [
                Target(
                    "largest share that any phase of any image loses",
                    f"{100 * worst:.2f} %",
                    f"at most {100 * MOST:.0f} %",
                    worst <= MOST,
                ),
                Target(
                    "CPU ms, 1280x959, 8 grey bands of a micrograph",
                    f"{1000 * min(times):.0f}",
                    "under 100",
                    min(times) < 0.1,
                ),
            ]
        ),
    )  # fmt: skip


if __name__ == "__main__":
    main()
