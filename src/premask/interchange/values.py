"""Label maps whose pixels are numbers: what the numbers mean."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, LabelMap, first_position
from premask.core.phases import VOID, VOID_NAME, Phases
from premask.interchange.vocabulary import Vocabulary


def labels_of(
    values: LabelMap,
    where: str,
    vocabulary: Vocabulary,
    names: Mapping[int, str] | None = None,
    *,
    by_definition: bool = False,
) -> LabelMap:
    """The phases that the numbers of a file stand for.

    In this order: what ``--map NUMBER=PHASE`` says; the names in the file, else those in the
    manifest of the export; the project's own indices, 255 for void, as long as no name
    contradicts them. Else 0 is background and other numbers mean nothing.

    Parameters
    ----------
    values : ndarray of uint8, shape (H, W)
    where : str
        The file, for messages.
    names : dict of int to str, optional
        What the file itself says.
    by_definition : bool
        Whether numbers without a name are indices by the format's definition; else it is
        reported that they were taken for it.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        Phase indices, 255 = void.

    Raises
    ------
    PremaskError
        For a number that is no index where numbers are indices.
    """
    known = names or vocabulary.numbers
    counts = np.bincount(values.ravel(), minlength=256)
    table = np.arange(256, dtype=np.uint8)
    rest: list[int] = []
    for value in map(int, np.flatnonzero(counts)):
        renamed = vocabulary.renamed(str(value))
        if renamed is not None:
            table[value] = renamed
        elif value in known:
            at = first_position(values == value)
            table[value] = vocabulary.index(known[value], where, int(counts[value]), at)
        elif value != VOID:
            rest.append(value)
        if value == table[value] == VOID:
            vocabulary.void_files.add(where)
    if not rest:
        return table[values]
    if _are_indices(known, vocabulary):
        check_indices(values, rest, vocabulary.phases, where)
        if not by_definition:
            vocabulary.report.add(
                "assumed",
                where,
                f"it does not say what {', '.join(map(str, rest))} stand for: taken as indices of"
                f" the phases, {_listed(rest, vocabulary.phases)} (say otherwise with --map"
                " 0=void)",
            )
        return table[values]
    for value in rest:
        table[value] = VOID
        if value:  # 0 is what such files call background
            at = first_position(values == value)
            vocabulary.index(str(value), where, int(counts[value]), at)
    return table[values]


def _are_indices(names: Mapping[int, str], vocabulary: Vocabulary) -> bool:
    """Whether all names that are known stand at their phases' own indices."""
    return all(vocabulary.find(name) in {value, None} for value, name in names.items())


def _listed(values: list[int], phases: Phases) -> str:
    return ", ".join(f"{value} = {phases.names[value]}" for value in values)


def check_indices(values: LabelMap, suspects: list[int], phases: Phases, where: str) -> None:
    """Refuse numbers that are neither a phase nor void.

    Raises
    ------
    PremaskError
        With one of them and its position.
    """
    wrong = np.isin(values, [value for value in suspects if value >= len(phases)])
    if wrong.any():
        row, column = first_position(wrong)
        raise PremaskError(
            f"{where}: its label map has the value {values[row, column]}"
            f" ({np.count_nonzero(wrong)} px of such values, e.g. at row {row}, column {column});"
            f" the project's {len(phases)} phases are 0 to {len(phases) - 1}, and 255 is void"
            f" (give it a meaning with --map {values[row, column]}=PHASE)"
        )


def index_ids(phases: Phases) -> Ids:
    """The ids of formats whose numbers are the phases' indices."""
    return {**{phase.name: phase.index for phase in phases.phases}, VOID_NAME: VOID}


def shifted_ids(phases: Phases) -> Ids:
    """The ids of formats that take 0 for background: index + 1, and 0 for void."""
    return {**{phase.name: phase.index + 1 for phase in phases.phases}, VOID_NAME: 0}


def shifted(label_map: LabelMap) -> LabelMap:
    """A label map with :func:`shifted_ids`: 255 becomes 0, all else one more."""
    return label_map + np.uint8(1)
