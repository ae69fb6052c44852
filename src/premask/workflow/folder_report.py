"""Tables 3 and 4 and Figure 3 of a folder of index PNGs, as a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from premask import __version__
from premask.core.phases import Phases
from premask.core.words import count
from premask.evaluate.dataset import Classes
from premask.io.files import write_atomically
from premask.project.project import now
from premask.workflow.dataset.tables import FOLDER_TABLES, folder_classes, types_notes
from premask.workflow.paper_tables import ALL
from premask.workflow.report.page import Page, Section, render_page
from premask.workflow.report.plots import share_histograms


def write_folder_report(
    folder: Path, phases: Phases, out: Path, types_csv: Path | None = None
) -> int:
    """Write the page; the number of its bytes.

    Raises
    ------
    PremaskError
        As :func:`premask.workflow.dataset.tables.folder_classes`.
    """
    named = tuple((one.name, one.colour) for one in phases.phases)
    found = folder_classes(folder, len(named), types_csv)
    notes = types_notes(folder, types_csv)
    section = Section("Data set")
    section.tables = [made(found, phases.names, notes) for made in FOLDER_TABLES.values()]
    section.plots = histograms(found, named)
    about = Section("What the figures hang on")
    about.text = [
        f"{count(len(found.images), 'label map')}: every PNG of {folder.resolve().name}.",
        f"premask {__version__}; made {now()}.",
    ]
    page = Page(folder.resolve().name, "premask tables", named, (section, about))
    data = render_page(page).encode()
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(out, data)
    return len(data)


def histograms(found: Classes, phases: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Figure 3: of each type, and of all images where there are no types."""
    return [
        (f"Figure 3: shares of the phases, {type_}", share_histograms(part, phases, type_))
        for type_, part in sorted(found.types.items()) or [(ALL, found)]
    ]
