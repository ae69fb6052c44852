"""Tables 3 and 4 of the paper: of a project, or of any folder of index PNGs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from premask.core.errors import PremaskError
from premask.core.words import count
from premask.evaluate.dataset import Classes, count_classes, dataset_classes
from premask.io.label_maps import read_label_map
from premask.project.images import all_images
from premask.project.label_maps import read_version
from premask.project.project import Project
from premask.workflow.final_maps import final_version
from premask.workflow.label_folders import label_map_files, read_types
from premask.workflow.paper_tables import ALL, defined, percent
from premask.workflow.tables import Cell, Column, Table

SHARE_NOTE = (
    "Share: all labelled pixels together; mean and SD: over the images' own shares, an image"
    " without the phase counting as 0. They differ where images differ in size. Void pixels do not"
    " count."
)


def project_classes(project: Project) -> Classes:
    """The final label maps of a project, counted.

    Raises
    ------
    PremaskError
        Where no image has one.
    """
    counted = []
    for image in all_images(project):
        version = final_version(project, image)
        if version is not None:
            labels = read_version(project, version)
            counted.append(
                count_classes(labels, len(project.phases), name=image.name, type_=image.type)
            )
    if not counted:
        raise PremaskError(
            f"no image of {project.root} has a label map yet; submit some in premask annotate,"
            " or premask import them"
        )
    return dataset_classes(counted, len(project.phases))


def folder_classes(folder: Path, n_phases: int, types_csv: Path | None = None) -> Classes:
    """The label maps of a folder of index PNGs, counted; premask need not have made them.

    Parameters
    ----------
    types_csv : Path, optional
        Lines of ``stem,type``.

    Raises
    ------
    PremaskError
        For a folder without PNGs, and, naming the file, values that are no phase.
    """
    types = read_types(types_csv).by_stem if types_csv else {}
    counted = (
        count_classes(read_label_map(path), n_phases, name=path.name, type_=types.get(stem))
        for stem, path in label_map_files(folder).items()
    )
    return dataset_classes(counted, n_phases)


def types_notes(folder: Path, types_csv: Path | None) -> list[str]:
    """What of a CSV of types and a folder has no partner in the other."""
    if types_csv is None:
        return []
    types, files = read_types(types_csv), label_map_files(folder)
    untyped = [path.name for stem, path in files.items() if stem not in types.by_stem]
    unknown = [entry for stem, entry in types.entries.items() if stem not in files]
    return [
        f"{count(len(names), noun)} {why}: {', '.join(names)}."
        for names, noun, why in (
            (untyped, "label map", "without a type, counted in all images alone"),
            (unknown, "stem", "in the CSV of types without a label map"),
        )
        if names
    ]


def images_table(found: Classes, names: Sequence[str], notes: Sequence[str] = ()) -> Table:
    """Images, sizes and phases of each type (Table 3)."""
    columns = (Column("Type"), Column("Images", 0), Column("Sizes px"), Column("Phases"))
    rows = tuple(
        (
            type_,
            len(part.images),
            ", ".join(f"{w}x{h} ({n})" for (w, h), n in part.resolutions.items()),
            ", ".join(names[i] for i in part.present),
        )
        for type_, part in _blocks(found)
    )
    return Table("Table 3: images and phases", columns, rows, tuple(notes))


def shares_table(found: Classes, names: Sequence[str], notes: Sequence[str] = ()) -> Table:
    """Share of each phase in the pixels (Table 4), of all images and of each type."""
    columns = (
        Column("Type"),
        Column("Phase"),
        Column("Share %", 2),
        Column("Mean of images %", 2),
        Column("SD of images %", 2),
        Column("Images with it", 0),
    )
    rows: list[tuple[Cell, ...]] = []
    for type_, part in _blocks(found):
        mean, std = part.mean_share, part.std_share
        rows += [
            (
                type_,
                names[i],
                percent(part.share[i]),
                percent(mean[i]),
                percent(std[i]),
                int(part.images_with[i]),
            )
            for i in (range(len(names)) if type_ == ALL else part.present)
        ]
    void = defined(100 * found.void / max(1, found.void + int(found.pixels.sum())))
    told = f"Void: {found.void} px, {void:.2f} % of all."
    return Table("Table 4: share of each phase", columns, tuple(rows), (*notes, SHARE_NOTE, told))


def folder_tables(
    folder: Path,
    names: Sequence[str],
    types_csv: Path | None = None,
    numbers: Sequence[int] = (),
) -> list[Table]:
    """Tables 3 and 4 of a folder of index PNGs."""
    for number in numbers:
        if number not in FOLDER_TABLES:
            raise PremaskError(
                f"Table {number} needs a project; of a folder of label maps 3 and 4 can be made"
            )
    notes = types_notes(folder, types_csv)
    found = folder_classes(folder, len(names), types_csv)
    return [FOLDER_TABLES[number](found, names, notes) for number in numbers or FOLDER_TABLES]


def _blocks(found: Classes) -> list[tuple[str, Classes]]:
    return [*sorted(found.types.items()), (ALL, found)]


FOLDER_TABLES = {3: images_table, 4: shares_table}
