"""What the metrics cost on 82 images of 1280x959 with 5 phases, and the plain libraries beside."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from common import Target, report, table, targets
from premask.evaluate.boundary import boundary_pixels
from premask.evaluate.scores import score
from premask.workflow.evaluate import evaluate_folders

SHAPE = (959, 1280)
N_PHASES = 5
N_PAIRS = 8
N_IMAGES = 82
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
    whole = seconds_of_folders(speckled) / N_PAIRS * N_IMAGES
    found += [
        Target(
            "all metrics of one image, CPU time",
            f"{per_image:.3f} s",
            "under 0.15 s",
            per_image < 0.15,
        ),
        Target(
            f"{N_IMAGES} pairs of PNGs, CPU time, reading included ({N_PAIRS} measured)",
            f"{whole:.1f} s",
            "under 60 s",
            whole < 60,
        ),
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


def seconds_of_folders(pairs: list[Pair]) -> float:
    """Through files, as the command does it."""
    with tempfile.TemporaryDirectory() as folder:
        predicted, truth = (Path(folder) / name for name in ("predicted", "truth"))
        for i, side in enumerate((predicted, truth)):
            side.mkdir()
            for number, pair in enumerate(pairs):
                cv2.imwrite(str(side / f"{number}.png"), pair[i])
        return cpu_seconds(lambda: evaluate_folders(predicted, truth, N_PHASES))


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
