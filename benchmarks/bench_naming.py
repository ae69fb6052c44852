"""Naming by prototypes and by grey order, against naming every image with its truth."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import premask
from common import SETS, Target, load, report, stems, table, targets
from premask.evaluate.confusion import Confusion, from_joint_counts, joint_counts
from premask.evaluate.matching import match, rename
from premask.naming.descriptors import RegionDescriptors, describe
from premask.naming.grey_order import name_by_grey
from premask.naming.prototypes import name_by_prototypes
from premask.naming.table import NameTable, make_table

CANDIDATES = {"texture": {}, "multi-otsu": {"sigma": 1.5}}
N_REGIONS = 8
NAMED = (1, 3, 5)
DRAWS = (0, 1, 2, 3)
WANTED = {"uhcs": 38, "nasa_super": 58}
"""Percent at three named images, method ``texture``."""


@dataclass(frozen=True)
class Example:
    """One image with its candidate: what naming sees, and what scores it."""

    image: NDArray[np.uint8]
    regions: NDArray[np.uint8]
    joint: NDArray[np.int64]
    descriptors: RegionDescriptors
    truth: NameTable


Namer = Callable[[list[Example], Example, int], NameTable]


def main() -> None:
    """Both methods, all sets, 1, 3 and 5 named images."""
    parts, found = [], []
    for method, options in CANDIDATES.items():
        rows = []
        for name, n_phases in SETS.items():
            before = time.process_time()
            examples = [example(name, stem, method, options, n_phases) for stem in stems(name)]
            made = time.process_time() - before
            scores = {label: score(examples, namer, n_phases) for label, namer in NAMERS.items()}
            rows += [[name, label, *(f"{x:.1f}" for x in row)] for label, row in scores.items()]
            print(f"{method} {name}: {made:.0f} CPU-s for candidates and descriptors", flush=True)
            if method == "texture" and name in WANTED:
                reached = scores["prototypes"][NAMED.index(3)]
                found.append(Target(f"{name}, {method}, 3 named images: aggregate mean IoU",
                                    f"{reached:.1f} %", f"at least {WANTED[name]} %",
                                    reached >= WANTED[name]))  # fmt: skip
            if method == "texture":
                parts.append(unsure(name, examples, n_phases))
        header = ["set", "names", *(f"n = {n}" for n in NAMED)]
        parts.insert(len(parts) - len(SETS) if method == "texture" else len(parts),
                     f"## {method}, {N_REGIONS} regions\n\n{table(header, rows)}")  # fmt: skip
    report(
        "naming",
        "Naming from the images named so far",
        "Aggregate mean IoU in % (counts summed over the images that were not named, mean of the"
        f" classes), mean of {len(DRAWS)} draws. The n named images have the majority phases of"
        " their regions. `truth` names every image so, and is what naming can reach with these"
        " regions; `grey order` knows the order of the phases in the first n images' truth;"
        " `nearest prototype` is 1-nearest-neighbour on the ranks.",
        targets(found),
        *parts,
    )


def example(name: str, stem: str, method: str, options: dict[str, float], n_phases: int) -> Example:
    """The candidate of one image, with its descriptors and true names."""
    image, truth = load(name, stem)
    regions = premask.preannotate(image, method, N_REGIONS, **options)
    joint = joint_counts(regions, truth)
    descriptors = describe(image, regions)
    names = match(joint, n_phases, "many-to-one").table
    true = make_table([names.get(region) for region in range(len(descriptors))], "truth")
    return Example(image, regions, joint, descriptors, true)


def by_truth(_: list[Example], new: Example, __: int) -> NameTable:
    """The upper end: every image is named by its own truth."""
    return new.truth


def by_prototypes(named: list[Example], new: Example, n_phases: int) -> NameTable:
    """What the product does."""
    pairs = [(each.descriptors, each.truth) for each in named]
    return name_by_prototypes(pairs, new.descriptors, n_phases)


def by_nearest(named: list[Example], new: Example, _: int) -> NameTable:
    """The plain way: each region after the one prototype that is most like it."""
    known = np.concatenate([each.descriptors.ranks for each in named])
    phase = [name for each in named for name in each.truth.names]
    difference = (new.descriptors.ranks[:, None] - known) / (known.std(axis=0) + 1e-3)
    return make_table([phase[i] for i in (difference**2).sum(axis=2).argmin(axis=1)], "prototypes")


def by_grey(named: list[Example], new: Example, n_phases: int) -> NameTable:
    """The grey order of the phases in the named images' truth, used for the others."""
    joint = np.sum([each.joint[:n_phases, :N_REGIONS] for each in named], axis=0)
    levels = np.zeros(n_phases)
    for each in named:
        grey = [each.image[each.regions == r].mean() if (each.regions == r).any() else 0
                for r in range(N_REGIONS)]  # fmt: skip
        levels += each.joint[:n_phases, :N_REGIONS] @ np.array(grey)
    order = np.argsort(levels / np.maximum(joint.sum(axis=1), 1), kind="stable").tolist()
    return name_by_grey(new.image, new.regions, order, n_regions=len(new.truth))


NAMERS: dict[str, Namer] = {
    "truth": by_truth,
    "prototypes": by_prototypes,
    "nearest prototype": by_nearest,
    "grey order": by_grey,
}


def draw(examples: list[Example], seed: int, n: int) -> tuple[list[Example], list[Example]]:
    """The first n images of a random order, and the rest."""
    order = np.random.RandomState(seed).permutation(len(examples))
    return [examples[i] for i in order[:n]], [examples[i] for i in order[n:]]


def score(examples: list[Example], namer: Namer, n_phases: int) -> list[float]:
    """Aggregate mean IoU in % for each number of named images, mean of the draws."""
    row = []
    for n in NAMED:
        found = []
        for seed in DRAWS:
            named, rest = draw(examples, seed, n)
            total: Confusion = sum(
                (counts(each, namer(named, each, n_phases), n_phases) for each in rest[1:]),
                start=counts(rest[0], namer(named, rest[0], n_phases), n_phases),
            )
            found.append(100 * mean_iou(total))
        row.append(float(np.mean(found)))
    return row


def counts(each: Example, names: NameTable, n_phases: int) -> Confusion:
    """Pixel counts of an image under a table."""
    given = {region: phase for region, phase in enumerate(names.names) if phase is not None}
    return from_joint_counts(rename(each.joint, given), n_phases)


def mean_iou(total: Confusion) -> float:
    """Mean of the phases' IoU; every set shows all of its phases."""
    union = total.true_pixels + total.predicted_pixels - total.hits
    return float((total.hits / np.maximum(union, 1)).mean())


def unsure(name: str, examples: list[Example], n_phases: int) -> str:
    """What looking at the least sure regions first is worth, three named images."""
    wrong_first = wrong = 0.0
    for seed in DRAWS:
        named, rest = draw(examples, seed, 3)
        for each in rest:
            names = by_prototypes(named, each, n_phases)
            missed = np.array(names.names) != np.array(each.truth.names)
            area = each.descriptors.areas * missed
            wrong += area.sum()
            wrong_first += area[list(names.check_first()[: N_REGIONS // 4])].sum()
    return (
        f"{name}: the two of eight regions with the smallest margins hold"
        f" {wrong_first / max(wrong, 1e-9):.0%} of the wrongly named area."
    )


if __name__ == "__main__":
    main()
