"""Names of phases in other people's files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from premask.core.errors import PremaskError, nearest
from premask.core.exchange import VOID_NAME, Report
from premask.core.phases import VOID, Phases


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
    """

    phases: Phases
    report: Report = field(default_factory=Report)
    renames: Mapping[str, str] = field(default_factory=dict)
    tolerance: int = 0

    def __post_init__(self) -> None:
        for name, phase in self.renames.items():
            if phase.casefold() not in {VOID_NAME, *map(str.casefold, self.phases.names)}:
                raise PremaskError(
                    f"{name!r} cannot be read as {phase!r}; {', '.join(self.phases.names)} and"
                    f" {VOID_NAME} are accepted{nearest(phase, self.phases.names)}"
                )

    def find(self, name: str) -> int | None:
        """The phase index that a name means, 255 for void, None where it means nothing."""
        folded = name.strip().casefold()
        renames = {own.strip().casefold(): phase for own, phase in self.renames.items()}
        folded = renames.get(folded, folded).casefold()
        if folded == VOID_NAME:
            return VOID
        names = [own.casefold() for own in self.phases.names]
        return names.index(folded) if folded in names else None

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
            f" --map {name}=PHASE)",
            count,
            at,
        )
        return VOID
