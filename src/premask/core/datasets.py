"""A published data set: its images, its label maps, and which of them train and which test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from premask.core.errors import PremaskError, nearest
from premask.core.phases import Phases

DEFAULT_SPLIT = "default"

PARTS: Mapping[str, str] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validate": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
"""What data sets call the parts of a split, and what they are called here."""


@dataclass(frozen=True)
class Entry:
    """One image of a data set.

    Attributes
    ----------
    stem : str
        Its name without folder and endings; unique in the data set.
    image : Path
        It may be taller than the label map, by the information bar: see
        :func:`premask.workflow.dataset.folder.read_pair`.
    label_map : Path or None
        Index PNG, 255 = void; None for an image without labels.
    type : str or None
        Processing type (paper, Table 3).
    group : str
        Images of one group (fields of one specimen) stay on one side of every split; the stem
        where nothing is known.
    others : dict of str to Path
        Further label maps of it, by how they were made: ``scratch``, ``preannotated`` ...
    """

    stem: str
    image: Path
    label_map: Path | None
    type: str | None = None
    group: str = ""
    um_per_px: float | None = None
    others: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """Which images are for what.

    Attributes
    ----------
    parts : dict of str to tuple of str
        Stems of ``train``, ``val``, ``test`` and whatever else there is (``different_test``);
        only of images that are there with a label map.
    missing : dict of str to tuple of str
        The entries of each part, as they are written, that name no such image.
    """

    name: str
    parts: Mapping[str, tuple[str, ...]]
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


BROKEN = "broken"
DOUBTFUL = "doubtful"

LOST = "lost split"
"""Of splits that a data set was built with, and that are not there."""

REMARKS: Mapping[str, tuple[str, str]] = {
    "no image": (BROKEN, "label maps without an image"),
    "no file": (BROKEN, "files that are missing"),
    LOST: (BROKEN, "splits that the data set was built with"),
    "unreadable": (BROKEN, "files that cannot be read"),
    "hash": (BROKEN, "files that are not those that were built"),
    "size": (BROKEN, "images and label maps that do not fit"),
    "values": (BROKEN, "label maps with values that are no phase"),
    "split": (BROKEN, "entries of splits without an image and label map"),
    "leak": (BROKEN, "images, groups and near-duplicates on two sides of a split"),
    "duplicate": (DOUBTFUL, "near-duplicates"),
    "bar": (DOUBTFUL, "images taller than their label maps; they are cut off at the bottom"),
    "form": (DOUBTFUL, "label maps in another form than 8-bit indices"),
    "constant": (DOUBTFUL, "label maps of one value"),
    "phases": (DOUBTFUL, "phases that the type should not show"),
    "absent": (DOUBTFUL, "phases without a pixel, and empty parts of splits"),
    "no type": (DOUBTFUL, "types without an image in a part of a split"),
    "no split": (DOUBTFUL, "labelled images in no part of a split"),
    "parts": (DOUBTFUL, "splits that contradict each other"),
    "no label map": (DOUBTFUL, "images without a label map"),
    "name": (DOUBTFUL, "names that match only without a second ending"),
    "type": (DOUBTFUL, "images whose folder and name tell different types"),
    "extra": (DOUBTFUL, "files that premask did not build"),
    "left out": (DOUBTFUL, "what holds nothing for premask"),
}
"""What can be wrong with a data set: how bad it is, and what it is."""


@dataclass(frozen=True)
class Remark:
    """Something that is wrong with a data set.

    Attributes
    ----------
    kind : str
        A key of :data:`REMARKS`.
    where : str
        The file, image or split.
    """

    kind: str
    where: str
    message: str

    def __post_init__(self) -> None:
        assert self.kind in REMARKS, self.kind

    @property
    def broken(self) -> bool:
        """Whether the data set cannot be used as it says; else it is only doubtful."""
        return REMARKS[self.kind][0] == BROKEN

    @property
    def line(self) -> str:
        """As it is printed."""
        return f"{self.where}: {self.message}"


@dataclass(frozen=True)
class Dataset:
    """A data set on disk.

    Attributes
    ----------
    layout : str
        ``premask``, ``microsteel``, ``metaldam`` or ``plain``.
    entries : tuple of Entry
        By stem. Those without a label map are unlabelled images.
    splits : dict of str to Split
        By name. A fold of k is one of them: ``folds/0`` has its own images as ``val`` and all
        others as ``train``.
    folds : dict of str to tuple of str
        By name, the names of the splits that make up a k-fold cross-validation.
    remarks : tuple of Remark
        What had to be settled on reading; nothing is dropped without a line here.
    """

    root: Path
    layout: str
    phases: Phases
    entries: tuple[Entry, ...]
    splits: Mapping[str, Split] = field(default_factory=dict)
    folds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()

    @property
    def labelled(self) -> tuple[Entry, ...]:
        """The images with a label map."""
        return tuple(entry for entry in self.entries if entry.label_map is not None)

    @property
    def lost(self) -> tuple[Remark, ...]:
        """Splits that it was built with, and that are not there."""
        return tuple(remark for remark in self.remarks if remark.kind == LOST)

    def split(self, name: str | None = None) -> Split:
        """A split by its name; without one ``default``, or the only one.

        Raises
        ------
        PremaskError
            Where there is none of that name, or several and no name, or all are lost.
        """
        known = list(self.splits)
        if not known and self.lost:
            raise PremaskError(
                f"{self.root}: its splits are lost ({self.lost[0].line}), so that nobody knows"
                " what it was tested on; put the file back, or build the data set again"
            )
        if name is None and DEFAULT_SPLIT in known:
            name = DEFAULT_SPLIT
        if name is None and len(known) == 1:
            name = known[0]
        if name is None or name not in self.splits:
            wanted = "no split was named" if name is None else f"there is no split {name!r}"
            listed = f"the splits are {', '.join(known)}" if known else "the data set has none"
            raise PremaskError(
                f"{self.root}: {wanted}; {listed}{nearest(name, known) if name else ''}"
            )
        return self.splits[name]

    def part(self, split: Split, part: str) -> tuple[Entry, ...]:
        """The images of a part of a split, in its order; empty where it has no such part."""
        by_stem = {entry.stem: entry for entry in self.entries}
        return tuple(by_stem[stem] for stem in split.parts.get(part, ()))
