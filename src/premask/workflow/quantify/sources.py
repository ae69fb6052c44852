"""The label maps that are quantified: of a folder of index PNGs, or the final ones of a project."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.micrograph import window
from premask.core.phases import MAX_PHASES, VOID, default_colour, make_phases
from premask.core.records import ImageRecord
from premask.io.images import image_stem
from premask.io.label_maps import read_colours, read_label_map
from premask.project.images import all_images, read_pixels
from premask.project.label_maps import read_version
from premask.project.project import Project
from premask.workflow.final_maps import ORDER_LINE, final_version
from premask.workflow.label_folders import index_pngs

Labels = NDArray[np.uint8]
Grains = NDArray[np.int32]

ONE_SPECIMEN = (
    "All images are taken as fields of one specimen; --specimens CSV says which belong together."
)
BY_TYPE = (
    "The images of one processing type are taken as fields of one specimen; --specimens CSV says"
    " otherwise."
)
BINARY = (
    "The label maps hold 0 and 255 alone, and 255 is void, not a phase. Where 255 means a phase,"
    " save it as 1."
)


@dataclass(frozen=True)
class Source:
    """One label map, to be read when its turn comes.

    Attributes
    ----------
    name, stem : str
    specimen : str or None
        None where the CSV of specimens does not name the image.
    um_per_px : float or None
    labels : callable
        Reads the label map.
    photo : callable or None
        Reads the micrograph, 8 bit, if there is one.
    grains : callable or None
        Reads the grain of each pixel, if they are known.
    """

    name: str
    stem: str
    specimen: str | None
    um_per_px: float | None
    labels: Callable[[], Labels]
    photo: Callable[[], Labels] | None = None
    grains: Callable[[], Grains] | None = None


@dataclass(frozen=True)
class Sources:
    """All of them, and what must be said of them.

    Attributes
    ----------
    title : str
        The folder's or project's name.
    phases : tuple of (str, str)
        Names and colours.
    images : tuple of Source
        At least one.
    notes : tuple of str
        How specimens, scales and label maps were found.
    unmatched : tuple of str
        A line for each kind of file or entry that was left out.
    """

    title: str
    phases: tuple[tuple[str, str], ...]
    images: tuple[Source, ...]
    notes: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()

    def with_told(self, kind: str, names: Sequence[str]) -> Sources:
        """The same with a further line of what was left out, if there is any."""
        if not names:
            return self
        line = f"{len(names)} {kind}: {', '.join(names)}"
        return replace(self, unmatched=(*self.unmatched, line))


def folder_sources(masks: Path, classes: str | None = None) -> Sources:
    """The index PNGs of a folder, or one of them.

    Parameters
    ----------
    classes : str, optional
        Names of the phases, ``A,B,C``; else they are named by their indices.

    Raises
    ------
    PremaskError
        For a folder without PNGs, files that are no label maps, too many phases.
    """
    if masks.is_file():
        title, ignored = image_stem(masks.name), list[str]()
        files = {title: masks}
    else:
        title = masks.resolve().name
        files, ignored = index_pngs(masks)
    names, notes = _names(masks, files, classes)
    if len(files) > 1:
        notes.append(ONE_SPECIMEN)
    colours = colours_of(next(iter(files.values())), len(names))
    images = tuple(
        Source(path.name, stem, title, None, partial(read_label_map, path))
        for stem, path in files.items()
    )
    found = Sources(title, tuple(zip(names, colours, strict=True)), images, tuple(notes))
    return found.with_told("not a PNG", ignored)


def project_sources(project: Project) -> Sources:
    """The final label maps of a project, with its micrographs, scales and types.

    Raises
    ------
    PremaskError
        Where no image has a label map.
    """
    records = all_images(project)
    repeated = Counter(record.name for record in records)
    title = project.root.resolve().name
    images, without = [], []
    for record in records:
        name = f"{record.name} ({record.id[:8]})" if repeated[record.name] > 1 else record.name
        version = final_version(project, record)
        if version is None:
            without.append(name)
            continue
        read = partial(read_version, project, version)
        photo = partial(_photo, project, record)
        specimen, stem = record.type or title, image_stem(record.name)
        images.append(Source(name, stem, specimen, record.um_per_px, read, photo))
    if not images:
        raise PremaskError(
            f"no image of {project.root} has a label map yet; submit some in premask annotate,"
            " or premask import them"
        )
    notes = [ORDER_LINE]
    if len(images) > 1:
        notes.append(BY_TYPE if any(record.type for record in records) else ONE_SPECIMEN)
    phases = tuple((one.name, one.colour) for one in project.phases.phases)
    found = Sources(title, phases, tuple(images), tuple(notes))
    return found.with_told("without a label map", without)


def some(names: Sequence[str]) -> str:
    """The first few names."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _names(masks: Path, files: dict[str, Path], classes: str | None) -> tuple[list[str], list[str]]:
    """Names of the phases, and what must be said of the values."""
    if classes is not None:
        return list(make_phases(classes.split(",")).names), []
    values = np.zeros(256, np.bool_)
    for path in files.values():
        values[np.unique(read_label_map(path))] = True
    present = np.flatnonzero(values[:VOID]).tolist()
    n = present[-1] + 1 if present else 1
    if n > MAX_PHASES:
        raise PremaskError(
            f"{masks} holds the value {n - 1}, and {MAX_PHASES} phases are the most; give label"
            " maps, whose values are phases: 0, 1, 2 ... and 255 for void"
        )
    return [str(i) for i in range(n)], [BINARY] if present == [0] and values[VOID] else []


def colours_of(path: Path, n: int) -> list[str]:
    """Those in the file where they tell the phases apart, else the default palette."""
    own = read_colours(path)[:n]
    return own if len(set(own)) == n else [default_colour(i) for i in range(n)]


def _photo(project: Project, record: ImageRecord) -> Labels:
    return window(read_pixels(project, record))
