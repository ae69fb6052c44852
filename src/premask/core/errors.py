"""The one family of errors that a user may see: one line that says what to do."""

from __future__ import annotations

from collections.abc import Iterable


class PremaskError(Exception):
    """What was wrong, the value got, what is accepted, and what to do.

    The command line prints the message on one line and exits with code 2.
    """


class DiskFullError(PremaskError):
    """Nothing more can be written; what was written before is whole."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A ``did you mean`` for a misspelt name, empty where nothing is near.

    Near is what one edit in three letters makes of the name, or a name of which it is a part.
    Capitals count for nothing.

    Examples
    --------
    >>> nearest("kmean", ["kmeans", "sam"])
    '; did you mean kmeans?'
    >>> nearest("zzz", ["kmeans", "sam"])
    ''
    >>> nearest("truth", ["scratch", "reference"])
    ''
    """
    close = [(_edits(name.casefold(), one.casefold()), one) for one in known if near(name, one)]
    return f"; did you mean {min(close, key=lambda pair: pair[0])[1]}?" if close else ""


def near(name: str, known: str) -> bool:
    """Whether a name may be another one, misspelt; see :func:`nearest`.

    Examples
    --------
    >>> near("pgn", "png"), near("--to", "--token"), near("labelme", "labelbox")
    (True, False, False)
    """
    one, other = name.strip("-").casefold(), known.strip("-").casefold()
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) >= 3 and shorter in longer:
        return True
    return _edits(one, other) <= min(max(1, len(longer) // 3), len(shorter) - 1)


def _edits(one: str, other: str) -> int:
    """How many letters are to be put in, left out, changed, or swapped with the next one."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        last, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and (letter, wanted) == (other[j - 2], one[i - 2]):
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
