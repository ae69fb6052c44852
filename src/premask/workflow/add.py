"""Add micrographs to a project: read, find the scale and the information bar, keep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from premask.core.errors import PremaskError, nearest
from premask.core.micrograph import Image
from premask.core.records import ImageRecord
from premask.core.words import verb
from premask.features.few_values import COLOURS, GREYS, few_values
from premask.features.information_bar import information_bar
from premask.io.files import sha256_of
from premask.io.images import find_images, read_micrograph
from premask.project import objects
from premask.project.images import all_images, insert_image, read_pixels, update_image, with_crop
from premask.project.project import Project


@dataclass
class Added:
    """What became of the files that were to be added."""

    added: list[ImageRecord] = field(default_factory=list)
    present: list[str] = field(default_factory=list)
    """Names of files that were in the project under the same name before."""
    refused: list[str] = field(default_factory=list)
    """One line for each file that could not be added."""
    label_maps: list[Path] = field(default_factory=list)
    """Files in folders that are label maps and no micrographs, and were left out."""

    @property
    def label_maps_line(self) -> str:
        """What was taken for label maps, why, and how to add it all the same."""
        n, names = len(self.label_maps), [path.name for path in self.label_maps[:3]]
        more = f" and {n - len(names)} more" if n > len(names) else ""
        return (
            f"{n} {verb(n, 'looks like a label map', 'look like label maps')} (at most {GREYS}"
            f" grey levels or {COLOURS} colours) and {verb(n, 'was', 'were')} not added:"
            f" {', '.join(names)}{more};"
            " name a file itself to add it (premask import reads label maps as the truth)"
        )


def add_images(
    project: Project,
    paths: Sequence[Path],
    *,
    type_: str | None = None,
    crop_bottom: int | Literal["auto"] = "auto",
    um_per_px: float | None = None,
    page: int | None = None,
    on_image: Callable[[str, int, int], None] = lambda _name, _done, _total: None,
) -> Added:
    """Add files and folders of micrographs; a bad file is reported and the others go on.

    Label maps that lie in a folder with the micrographs are left out, see
    :func:`premask.features.few_values.few_values`.

    Parameters
    ----------
    paths : sequence of Path
        Files, which are taken as micrographs whatever they look like, and folders that
        are searched for images.
    type_ : str, optional
        Processing type, one of the project's if it names any.
    crop_bottom : int or "auto"
        Rows of the information bar, px; ``auto`` looks for one.
    um_per_px : float, optional
        Scale in µm per pixel; the file's own by default.
    page : int, optional
        Page of multi-page files, from 0.
    on_image : callable
        Told the file's name, how many are done, how many there are.

    Raises
    ------
    PremaskError
        For an unknown type, an impossible scale, or where no image is found at all.
    """
    check_type(project, type_)
    check_scale(um_per_px)
    files = find_images(paths)
    if not files:
        raise PremaskError(
            f"no images in {', '.join(map(str, paths))}; PNG, JPEG, BMP and TIFF are read"
        )
    result = Added()
    named = {path.resolve() for path in paths if not path.is_dir()}
    known = {image.id: image.name for image in all_images(project)}
    for done, path in enumerate(files):
        on_image(path.name, done, len(files))
        try:
            settings = (type_, crop_bottom, um_per_px, page)
            _add_one(project, path, settings, known, result, named=path.resolve() in named)
        except PremaskError as error:
            result.refused.append(str(error))
    return result


def _add_one(
    project: Project,
    path: Path,
    settings: tuple[str | None, int | Literal["auto"], float | None, int | None],
    known: dict[str, str],
    result: Added,
    *,
    named: bool,
) -> None:
    type_, crop_bottom, um_per_px, page = settings
    record, pixels = read_record(path, type_=type_, um_per_px=um_per_px, page=page)
    if record.id in known:
        if known[record.id] == path.name:
            result.present.append(path.name)
            return
        raise PremaskError(
            f"{path.name}: the project has this image already, as {known[record.id]}"
            " (same content); not added again"
        )
    if not named and few_values(pixels) is not None:
        result.label_maps.append(path)
        return
    record = with_crop(record, information_bar(pixels) if crop_bottom == "auto" else crop_bottom)
    record = replace(record, content=objects.put(project.root, path.read_bytes(), path.suffix))
    if insert_image(project, record):
        known[record.id] = path.name
        result.added.append(record)
    else:
        result.present.append(path.name)


def read_record(
    path: Path,
    *,
    type_: str | None = None,
    um_per_px: float | None = None,
    page: int | None = None,
) -> tuple[ImageRecord, Image]:
    """What a project would remember of an image file that is not in it yet, and its pixels.

    Raises
    ------
    PremaskError
        For a file that cannot be read.
    """
    micrograph = read_micrograph(path, page=page)
    digest = sha256_of(path.read_bytes())
    height, width = micrograph.pixels.shape[:2]
    record = ImageRecord(
        id=f"{digest}-{micrograph.page}" if micrograph.page else digest,
        name=path.name,
        content="",
        width=width,
        height=height,
        type=type_,
        um_per_px=um_per_px if um_per_px is not None else micrograph.um_per_px,
        scale_source="given" if um_per_px is not None else micrograph.scale_source,
        page=micrograph.page,
    )
    return record, micrograph.pixels


def check_type(project: Project, type_: str | None) -> None:
    """Refuse a processing type that the project does not name (if it names any)."""
    types = project.phases.by_type
    if type_ is not None and types and type_ not in types:
        raise PremaskError(
            f"no processing type {type_!r}; the project's types are {', '.join(types)}"
            f"{nearest(type_, types)}"
        )


def check_scale(um_per_px: float | None) -> None:
    """Refuse a scale that is not a positive number."""
    if um_per_px is not None and not 0 < um_per_px < 1e6:
        raise PremaskError(f"{um_per_px} µm per pixel is no scale; a positive number is accepted")


def change_image(
    project: Project,
    image: ImageRecord,
    *,
    type_: str | None = None,
    crop_bottom: int | Literal["auto"] | None = None,
    um_per_px: float | None = None,
) -> ImageRecord:
    """Give an image another type, crop or scale; what is None stays.

    Candidates and label maps belong to the crop that they were made in: with another crop
    they are out of sight, and come back with it.
    """
    check_type(project, type_)
    check_scale(um_per_px)
    changed = image
    if type_ is not None:
        changed = replace(changed, type=type_)
    if um_per_px is not None:
        changed = replace(changed, um_per_px=um_per_px, scale_source="given")
    if crop_bottom == "auto":
        whole = read_pixels(project, replace(image, crop_bottom=0))
        changed = with_crop(changed, information_bar(whole))
    elif crop_bottom is not None:
        changed = with_crop(changed, crop_bottom)
    update_image(project, changed)
    return changed
