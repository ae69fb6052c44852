"""What a user says of label maps beside them: scales, specimens, micrographs, grains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from premask.core.errors import PremaskError
from premask.core.micrograph import window
from premask.io.images import IMAGE_SUFFIXES, image_stem, read_micrograph
from premask.io.instances import read_instances
from premask.quantify.field import checked_scale
from premask.workflow.label_folders import ByStem, read_column
from premask.workflow.quantify.sources import Labels, Source, Sources, some

NO_SCALE = "Lengths are in px: no scale is known; --um-per-px X gives it."


def with_scales(found: Sources, um_per_px: float | None, csv: Path | None) -> Sources:
    """Give the images their scales; without those of all, none has one.

    Parameters
    ----------
    um_per_px : float, optional
        Of all images, also of those with a scale of their own.
    csv : Path, optional
        Lines of ``stem,µm per px``; they stand above ``um_per_px``.

    Raises
    ------
    PremaskError
        For a scale that is no positive number, and a CSV that cannot be read.
    """
    if um_per_px is not None:
        checked_scale(um_per_px)
    read = read_column(csv, "scale", "steel_07,0.025") if csv else ByStem({}, {})
    given = {stem: _scale(stem, text) for stem, text in read.by_stem.items()}
    images = tuple(
        replace(one, um_per_px=given.get(one.stem, um_per_px or one.um_per_px))
        for one in found.images
    )
    found = found.with_told("in the CSV of scales, but not there", _lone(found, read))
    bare = [one for one in images if one.um_per_px is None]
    if not bare:
        return replace(found, images=images)
    note = NO_SCALE
    if len(bare) < len(images):
        note = (
            f"Lengths are in px, as {len(bare)} of {len(images)} images have no scale"
            f" ({_where(bare, images)}); --um-per-px or --scales gives it. Images of different"
            " scales cannot be compared in px."
        )
    unscaled = tuple(replace(one, um_per_px=None) for one in images)
    return replace(found, images=unscaled, notes=(*found.notes, note))


def with_specimens(found: Sources, csv: Path) -> Sources:
    """Put the images into the specimens of a CSV of ``stem,specimen``.

    Raises
    ------
    PremaskError
        For a CSV that cannot be read, or that names none of the images.
    """
    read = read_column(csv, "specimen", "steel_07,heat 3")
    images = tuple(replace(one, specimen=read.by_stem.get(one.stem)) for one in found.images)
    left = [one.name for one in images if one.specimen is None]
    if len(left) == len(images):
        raise PremaskError(
            f"{csv} names no label map of {found.title} ({some(left)}); a line for each is"
            f" needed, matched by stem, e.g. {images[0].stem},heat 3"
        )
    notes = tuple(note for note in found.notes if "--specimens" not in note)
    found = found.with_told("not in the CSV of specimens, counted in no specimen", left)
    found = found.with_told("in the CSV of specimens, but not there", _lone(found, read))
    return replace(found, images=images, notes=notes)


def with_photos(found: Sources, folder: Path) -> Sources:
    """Put the micrographs of a folder beside the label maps of the same stem.

    Raises
    ------
    PremaskError
        For what is no folder.
    """
    photos = _by_stem(folder, "micrographs")
    images = tuple(
        replace(one, photo=partial(read_photo, photos[one.stem])) if one.stem in photos else one
        for one in found.images
    )
    bare = [one.name for one in images if one.stem not in photos]
    return replace(found, images=images).with_told("without a micrograph", bare)


def with_grains(found: Sources, folder: Path) -> Sources:
    """Put the instance maps of a folder beside the label maps of the same stem.

    Raises
    ------
    PremaskError
        For what is no folder, and where a label map has no instance map: the contiguity of a
        specimen is that of all its fields.
    """
    maps = _by_stem(folder, "instance maps")
    bare = [one.name for one in found.images if one.stem not in maps]
    if bare:
        raise PremaskError(
            f"{folder} has no instance map of {len(bare)} of {len(found.images)} label maps"
            f" ({some(bare)}); the contiguity needs one for each, of the same name"
        )
    images = tuple(
        replace(one, grains=partial(read_instances, maps[one.stem])) for one in found.images
    )
    return replace(found, images=images)


def _where(bare: Sequence[Source], images: Sequence[Source]) -> str:
    """The specimens whose images are all among some; of the others the images themselves."""
    rest = {one.specimen for one in images if one.um_per_px is not None}
    whole = dict.fromkeys(one.specimen for one in bare if one.specimen and one.specimen not in rest)
    lone = [one.name for one in bare if one.specimen not in whole]
    named = [f"all of {some(list(whole))}"] if whole else []
    return ", ".join([*named, *([some(lone)] if lone else [])])


def _by_stem(folder: Path, what: str) -> dict[str, Path]:
    if not folder.is_dir():
        raise PremaskError(f"{folder} is not a folder; give the folder of the {what}")
    return {
        image_stem(path.name): path
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in IMAGE_SUFFIXES
    }


def _scale(stem: str, text: str) -> float:
    try:
        return checked_scale(float(text.replace(",", ".")))
    except ValueError:
        raise PremaskError(
            f"the scale of {stem} is {text!r}; µm per pixel are accepted, e.g. steel_07,0.025"
        ) from None


def read_photo(path: Path) -> Labels:
    """A micrograph in 8 bit, for the eye."""
    return window(read_micrograph(path).pixels)


def _lone(found: Sources, read: ByStem) -> list[str]:
    """Entries of a CSV that name no image."""
    there = {one.stem for one in found.images}
    return [entry for stem, entry in read.entries.items() if stem not in there]
