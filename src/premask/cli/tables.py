"""Plain tables for people: columns as wide as their text, cut to the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Sequence


def table_lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table, ready to print.

    Examples
    --------
    >>> table_lines(["image", "size"], [["a.png", "4x3"]])
    ['image  size', '-----  ----', 'a.png  4x3']
    """
    cells = [list(header), *[list(row) for row in rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    width = max(shutil.get_terminal_size((160, 40)).columns, 60)
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    lines.insert(1, "  ".join("-" * w for w in widths))
    return [line if len(line) <= width else line[: width - 1] + "…" for line in lines]
