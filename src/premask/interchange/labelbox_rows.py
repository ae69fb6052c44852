"""Rows of Labelbox: what is imported there, and its exports, v2 and v1."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from premask.core.errors import PremaskError
from premask.core.exchange import Report, ToolTime
from premask.core.words import count
from premask.interchange.fields import optional
from premask.interchange.labelbox_masks import Rgb, StoredMask
from premask.interchange.runs import check_size, shown
from premask.io.images import IMAGE_SUFFIXES

TOOL = "labelbox"
RULE = "stops after 300 s without activity; counted on submit and skip"

V1_TIMES: Mapping[str, str] = {
    "Seconds to Label": "seconds_to_label",
    "Seconds to Create": "seconds_to_create",
    "Seconds to Review": "seconds_to_review",
}


@dataclass(frozen=True)
class Object:
    """One mask of a label.

    Attributes
    ----------
    where : str
        For messages.
    name : str
        Of its feature: the phase.
    mask : StoredMask
    """

    where: str
    name: str
    mask: StoredMask


@dataclass(frozen=True)
class Label:
    """What one person made of one image.

    Attributes
    ----------
    where : str
        For messages.
    image : str
        The name of the image's file.
    id : str
        Of the label.
    annotator, changed : str
    times : tuple of ToolTime
    shape : (int, int) or None
        Height and width of the image, px, where the file tells them.
    objects : tuple of Object
    """

    where: str
    image: str
    id: str = ""
    annotator: str = ""
    changed: str = ""
    times: tuple[ToolTime, ...] = ()
    shape: tuple[int, int] | None = None
    objects: tuple[Object, ...] = ()


def is_import_row(row: object) -> bool:
    """Whether a row is one mask on its way into Labelbox."""
    return isinstance(row, dict) and "dataRow" in row


def import_row(row: Mapping[str, Any], where: str) -> tuple[str, Object | None]:
    """The image and the mask of a row that is imported; None for what is no mask.

    Raises
    ------
    PremaskError
        For a row without an image, a name or a mask that can be found.
    """
    data_row = optional(row, "dataRow", dict, where)
    image = data_row.get("globalKey") or data_row.get("id")
    if not isinstance(image, str):
        raise PremaskError(f"{where}: dataRow is {shown(data_row)}; a globalKey or id is accepted")
    if "mask" not in row:
        return image, None
    mask, name = optional(row, "mask", dict, where), _name(row, "name", where)
    if isinstance(mask.get("png"), str):
        return image, Object(where, name, StoredMask(png=mask["png"]))
    url = mask.get("instanceURI")
    if not isinstance(url, str):
        raise PremaskError(f"{where}: mask is {shown(mask)}; png or instanceURI is accepted")
    return image, Object(where, name, StoredMask(url=url, colour=_colour(mask, "colorRGB", where)))


def export_labels(row: object, where: str, report: Report) -> Iterator[Label]:
    """The labels of a row of an export.

    Raises
    ------
    PremaskError
        For what is no row of an export of Labelbox.
    """
    if isinstance(row, dict) and "data_row" in row:
        yield from _export_v2(row, where, report)
    elif isinstance(row, dict) and "Label" in row:
        yield from _export_v1(row, where, report)
    else:
        raise PremaskError(
            f"{where} is {shown(row)}, no row of Labelbox; its export v2 (or v1) and what is"
            " imported there are accepted"
        )


def _export_v2(row: Mapping[str, Any], where: str, report: Report) -> Iterator[Label]:
    image = _image_name(
        [optional(row, "data_row", dict, where).get(k) for k in ("external_id", "global_key", "id")]
    )
    media = optional(row, "media_attributes", dict, where)
    shape = (
        check_size(media["height"], media["width"], f"{where}: media_attributes")
        if media.get("height") is not None and media.get("width") is not None
        else None
    )
    n = 0
    for project in optional(row, "projects", dict, where).values():
        if not isinstance(project, dict):
            raise PremaskError(f"{where}: a project is {shown(project)}; an object is accepted")
        for label in optional(project, "labels", list, where):
            n += 1
            at = f"{where}, label {n}"
            if not isinstance(label, dict):
                raise PremaskError(f"{at} is {shown(label)}; an object is accepted")
            details = optional(label, "label_details", dict, at)
            performance = optional(label, "performance_details", dict, at)
            if performance.get("skipped") is True:
                report.add("left out", at, "it was skipped by its annotator")
                continue
            objects = optional(optional(label, "annotations", dict, at), "objects", list, at)
            yield Label(
                at,
                image,
                _text(label.get("id")),
                _text(details.get("created_by")),
                _text(details.get("updated_at")) or _text(details.get("created_at")),
                _times(performance, {k: k for k in V1_TIMES.values()}, at),
                shape,
                tuple(_masks(objects, at, report)),
            )
    if not n:
        report.add("no label map", where, f"{image} has no label")


def _masks(objects: list[Any], where: str, report: Report) -> Iterator[Object]:
    others = 0
    for number, one in enumerate(objects, 1):
        at = f"{where}, object {number}"
        if not isinstance(one, dict):
            raise PremaskError(f"{at} is {shown(one)}; an object is accepted")
        mask = one.get("composite_mask") or one.get("mask")
        if not isinstance(mask, dict):
            others += 1
            continue
        yield Object(at, _name(one, "name", at), _stored(one, mask, at))
    _report_others(report, where, others)


def _stored(one: Mapping[str, Any], mask: Mapping[str, Any], where: str) -> StoredMask:
    if isinstance(mask.get("png"), str):
        return StoredMask(png=mask["png"])
    colour = _colour(mask, "color_rgb", where) if "color_rgb" in mask else None
    return StoredMask(_text(one.get("feature_id")), _text(mask.get("url")), colour)


def stored_masks(row: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], StoredMask]]:
    """The objects of a row of an export v2 with a mask that is somewhere else, and that mask.

    The row is one that :func:`export_labels` takes.
    """
    for project in (row.get("projects") or {}).values():
        for label in project.get("labels") or []:
            for one in (label.get("annotations") or {}).get("objects") or []:
                mask = one.get("composite_mask") or one.get("mask")
                if isinstance(mask, dict):
                    stored = _stored(one, mask, "Labelbox")
                    if stored.url:
                        yield one, stored


def _export_v1(row: Mapping[str, Any], where: str, report: Report) -> Iterator[Label]:
    image = _image_name([row.get("External ID"), row.get("Global Key"), row.get("DataRow ID")])
    if row.get("Skipped") is True:
        report.add("left out", where, "it was skipped by its annotator")
        return
    label = optional(row, "Label", dict, where)
    objects = []
    others = 0
    for number, one in enumerate(optional(label, "objects", list, where), 1):
        at = f"{where}, object {number}"
        if not isinstance(one, dict):
            raise PremaskError(f"{at} is {shown(one)}; an object is accepted")
        if not isinstance(one.get("instanceURI"), str):
            others += 1
            continue
        name = _name(one, "title" if "title" in one else "value", at)
        mask = StoredMask(_text(one.get("featureId")), one["instanceURI"])
        objects.append(Object(at, name, mask))
    _report_others(report, where, others)
    changed = _text(row.get("Updated At")) or _text(row.get("Created At"))
    times = _times(row, V1_TIMES, where)
    annotator = _text(row.get("Created By"))
    id_ = _text(row.get("ID"))
    yield Label(where, image, id_, annotator, changed, times, None, tuple(objects))


def _report_others(report: Report, where: str, n: int) -> None:
    if n:
        report.add("left out", where, f"{count(n, 'object')} that are no masks", n)


def _image_name(names: list[object]) -> str:
    """The first name with the ending of an image, else the first."""
    texts = [name for name in names if isinstance(name, str) and name]
    files = [name for name in texts if name.lower().endswith(IMAGE_SUFFIXES)]
    return next(iter([*files, *texts]), "")


def _times(
    content: Mapping[str, Any], fields: Mapping[str, str], where: str
) -> tuple[ToolTime, ...]:
    times = []
    for key, name in fields.items():
        seconds = content.get(key)
        if seconds is None:
            continue
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not number or not 0 <= seconds < math.inf:
            raise PremaskError(f"{where}: {key} is {shown(seconds)}; seconds are accepted")
        times.append(ToolTime(TOOL, name, float(seconds), RULE))
    return tuple(times)


def _colour(content: Mapping[str, Any], key: str, where: str) -> Rgb:
    value = content.get(key)
    parts = value if isinstance(value, list) else []
    if [*map(type, parts)] != [int, int, int] or not all(0 <= part <= 255 for part in parts):
        raise PremaskError(f"{where}: {key} is {shown(value)}; three numbers to 255 are accepted")
    return parts[0], parts[1], parts[2]


def _name(content: Mapping[str, Any], key: str, where: str) -> str:
    value = content.get(key)
    if not isinstance(value, str):
        raise PremaskError(f"{where}: {key} is {shown(value)}; the name of a feature is accepted")
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
