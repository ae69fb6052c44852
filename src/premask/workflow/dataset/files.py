"""The images and label maps of a data set, written one by one, and a row of facts for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from PIL import Image as Pillow

from premask.core.errors import PremaskError
from premask.core.micrograph import Image
from premask.core.records import ImageRecord, LabelMapVersion
from premask.evaluate.dataset import ImageClasses, count_classes
from premask.evaluate.session_time import MEASURES, SessionTime, time_of
from premask.io.files import sha256_of, write_atomically
from premask.io.images import image_stem, reading
from premask.io.label_maps import encode_label_map
from premask.project import objects
from premask.project.events import events_by_session
from premask.project.images import all_images, read_pixels
from premask.project.imports import timed_maps
from premask.project.label_maps import image_versions, read_version
from premask.project.project import Project
from premask.project.sessions import all_sessions
from premask.splits.near_duplicates import Thumbnail, thumbnail
from premask.workflow.final_maps import ORDER, final_version

IMAGES, LABELS = "images", "labels"
"""The other label maps lie in ``labels_scratch``, ``labels_preannotated`` ..."""

COPIED = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff"})
"""Files that every reader of images takes as they are."""

_ORIENTATION = 0x0112  # of EXIF


@dataclass(frozen=True, eq=False)
class Written:
    """One image of the data set.

    Attributes
    ----------
    row : dict
        Of the manifest.
    classes : ImageClasses
        The final label map, counted.
    small : Thumbnail
        For near-duplicates.
    """

    stem: str
    type: str | None
    row: dict[str, Any]
    classes: ImageClasses
    small: Thumbnail


@dataclass
class Labelling:
    """How the label maps were made.

    Attributes
    ----------
    names : dict of str to str
        What each annotator is called.
    times : dict of int to SessionTime
        By session.
    choices : dict of int to dict
        By session, what a pre-annotated one began with.
    tool_minutes : dict of int to dict of str to float
        By label map, what other tools measured, min.
    """

    names: Mapping[str, str]
    times: Mapping[int, SessionTime]
    choices: Mapping[int, Mapping[str, Any]]
    tool_minutes: Mapping[int, Mapping[str, float]]


@dataclass
class Chosen:
    """The images with a label map and those without, each with its stem."""

    images: list[tuple[str, ImageRecord, list[LabelMapVersion]]] = field(default_factory=list)
    without: list[tuple[str, ImageRecord]] = field(default_factory=list)


def choose_images(project: Project) -> Chosen:
    """Each image that has a final label map, with the newest of each way of labelling.

    The final one comes first. Images of one name are told apart by their ids; what those
    without a label map are called changes no other's name.

    Raises
    ------
    PremaskError
        Where no image has a label map.
    """
    chosen, taken = Chosen(), set[str]()
    bare = []
    for image in all_images(project):
        final = final_version(project, image)
        if final is None:
            bare.append(image)
            continue
        found = [v for v in image_versions(project, image) if v.crop_bottom == image.crop_bottom]
        newest = {v.strategy: v for v in found if v.strategy in ORDER}
        others = [newest[s] for s in ORDER if s in newest and s != final.strategy]
        chosen.images.append((_stem(image, taken), image, [final, *others]))
    chosen.without = [(_stem(image, taken), image) for image in bare]
    if not chosen.images:
        raise PremaskError(
            f"no image of {project.root} has a label map yet; submit some in premask annotate,"
            " or premask import them"
        )
    return chosen


def _stem(image: ImageRecord, taken: set[str]) -> str:
    """A name that no image has yet, whatever the case."""
    stem = image_stem(image.name)
    if stem.casefold() in taken:
        stem = f"{stem}-{image.id[:8]}"
    taken.add(stem.casefold())
    return stem


def labelling_of(project: Project, chosen: Chosen, *, names: bool) -> Labelling:
    """What is known of how the chosen label maps were made.

    Parameters
    ----------
    names : bool
        Whether annotators keep their names; else they are ``annotator-1``, ``annotator-2`` ... in
        the order of their first label map.
    """
    versions = [version for _, _, own in chosen.images for version in own]
    people = dict.fromkeys(v.annotator for v in sorted(versions, key=lambda v: v.id) if v.annotator)
    called = {one: one if names else f"annotator-{i}" for i, one in enumerate(people, 1)}
    numbers = [version.session for version in versions if version.session is not None]
    logs = events_by_session(project, numbers) if numbers else {}
    return Labelling(
        called,
        {number: time_of(log) for number, log in logs.items()},
        {one.id: one.choice for one in all_sessions(project) if one.choice},
        {
            one.label_map: {time.measure: time.seconds / 60 for time in one.times}
            for one in timed_maps(project)
        },
    )


def write_files(
    project: Project,
    folder: Path,
    chosen: Chosen,
    labelling: Labelling,
    on_image: Callable[[int], None],
) -> list[Written]:
    """Write all images with their label maps into a folder; tell how many are done."""
    written = []
    on_image(0)
    for stem, image, versions in chosen.images:
        written.append(_write_one(project, folder, stem, image, versions, labelling))
        on_image(len(written))
    return written


def _write_one(
    project: Project,
    folder: Path,
    stem: str,
    image: ImageRecord,
    versions: Sequence[LabelMapVersion],
    labelling: Labelling,
) -> Written:
    pixels = read_pixels(project, image)
    facts_of_image = image_facts(project, folder, IMAGES, stem, image, pixels)
    maps, final = [], None
    for version in versions:
        place = LABELS if final is None else f"{LABELS}_{version.strategy}"
        label_map = read_version(project, version)
        if label_map.shape != pixels.shape[:2]:
            raise PremaskError(
                f"{image.name}: its {version.strategy} label map has the shape {label_map.shape},"
                f" the image {pixels.shape[:2]}; import it again"
            )
        data = encode_label_map(label_map, [phase.colour for phase in project.phases.phases])
        target = folder / place / f"{stem}.png"
        target.parent.mkdir(exist_ok=True)
        write_atomically(target, data)
        classes = count_classes(label_map, len(project.phases), name=stem, type_=image.type)
        final = final or classes
        facts = {"strategy": version.strategy, **_file_row(folder, target, data)}
        maps.append(facts | _how(version, labelling) | _pixels(classes))
    assert final is not None
    row = {
        **facts_of_image,
        "group": stem,
        "label_map": versions[0].strategy,
        "label_maps": maps,
    }
    return Written(stem, image.type, row, final, thumbnail(pixels))


def image_facts(
    project: Project, folder: Path, place: str, stem: str, image: ImageRecord, pixels: Image
) -> dict[str, Any]:
    """Write an image into a folder of the data set; what the manifest tells of it.

    Parameters
    ----------
    place : str
        The folder's name.
    pixels : ndarray of uint8 or uint16, shape (H, W) or (H, W, 3)
        What a label map lies on.
    """
    file, untouched = _write_image(project, folder / place, stem, image, pixels)
    return {
        "stem": stem,
        "type": image.type,
        "width": int(pixels.shape[1]),
        "height": int(pixels.shape[0]),
        "um_per_px": image.um_per_px,
        "um_per_px_source": image.scale_source,
        "image": {**_file_row(folder, file, file.read_bytes()), "untouched": untouched},
        "source": {
            "name": image.name,
            "sha256": image.id.partition("-")[0],
            "width": image.width,
            "height": image.height,
            "crop_bottom": image.crop_bottom,
            "page": image.page,
        },
    }


def _write_image(
    project: Project, folder: Path, stem: str, image: ImageRecord, pixels: Image
) -> tuple[Path, bool]:
    """The untouched file where the label map lies on just that; else a PNG of what it lies on."""
    source = objects.existing(project.root, image.content)
    folder.mkdir(exist_ok=True)
    whole = not image.crop_bottom and not image.page and source.suffix in COPIED
    if whole and _upright(source):
        target = folder / f"{stem}{source.suffix}"
        shutil.copyfile(source, target)
        return target, True
    target = folder / f"{stem}.png"
    write_atomically(target, bytes(imagecodecs.png_encode(np.ascontiguousarray(pixels), level=6)))
    return target, False


def _upright(path: Path) -> bool:
    """Whether other readers show it as premask does, which turns images by their EXIF data."""
    if path.suffix in {".tif", ".tiff"}:
        return True
    with reading(path), Pillow.open(path) as opened:
        return opened.getexif().get(_ORIENTATION, 1) in {0, 1}


def _file_row(folder: Path, path: Path, data: bytes) -> dict[str, Any]:
    return {
        "file": path.relative_to(folder).as_posix(),
        "sha256": sha256_of(data),
        "bytes": len(data),
    }


def _how(version: LabelMapVersion, labelling: Labelling) -> dict[str, Any]:
    """By whom, from what, and in which time."""
    time = labelling.times.get(version.session) if version.session is not None else None
    choice = labelling.choices.get(version.session or -1, {})
    minutes = None
    if time is not None and not time.problem:
        minutes = {measure: round(time.total.minutes(measure), 4) for measure in MEASURES}
    row: dict[str, Any] = {
        "annotator": labelling.names.get(version.annotator),
        "date": version.created[:10],
        "methods": sorted(set(choice.get("methods", {}).values())),
        "minutes": minutes,
    }
    if time is not None and time.problem:
        row["minutes_missing"] = time.problem
    tools = labelling.tool_minutes.get(version.id)
    if tools:
        row["tool_minutes"] = {name: round(value, 4) for name, value in sorted(tools.items())}
    return row


def _pixels(classes: ImageClasses) -> dict[str, Any]:
    return {"pixels": [int(n) for n in classes.pixels], "void": classes.void}


def with_group(written: Written, group: str, specimen: str | None) -> Written:
    """The same image in a group; ``specimen`` is what the user called it, where it was merged."""
    row = {**written.row, "group": group}
    if specimen is not None:
        row["specimen"] = specimen
    return replace(written, row=row)
