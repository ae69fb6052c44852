"""The paper's tables: what is in them, each with its policy, and four ways to print them."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from premask.core.errors import PremaskError, nearest
from premask.io.structured import parse_json

Cell = str | int | float | None

NOTHING = 1e-9
"""The largest number that is printed as 0: the noise of computing."""

FORMATS = ("text", "csv", "latex", "json")

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: "\\" + character for character in "&%$#_{}"},
}


@dataclass(frozen=True)
class Column:
    """A heading, its unit within, and the decimals that are printed (None for words)."""

    name: str
    digits: int | None = None


@dataclass(frozen=True)
class Table:
    """A table as it is: what is undefined is None, and numbers are not rounded.

    Attributes
    ----------
    title : str
    columns : tuple of Column
    rows : tuple of tuple
        One cell for each column.
    notes : tuple of str
        The policy and whatever else must be read beside the figures; every rendering
        has them.
    """

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    @property
    def header(self) -> list[str]:
        """The headings."""
        return [column.name for column in self.columns]

    def printed(self, undefined: str = "-") -> list[list[str]]:
        """The rows with their numbers rounded for reading; small ones keep two digits."""
        return [
            [
                _printed(cell, column, undefined)
                for cell, column in zip(row, self.columns, strict=True)
            ]
            for row in self.rows
        ]


def render(tables: Table | Sequence[Table], form: str = "text") -> str:
    """One or more tables as ``text``, ``csv``, ``latex`` or ``json``.

    Raises
    ------
    PremaskError
        For another form.
    """
    check_format(form)
    made = [tables] if isinstance(tables, Table) else list(tables)
    if form == "text":
        return "\n\n".join(_text(table) for table in made)
    if form == "csv":
        return "\n".join(_csv(table) for table in made)
    if form == "latex":
        return "\n\n".join(_latex(table) for table in made)
    content = {"tables": [_json(table) for table in made]}
    return json.dumps(content, indent=2, ensure_ascii=False)


def check_format(form: str) -> None:
    """Refuse a form that tables cannot be printed in."""
    if form not in FORMATS:
        raise PremaskError(
            f"a table cannot be printed as {form!r}; {', '.join(FORMATS)} are accepted"
            f"{nearest(form, FORMATS)}"
        )


def from_json(text: str, where: str) -> list[Table]:
    """The tables that :func:`render` has written as ``json``, to be shown again.

    Raises
    ------
    PremaskError
        For text that holds no tables; ``where`` starts its message.
    """
    content = parse_json(text, where)
    try:
        return [_table(one) for one in content["tables"]]
    except (KeyError, TypeError, AttributeError, IndexError):
        raise PremaskError(f"{where}: it holds no tables of premask") from None


def _table(content: dict[str, Any]) -> Table:
    rows = tuple(tuple(row[name] for name in content["columns"]) for row in content["rows"])
    cells = [cell for row in rows for cell in row]
    if not all(cell is None or isinstance(cell, str | int | float) for cell in cells):
        raise TypeError
    columns = tuple(
        Column(name, _digits([row[i] for row in rows])) for i, name in enumerate(content["columns"])
    )
    return Table(str(content["title"]), columns, rows, tuple(map(str, content["notes"])))


def _digits(cells: Sequence[Cell]) -> int | None:
    if any(isinstance(cell, str) for cell in cells):
        return None
    return 2 if any(isinstance(cell, float) for cell in cells) else 0


def _text(table: Table) -> str:
    rows = [table.header, *table.printed()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.columns))]
    lines = ["  ".join(_aligned(row, widths, table.columns)).rstrip() for row in rows]
    rule = "-" * max(len(line) for line in lines)
    return "\n".join([table.title, rule, lines[0], rule, *lines[1:], rule, *table.notes])


def _aligned(row: list[str], widths: list[int], columns: tuple[Column, ...]) -> list[str]:
    return [
        cell.ljust(width) if column.digits is None else cell.rjust(width)
        for cell, width, column in zip(row, widths, columns, strict=True)
    ]


def _csv(table: Table) -> str:
    """One header row; the title and the policy stand in every row, so that none is lost."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["table", *table.header, "policy"])
    policy = " ".join(table.notes)
    writer.writerows([table.title, *row, policy] for row in table.printed(undefined=""))
    return buffer.getvalue()


def _latex(table: Table) -> str:
    """A table environment, never wider than the text; the preamble needs graphicx.

    The caption is the title alone; what must be read beside the figures stands below them.
    """
    layout = "".join("l" if column.digits is None else "r" for column in table.columns)
    rows = [_latex_row(row) for row in table.printed(undefined="--")]
    return "\n".join(
        [
            r"% needs \usepackage{graphicx}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escaped(table.title)}.}}",
            rf"\label{{tab:{slug(table.title)}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{{layout}}}",
            r"\hline",
            _latex_row(table.header),
            r"\hline",
            *rows,
            r"\hline",
            r"\end{tabular}}",
            *(
                [rf"\par\smallskip{{\footnotesize\raggedright {_notes(table)}\par}}"]
                * bool(table.notes)
            ),
            r"\end{table}",
        ]
    )


def _notes(table: Table) -> str:
    return " ".join(_escaped(note) for note in table.notes)


def slug(title: str) -> str:
    """A title as part of a file's name, an address or a label."""
    return re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")


def _latex_row(cells: list[str]) -> str:
    return " & ".join(_escaped(cell) for cell in cells) + r" \\"


def _escaped(text: str) -> str:
    return re.sub(r"[\\~^&%$#_{}]", lambda found: _LATEX[found.group()], text)


def _json(table: Table) -> dict[str, object]:
    keys = _distinct(table.header)
    return {
        "title": table.title,
        "notes": list(table.notes),
        "columns": keys,
        "rows": [dict(zip(keys, row, strict=True)) for row in table.rows],
    }


def _distinct(headings: Sequence[str]) -> list[str]:
    """Headings as keys: a second ``A`` becomes ``A (2)``, so that no column is lost."""
    keys: list[str] = []
    for heading in headings:
        others = (f"{heading} ({n})" for n in itertools.count(2))
        candidates = itertools.chain([heading], (one for one in others if one not in headings))
        keys.append(next(one for one in candidates if one not in keys))
    return keys


def _printed(cell: Cell, column: Column, undefined: str) -> str:
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return undefined
    if isinstance(cell, float):
        rounded = f"{cell:.{column.digits or 0}f}"
        # what is not 0 is not printed as 0, but for what is left of rounding
        return f"{cell:.2g}" if not float(rounded) and abs(cell) > NOTHING else rounded
    return str(cell)
