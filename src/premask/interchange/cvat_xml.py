"""CVAT's "CVAT for images 1.1": one XML file, a run-length mask a phase and image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.exchange import Ids, Incoming, LabelMap, Outgoing, Target
from premask.core.phases import VOID_NAME
from premask.interchange.cvat_time import Job, working_times
from premask.interchange.fields import find_picture, float_entry, whole_entry
from premask.interchange.folders import files_in
from premask.interchange.overlay import masks_of
from premask.interchange.palette import BLACK, Rgb, distinct
from premask.interchange.pictures import picture_name, write_picture
from premask.interchange.polygons import box_corners, corners, fill_polygon
from premask.interchange.rle import CvatMask, decode_cvat, encode_cvat
from premask.interchange.runs import check_size
from premask.interchange.shapes import Shape, lay
from premask.interchange.vocabulary import Vocabulary
from premask.io.markup import Part, read_part, read_parts

FILE = "annotations.xml"
PICTURES = "images"
AREAS = ("mask", "polygon", "box")
"""Shapes that are read; lines, points, tags, ellipses and cuboids are left out, and reported."""


def load_cvat_xml(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The images of an XML file, or of those in a folder, with the working time that lies there.

    Shapes lie on each other by their ``z_order``, then in the order of the file; a later one
    wins. Polygons and boxes are the pixels whose centres lie inside.

    Raises
    ------
    PremaskError
        For a file that is none of CVAT's, or of tracks; on reading, for a shape that does
        not fit the image.
    """
    files = sorted(path.rglob("*.xml")) if path.is_dir() else [path]
    if not files:
        raise PremaskError(
            f"{path.name}: it has no XML file; export from CVAT as CVAT for images 1.1"
        )
    contents = [_contents(file) for file in files]
    frames = [frame for own in contents for frame in own.frames]
    jobs = [job for own in contents for job in own.jobs]
    tables = files_in(path, [".csv"], deep=True)
    folders = sorted({file.parent for file in tables}) if path.is_dir() else [path.parent]
    times = iter(working_times(folders, frames, jobs, vocabulary.report))
    for own in contents:
        for part in own.images:
            name = part.attributes["name"]
            pictures = own.file.parent / PICTURES
            near = (pictures / part.attributes.get("subset", ""), pictures, own.file.parent)
            yield Incoming(
                name,
                f"{own.file.name}: {name}",
                partial(_read, own.file, part, vocabulary),
                annotator=own.annotator,
                times=next(times),
                image=find_picture(name, *near),
            )


@dataclass(frozen=True)
class Contents:
    """A file, without the shapes of its images.

    Attributes
    ----------
    images : list of Part
    frames : list of (str, int)
        Task and number of each.
    jobs : list of Job
    annotator : str
        Whom the task, or the job, is assigned to; empty for no one.
    """

    file: Path
    images: list[Part]
    frames: list[tuple[str, int]]
    jobs: list[Job]
    annotator: str


def _contents(file: Path) -> Contents:
    meta, images = Element("meta"), []
    for part in read_parts(file, "annotations"):
        if part.name == "track":
            raise PremaskError(
                f"{file.name}: it has tracks, as CVAT writes for videos; export as CVAT for images"
                " 1.1"
            )
        if part.name == "meta":
            meta = read_part(file, part)
        if part.name == "image":
            images.append(part)
    jobs, task = _jobs(meta, str(file))
    frames = [_frame(part, task, file.name) for part in images]
    annotator = (meta.findtext(".//assignee/username") or "").strip()
    return Contents(file, images, frames, jobs, annotator)


def _jobs(meta: Element, file: str) -> tuple[list[Job], str]:
    """The jobs of an export, and the task of images that do not tell theirs: the file, if none."""
    tasks = meta.findall("task") + meta.findall("project/tasks/task")
    jobs = []
    for task in tasks:
        for segment in task.iter("segment"):
            first, last = segment.findtext("start", ""), segment.findtext("stop", "")
            if first.strip().isdecimal() and last.strip().isdecimal():
                jobs.append(Job(_id(task), _id(segment), int(first), int(last)))
    alone = meta.find("job")  # an export of one job
    if alone is not None:
        jobs.append(Job(file, _id(alone), 0, 1 << 62))
    return jobs, _id(tasks[0]) if len(tasks) == 1 else file


def _id(element: Element) -> str:
    return (element.findtext("id") or "").strip()


def _frame(part: Part, task: str, file: str) -> tuple[str, int]:
    where = f"{file}: {part.attributes.get('name', 'an image')[:80]}"
    if not part.attributes.get("name"):
        raise PremaskError(f"{where}: it has no name; export it again")
    return part.attributes.get("task_id", task), whole_entry(part.attributes.get("id"), "id", where)


