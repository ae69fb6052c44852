"""Which images of a data set train and which test: groups, near-duplicates, splits and folds."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from premask.core.datasets import DEFAULT_SPLIT
from premask.core.errors import PremaskError
from premask.core.words import count
from premask.evaluate.dataset import ImageClasses
from premask.splits.groups import joined
from premask.splits.near_duplicates import Likeness, Thumbnail, near_duplicates
from premask.splits.stratified import fold_groups, split_groups
from premask.workflow.dataset.splits import part_name, read_splits, resolve
from premask.workflow.dataset.types import lacking_lines
from premask.workflow.label_folders import read_column

FOLDS = "folds"
SHARES: Mapping[str, float] = {"train": 0.7, "val": 0.15, "test": 0.15}
ROUNDING = 0.0015
"""Shares may miss their whole by this share of it: three of 33.3 are three thirds."""
MOST_FOLDS = 5
"""Folds that are made where nobody says how many; fewer where there are fewer groups."""


@dataclass(frozen=True)
class SideOptions:
    """How the sides are chosen.

    Attributes
    ----------
    groups : Path or None
        CSV of ``stem,group``.
    group_by : str
        A regular expression; what its first group matches in the stem is the image's group.
    splits : Path or None
        Existing splits, which are kept.
    shares : dict of str to float
        Of the parts of the split ``default``.
    folds : int or None
        0 for none; None for five, or as many as there are groups.
    """

    groups: Path | None = None
    group_by: str = ""
    splits: Path | None = None
    shares: Mapping[str, float] = field(default_factory=lambda: SHARES)
    folds: int | None = None
    seed: int = 0


@dataclass
class Sides:
    """What came of it.

    Attributes
    ----------
    specimens : dict of str to str
        By stem, the group that the user gave.
    groups : dict of str to str
        By stem, the group after near-duplicates were joined; a stem for an image alone.
    stems : list of str
        The labelled images, sorted, then the unlabelled ones.
    duplicates : tuple of Likeness
        By position in ``stems``.
    splits : dict
        What is written to ``splits.json``.
    remarks : list of str
        What must be known of it.
    """

    specimens: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    stems: list[str] = field(default_factory=list)
    duplicates: tuple[Likeness, ...] = ()
    splits: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def parse_shares(text: str) -> dict[str, float]:
    """Shares of a split from ``train=70,val=15,test=15``.

    Raises
    ------
    PremaskError
        For another form, a part that is there twice, shares that are not positive, or do not add up
        to 100 or 1.
    """
    shares: dict[str, float] = {}
    for piece in text.split(","):
        name, equals, number = piece.partition("=")
        part = part_name(name)
        if not equals or not part or part in shares or not re.fullmatch(r"\d+(\.\d+)?", number):
            raise PremaskError(
                f"--shares {text!r} cannot be read at {piece!r}; the form is"
                " train=70,val=15,test=15"
            )
        shares[part] = float(number)
    if min(shares.values()) <= 0 or "train" not in shares:
        raise PremaskError(f"--shares {text!r}: train and positive shares are needed")
    total = sum(shares.values())
    if not any(math.isclose(total, whole, rel_tol=ROUNDING) for whole in (1, 100)):
        raise PremaskError(
            f"--shares {text!r} add up to {total:g}; 100 (or 1) is accepted, as in"
            " train=70,val=15,test=15"
        )
    return shares


def choose_sides(
    classes: Mapping[str, ImageClasses],
    thumbnails: Mapping[str, Thumbnail],
    options: SideOptions,
    on_row: Callable[[int, int], None] = lambda _done, _total: None,
) -> Sides:
    """Find groups and near-duplicates, and split the images so that neither is on two sides.

    Parameters
    ----------
    classes : dict of str to ImageClasses
        By stem, the final label maps, counted.
    thumbnails : dict of str to Thumbnail
        By stem, of these images and of unlabelled ones. The latter are in no split, but labelled
        ones that show the same as one of them are of one group.

    Raises
    ------
    PremaskError
        For a file of groups or splits that cannot be read, splits of other images, a pattern that
        matches no image, more folds than there are groups.
    """
    labelled = sorted(classes)
    stems = [*labelled, *sorted(thumbnails.keys() - classes.keys())]
    sides = Sides(stems=stems)
    sides.specimens = _specimens(stems, options, sides.remarks)
    sides.duplicates = near_duplicates([thumbnails[stem] for stem in stems], on_row)
    own = [sides.specimens.get(stem, f"\0{stem}") for stem in stems]  # no name that anybody gives
    numbers = joined(own, ((one.first, one.second) for one in sides.duplicates))
    sides.groups = _named(stems, numbers, sides.specimens)
    _split_all(sides, [classes[stem] for stem in labelled], labelled, options)
    return sides


def _specimens(stems: Sequence[str], options: SideOptions, remarks: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    if options.group_by:
        try:
            pattern = re.compile(options.group_by)
        except re.error as error:
            raise PremaskError(
                f"--group-by {options.group_by!r} is no regular expression ({error})"
            ) from None
        if pattern.groups != 1:
            raise PremaskError(
                f"--group-by {options.group_by!r} has {count(pattern.groups, 'group')}; one is"
                " needed, around what tells the specimen, as in '(C[0-9]+)F'"
            )
        matches = {stem: pattern.search(stem) for stem in stems}
        found = {stem: one[1] for stem, one in matches.items() if one and one[1]}
        if not found:
            raise PremaskError(
                f"--group-by {options.group_by!r} matches none of {count(len(stems), 'image')},"
                f" e.g. not {stems[0]}; give what does, or leave it out"
            )
    if options.groups:
        given = read_column(options.groups, "group", "steel_07,specimen 3")
        own = {stem: group for stem, group in given.by_stem.items() if stem in stems}
        if not own:
            raise PremaskError(
                f"--groups {options.groups} names none of {count(len(stems), 'image')}; a line for"
                f" each is needed, matched by stem, e.g. {stems[0]},specimen 3"
            )
        found |= own
        gone = [entry for stem, entry in given.entries.items() if stem not in stems]
        if gone:
            remarks.append(
                f"{options.groups.name}: {count(len(gone), 'entry', 'entries')} of no image in the"
                f" data set: {', '.join(gone)}"
            )
    alone = [stem for stem in stems if stem not in found]
    if found and alone:
        remarks.append(f"{count(len(alone), 'image')} in no group: {', '.join(alone)}")
    return found


def _named(
    stems: Sequence[str], numbers: Sequence[int], specimens: Mapping[str, str]
) -> dict[str, str]:
    """Each merged group is called as the first specimen in it, else as its first image."""
    names: dict[int, str] = {}
    for stem, number in zip(stems, numbers, strict=True):
        if stem in specimens:
            names.setdefault(number, specimens[stem])
    for stem, number in zip(stems, numbers, strict=True):
        names.setdefault(number, stem)
    return {stem: names[number] for stem, number in zip(stems, numbers, strict=True)}


def _split_all(
    sides: Sides, counted: Sequence[ImageClasses], stems: Sequence[str], options: SideOptions
) -> None:
    groups = [sides.groups[stem] for stem in stems]
    types = [one.type for one in counted]
    pixels = np.array([one.pixels for one in counted])
    kept = _kept(options.splits, stems, sides.remarks)
    fixed = {
        i: part
        for part, entries in kept.get(DEFAULT_SPLIT, {}).items()
        for i, stem in enumerate(stems)
        if stem in entries
    }
    # images of other parts (different_test) are settled and have no share in these
    inside = [i for i in range(len(stems)) if fixed.get(i, "train") in options.shares]
    parts = split_groups(
        [groups[i] for i in inside],
        options.shares,
        types=[types[i] for i in inside],
        pixels=pixels[inside],
        fixed={k: fixed[i] for k, i in enumerate(inside) if i in fixed},
        seed=options.seed,
    )
    chosen = {**fixed, **dict(zip(inside, parts, strict=True))}
    settled = kept.get(DEFAULT_SPLIT, {})
    names = list(dict.fromkeys([*options.shares, *settled]))
    default = {part: [stem for i, stem in enumerate(stems) if chosen[i] == part] for part in names}
    for part in [part for part in names if not default[part]]:
        if settled and part not in settled:  # the split that is kept has no such part
            del default[part]
            continue
        n_groups = count(len(set(groups)), "group")
        sides.remarks.append(f"{part} is empty: there is no more to share out of {n_groups}")
    sides.splits = {DEFAULT_SPLIT: default, **{n: p for n, p in kept.items() if n != DEFAULT_SPLIT}}
    _add_folds(sides, groups, types, pixels, stems, options)
    sides.remarks += leaks(sides.splits, sides.groups)
    sides.remarks += lacking_lines(sides.splits, dict(zip(stems, types, strict=True)))


def _kept(
    path: Path | None, stems: Sequence[str], remarks: list[str]
) -> dict[str, dict[str, list[str]]]:
    """Existing splits, their entries as stems; the only one becomes ``default``."""
    if path is None:
        return {}
    raw = read_splits(path)
    if len(raw.splits) == 1:
        raw.splits = {DEFAULT_SPLIT: next(iter(raw.splits.values()))}
    splits, folds, found = resolve(raw, frozenset(stems), path.name)
    if not any(own for split in splits.values() for own in split.parts.values()):
        entries = [
            e for one in (raw.splits, raw.folds) for own in one.values() for e in own.values()
        ]
        named = next((entry for own in entries for entry in own), "")
        told = f"none of its entries is an image here, e.g. not {named}" if named else "it is empty"
        raise PremaskError(
            f"--splits {path}: {told}; give the splits of these images ({stems[0]} ...), or"
            " leave it out"
        )
    remarks += [remark.line for remark in found]
    kept = {
        name: {part: list(own) for part, own in splits[name].parts.items()} for name in raw.splits
    }
    for name, own in folds.items():
        kept[name] = {fold.rpartition("/")[2]: list(splits[fold].parts["val"]) for fold in own}
    return kept


def _add_folds(
    sides: Sides,
    groups: Sequence[str],
    types: Sequence[str | None],
    pixels: Any,
    stems: Sequence[str],
    options: SideOptions,
) -> None:
    has_folds = any(all(part.isdecimal() for part in own) for own in sides.splits.values())
    n_groups = len(set(groups))
    wanted = options.folds
    if wanted is None:
        wanted = 0 if has_folds or n_groups < 2 else min(MOST_FOLDS, n_groups)
    if wanted == 0:
        return
    if not 2 <= wanted <= n_groups:
        told = (
            f"0 (none) and 2 to {n_groups}, one for each group,"
            if n_groups > 1
            else "only 0 (none)"
        )
        raise PremaskError(
            f"--folds {wanted}: {told} {'are' if n_groups > 1 else 'is'} accepted, for the images"
            f" make {count(n_groups, 'group')}"
        )
    if FOLDS in sides.splits:
        raise PremaskError(
            f"{options.splits} has {FOLDS!r} already, which are kept; leave --folds out"
        )
    folds = fold_groups(groups, wanted, types=types, pixels=pixels, seed=options.seed)
    sides.splits[FOLDS] = {
        str(k): [stem for stem, fold in zip(stems, folds, strict=True) if fold == k]
        for k in range(wanted)
    }


def leaks(
    splits: Mapping[str, Mapping[str, Iterable[str]]], groups: Mapping[str, str]
) -> list[str]:
    """A line for each group that is on two sides of a split, and each image in two parts."""
    lines = []
    for name, parts in splits.items():
        where: dict[str, dict[str, list[str]]] = {}
        for part, stems in parts.items():
            for stem in stems:
                where.setdefault(groups.get(stem, stem), {}).setdefault(part, []).append(stem)
        for group, sides in where.items():
            if len(sides) > 1:
                told = "; ".join(f"{part}: {', '.join(own)}" for part, own in sides.items())
                lines.append(f"split {name}: {group} is on several sides ({told})")
    return lines
