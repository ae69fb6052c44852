"""MicroSteel, as it is released: https://doi.org/10.5281/zenodo.18826160."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from premask.core.exchange import Ids, Incoming, Outgoing, Report, Target
from premask.core.phases import VOID, VOID_NAME
from premask.interchange.colour_masks import encode_colour_mask
from premask.interchange.folders import files_in, root_of
from premask.interchange.palette import project_colours
from premask.interchange.pictures import write_picture
from premask.interchange.releases import (
    Picture,
    as_released,
    load_release,
    pictures_in,
    release_ids,
    released_colours,
)
from premask.interchange.vocabulary import Vocabulary
from premask.io.files import write_atomically
from premask.io.images import image_stem
from premask.io.label_maps import encode_label_map
from premask.io.structured import read_text

CLASSES = ("Alpha", "TiB2", "TiN", "FeTiB", "Fe2B")
TYPES = ("I", "II", "III")
LABELS, COLOURED, SPLITS = "labels/labels", "labels/coloured_labels", "splits"


def load_microsteel(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The index PNGs in ``labels/labels``, with the pictures in ``images_class*``.

    The processing type is the one in the file's name (``Class_III_...``), because pictures of
    another type lie in the folders; for other names it is the folder's. Entries of ``splits``
    that fit nothing are reported; the splits themselves are not kept.

    Raises
    ------
    PremaskError
        On reading, for a damaged label map.
    """
    root = root_of(path, LABELS, "images_class*")
    labels = files_in(root / LABELS, [".png"])
    pictures = _pictures(root, vocabulary.report)
    _check_splits(root, {image_stem(file.name) for file in labels}, vocabulary.report)
    yield from load_release(labels, pictures, CLASSES, vocabulary)


def _pictures(root: Path, report: Report) -> dict[str, Picture]:
    found: dict[str, Picture] = {}
    folders = sorted(one for one in root.glob("images*") if one.is_dir())
    for folder in folders:
        number = re.fullmatch(r"images_class([123])", folder.name)
        of_folder = TYPES[int(number[1]) - 1] if number else None
        for name, file in pictures_in(folder, report).items():
            named = re.match(r"Class_(I{1,3})_", name)
            kept = found.setdefault(name, Picture(file, named[1] if named else of_folder))
            if kept.path is not file:
                report.add("left out", file.name, f"it is in {kept.path.parent.name} too")
    for archive in files_in(root, [".zip"]):
        if archive.with_suffix("") not in folders:
            report.add("left out", archive.name, "packed pictures; unpack them into their folder")
    return found


def _check_splits(root: Path, stems: set[str], report: Report) -> None:
    files = files_in(root / SPLITS, [".txt"])
    for file in files:
        for line in filter(None, map(str.strip, read_text(file).splitlines())):
            where, stem = f"{SPLITS}/{file.name}", image_stem(line)
            if stem not in stems:
                report.add("no label map", where, f"there is no label map of {line}")
            elif line not in {stem, f"{stem}.png", f"{stem}.jpg"}:
                report.add("name", where, f"{line} is taken for {stem}: it has a second ending")
    if files:
        report.add("left out", SPLITS, "the split into parts is not kept", len(files))


def save_microsteel(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write the release's folders: labels, coloured labels, pictures by type.

    Values are the release's where all phases are its classes, else the phases' indices, which
    the manifest names. Pictures without a type lie in ``images``. A project has no splits, so
    that none are written.
    """
    ids = release_ids(target.phases, CLASSES)
    own = project_colours(target.phases)
    colours = {phase.index: own[phase.name] for phase in target.phases.phases}
    palette = released_colours(target.phases, ids)
    for folder in (LABELS, COLOURED):
        (target.folder / folder).mkdir(parents=True)
    for image in images:
        label_map = image.label_map
        data = encode_label_map(as_released(label_map, target.phases, ids), palette)
        write_atomically(target.folder / LABELS / f"{image.name}.png", data)
        data = encode_colour_mask(label_map, {**colours, VOID: own[VOID_NAME]})
        write_atomically(target.folder / COLOURED / f"{image.name}.png", data)
        if target.pictures:
            number = TYPES.index(image.type) + 1 if image.type in TYPES else None
            folder = f"images_class{number}" if number else "images"
            write_picture(target.folder / folder, image)
    return ids
