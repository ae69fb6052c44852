"""The metrics as MONAI computes them, and how long it takes: for ``bench_metrics.py``.

PYTHON sdk_monai.py PAIRS.npy N_PHASES TOLERANCE: run by a Python that has MONAI and NumPy.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from monai.metrics import get_confusion_matrix
from monai.metrics.utils import get_surface_distance


def main() -> None:
    """Print the version, the figures of all pairs together, and the seconds of all of them."""
    pairs = np.load(sys.argv[1], mmap_mode="r")
    n, tolerance = int(sys.argv[2]), float(sys.argv[3])
    overlaps, sides, maxima, percentiles = [], [], [], []
    wall, cpu = time.perf_counter(), time.process_time()
    for prediction, truth in pairs:
        overlap, edges = figures(np.array(prediction), np.array(truth), n, tolerance)
        overlaps.append(overlap)
        for side, largest, percentile in edges:
            sides.append(side)
            maxima.append(largest)
            percentiles.append(percentile)
    hits, wrong, _, missed = np.sum(overlaps, axis=0).T
    matched, total = np.sum(np.reshape(sides, (len(pairs), n, 2, 2)), axis=0).transpose(2, 1, 0)
    precision, recall = matched / total
    answer = {
        "version": version("monai"),
        "iou": float(np.mean(hits / (hits + wrong + missed))),
        "dice": float(np.mean(2 * hits / (2 * hits + wrong + missed))),
        "boundary_f1": float(np.mean(2 * precision * recall / (precision + recall))),
        "hausdorff": float(np.mean(maxima)),
        "hausdorff95": float(np.mean(percentiles)),
    }
    answer |= {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    json.dump(answer, sys.stdout)


def figures(prediction, truth, n, tolerance):
    """Of one pair the counts of each phase, and of each phase what the boundaries give."""
    import torch

    masks = [
        torch.from_numpy(np.stack([labels == phase for phase in range(n)])[None]).float()
        for labels in (prediction, truth)
    ]
    overlap = get_confusion_matrix(*masks)[0].numpy()
    edges = boundary_pixels(prediction), boundary_pixels(truth)
    found = []
    for phase in range(n):
        there = [edge == phase for edge in edges]
        directed = [get_surface_distance(a, b) for a, b in (there, there[::-1])]
        found.append(
            (
                [(int((one <= tolerance).sum()), len(one)) for one in directed],
                float(max(one.max() for one in directed)),
                float(max(np.percentile(one, 95) for one in directed)),
            )
        )
    return overlap, found


def boundary_pixels(labels):
    """The label where a 4-neighbour has another one, 255 elsewhere: premask's definition."""
    edge = np.zeros(labels.shape, bool)
    across, down = labels[:, 1:] != labels[:, :-1], labels[1:] != labels[:-1]
    edge[:, 1:] |= across
    edge[:, :-1] |= across
    edge[1:] |= down
    edge[:-1] |= down
    return np.where(edge, labels, 255)


if __name__ == "__main__":
    main()