def _read(path: Path, part: Part, vocabulary: Vocabulary) -> LabelMap:
    where = f"{path.name}: {part.attributes['name']}"
    keys = ("height", "width")
    height, width = (whole_entry(part.attributes.get(key), key, where) for key in keys)
    check_size(height, width, where)
    image = read_part(path, part)
    other: dict[str, int] = {}
    found: list[tuple[int, Element, str]] = []
    for number, element in enumerate(image, 1):
        if element.tag in AREAS:
            own = f"{where}: {element.tag} {number}"
            found.append((whole_entry(element.get("z_order", "0"), "z_order", own), element, own))
        else:
            other[element.tag] = other.get(element.tag, 0) + 1
    for name, n in other.items():
        vocabulary.report.add("left out", where, f"{n} of <{name[:40]}>, which is no area", n)
    found.sort(key=lambda entry: entry[0])
    shapes = (_shape(element, height, width, own) for _, element, own in found)
    return lay((height, width), shapes, vocabulary, where)


def _shape(element: Element, height: int, width: int, where: str) -> Shape:
    label = element.get("label")
    if label is None:
        raise PremaskError(f"{where}: it has no label; export it again")
    if element.tag == "mask":
        return label, *_mask(element, height, width, where)
    if element.tag == "box":
        keys = ("xtl", "ytl", "xbr", "ybr")
        left, top, right, bottom = (float_entry(element.get(key), key, where) for key in keys)
        turned = float_entry(element.get("rotation", "0"), "rotation", where)
        points = box_corners(left, top, right, bottom, turned)
    else:
        pairs = element.get("points", "").replace(";", ",").split(",")
        points = [float_entry(text, "points", where) for text in pairs]
    return label, *fill_polygon(corners(points, where), height, width)


def _mask(
    element: Element, height: int, width: int, where: str
) -> tuple[NDArray[np.bool_], tuple[int, int]]:
    keys = ("left", "top", "width", "height")
    left, top, across, down = (whole_entry(element.get(key), key, where) for key in keys)
    # before anything of the size that the file claims is made
    if min(left, top) < 0 or min(across, down) < 1 or left + across > width or top + down > height:
        raise PremaskError(
            f"{where}: its box of {across}x{down} px at column {left}, row {top} is not within"
            f" the image of {width}x{height} px; is it the mask of another image?"
        )
    try:
        mask = decode_cvat(element.get("rle", ""), (0, 0, across, down), down, across)
    except PremaskError as error:
        raise PremaskError(f"{where}: {error}") from None
    return mask, (top, left)


def save_cvat_xml(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write ``annotations.xml`` for CVAT's "Upload annotations" as CVAT 1.1.

    One mask a phase, all of one ``z_order``; void is nowhere.

    Raises
    ------
    PremaskError
        For a name with characters that XML cannot hold.
    """
    names = target.phases.names
    with (target.folder / FILE).open("w", encoding="utf-8", newline="\n") as file:
        file.write(_head(dict(zip(names, distinct(target.colours, [BLACK]), strict=True))))
        for number, image in enumerate(images):
            name = f"{target.prefix}{picture_name(image)}"
            size = {"width": image.width, "height": image.height}
            file.write(f"  {tag('image', id=number, name=name, **size)}\n")
            for index, mask in masks_of(image.label_map):
                text = mask_tag(names[index], encode_cvat(np.ascontiguousarray(mask)))
                file.write(f"    {text}\n    </mask>\n")
            file.write("  </image>\n")
            if target.pictures:
                write_picture(target.folder / PICTURES, image)
        file.write("</annotations>\n")
    return {**{name: name for name in names}, VOID_NAME: None}


def mask_tag(label: str, mask: CvatMask, z_order: int = 0) -> str:
    """The opening tag of a mask."""
    box = {"left": mask.left, "top": mask.top, "width": mask.width, "height": mask.height}
    return tag("mask", label=label, source="file", occluded=0, rle=mask.rle, **box, z_order=z_order)


def tag(element: str, /, **attributes: str | float) -> str:
    """An opening tag.

    Raises
    ------
    PremaskError
        For an attribute with characters that XML cannot hold.
    """
    found = "".join(
        f" {key}={quoteattr(_checked(str(value)))}" for key, value in attributes.items()
    )
    return f"<{element}{found}>"


def _head(colours: Mapping[str, Rgb]) -> str:
    labels = "".join(
        f"        <label><name>{text_of(name)}</name>"
        f"<color>#{red:02x}{green:02x}{blue:02x}</color><type>any</type>"
        "<attributes></attributes></label>\n"
        for name, (red, green, blue) in colours.items()
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n'
        "  <meta>\n    <task>\n      <name>premask</name>\n      <mode>annotation</mode>\n"
        f"      <labels>\n{labels}      </labels>\n    </task>\n  </meta>\n"
    )


def text_of(text: str) -> str:
    """Text as it stands between tags.

    Raises
    ------
    PremaskError
        For text with characters that XML cannot hold.
    """
    return escape(_checked(text))


def _checked(text: str) -> str:
    wrong = [c for c in text if c < " " or "\ud800" <= c <= "\udfff" or c in "\ufffe\uffff"]
    if wrong:
        raise PremaskError(
            f"{text!r}: XML cannot hold the character {wrong[0]!r}; rename the image or the phase"
        )
    return text
