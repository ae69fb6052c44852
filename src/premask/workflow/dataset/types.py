"""Processing types that a part of a split has no image of: nothing there is measured for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

Parts = Mapping[str, Iterable[str]]


def types_lacking(parts: Parts, types: Mapping[str, str | None]) -> dict[str, list[str]]:
    """The types that a split has, and a part of it has not, by part; without empty parts.

    Parameters
    ----------
    parts : dict of str to iterable of str
        The stems of each part.
    types : dict of str to str or None
        The type of each image, by stem.

    Examples
    --------
    >>> types_lacking({"train": ["a", "b"], "test": ["c"]}, {"a": "I", "b": "II", "c": "I"})
    {'test': ['II']}
    """
    own = {part: {types.get(stem) for stem in stems} for part, stems in parts.items()}
    there = {type_ for found in own.values() for type_ in found if type_}
    lacking = {part: sorted(there - found) for part, found in own.items() if found}
    return {part: missing for part, missing in lacking.items() if missing}


def lacking_line(missing: Iterable[str]) -> str:
    """What a part is said to lack."""
    return f"has no image of type {', '.join(missing)}"


def lacking_lines(splits: Mapping[str, Parts], types: Mapping[str, str | None]) -> Iterator[str]:
    """A line for each split in which a part has no image of some type."""
    for name, parts in splits.items():
        found = types_lacking(parts, types)
        if found:
            folds = all(part.isdecimal() for part in parts)
            told = (
                f"{'fold ' if folds else ''}{part} {lacking_line(own)}"
                for part, own in found.items()
            )
            yield f"split {name}: {'; '.join(told)}"
