"""Multi-Otsu, k-means and superpixels against scikit-image and scikit-learn.

Seconds are CPU seconds of one thread, so that the ratios hold on a busy machine.
scikit-image's search for five classes takes seconds an image, that for three classes on
all levels of 16 bits minutes: each is run once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import premask
from common import SETS, Target, load, report, stems, table, targets
from premask.features.felzenszwalb import felzenszwalb
from premask.preannotators.kmeans import kmeans
from premask.preannotators.one_dimensional import level_counts, optimal_thresholds

SIZE = (1280, 959)
K = 5
LEVELS_16 = 65_536


def main() -> None:
    """All figures of the classical methods, single-threaded."""
    cv2.setNumThreads(1)
    with threadpool_limits(1):
        micrograph = enlarged(load("uhcs", stems("uhcs")[0])[0])
        found, otsu_rows = multi_otsu_on_the_sets()
        found += multi_otsu_times(micrograph)
        found += multi_otsu_16_bit(micrograph)
        found += grey_kmeans(micrograph)
        colour_found, colour_rows = colour_kmeans(micrograph)
        superpixel_found, superpixel_rows = superpixels(micrograph)
    report(
        "classic",
        "Classical methods",
        f"Seconds are CPU seconds of one thread, on {SIZE[0]}x{SIZE[1]} px; the best of several"
        " runs where one takes less than a second.",
        targets(found + colour_found + superpixel_found),
        "## Multi-Otsu on every image",
        "Objectives are compared in exact fractions; `equal` counts the same division of the"
        " pixels, `higher` where premask's objective is truly higher, `tie` another division of"
        " the very same objective, `lower` where it is truly lower.",
        table(["classes", "images", "equal", "higher", "tie", "lower", "ratio of CPU"], otsu_rows),
        "## K-means on colours",
        "Inertia rescored in 64 bits for both; scikit-learn is run on all pixels with n_init 10.",
        table(
            ["image", "distinct colours", "K", "inertia / scikit-learn's", "s", "scikit-learn s"],
            colour_rows,
        ),
        "## Felzenszwalb, scale 150, sigma 0.8, 75 px",
        table(
            ["image", "superpixels", "scikit-image's", "adjusted Rand", "s", "scikit-image s"],
            superpixel_rows,
        ),
    )


def enlarged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """An image at the size of the paper's micrographs."""
    return np.asarray(cv2.resize(image, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)


def cpu(function: Callable[[], object], runs: int = 5) -> float:
    """CPU seconds of the fastest of several runs; slow functions run once."""
    best = np.inf
    for _ in range(runs):
        before = time.process_time()
        function()
        best = min(best, time.process_time() - before)
        if best > 1:
            break
    return best


def objective(counts: NDArray[np.int64], thresholds: NDArray[np.int64]) -> Fraction:
    """Variance between the classes (up to constants), in exact fractions."""
    total = Fraction(0)
    for part in np.split(np.arange(len(counts)), thresholds + 1):
        mass = int(counts[part].sum())
        moment = int((counts[part] * part).sum())
        total += Fraction(moment * moment, mass) if mass else 0
    return total


def multi_otsu_on_the_sets() -> tuple[list[Target], list[list[str]]]:
    """Objective and thresholds of every image of the three sets, two to five classes."""
    from skimage.filters import threshold_multiotsu

    found, rows = [], []
    images = [load(name, stem)[0] for name in SETS for stem in stems(name)]
    optimal_thresholds(level_counts(images[0]), 2)  # compile
    for n_classes in (2, 3, 4, 5):
        tally = dict.fromkeys(("equal", "higher", "tie", "lower"), 0)
        ours_s = theirs_s = 0.0
        for image in images:
            counts = level_counts(image)
            before = time.process_time()
            ours = optimal_thresholds(counts, n_classes)
            between = time.process_time()
            theirs = threshold_multiotsu(image, n_classes)
            ours_s, theirs_s = ours_s + between - before, theirs_s + time.process_time() - between
            gain = objective(counts, ours) - objective(counts, np.asarray(theirs, np.int64))
            same = all(counts[min(a, b) + 1 : max(a, b) + 1].sum() == 0
                       for a, b in zip(ours, theirs, strict=True))  # fmt: skip
            tally[
                "equal" if same else "higher" if gain > 0 else "tie" if gain == 0 else "lower"
            ] += 1
        ratio = theirs_s / ours_s
        rows.append([str(n_classes), str(len(images)), *map(str, tally.values()), f"{ratio:,.0f}"])
        found.append(
            Target(
                f"multi-otsu, {n_classes} classes, {len(images)} images: objective against"
                " scikit-image's",
                f"{tally['equal']} equal, {tally['higher']} higher, {tally['tie']} tied,"
                f" {tally['lower']} lower",
                "never lower; equal where the optimum is unique",
                tally["lower"] == 0,
            )
        )
        if n_classes == K:
            found.append(
                Target(
                    f"multi-otsu, {K} classes: the search, all images",
                    f"{ours_s / len(images) * 1e3:.3f} ms, {ratio:,.0f} times faster",
                    "at least 1,000 times",
                    ratio >= 1000,
                )
            )
    return found, rows


def multi_otsu_times(image: NDArray[np.uint8]) -> list[Target]:
    """The whole public call for five classes."""
    from skimage.filters import threshold_multiotsu

    premask.preannotate(image, "multi-otsu", K)
    ours = cpu(lambda: premask.preannotate(image, "multi-otsu", K), 30)
    theirs = cpu(lambda: np.digitize(image, threshold_multiotsu(image, K)))
    return [
        Target(
            f"premask.preannotate(image, 'multi-otsu', {K}), 8 bit",
            f"{ours * 1e3:.1f} ms, scikit-image {theirs:.2f} s: {theirs / ours:,.0f} times faster",
            "at least 500 times",
            theirs / ours >= 500,
        )
    ]


def multi_otsu_16_bit(image: NDArray[np.uint8]) -> list[Target]:
    """Three classes on 16 bits, where scikit-image searches all levels in pairs."""
    from skimage.filters import threshold_multiotsu

    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(image.astype(np.float64), (0, 0), 1.5)
    stretched = (smooth - smooth.min()) / np.ptp(smooth) * (LEVELS_16 - 1)
    noisy = stretched + rng.normal(0, 150, smooth.shape)
    deep = np.clip(noisy, 0, LEVELS_16 - 1).astype(np.uint16)
    premask.preannotate(deep, "multi-otsu", 3)
    ours = cpu(lambda: premask.preannotate(deep, "multi-otsu", 3))
    before = time.process_time()
    theirs_thresholds = np.asarray(threshold_multiotsu(deep, 3), np.int64)
    theirs = time.process_time() - before
    counts = level_counts(deep)
    mine = optimal_thresholds(counts, 3)
    gain = objective(counts, mine) - objective(counts, theirs_thresholds)
    n_levels = np.count_nonzero(counts)
    return [
        Target(
            f"multi-otsu, 16 bit ({n_levels:,} levels occur), 3 classes, the whole call",
            f"{ours * 1e3:.0f} ms, scikit-image {theirs:.1f} s: {theirs / ours:,.0f} times faster",
            "at least 1,000 times",
            theirs / ours >= 1000,
        ),
        Target(
            "the same: thresholds, premask's and scikit-image's (32-bit tables)",
            f"{mine.tolist()} and {theirs_thresholds.tolist()}, objective"
            f" {'higher' if gain > 0 else 'equal' if gain == 0 else 'lower'}",
            "never lower",
            gain >= 0,
        ),
    ]


def inertia(values: NDArray[np.integer], labels: NDArray[np.integer]) -> float:
    """Sum of the squared distances to the clusters' means, in 64 bits."""
    points = values.reshape(labels.size, -1).astype(np.float64)
    flat = labels.ravel()
    groups = [points[flat == c] for c in np.unique(flat)]
    return sum(float(((group - group.mean(axis=0)) ** 2).sum()) for group in groups)


def grey_kmeans(image: NDArray[np.uint8]) -> list[Target]:
    """Grey levels: exact, against scikit-learn on all pixels."""
    from sklearn.cluster import KMeans

    ours = cpu(lambda: premask.preannotate(image, "kmeans", K), 30)
    pixels = image.reshape(-1, 1).astype(np.float32)
    found = []
    score = inertia(image, premask.preannotate(image, "kmeans", K))
    for n_init, wanted in ((10, 50), (1, None)):
        before = time.process_time()
        labels = KMeans(K, n_init=n_init, random_state=0).fit_predict(pixels)
        theirs = time.process_time() - before
        share = score / inertia(image, labels.reshape(image.shape))
        found.append(
            Target(
                f"kmeans, grey, K={K}, against scikit-learn with n_init={n_init} on all pixels",
                f"{ours * 1e3:.1f} ms, {theirs:.2f} s: {theirs / ours:,.0f} times faster,"
                f" inertia {share:.9f} of it",
                f"at least {wanted} times, inertia not above" if wanted else "inertia not above",
                share <= 1 + 1e-12 and (wanted is None or theirs / ours >= wanted),
            )
        )
    return found


def colour_kmeans(image: NDArray[np.uint8]) -> tuple[list[Target], list[list[str]]]:
    """Colours: never worse than scikit-learn's best of ten."""
    from skimage import data
    from sklearn.cluster import KMeans

    grey = image.astype(np.float64)
    tinted = np.stack([grey, cv2.GaussianBlur(grey, (0, 0), 3), 255 - grey / 2], axis=2)
    images = {
        "coffee": enlarged(data.coffee()),
        "immunohistochemistry": enlarged(data.immunohistochemistry()),
        "chelsea": enlarged(data.chelsea()),
        "tinted micrograph": tinted.astype(np.uint8),
    }
    kmeans(images["coffee"][:50], K)
    rows, shares, ratios = [], [], []
    for name, colours in images.items():
        for n_classes in (3, K, 8):
            ours = cpu(lambda: kmeans(colours, n_classes), 2)  # noqa: B023 - called at once
            before = time.process_time()
            pixels = colours.reshape(-1, 3).astype(np.float32)
            labels = KMeans(n_classes, n_init=10, random_state=0).fit_predict(pixels)
            theirs = time.process_time() - before
            best = inertia(colours, labels.reshape(colours.shape[:2]))
            shares.append(inertia(colours, kmeans(colours, n_classes)) / best)
            ratios.append(theirs / ours)
            n_colours = len(np.unique(colours.reshape(-1, 3), axis=0))
            rows.append([name, f"{n_colours:,}", str(n_classes), f"{shares[-1]:.6f}",
                         f"{ours:.2f}", f"{theirs:.2f}"])  # fmt: skip
    return [
        Target(
            "kmeans, colours: inertia against scikit-learn's best of 10, worst image",
            f"{max(shares):.6f} of it",
            "not above",
            max(shares) <= 1,
        ),
        Target(
            "kmeans, colours: time against scikit-learn with n_init=10, median",
            f"{np.median(ratios):.1f} times faster (worst {min(ratios):.1f})",
            "at least 8 times",
            float(np.median(ratios)) >= 8,
        ),
    ], rows


def superpixels(micrograph: NDArray[np.uint8]) -> tuple[list[Target], list[list[str]]]:
    """Felzenszwalb against scikit-image's, and the whole method."""
    from skimage import segmentation
    from sklearn.metrics import adjusted_rand_score

    premask.preannotate(micrograph, "superpixels", K)
    rows, ratios, counts, rand = [], [], [], []
    for name in SETS:
        image = enlarged(load(name, stems(name)[3])[0])
        ours = cpu(lambda: premask.preannotate(image, "superpixels", K), 3)  # noqa: B023 - called at once
        before = time.process_time()
        segmentation.felzenszwalb(image, scale=300, sigma=0.8, min_size=75)
        ratios.append((time.process_time() - before) / ours)
        labels = felzenszwalb(image, scale=150, sigma=0.8, min_size=75)
        own = cpu(lambda: felzenszwalb(image, scale=150, sigma=0.8, min_size=75), 3)  # noqa: B023 - called at once
        before = time.process_time()
        theirs = segmentation.felzenszwalb(image, scale=150, sigma=0.8, min_size=75)
        seconds = time.process_time() - before
        counts.append(abs(labels.max() - theirs.max()) / (theirs.max() + 1))
        rand.append(adjusted_rand_score(labels.ravel(), theirs.ravel()))
        rows.append([name, str(labels.max() + 1), str(theirs.max() + 1), f"{rand[-1]:.4f}",
                     f"{own:.2f}", f"{seconds:.2f}"])  # fmt: skip
    return [
        Target(
            "superpixels, the whole call, against scikit-image's felzenszwalb alone, worst image",
            f"{min(ratios):.1f} times faster (best {max(ratios):.1f})",
            "at least 3 times",
            min(ratios) >= 3,
        ),
        Target(
            "felzenszwalb: superpixels against scikit-image's at the same parameters",
            f"number within {max(counts):.1%}, adjusted Rand index at least {min(rand):.3f}",
            "within 5%, above 0.9",
            max(counts) < 0.05 and min(rand) > 0.9,
        ),
    ], rows


if __name__ == "__main__":
    main()
