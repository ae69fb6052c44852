"""Names of phases in other people's files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from premask.core.errors import PremaskError, nearest
from premask.core.exchange import Report
from premask.core.phases import VOID, VOID_NAME, Phases
from premask.core.words import typed

BACKGROUND = ("background", "ignored", "ignore", "unlabelled", "unlabeled", "unknown")
"""Names under which tools keep what is not labelled."""


@dataclass(frozen=True)
class Vocabulary:
    """What the labels of a file mean in a project.

    Attributes
    ----------
    phases : Phases
        Of the project.
    report : Report
        Is told of every name that means nothing.
    renames : dict of str to str
        A name in the file to a phase, or to ``void``; case does not matter.
    tolerance : int
        How far a colour may be from a phase's in each channel, 0 to 255.
    numbers : dict of int to str
        What the numbers in the files stand for, where the manifest of an export tells it.
    unnamed : set of str
        Names in the export of images whose numbers are regions, and not these.
    regions : bool
        Whether regions without a name are welcome: ``region 3`` is then the label 3 behind
        the phases.
    predictions : bool
        Whether predictions are asked for, of tools that keep them apart from annotations.
    """

    phases: Phases
    report: Report = field(default_factory=Report)
    renames: Mapping[str, str] = field(default_factory=dict)
    tolerance: int = 0
    numbers: Mapping[int, str] = field(default_factory=dict)
    unnamed: frozenset[str] = frozenset()
    regions: bool = False
    predictions: bool = False

    void_files: set[str] = field(default_factory=set, init=False, repr=False)
    """Files whose numbers include 255 for void; what was merely left blank has another number."""
    _met: dict[str, None] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for name, phase in self.renames.items():
            if phase.casefold() not in {VOID_NAME, *map(str.casefold, self.phases.names)}:
                raise PremaskError(
                    f"{name!r} cannot be read as {phase!r}; {', '.join(self.phases.names)} and"
                    f" {VOID_NAME} are accepted{nearest(phase, self.phases.names)}"
                )

    @property
    def met(self) -> list[str]:
        """The names that were looked up, in the order in which they came."""
        return list(self._met)

    @property
    def idle(self) -> list[str]:
        """The names of ``renames`` that were never looked up."""
        met = {name.strip().casefold() for name in self._met}
        return [name for name in self.renames if name.strip().casefold() not in met]

    @property
    def accepted(self) -> list[str]:
        """All names that mean something."""
        return [*self.phases.names, *self.renames, VOID_NAME]

    def find(self, name: str) -> int | None:
        """The phase index that a name means, 255 for void, None where it means nothing."""
        renamed = self.renamed(name)
        return self._phase(name) if renamed is None else renamed

    def renamed(self, name: str) -> int | None:
        """The phase index (255 for void) that a name was given by ``renames``, else None."""
        folded = name.strip().casefold()
        self._met.setdefault(name)
        for own, phase in self.renames.items():
            if own.strip().casefold() == folded:
                return self._phase(phase)
        return None

    def without_background(self, name: str) -> str:
        """A name, ``void`` where it is what tools call the unlabelled and no phase is so called."""
        background = name.strip().casefold() in BACKGROUND
        return VOID_NAME if background and self.find(name) is None else name

    def _phase(self, name: str) -> int | None:
        folded = name.strip().casefold()
        if folded == VOID_NAME:
            return VOID
        names = [own.casefold() for own in self.phases.names]
        if folded in names:
            return names.index(folded)
        region = re.fullmatch(r"region ([0-9]{1,3})", folded) if self.regions else None
        index = len(names) + int(region[1]) if region else VOID
        return index if index < VOID else None

    def index(
        self, name: str, where: str, count: int = 1, at: tuple[int, int] | None = None
    ) -> int:
        """The phase index that a name means; a name that means nothing is reported, and void.

        Parameters
        ----------
        where : str
            The file, for the report.
        count : int
            How many pixels have the name.
        at : (int, int), optional
            Row and column of one of them, px.
        """
        found = self.find(name)
        if found is not None:
            return found
        self.report.add(
            "unknown",
            where,
            f"{name!r} is no phase of the project ({', '.join(self.phases.names)})"
            f"{nearest(name, self.phases.names)}; its {count} px are void (give it a meaning with"
            f" --map {typed(f'{name}=PHASE')})",
            count,
            at,
        )
        return VOID
