"""The pages of reports: sections of text, tables, plots and pictures, in one file."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2
from markupsafe import Markup

from premask import __version__
from premask.io.files import write_atomically
from premask.workflow.tables import FORMATS, Table, render, slug

ENDINGS = {"csv": "csv", "latex": "tex", "json": "json"}


@dataclass(frozen=True)
class Picture:
    """One picture of a row: a micrograph, with a label map over it where there is one."""

    caption: str
    photo: str
    labels: str = ""


@dataclass
class Section:
    """A part of the report; ``missing`` says why something of it could not be made."""

    title: str
    text: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    plots: list[tuple[str, str]] = field(default_factory=list)
    pictures: list[list[Picture]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def rules(self) -> list[str]:
        """Notes that several of the tables have: they are said once, below all of them."""
        often = Counter(note for table in self.tables for note in dict.fromkeys(table.notes))
        return [note for note, n in often.items() if n > 1]


@dataclass(frozen=True)
class Page:
    """A page.

    Attributes
    ----------
    title, kind : str
        What it is about, and what kind of page it is, as in ``premask report``.
    phases : tuple of (str, str)
        Names and colours for the legend.
    sections : tuple of Section
    simulated : bool
        Said on top, so that nobody takes the figures for measurements.
    """

    title: str
    kind: str
    phases: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    simulated: bool = False


def render_page(page: Page) -> str:
    """The page as HTML that needs no other file; every text in it is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("premask.workflow"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html.j2").render(
        page=page,
        version=__version__,
        svg=Markup,
        downloads=_downloads,
        slug=slug,
    )


def write_tables(folder: Path, tables: Sequence[Table]) -> list[str]:
    """Write every table as CSV, LaTeX and JSON into a folder, and return the files' names."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in tables:
        for form, ending in ENDINGS.items():
            assert form in FORMATS
            path = folder / f"{slug(table.title)}.{ending}"
            write_atomically(path, render(table, form).encode())
            written.append(path.name)
    return written


def _downloads(table: Table) -> list[tuple[str, str, str]]:
    """Name of the form, file name and data URI of a table."""
    return [
        (
            form,
            f"{slug(table.title)}.{ending}",
            "data:text/plain;charset=utf-8;base64,"
            + base64.b64encode(render(table, form).encode()).decode(),
        )
        for form, ending in ENDINGS.items()
    ]
