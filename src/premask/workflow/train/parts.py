"""Which images of a data set train, which tell when to stop, and which are for the end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from premask.core.datasets import Dataset, Entry
from premask.core.errors import PremaskError
from premask.core.words import count, verb
from premask.train.config import Config

HOLD_OUT = 0.2
"""Share of the training images that is held out where the split has no part ``val``."""


@dataclass(frozen=True)
class Parts:
    """The images of a run.

    Attributes
    ----------
    split : str or None
        The name of the split.
    training, validation : tuple of Entry
    held_out : dict of str to tuple of Entry
        All other parts, and the validation images: what the model is scored on at the end.
    told_by : str
        What tells the best epoch: ``val``, ``hold-out``, or ``none``.
    notes : tuple of str
        What was settled, in sentences.
    """

    split: str | None
    training: tuple[Entry, ...]
    validation: tuple[Entry, ...]
    held_out: Mapping[str, tuple[Entry, ...]]
    told_by: str
    notes: tuple[str, ...] = ()

    @property
    def all(self) -> dict[str, tuple[Entry, ...]]:
        """Every part by name; ``train`` first."""
        return {"train": self.training, **self.held_out}

    @property
    def test(self) -> str | None:
        """The part whose images are shown: ``test``, else one that did not tell the best epoch."""
        names = [name for name, own in self.held_out.items() if own]
        fair = [name for name in names if self.held_out[name] != self.validation]
        return next((name for name in ("test", *fair, *names) if name in names), None)


def divide(dataset: Dataset, split: str | None, config: Config, type_: str | None = None) -> Parts:
    """The parts of a run.

    The part ``val`` tells the best epoch, unless ``config.validation`` says otherwise or the split
    is a fold of a cross-validation; then it is scored at the end like any other. Where it is
    needed and missing, a seeded fifth of the training images is held out, whole groups of
    them. Images without a part of the split are not used.

    Parameters
    ----------
    split : str, optional
        Without one ``default``, or the only one; all labelled images train where there is none.
    type_ : str, optional
        Only images of this type.

    Raises
    ------
    PremaskError
        For an unknown split or type, splits that are lost, and one without training images.
    """
    named, found = _parts(dataset, split)
    if type_ is not None:
        found = {
            name: tuple(entry for entry in own if entry.type == type_)
            for name, own in found.items()
        }
    training = found.pop("train", ())
    if not training:
        of = f" of type {type_}" if type_ is not None else ""
        raise PremaskError(
            f"{dataset.root}: the split {named} has no training images{of}; its parts are"
            f" {', '.join(found) or 'none'}"
        )
    notes: list[str] = []
    wanted = config.validation
    if wanted == "auto":
        wanted = "hold-out" if any(named in own for own in dataset.folds.values()) else "val"
    validation = found.get("val", ()) if wanted == "val" else ()
    told_by = wanted if validation else "none"
    if wanted == "hold-out" or (wanted == "val" and not validation):
        training, validation = hold_out(training, config.seed)
        held = count(len(validation), "image")
        notes.append(
            f"{held} of the part train {verb(len(validation), 'tells', 'tell')} the best epoch"
            " (validation: hold-out)."
            if validation
            else "There is one training image, or one group: the last epoch is kept."
        )
        found = {"hold-out": validation, **found} if validation else found
        told_by = "hold-out" if validation else "none"
    elif validation:
        notes.append(
            "The part val told the best epoch: its figures flatter, those of other parts do not."
        )
    return Parts(named, training, validation, found, told_by, tuple(notes))


def _parts(dataset: Dataset, name: str | None) -> tuple[str | None, dict[str, tuple[Entry, ...]]]:
    if name is None and not dataset.splits and not dataset.lost:
        return None, {"train": dataset.labelled}
    split = dataset.split(name)
    return split.name, {part: dataset.part(split, part) for part in split.parts}


def hold_out(entries: tuple[Entry, ...], seed: int) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """Those that stay, and about a fifth: at least one group, and never all."""
    groups = sorted({entry.group or entry.stem for entry in entries})
    if len(groups) < 2:
        return entries, ()
    order = np.random.default_rng([seed, 1]).permutation(len(groups))
    wanted = min(max(1, math.floor(HOLD_OUT * len(entries))), len(entries) - 1)
    chosen: set[str] = set()
    held: list[Entry] = []
    for number in order[:-1]:
        if len(held) >= wanted:
            break
        chosen.add(groups[number])
        held = [entry for entry in entries if (entry.group or entry.stem) in chosen]
    return tuple(entry for entry in entries if entry not in held), tuple(held)
