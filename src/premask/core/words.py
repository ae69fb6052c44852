"""Numbers and nouns in sentences."""

from __future__ import annotations

import shlex


def count(n: int, noun: str, plural: str = "") -> str:
    """A number and its noun, in the plural where there is not exactly one.

    Examples
    --------
    >>> count(1, "candidate"), count(3, "candidate"), count(0, "entry", "entries")
    ('1 candidate', '3 candidates', '0 entries')
    """
    return f"{n} {noun if n == 1 else plural or noun + 's'}"


def verb(n: int, one: str, several: str) -> str:
    """The form of a verb for ``n`` things.

    Examples
    --------
    >>> verb(1, "has", "have"), verb(2, "is", "are")
    ('has', 'are')
    """
    return one if n == 1 else several


def typed(word: object) -> str:
    """A path or a name as it is typed in a shell: in quotes where it has spaces.

    Examples
    --------
    >>> typed("steel"), typed("steel 2")
    ('steel', "'steel 2'")
    """
    return shlex.quote(str(word))
