"""The table that names a candidate's regions: region to phase, kept with the candidate."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.phases import VOID, Phases

Source = Literal["hand", "prototypes", "grey", "truth", "model"]
"""Who gave the names: a person, the images named so far, the grey order, the truth, a model."""

UNNAME = "-"
"""Stands for a phase's name where a region shall lose its name: ``3=-``."""


@dataclass(frozen=True)
class NameTable:
    """The phase of each region of one candidate.

    Attributes
    ----------
    names : tuple of int or None
        Phase index of region 0, 1, 2 ...; None for a region without a name.
    margins : tuple of float
        How sure each name is, 0 to 1; the smallest are the ones to look at first. 1 for
        names given by hand or by the truth, 0 for a region without a name.
    source : {"hand", "prototypes", "grey", "truth", "model"}
        Who gave the names. A table that a person has changed is ``hand``.
    """

    names: tuple[int | None, ...]
    margins: tuple[float, ...]
    source: Source = "hand"

    def __post_init__(self) -> None:
        if len(self.names) != len(self.margins):
            raise PremaskError(
                f"a table of {len(self.names)} regions has {len(self.margins)} margins;"
                " one margin per region is needed"
            )
        for region, (phase, margin) in enumerate(zip(self.names, self.margins, strict=True)):
            if phase is not None and not 0 <= phase < VOID:
                raise PremaskError(
                    f"region {region} is named {phase}; a phase index from 0 to {VOID - 1},"
                    " or None for no name, is accepted"
                )
            if not 0 <= margin <= 1:
                raise PremaskError(
                    f"the margin of region {region} is {margin}; 0 (unsure) to 1 is accepted"
                )
        if self.source not in get_args(Source):
            raise PremaskError(
                f"a table cannot come from {self.source!r};"
                f" the sources are {', '.join(get_args(Source))}"
            )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def complete(self) -> bool:
        """Whether every region has a name (false for a table of no regions)."""
        return bool(self.names) and None not in self.names

    def check_first(self) -> tuple[int, ...]:
        """Regions in the order in which a person should look at them, least sure first."""
        return tuple(sorted(range(len(self)), key=lambda region: (self.margins[region], region)))

    def to_dict(self) -> dict[str, Any]:
        """A form that JSON can hold; :meth:`from_dict` reads it."""
        return {
            "names": list(self.names),
            "margins": [round(margin, 4) for margin in self.margins],
            "source": self.source,
        }

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> NameTable:
        """Read a stored table; an empty one is that of a fresh candidate.

        Raises
        ------
        PremaskError
            If the stored form is not one that :meth:`to_dict` writes.
        """
        if not data:
            return unnamed(0)
        names, margins = data.get("names"), data.get("margins")
        if (
            not isinstance(names, list)
            or not isinstance(margins, list)
            or not all(name is None or type(name) is int for name in names)
            or not all(isinstance(margin, int | float) for margin in margins)
        ):
            raise PremaskError(
                f"the stored names of a candidate cannot be read: {dict(data)!r:.200};"
                " names (phase indices or null) and margins (numbers) are expected"
            )
        source = cast("Source", data.get("source", "hand"))
        return NameTable(tuple(names), tuple(float(margin) for margin in margins), source)


def unnamed(n_regions: int) -> NameTable:
    """The table of a fresh candidate: no region has a name."""
    return NameTable((None,) * n_regions, (0.0,) * n_regions)


def make_table(names: Sequence[int | None], source: Source = "hand") -> NameTable:
    """A table of names that are sure: given by hand, by the truth or by a model."""
    margins = tuple(0.0 if phase is None else 1.0 for phase in names)
    return NameTable(tuple(names), margins, source)


def apply(regions: NDArray[np.uint8], table: NameTable) -> NDArray[np.uint8]:
    """The label map of named regions.

    Parameters
    ----------
    regions : ndarray of uint8, shape (H, W)
        Anonymous clusters, as a method returns them.
    table : NameTable

    Returns
    -------
    ndarray of uint8, shape (H, W)
        Phase indices; 255 (void) where a region has no name or is not in the table.

    Examples
    --------
    >>> apply(np.array([[0, 1, 2]], np.uint8), make_table([1, None, 0])).tolist()
    [[1, 255, 0]]
    """
    lookup = np.full(256, VOID, np.uint8)
    for region, phase in enumerate(table.names[:256]):
        if phase is not None:
            lookup[region] = phase
    label_map: NDArray[np.uint8] = lookup[regions]
    return label_map


def parse(
    text: str | Sequence[str], phases: Phases, n_regions: int, start: NameTable | None = None
) -> NameTable:
    """Read names as they are typed: ``0=Alpha 1=TiB2``.

    Parameters
    ----------
    text : str or sequence of str
        One line, or one string per name. A phase's name may hold spaces and its case
        does not matter; ``-`` takes a region's name away.
    phases : Phases
    n_regions : int
        How many regions the candidate has.
    start : NameTable, optional
        Names that stay where the text says nothing; none by default.

    Returns
    -------
    NameTable
        With the source ``hand``.

    Raises
    ------
    PremaskError
        For a form that cannot be read, a region that the candidate does not have or that
        is named twice, a phase that the project does not have.

    Examples
    --------
    >>> from premask.core.phases import make_phases
    >>> parse("0=Alpha 2=tib2", make_phases(["Alpha", "TiB2"]), 3).names
    (0, None, 1)
    """
    items = re.split(r"\s+(?=\S+\s*=)", text.strip()) if isinstance(text, str) else list(text)
    base = start if start is not None and len(start) == n_regions else unnamed(n_regions)
    names, margins = list(base.names), list(base.margins)
    seen: set[int] = set()
    for item in items:
        left, equals, name = (part.strip() for part in item.partition("="))
        if not equals or not left.isdecimal() or not name:
            raise PremaskError(
                f"{item!r} does not name a region; write REGION=PHASE, as in 0=Alpha 1=TiB2"
            )
        region = int(left)
        if region >= n_regions:
            raise PremaskError(
                f"there is no region {region} ({item!r}); the candidate has"
                f" the regions 0 to {n_regions - 1}"
            )
        if region in seen:
            raise PremaskError(f"region {region} is named twice; give it one phase")
        seen.add(region)
        names[region] = None if name == UNNAME else phases.index(name)
        margins[region] = 0.0 if name == UNNAME else 1.0
    return NameTable(tuple(names), tuple(margins), "hand")
