"""What the published releases of label maps have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, Incoming, LabelMap, Report
from premask.core.phases import VOID, VOID_NAME, Phases
from premask.interchange.folders import files_in
from premask.interchange.values import labels_of
from premask.interchange.vocabulary import Vocabulary
from premask.io.images import image_size, image_stem
from premask.io.label_maps import read_label_map


@dataclass(frozen=True)
class Picture:
    """A micrograph of a release, with what the release says of it."""

    path: Path
    type: str | None = None
    um_per_px: float | None = None


def pictures_in(folder: Path, report: Report) -> dict[str, Path]:
    """The pictures of a folder by their names without any ending; of two the first."""
    found: dict[str, Path] = {}
    for file in files_in(folder):
        kept = found.setdefault(image_stem(file.name), file)
        if kept is not file:
            report.add("left out", file.name, f"{kept.name} is taken for the same image")
    return found


def load_release(
    labels: Iterable[Path],
    pictures: Mapping[str, Picture],
    classes: tuple[str, ...],
    vocabulary: Vocabulary,
) -> Iterator[Incoming]:
    """Index PNGs and the pictures that belong to them by name.

    A picture may be taller than its label map, by the microscope's information bar: that is
    the crop it is added with. Pictures without a label map are reported.

    Parameters
    ----------
    pictures : dict of str to Picture
        By name without any ending.
    classes : tuple of str
        Names of the values 0, 1, 2 ..., where no manifest names them.
    """
    names = vocabulary.numbers or dict(enumerate(classes))
    seen = set()
    for file in labels:
        picture = pictures.get(image_stem(file.name))
        seen.add(image_stem(file.name))
        yield Incoming(
            file.name if picture is None else picture.path.name,
            file.name,
            partial(_read, file, names, vocabulary),
            image=picture.path if picture else None,
            image_name=picture.path.name if picture else "",
            type=picture.type if picture else None,
            um_per_px=picture.um_per_px if picture else None,
            crop_bottom=_bar(picture.path, file) if picture else None,
        )
    for name, picture in pictures.items():
        if name not in seen:
            vocabulary.report.add(
                "no label map", picture.path.name, "the release has no label map of it"
            )


def _read(path: Path, names: Mapping[int, str], vocabulary: Vocabulary) -> LabelMap:
    return labels_of(read_label_map(path), path.name, vocabulary, names)


def _bar(picture: Path, label_map: Path) -> int | None:
    """Rows that the picture has more; None where the sizes do not say it."""
    try:
        (width, height), (own_width, own_height) = image_size(picture), image_size(label_map)
    except PremaskError:  # said when it is read
        return None
    return height - own_height if width == own_width and height > own_height else None


def release_ids(phases: Phases, classes: tuple[str, ...]) -> Ids:
    """The release's values where all phases are of its classes, else the phases' indices."""
    own = {name.casefold(): value for value, name in enumerate(classes)}
    known = all(name.casefold() in own for name in phases.names)
    ids: Ids = {
        phase.name: own[phase.name.casefold()] if known else phase.index for phase in phases.phases
    }
    return {**ids, VOID_NAME: VOID}


def as_released(label_map: LabelMap, phases: Phases, ids: Ids) -> LabelMap:
    """A label map in the values of a release."""
    table = np.full(256, VOID, np.uint8)
    for phase in phases.phases:
        table[phase.index] = ids[phase.name]
    return table[label_map]


def released_colours(phases: Phases, ids: Ids) -> list[str]:
    """The palette of such label maps."""
    colours = ["#000000"] * (1 + max(ids[name] for name in phases.names))
    for phase in phases.phases:
        colours[ids[phase.name]] = phase.colour
    return colours
