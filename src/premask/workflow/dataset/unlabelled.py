"""Images without a label map that are published beside the labelled ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from premask.core.records import ImageRecord
from premask.core.words import count, verb
from premask.project.images import read_pixels
from premask.project.project import Project
from premask.splits.near_duplicates import Thumbnail, thumbnail
from premask.workflow.dataset.files import image_facts
from premask.workflow.dataset.sides import Sides

UNLABELLED = "unlabelled"
"""Their folder, and their key in the manifest."""


@dataclass(frozen=True, eq=False)
class Bare:
    """An image without a label map in the data set.

    Attributes
    ----------
    row : dict
        Of the manifest.
    small : Thumbnail
        For near-duplicates.
    """

    stem: str
    type: str | None
    row: dict[str, Any]
    small: Thumbnail


def write_unlabelled(
    project: Project,
    folder: Path,
    chosen: Sequence[tuple[str, ImageRecord]],
    on_image: Callable[[int], None],
) -> list[Bare]:
    """Write images without label maps into a folder, sorted by their stems.

    Parameters
    ----------
    chosen : sequence of (str, ImageRecord)
        With their stems.
    on_image : callable
        Called with how many are done.
    """
    written = []
    for stem, image in sorted(chosen, key=lambda one: one[0]):
        pixels = read_pixels(project, image)
        row = image_facts(project, folder, UNLABELLED, stem, image, pixels)
        written.append(Bare(stem, image.type, row, thumbnail(pixels)))
        on_image(len(written))
    return written


def rows_of(bare: Sequence[Bare], sides: Sides) -> list[dict[str, Any]]:
    """Their rows in the manifest: with the group, and the labelled images that they repeat."""
    again = repeated(bare, sides)
    rows = []
    for one in bare:
        row = {**one.row, "group": sides.groups[one.stem]}
        if one.stem in sides.specimens:
            row["specimen"] = sides.specimens[one.stem]
        rows.append({**row, "repeats": again.get(one.stem, [])})
    return rows


def repeated(bare: Sequence[Bare], sides: Sides) -> dict[str, list[str]]:
    """The labelled images that show the same as an unlabelled one, by the latter's stem."""
    stems = {one.stem for one in bare}
    found: dict[str, list[str]] = {}
    for one in sides.duplicates:
        first, second = sides.stems[one.first], sides.stems[one.second]
        if first not in stems and second in stems:  # labelled ones come first
            found.setdefault(second, []).append(first)
    return found


def lines_of(bare: Sequence[Bare], sides: Sides) -> list[str]:
    """What must be known of them: that no split has them, and which of them are known already."""
    if not bare:
        return []
    lines = [f"{count(len(bare), 'image')} without a label map in `{UNLABELLED}/`, in no split."]
    again = repeated(bare, sides)
    if again:
        part_of = _parts(sides.splits)
        told = ", ".join(
            f"{stem} ({', '.join(f'{one}, {part_of[one]}' for one in own)})"
            for stem, own in again.items()
        )
        lines.append(
            f"{count(len(again), 'unlabelled image')} {verb(len(again), 'shows', 'show')} the same"
            f" as labelled ones: {told}. What learns from unlabelled images has to leave out those"
            " that repeat an image it is tested on; they have its group."
        )
    return lines


def _parts(splits: Mapping[str, Mapping[str, Sequence[str]]]) -> dict[str, str]:
    return {stem: part for part, stems in splits["default"].items() for stem in stems}
