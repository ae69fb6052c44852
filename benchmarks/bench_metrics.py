"""What the metrics cost on 82 images of 1280x959 with 5 phases, and other libraries beside.

PREMASK_MONAI_PYTHON names a Python that has MONAI, where this one has not; without one it is
not compared.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from common import Target, report, table, targets
from premask.evaluate.boundary import boundary_pixels
from premask.evaluate.scores import Scores, score
from premask.workflow.evaluate import evaluate_folders

SHAPE = (959, 1280)
N_PHASES = 5
N_PAIRS = 8
N_IMAGES = 82
MONAI = Path(__file__).with_name("sdk_monai.py")
SHARES = (0.74, 0.80, 0.802, 0.90)
"""Cumulative shares of the phases, as in the paper's Table 4: the rarest has 0.2 %."""

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]
Figures = tuple[float, float, float, float]


def main() -> None:
    """Time premask on folders of PNGs and on arrays, and the libraries on the same arrays."""
    smooth = [make_pair(seed, speckle=0.0) for seed in range(N_PAIRS)]
    speckled = [make_pair(seed, speckle=0.05) for seed in range(N_PAIRS)]
    found, rows = [], []
    for name, pair in (("smooth", smooth[0]), ("5 % speckle", speckled[0])):
        compared, row = compare(name, pair)
        found += compared
        rows.append(row)
    per_image = cpu_seconds(lambda: score(speckled, N_PHASES)) / N_PAIRS
    everything = [make_pair(seed, speckle=0.05 * (seed % 2)) for seed in range(N_IMAGES)]
    scores, whole, wall = of_folders(everything)
    beside, lines = against_monai(everything, scores)
    found += [
        Target(
            "all metrics of one image, CPU time",
            f"{per_image:.3f} s",
            "under 0.15 s",
            per_image < 0.15,
        ),
        Target(
            f"{N_IMAGES} pairs of PNGs, wall clock, reading included",
            f"{wall:.1f} s ({whole:.1f} s of CPU)",
            "under 60 s",
            wall < 60,
        ),
        *beside,
    ]
    header = ["prediction", "premask", "OpenCV's exact transform", "libraries", "difference"]
    report(
        "metrics",
        "IoU, Dice, Boundary F1, Hausdorff: cost",
        targets(found),
        "CPU seconds of one image of 1280x959 px with 5 phases:",
        table(header, rows),
        "Libraries: scikit-learn's confusion matrix, scikit-image's Hausdorff distance, and"
        " SciPy's distance transform for the Boundary F1 and the 95th percentile. OpenCV's"
        " column has the distance transforms alone. Compiling the one loop on its first use"
        " (about a second, kept on disk) is not counted.",
        *lines,
    )


def compare(name: str, pair: Pair) -> tuple[list[Target], list[str]]:
    """Premask and the libraries on one image."""
    gap = max(
        abs(one - other) for one, other in zip(figures(pair), by_libraries(*pair), strict=True)
    )
    ours = cpu_seconds(lambda: figures(pair))
    plain = cpu_seconds(lambda: by_libraries(*pair))
    opencv = cpu_seconds(lambda: by_opencv(*pair))
    found = [
        Target(
            f"libraries / premask, CPU time, {name}",
            f"{plain / ours:.0f}x",
            "at least 10x",
            plain >= 10 * ours,
        ),
        Target(f"largest difference from them, {name}", f"{gap:.0e}", "under 1e-9", gap < 1e-9),
    ]
    return found, [name, f"{ours:.3f}", f"{opencv:.2f}", f"{plain:.2f}", f"{gap:.0e}"]


def make_pair(seed: int, *, speckle: float) -> Pair:
    """A smooth map of five phases, and one with its boundaries moved and pixels flipped."""
    rng = np.random.default_rng(seed)
    field = cv2.GaussianBlur(rng.normal(size=SHAPE), (0, 0), 6)
    moved = field + field.std() * cv2.GaussianBlur(rng.normal(size=SHAPE), (0, 0), 3)
    truth, prediction = (
        np.digitize(values, np.quantile(values, SHARES)).astype(np.uint8)
        for values in (field, moved)
    )
    flipped = rng.random(SHAPE) < speckle
    prediction[flipped] = rng.integers(0, N_PHASES, int(flipped.sum()))
    return prediction, truth


