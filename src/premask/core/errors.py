"""The one family of errors that a user may see: one line that says what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class PremaskError(Exception):
    """What was wrong, the value got, what is accepted, and what to do.

    The command line prints the message on one line and exits with code 2.
    """


class DiskFullError(PremaskError):
    """Nothing more can be written; what was written before is whole."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A ``did you mean`` for a misspelt name, empty where nothing is near.

    Examples
    --------
    >>> nearest("kmean", ["kmeans", "sam"])
    '; did you mean kmeans?'
    >>> nearest("zzz", ["kmeans", "sam"])
    ''
    """
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""
