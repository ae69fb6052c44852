"""What is wrong with the splits of a data set: leaks, absent phases, contradictions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.datasets import DEFAULT_SPLIT, Dataset, Remark
from premask.workflow.dataset.sides import leaks
from premask.workflow.dataset.types import lacking_line, types_lacking

Parts = Mapping[str, Sequence[str]]
Pixels = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Pair:
    """Two images that show the same.

    Attributes
    ----------
    overlap : float
        The shared area as a share of the smaller image.
    equal : bool
        Whether every pixel is the same.
    """

    first: str
    second: str
    overlap: float
    equal: bool = False

    @property
    def of_first(self) -> str:
        """What is said of the first one."""
        if self.equal:
            return f"the same image as {self.second}"
        return f"shows the same as {self.second} ({100 * self.overlap:.0f} % of it)"

    @property
    def line(self) -> str:
        """What they have in common."""
        if self.equal:
            return f"{self.first} and {self.second} are the same image"
        return f"{self.first} and {self.second} show the same ({100 * self.overlap:.0f} % of it)"


def check_splits(dataset: Dataset, pixels: Pixels, pairs: Sequence[Pair]) -> list[Remark]:
    """Leaks between the parts of each split, phases and types that a part lacks, images in none.

    Parameters
    ----------
    pixels : dict of str to ndarray of int64, shape (n_phases,)
        By stem, of each label map.
    pairs : sequence of Pair
        Images that show the same.
    """
    schemes = dict(_schemes(dataset))
    leaking = {name: list(_leaking_pairs(name, parts, pairs)) for name, parts in schemes.items()}
    told = {(pair.first, pair.second) for own in leaking.values() for pair, _ in own}
    apart = [pair for pair in pairs if (pair.first, pair.second) not in told]
    remarks = list(_same_images(dataset, apart))
    if pixels:
        names = dataset.phases.names
        total = np.sum(list(pixels.values()), axis=0)
        remarks += [
            Remark("absent", "the data set", f"no pixel is {names[i]}")
            for i in np.flatnonzero(total == 0)
        ]
    groups = _groups(dataset, told)
    for line in leaks(schemes, groups):
        where, _, message = line.partition(": ")
        remarks.append(Remark("leak", where, message))
    types = {entry.stem: entry.type for entry in dataset.labelled}
    for name, parts in schemes.items():
        remarks += [
            Remark("no type", f"split {name}", f"{part} {lacking_line(own)}")
            for part, own in types_lacking(parts, types).items()
        ]
        remarks += [remark for _, remark in leaking[name]]
        remarks += _absent(name, parts, pixels, dataset.phases.names)
    return remarks + _unsplit(dataset) + _contradictions(dataset)


def _schemes(dataset: Dataset) -> Iterator[tuple[str, Parts]]:
    """The splits with their parts; a k-fold once, with its folds as parts."""
    of_folds = {fold for folds in dataset.folds.values() for fold in folds}
    for name, split in dataset.splits.items():
        if name not in of_folds:
            yield name, split.parts
    for name, folds in dataset.folds.items():
        yield (
            name,
            {f"fold {one.rpartition('/')[2]}": dataset.splits[one].parts["val"] for one in folds},
        )


def _same_images(dataset: Dataset, pairs: Sequence[Pair]) -> Iterator[Remark]:
    labelled = {entry.stem for entry in dataset.labelled}
    for pair in pairs:
        bare = [stem for stem in (pair.first, pair.second) if stem not in labelled]
        told = f"; {bare[0]} is unlabelled: leave it out of what is trained on" if bare else ""
        yield Remark("duplicate", pair.first, pair.of_first + (told if len(bare) == 1 else ""))


def _groups(dataset: Dataset, told: Collection[tuple[str, str]]) -> dict[str, str]:
    """The group of each image; none for those that are a pair and no more, which is told."""
    groups = {entry.stem: entry.group or entry.stem for entry in dataset.entries}
    members: dict[str, list[str]] = {}
    for stem, group in groups.items():
        members.setdefault(group, []).append(stem)
    twos = {frozenset(pair) for pair in told}
    alone = (own for own in members.values() if frozenset(own) in twos)
    return groups | {stem: stem for own in alone for stem in own}


def _leaking_pairs(name: str, parts: Parts, pairs: Sequence[Pair]) -> Iterator[tuple[Pair, Remark]]:
    """The pairs on two sides of a split, with what is said of them."""
    where = {stem: part for part, stems in parts.items() for stem in stems}
    for pair in pairs:
        sides = where.get(pair.first), where.get(pair.second)
        if None not in sides and sides[0] != sides[1]:
            line = f"{pair.line}: {sides[0]} and {sides[1]}"
            yield pair, Remark("leak", f"split {name}", line)


def _absent(name: str, parts: Parts, pixels: Pixels, names: Sequence[str]) -> Iterator[Remark]:
    """Phases that the split has, and a part of it has not."""
    none = np.zeros(len(names), np.int64)
    sums = {
        part: np.sum([none, *(pixels[stem] for stem in stems if stem in pixels)], axis=0)
        for part, stems in parts.items()
    }
    together = np.sum([none, *sums.values()], axis=0)
    for part, own in sums.items():
        if not parts[part]:
            yield Remark("absent", f"split {name}", f"{part} is empty")
            continue
        absent = [names[i] for i in range(len(names)) if together[i] and not own[i]]
        if absent:
            yield Remark("absent", f"split {name}", f"{part} has no pixel of {', '.join(absent)}")


def _unsplit(dataset: Dataset) -> list[Remark]:
    if not dataset.splits:
        return []
    split = {s for one in dataset.splits.values() for part in one.parts.values() for s in part}
    return [
        Remark("no split", entry.stem, "it has a label map, and is in no part of any split")
        for entry in dataset.labelled
        if entry.stem not in split
    ]


def _contradictions(dataset: Dataset) -> list[Remark]:
    """The splits of the types (MicroSteel's ``train_c1`` to ``_c3``) make up the whole one."""
    whole = dataset.splits.get(DEFAULT_SPLIT)
    types = [dataset.splits[name] for name in ("c1", "c2", "c3") if name in dataset.splits]
    if dataset.layout != "microsteel" or whole is None or len(types) < 3:
        return []
    remarks = []
    for part, stems in whole.parts.items():
        united = {stem for split in types for stem in split.parts.get(part, ())}
        differ = sorted(united ^ set(stems))
        if differ:
            remarks.append(
                Remark("parts", f"split {DEFAULT_SPLIT}", f"{part} is not that of c1, c2 and c3"
                       f" together: {', '.join(differ)}")
            )  # fmt: skip
    return remarks