def of_folders(pairs: Sequence[Pair]) -> tuple[Scores, float, float]:
    """Through files, as the command does it: the scores, CPU and wall-clock seconds of one run."""
    score(pairs[:1], N_PHASES)  # compiled
    with tempfile.TemporaryDirectory() as folder:
        predicted, truth = (Path(folder) / name for name in ("predicted", "truth"))
        for i, side in enumerate((predicted, truth)):
            side.mkdir()
            for number, pair in enumerate(pairs):
                cv2.imwrite(str(side / f"{number}.png"), pair[i])
        wall, cpu = time.perf_counter(), time.process_time()
        found = evaluate_folders(predicted, truth, N_PHASES)
        return found.scores, time.process_time() - cpu, time.perf_counter() - wall


def against_monai(pairs: Sequence[Pair], ours: Scores) -> tuple[list[Target], list[str]]:
    """The same definitions by MONAI on the same arrays, or why it was not compared."""
    monai = by_monai(pairs)
    if monai is None:
        return [], ["MONAI was not there to compare with (PREMASK_MONAI_PYTHON)."]
    cpu = time.process_time()
    scores = score(pairs, N_PHASES)
    cpu = time.process_time() - cpu
    names = ("iou", "dice", "boundary_f1", "hausdorff", "hausdorff95")
    figures_ = [
        (one.mean_iou, one.mean_dice, one.boundary_f1, one.hausdorff, one.hausdorff95)
        for one in (ours, scores)
    ]
    gap = max(
        abs(monai[name] - value)
        for values in figures_
        for name, value in zip(names, values, strict=True)
    )
    found = [
        Target(
            f"MONAI / premask, CPU time, {len(pairs)} images",
            f"{monai['cpu'] / cpu:.0f}x",
            "at least 10x",
            monai["cpu"] >= 10 * cpu,
        ),
        Target("largest difference from MONAI", f"{gap:.0e}", "under 1e-5", gap < 1e-5),
    ]
    text = (
        f"MONAI {monai['version']} on the same {len(pairs)} pairs, every other one with 5 %"
        f" speckle, in the same run: {monai['cpu']:.1f} s of CPU, premask {cpu:.1f} s. Its"
        " confusion matrix and surface distances (a k-d tree over edge pixels, single precision)"
        " are given premask's boundary pixels; both from arrays."
    )
    return found, [text]


def by_monai(pairs: Sequence[Pair]) -> dict[str, Any] | None:
    """The figures and the seconds of MONAI; None where it cannot be run."""
    python = os.environ.get("PREMASK_MONAI_PYTHON", sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.npy"
        np.save(path, np.array(pairs))
        command = [python, MONAI, path, str(N_PHASES), "3"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{python} cannot run MONAI {done.stderr.strip().splitlines()[-1:]}")
        return None
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def figures(pair: Pair) -> Figures:
    """Mean IoU, Boundary F1, Hausdorff and its 95th percentile by premask."""
    found = score([pair], N_PHASES)
    return found.mean_iou, found.boundary_f1, found.hausdorff, found.hausdorff95


def by_libraries(prediction: NDArray[np.uint8], truth: NDArray[np.uint8]) -> Figures:
    """The same, as one would write it with the usual libraries."""
    from skimage.metrics import hausdorff_distance
    from sklearn.metrics import confusion_matrix

    counts = confusion_matrix(truth.ravel(), prediction.ravel(), labels=range(N_PHASES))
    hits = counts.diagonal()
    iou = hits / (counts.sum(0) + counts.sum(1) - hits)
    edges = boundary_pixels(prediction), boundary_pixels(truth)
    f1, maxima, percentiles = [], [], []
    for phase in range(N_PHASES):
        masks = [edge == phase for edge in edges]
        directed = [distance_transform_edt(~b)[a] for a, b in (masks, masks[::-1])]
        precision, recall = ((distances <= 3).mean() for distances in directed)
        f1.append(2 * precision * recall / (precision + recall))
        maxima.append(hausdorff_distance(*masks))
        percentiles.append(max(np.percentile(distances, 95) for distances in directed))
    means = [float(np.mean(values)) for values in (iou, f1, maxima, percentiles)]
    return means[0], means[1], means[2], means[3]


def by_opencv(prediction: NDArray[np.uint8], truth: NDArray[np.uint8]) -> None:
    """The ten exact distance transforms that premask does without."""
    for edge in (boundary_pixels(prediction), boundary_pixels(truth)):
        for phase in range(N_PHASES):
            far = (edge != phase).astype(np.uint8)
            cv2.distanceTransform(far, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def cpu_seconds(task: Callable[[], object], repeats: int = 3) -> float:
    """CPU seconds of all threads, the best of a few."""
    best = float("inf")
    for _ in range(repeats):
        before = time.process_time()
        task()
        best = min(best, time.process_time() - before)
    return best


if __name__ == "__main__":
    main()
