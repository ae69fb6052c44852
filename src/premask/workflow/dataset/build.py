"""``premask dataset build``: a finished project as a data set that others can use."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from premask import __version__
from premask.core.errors import PremaskError
from premask.core.phases import VOID, Phases
from premask.core.words import count
from premask.evaluate.dataset import Classes, dataset_classes
from premask.evaluate.effort import effort
from premask.io.archives import pack
from premask.io.files import write_atomically
from premask.io.staging import publish, staging
from premask.project.project import Project
from premask.workflow.dataset.about import About, licence_line
from premask.workflow.dataset.card import Contents, card, newest_date, split_table
from premask.workflow.dataset.files import (
    Written,
    choose_images,
    labelling_of,
    with_group,
    write_files,
)
from premask.workflow.dataset.manifest import FORMAT_VERSION, MANIFEST, read_manifest
from premask.workflow.dataset.metadata import (
    METADATA,
    checksums,
    citation_cff,
    croissant,
    metadata_files,
)
from premask.workflow.dataset.sides import SideOptions, Sides, choose_sides
from premask.workflow.dataset.splits import SPLITS
from premask.workflow.dataset.sums import SUMS
from premask.workflow.dataset.tables import images_table, shares_table
from premask.workflow.dataset.unlabelled import (
    UNLABELLED,
    Bare,
    lines_of,
    rows_of,
    write_unlabelled,
)
from premask.workflow.effort_tables import effort_table
from premask.workflow.final_maps import ORDER_LINE
from premask.workflow.report.plots import share_histograms
from premask.workflow.tables import Table, render
from premask.workflow.tool_times import minutes_by


@dataclass
class Built:
    """What was built.

    Attributes
    ----------
    images : int
        With a label map.
    unlabelled : int
        Images without one that are there as well.
    splits : dict of str to dict of str to int
        Images in each part.
    duplicates : list of (str, str)
        Near-duplicates.
    files : list of Path
        The folder, the archive.
    remarks : list of str
        What must be known.
    """

    images: int = 0
    unlabelled: int = 0
    splits: dict[str, dict[str, int]] = field(default_factory=dict)
    duplicates: list[tuple[str, str]] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def build_dataset(
    project: Project,
    out: Path,
    about: About,
    options: SideOptions | None = None,
    *,
    names: bool = False,
    unlabelled: bool = False,
    archive: bool = False,
    on_image: Callable[[int, int], None] = lambda _done, _total: None,
    on_comparison: Callable[[int, int], None] = lambda _done, _total: None,
) -> Built:
    """Write a data set: images, final and further label maps, splits, and all about them.

    Parameters
    ----------
    out : Path
        A new or empty folder, or one that was built before, whose files are replaced; or a name
        that ends in ``.zip``.
    names : bool
        Whether annotators keep their names.
    unlabelled : bool
        Whether images without a label map are put into a folder of their own.
    archive : bool
        Whether ``OUT.zip`` is written beside the folder. The same project and options give the
        same bytes.
    on_image, on_comparison : callable
        Called with what is done and all of it.

    Raises
    ------
    PremaskError
        Where no image has a label map, the folder holds something else, or an option makes no
        sense. Nothing is written then.
    """
    before = _files_of_before(out)
    chosen = choose_images(project)
    with staging(out) as temporary:
        folder = temporary / "set"
        folder.mkdir()
        labelling = labelling_of(project, chosen, names=names)
        taken = chosen.without if unlabelled else []
        n, total = len(chosen.images), len(chosen.images) + len(taken)
        written = write_files(
            project, folder, chosen, labelling, lambda done: on_image(done, total)
        )
        bare = write_unlabelled(project, folder, taken, lambda done: on_image(n + done, total))
        sides = choose_sides(
            {one.stem: one.classes for one in written},
            {one.stem: one.small for one in written} | {one.stem: one.small for one in bare},
            options or SideOptions(),
            on_comparison,
        )
        written = [
            with_group(one, sides.groups[one.stem], sides.specimens.get(one.stem))
            for one in sorted(written, key=lambda one: one.stem)
        ]
        _write_about(project, folder, about, written, bare, sides, out.stem)
        left = [] if unlabelled else [image.name for _, image in chosen.without]
        built = _built(out, written, bare, sides, left, about)
        zipped = out.with_name(f"{out.name}.zip")
        if archive and out.suffix.lower() != ".zip":
            pack(folder, zipped)
            built.files.append(zipped)
        elif _is_earlier(zipped, folder):
            built.remarks.append(
                f"{zipped} is of an earlier build and was left; build with --zip as well, or"
                " remove it"
            )
        kept = {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
        publish(folder, out, last=MANIFEST)
    for name in before - kept:
        (out / name).unlink(missing_ok=True)
    return built


def _is_earlier(archive: Path, folder: Path) -> bool:
    """Whether an archive holds a data set of premask, and another one than a folder."""
    try:
        with zipfile.ZipFile(archive) as opened:
            opened.getinfo(MANIFEST)
            return opened.read(SUMS) != (folder / SUMS).read_bytes()
    except (OSError, KeyError, RuntimeError, zipfile.BadZipFile):  # none, or none of ours
        return False


def _files_of_before(out: Path) -> set[str]:
    """The files of an earlier data set in a folder; what it does not name is none of ours."""
    if out.suffix.lower() == ".zip" or not out.exists():
        return set()
    if not out.is_dir():
        raise PremaskError(f"{out} is a file; name a new folder, or one that ends in .zip")
    if not any(out.iterdir()):
        return set()
    if not (out / MANIFEST).is_file():
        raise PremaskError(f"{out} is not empty and no data set of premask; name a new folder")
    manifest = read_manifest(out)
    rows = [*manifest["images"], *manifest.get(UNLABELLED, [])]
    try:
        names = {one["file"] for r in rows for one in (r["image"], *r.get("label_maps", ()))}
    except (KeyError, TypeError):
        raise PremaskError(f"{out / MANIFEST} cannot be understood; name a new folder") from None
    root = out.resolve()
    return {name for name in names if (root / name).resolve().is_relative_to(root)}


def _write_about(
    project: Project,
    folder: Path,
    about: About,
    written: Sequence[Written],
    bare: Sequence[Bare],
    sides: Sides,
    name: str,
) -> None:
    """Everything that is not an image or a label map."""
    rows = [one.row for one in written]
    date = newest_date(rows)
    classes = dataset_classes((one.classes for one in written), len(project.phases))
    figures = _figures(folder, classes, project.phases)
    contents = Contents(
        about,
        project.phases,
        written,
        bare,
        classes,
        sides,
        figures,
        tuple(_times(project)),
        project.settings.simulated,
        name,
    )
    files = metadata_files(rows, sides.splits)
    of_bare = rows_of(bare, sides)
    files["croissant.json"] = croissant(about, project.phases, rows, of_bare, files[METADATA], date)
    files["CITATION.cff"] = citation_cff(about, date)
    files["README.md"] = card(contents)
    files["statistics.json"] = _statistics(classes, project.phases.names, sides, written)
    files[SPLITS] = _json(sides.splits)
    files[MANIFEST] = _json(_manifest(project, about, rows, of_bare, sides, date))
    for file, data in files.items():
        _put(folder, file, data)
    _put(folder, SUMS, checksums(folder))


def _manifest(
    project: Project,
    about: About,
    rows: Sequence[Mapping[str, Any]],
    bare: Sequence[Mapping[str, Any]],
    sides: Sides,
    date: str,
) -> dict[str, Any]:
    phases, stems = project.phases, sides.stems
    return {
        "premask_dataset": FORMAT_VERSION,
        "premask": __version__,
        "title": about.title,
        "version": about.version,
        "date": date,
        "licence": about.licence.name if about.licence else None,
        "authors": [author.citation for author in about.authors],
        "simulated": project.settings.simulated,
        "phases": [
            {"index": one.index, "name": one.name, "colour": one.colour} for one in phases.phases
        ],
        "void": VOID,
        "types": {name: list(own) for name, own in phases.by_type.items()},
        "inside": {name: list(own) for name, own in phases.inside.items()},
        "rule": ORDER_LINE,
        "near_duplicates": [
            {
                "first": stems[one.first],
                "second": stems[one.second],
                "shift": list(one.shift),
                "overlap": round(one.overlap, 3),
                "likeness": round(one.likeness, 3),
            }
            for one in sides.duplicates
        ],
        "splits": list(sides.splits),
        "images": list(rows),
        **({UNLABELLED: list(bare)} if bare else {}),
    }


def _statistics(
    classes: Classes, names: Sequence[str], sides: Sides, written: Sequence[Written]
) -> bytes:
    tables = [
        images_table(classes, names),
        shares_table(classes, names),
        split_table(sides.splits, written, names),
    ]
    return (render(tables, "json") + "\n").encode()


def _figures(folder: Path, classes: Classes, phases: Phases) -> tuple[tuple[str, str], ...]:
    """How the shares of the phases are spread over the images, all and by type (Figure 3)."""
    colours = [(phase.name, phase.colour) for phase in phases.phases]
    title = "Share of each phase in the images"
    parts = [(title, classes)]
    parts += [(f"{title}, type {name}", own) for name, own in classes.types.items()]
    figures = []
    for number, (name, part) in enumerate(parts):
        file = f"figures/shares-{number}.svg"
        _put(folder, file, (share_histograms(part, colours, str(number)) + "\n").encode())
        figures.append((name, file))
    return tuple(figures)


def _times(project: Project) -> list[Table]:
    """Table 7, where both strategies were timed; without what it leaves out, which has names."""
    found = effort(minutes_by(project, "active"))
    return [effort_table(found)] if found.types else []


def _built(
    out: Path,
    written: Sequence[Written],
    bare: Sequence[Bare],
    sides: Sides,
    without: Sequence[str],
    about: About,
) -> Built:
    stems = sides.stems
    remarks = [*lines_of(bare, sides)[1:], *sides.remarks]
    if without:
        remarks.insert(
            0, f"{count(len(without), 'image')} without a label map, left out: {', '.join(without)}"
        )
    if about.licence is None:
        remarks.append("no licence is stated, so that nobody may use it; e.g. --licence CC-BY-4.0")
    elif line := licence_line(about.licence):
        remarks.append(line)
    if not about.authors:
        remarks.append("no authors are stated; e.g. --authors 'Ana Ruiz (DaSCI); Ben Doe'")
    return Built(
        len(written),
        len(bare),
        {
            name: {part: len(own) for part, own in parts.items()}
            for name, parts in sides.splits.items()
        },
        [(stems[one.first], stems[one.second]) for one in sides.duplicates],
        [out],
        remarks,
    )


def _put(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    write_atomically(path, data)


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()
