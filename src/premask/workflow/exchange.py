"""Label maps into and out of a project, matched with its images by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest
from premask.core.phases import VOID
from premask.core.records import ImageRecord
from premask.interchange.png import load_png, save_png
from premask.project.images import all_images, stem
from premask.project.label_maps import latest, save_label_map
from premask.project.project import Project
from premask.workflow.derive import derive, pick

F = TypeVar("F")

LOADERS = {"png": load_png}
SAVERS = {"png": save_png}


@dataclass
class Exchanged:
    """What went over, and what did not and why."""

    done: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def import_label_maps(
    project: Project, format_: str, path: Path, *, images: Sequence[ImageRecord] | None = None
) -> Exchanged:
    """Read label maps as references: the truth that candidates are scored against.

    A map may have the size of the crop or of the original frame. Nothing is overwritten:
    a map that was imported before stays as an older version.

    Raises
    ------
    PremaskError
        For an unknown format, or where not one map fits an image.
    """
    loader = _known(LOADERS, format_)
    result = Exchanged()
    by_stem: dict[str, list[ImageRecord]] = {}
    for image in all_images(project) if images is None else images:
        by_stem.setdefault(stem(image.name), []).append(image)
    for name, load in loader(path):
        try:
            image = _image_of(name, by_stem)
            label_map = _fitted(project, image, load())
            save_label_map(
                project, image, label_map, annotator="imported", strategy="reference",
                note=f"{format_}: {path}",
            )  # fmt: skip
            result.done.append(image.name)
        except PremaskError as error:
            result.refused.append(str(error))
    if by_stem:
        result.notes.append(f"no label map for {_listed(sorted(by_stem))}")
    if not result.done and not result.refused:
        raise PremaskError(f"no label maps in {path}; index PNGs named like the images are read")
    return result


def _image_of(name: str, by_stem: dict[str, list[ImageRecord]]) -> ImageRecord:
    fits = by_stem.pop(name, [])
    if not fits:
        raise PremaskError(f"{name}: no image of this name in the project{nearest(name, by_stem)}")
    if len(fits) > 1:
        raise PremaskError(f"{name}: {len(fits)} images have this name; rename them")
    return fits[0]


def _fitted(
    project: Project, image: ImageRecord, label_map: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    height, width = label_map.shape
    if (height, width) == (image.height, image.width):
        label_map = label_map[: image.view_height]
    elif (height, width) != (image.view_height, image.width):
        raise PremaskError(
            f"{image.name}: its label map has {width}x{height} px, the image"
            f" {image.width}x{image.view_height} px; they must be equal"
            + (
                f" (crop it with: premask set PROJECT --image {image.name}"
                f" --crop-bottom {image.height - height})"
                if width == image.width and height < image.height
                else ""
            )
        )
    values = np.unique(label_map)
    wrong = values[(values >= len(project.phases)) & (values != VOID)]
    if wrong.size:
        raise PremaskError(
            f"{image.name}: its label map has the value {wrong[0]}; the project's"
            f" {len(project.phases)} phases are 0 to {len(project.phases) - 1}, and 255 is void"
        )
    return label_map


def export_label_maps(
    project: Project,
    format_: str,
    out: Path,
    *,
    what: str = "labels",
    method: str | None = None,
    frame: str = "crop",
) -> Exchanged:
    """Write label maps, or the candidates of one method, into a folder.

    Parameters
    ----------
    what : {"labels", "candidates"}
        ``labels``: the newest reference of each image.
    method : str, optional
        Which candidates; needed where there are several methods.
    frame : {"crop", "original"}
        The original frame is padded with void where the information bar was.

    Raises
    ------
    PremaskError
        For an unknown format, choice or method, or where there is nothing to write.
    """
    save = _known(SAVERS, format_)
    _one_of("--what", what, ("labels", "candidates"))
    _one_of("--frame", frame, ("crop", "original"))
    result = Exchanged()
    taken: dict[str, str] = {}
    colours = [phase.colour for phase in project.phases.phases]
    unnamed = []
    for image in all_images(project):
        if what == "labels":
            label_map = latest(project, image, "reference")
        else:
            candidate = pick(project, image, method)
            derived = derive(project, candidate) if candidate else None
            label_map = derived.label_map if derived else None
            if derived and not derived.named:
                unnamed.append(image.name)
        if label_map is None:
            result.notes.append(f"{image.name}: nothing to export")
            continue
        name = stem(image.name)
        if name in taken:  # the same name in two folders: the id tells them apart
            name = f"{name}-{image.id[:8]}"
        taken[name] = image.id
        save(out, name, _framed(label_map, image, frame), colours)
        result.done.append(image.name)
    if unnamed:
        result.notes.append(
            f"{_listed(unnamed)}: not named yet, exported as region indices, not phases"
        )
    if not result.done:
        raise PremaskError(
            f"there is nothing to export ({what}); make it with premask preannotate or premask"
            " import"
        )
    return result


def _framed(label_map: NDArray[np.uint8], image: ImageRecord, frame: str) -> NDArray[np.uint8]:
    if frame == "crop":
        return label_map
    return np.pad(label_map, ((0, image.height - label_map.shape[0]), (0, 0)), constant_values=VOID)


def _known(formats: dict[str, F], name: str) -> F:
    if name not in formats:
        raise PremaskError(
            f"the format {name!r} is not known; {', '.join(formats)} is{nearest(name, formats)}"
        )
    return formats[name]


def _one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise PremaskError(
            f"{option} {value!r} is not known; {' or '.join(known)} is accepted"
            f"{nearest(value, known)}"
        )


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
