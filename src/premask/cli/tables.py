"""Plain tables for people: columns as wide as their text, folded where the terminal is not."""

from __future__ import annotations

import itertools
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence

NARROWEST = 60
"""Columns of a terminal that tables are folded to at most; a narrower one wraps them itself."""

FIGURE = re.compile(r"[-+\d.,]+( of [\d.,]+| \S+)")
"""A figure and its unit, or ``3 of 4``: not to be torn apart."""


def table_lines(
    header: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None
) -> list[str]:
    """Lines of a table, ready to print; nothing is ever cut off.

    Parameters
    ----------
    width : int, optional
        Columns to keep to, as far as words can be folded: the terminal's where stdout is
        one, else as many as the table needs. Figures and single words stay whole.

    Examples
    --------
    >>> table_lines(["image", "size"], [["a.png", "4x3"]])
    ['image  size', '-----  ----', 'a.png  4x3']
    >>> table_lines(["n", "what it does"], [["1", "cuts and joins"]], 10)
    ['n  what it', '   does', '-  -------', '1  cuts', '   and', '   joins']
    """
    if width is None and sys.stdout.isatty():
        width = max(shutil.get_terminal_size().columns, NARROWEST)
    cells = [list(header), *[list(row) for row in rows]]
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    if width is not None:
        widths = _narrowed(widths, [_longest_piece(column) for column in columns], width)
    folded = [_folded(row, widths) for row in cells]
    rule = "  ".join("-" * w for w in widths)
    return [*folded[0], rule, *itertools.chain.from_iterable(folded[1:])]


def _narrowed(widths: list[int], least: list[int], width: int) -> list[int]:
    """Take from the widest column that has a space to fold at, until the table fits."""
    narrowed = list(widths)
    while sum(narrowed) + 2 * (len(narrowed) - 1) > width:
        foldable = [i for i, w in enumerate(narrowed) if w > least[i]]
        if not foldable:
            break
        widest = max(foldable, key=lambda i: narrowed[i])
        narrowed[widest] -= 1
    return narrowed


def _longest_piece(column: Sequence[str]) -> int:
    return max(len(piece) for cell in column for piece in [*_pieces(cell), ""])


def _pieces(cell: str) -> list[str]:
    return [cell] if FIGURE.fullmatch(cell) else cell.split()


def _folded(row: list[str], widths: list[int]) -> list[str]:
    wrapped = [
        textwrap.wrap(cell, w, break_long_words=False, break_on_hyphens=False)
        if len(cell) > w
        else [cell]
        for cell, w in zip(row, widths, strict=True)
    ]
    return [
        "  ".join(part.ljust(w) for part, w in zip(parts, widths, strict=True)).rstrip()
        for parts in itertools.zip_longest(*wrapped, fillvalue="")
    ]
