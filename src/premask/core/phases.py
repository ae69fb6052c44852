"""Phases: the classes of a project, their indices, names and colours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest

VOID = 255
"""The value of a pixel that is not labelled. Index 0 is a real phase, never background."""

VOID_NAME = "void"
"""What such pixels are called wherever labels have names; no phase can be."""

MAX_PHASES = 64

# Okabe and Ito's palette (2008), told apart with every common form of colour
# blindness; black is left out because it hides the micrograph.
OKABE_ITO = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442",
)  # fmt: skip


@dataclass(frozen=True)
class Phase:
    """One class of a label map."""

    index: int
    name: str
    colour: str


@dataclass(frozen=True)
class Phases:
    """The phases of a project, and what is known of where they may occur.

    Attributes
    ----------
    phases : tuple of Phase
        In the order of their indices, 0 to n - 1.
    by_type : dict of str to tuple of str
        Names of the phases that a processing type may show (paper, Table 3). A type
        that is not named here may show all of them.
    inside : dict of str to tuple of str
        ``{"TiN": ("TiB2",)}``: the phase lies only inside (touches only) the others.
    merged : dict of str to str
        ``{"TiC": "TiN"}``: wherever the first was labelled, the second is meant. Label maps
        stay as they are stored; they are read so. The first keeps its index and is offered no
        more.
    """

    phases: tuple[Phase, ...]
    by_type: dict[str, tuple[str, ...]] = field(default_factory=dict)
    inside: dict[str, tuple[str, ...]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [phase.name for phase in self.phases]
        merged = [(into, (name, into)) for name, into in self.merged.items()]
        for owner, allowed in [*self.by_type.items(), *self.inside.items(), *merged]:
            for name in allowed:
                if name not in names:
                    raise PremaskError(
                        f"{owner!r} refers to the phase {name!r}, which the project does not have"
                        f" (phases: {', '.join(names)}){nearest(name, names)}"
                    )

        for name, into in self.merged.items():
            if name == into or into in self.merged:
                raise PremaskError(
                    f"{name!r} is merged into {into!r}, which is no phase of its own; merge it"
                    " into one that is"
                )

    def __len__(self) -> int:
        return len(self.phases)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of the indices."""
        return tuple(phase.name for phase in self.phases)

    def index(self, name: str) -> int:
        """The index of a phase by its name (case does not matter).

        Raises
        ------
        PremaskError
            If there is no such phase.
        """
        for phase in self.phases:
            if phase.name.casefold() == name.casefold():
                return phase.index
        raise PremaskError(
            f"no phase {name!r}; the project's phases are {', '.join(self.names)}"
            f"{nearest(name, self.names)}"
        )

    def allowed(self, type_: str | None) -> tuple[int, ...]:
        """Indices of the phases that a processing type may show; all for an unknown type."""
        names = self.by_type.get(type_ or "", self.names)
        return tuple(self.index(name) for name in names if name not in self.merged)

    def meant(self, index: int) -> int:
        """The phase that is meant by one that was labelled: itself, or what it was merged into."""
        into = self.merged.get(self.names[index]) if index < len(self) else None
        return index if into is None else self.index(into)

    def read(self, label_map: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A stored label map as it is meant."""
        if not self.merged:
            return label_map
        table = np.arange(256, dtype=np.uint8)
        table[: len(self)] = [self.meant(index) for index in range(len(self))]
        return table[label_map]


def make_phases(names: Sequence[str], colours: Sequence[str] = ()) -> Phases:
    """Phases from their names, with a colour-blind-safe colour for each.

    Parameters
    ----------
    names : sequence of str
        At least two, all different.
    colours : sequence of str, optional
        ``#rrggbb``; the default palette fills what is missing.

    Raises
    ------
    PremaskError
        For fewer than two or more than 64 names, an empty or repeated name, the
        name of what is not labelled, a colour that is not ``#rrggbb``.
    """
    clean = [name.strip() for name in names]
    if not 2 <= len(clean) <= MAX_PHASES:
        raise PremaskError(
            f"{len(clean)} phases were given ({', '.join(clean)}); 2 to {MAX_PHASES} are accepted,"
            " as in --classes Alpha,TiB2,TiN"
        )
    for i, name in enumerate(clean):
        if not name:
            raise PremaskError(f"phase {i} has an empty name; give --classes Alpha,TiB2,TiN")
        if name.casefold() == VOID_NAME:
            raise PremaskError(
                f"a phase cannot be called {name!r}: that is the name of pixels without a label;"
                " holes in the material may be called pore"
            )
        if name.casefold() in (other.casefold() for other in clean[:i]):
            raise PremaskError(f"the phase {name!r} is given twice; every phase needs its own name")
    picked = [*colours, *(default_colour(i) for i in range(len(colours), len(clean)))]
    for colour in picked:
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
            raise PremaskError(f"{colour!r} is not a colour; write it as #rrggbb, e.g. #0072b2")
    rows = zip(clean, picked, strict=False)
    return Phases(tuple(Phase(i, name, colour.lower()) for i, (name, colour) in enumerate(rows)))


def default_colour(index: int) -> str:
    """The palette's colour for a phase; past the seven of Okabe and Ito, darker or lighter kin."""
    base = OKABE_ITO[index % len(OKABE_ITO)]
    turn = index // len(OKABE_ITO)
    if turn == 0:
        return base
    rgb = np.array([int(base[i : i + 2], 16) for i in (1, 3, 5)])
    share = 1 - 0.55 ** ((turn + 1) // 2)
    mixed = rgb * (1 - share) + (255 * share if turn % 2 == 0 else 0)
    return "#" + "".join(f"{round(v):02x}" for v in mixed)


def neutral_colours(n: int) -> list[str]:
    """Colours for regions that have no name yet: slate greys, which no phase wears."""
    steps = np.linspace(0, 1, max(n, 2))[:n]
    low, high = np.array([38.0, 44, 54]), np.array([232.0, 236, 242])
    return ["#" + "".join(f"{round(v):02x}" for v in low + (high - low) * step) for step in steps]


def palette_bytes(colours: Sequence[str]) -> bytes:
    """The 768 bytes of a PNG palette: the colours, black for what is unused, white for void."""
    table = np.zeros((256, 3), np.uint8)
    table[VOID] = 255
    for i, colour in enumerate(colours):
        table[i] = [int(colour[j : j + 2], 16) for j in (1, 3, 5)]
    return table.tobytes()


def phase_fractions(label_map: NDArray[np.uint8], n_phases: int) -> NDArray[np.float64]:
    """Share of each phase in the labelled (not void) pixels of a label map.

    Returns
    -------
    ndarray of shape (n_phases,)
        Zeros where every pixel is void.
    """
    counts = np.bincount(label_map.ravel(), minlength=256)[:n_phases].astype(np.float64)
    total = counts.sum()
    return counts / total if total else counts
