"""Tasks of Label Studio as its exports hold them: JSON, and JSON_MIN."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from premask.core.errors import PremaskError
from premask.core.exchange import Report, ToolTime
from premask.core.words import count
from premask.interchange.fields import optional
from premask.interchange.label_studio_regions import RasterRegion, is_raster, raster_region
from premask.interchange.runs import check_size, shown
from premask.io.images import IMAGE_SUFFIXES

TOOL = "label-studio"
LEAD_TIME_RULE = "wall clock, tab left open counts"

OWN = "premask"
"""Key in the data of a task: id, file name, width and height of the image, and the annotator."""

_UPLOADED = re.compile(r"(?:^|/)upload/\d+/[0-9a-f]{8}-(?=[^/]+$)")


@dataclass(frozen=True)
class Made:
    """One annotation or prediction of a task.

    Attributes
    ----------
    where : str
        For messages.
    number : int or None
        Of the annotation.
    annotator, method : str
        Who or what made it.
    changed : str
        When, as the file says it.
    times : tuple of ToolTime
    regions : tuple of RasterRegion
        In the order in which they are drawn.
    """

    where: str
    number: int | None = None
    annotator: str = ""
    method: str = ""
    changed: str = ""
    times: tuple[ToolTime, ...] = ()
    regions: tuple[RasterRegion, ...] = ()


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes
    ----------
    number : int or None
        Of the task.
    name : str
        Of its image's file.
    id, file_name : str
        Of the image in a project of premask, where the task comes from one.
    shape : (int, int) or None
        Height and width of the image, px, where the task tells them.
    made : tuple of Made
        What was asked for.
    """

    number: int | None
    name: str
    id: str = ""
    file_name: str = ""
    shape: tuple[int, int] | None = None
    made: tuple[Made, ...] = ()


def read_task(content: object, where: str, *, predictions: bool, report: Report) -> Task:
    """A task as a file has it.

    Parameters
    ----------
    where : str
        The file and the entry, for messages.
    predictions : bool
        Whether predictions are asked for; annotations stand in where the task has none.
    report : Report
        Is told of what is left out.

    Raises
    ------
    PremaskError
        For what is no task of Label Studio.
    """
    if not isinstance(content, dict):
        raise PremaskError(f"{where} is {shown(content)}, and no task of Label Studio")
    if not {"data", "annotations", "predictions"} & content.keys():
        return _read_min(content, where, report)
    data = optional(content, "data", dict, where)
    own = _own(data, where)
    listed = optional(content, "predictions", list, where)
    full = [one for one in listed if isinstance(one, dict)]
    annotations = optional(content, "annotations", list, where)
    _left_out(
        report, where, len(optional(content, "drafts", list, where)), "draft", "not submitted"
    )
    if predictions and full:
        _left_out(report, where, len(annotations), "annotation", "predictions were asked for")
        made = [
            _read_prediction(one, f"{where}, prediction {i}", report)
            for i, one in enumerate(full, 1)
        ]
    else:
        if predictions:
            hint = "only their numbers are in the file (premask pull brings them)"
            _left_out(report, where, len(listed), "prediction", hint)
        else:
            _left_out(report, where, len(full), "prediction", "--as candidate imports them")
        read = (
            _read_annotation(one, f"{where}, annotation {i}", own, report)
            for i, one in enumerate(annotations, 1)
        )
        made = [one for one in read if one is not None]
    return Task(
        _number(content.get("id")),
        image_name(_image_value(data)),
        own.get("id", ""),
        own.get("file", ""),
        _shape(own, where),
        tuple(made),
    )


def _read_annotation(
    content: object, where: str, own: Mapping[str, Any], report: Report
) -> Made | None:
    if not isinstance(content, dict):
        raise PremaskError(f"{where} is {shown(content)}, and no annotation of Label Studio")
    if content.get("was_cancelled") is True:
        report.add("left out", where, "it was skipped by its annotator")
        return None
    annotator = _annotator(content.get("completed_by")) or own.get("annotator", "")
    regions = _regions(optional(content, "result", list, where), where, report)
    number = _number(content.get("id"))
    return Made(where, number, annotator, "", _changed(content), _times(content, where), regions)


def _read_prediction(content: Mapping[str, Any], where: str, report: Report) -> Made:
    method = content.get("model_version")
    regions = _regions(optional(content, "result", list, where), where, report)
    method = method if isinstance(method, str) and method else TOOL
    return Made(where, None, "", method, _changed(content), (), regions)


def _read_min(content: Mapping[str, Any], where: str, report: Report) -> Task:
    """An entry of JSON_MIN: one annotation, its regions under the names of their controls."""
    if not {"annotation_id", "annotator", "lead_time"} & content.keys():
        raise PremaskError(
            f"{where} is no task of Label Studio: it has neither data nor annotations; export the"
            " project as JSON or JSON_MIN"
        )
    own = _own(content, where)
    values = [one for value in content.values() if isinstance(value, list) for one in value]
    regions = [
        raster_region(one, one, f"{where}, region {i}")
        for i, one in enumerate(values, 1)
        if is_raster(one)
    ]
    _left_out(report, where, len(values) - len(regions), "result", "no masks")
    annotator = _annotator(content["annotator"]) if "annotator" in content else ""
    number = _number(content.get("annotation_id"))
    made = Made(
        where, number, annotator, "", _changed(content), _times(content, where), tuple(regions)
    )
    return Task(
        _number(content.get("id")),
        image_name(_image_value(content)),
        own.get("id", ""),
        own.get("file", ""),
        _shape(own, where),
        (made,) if number is not None or regions else (),
    )


def _regions(result: list[Any], where: str, report: Report) -> tuple[RasterRegion, ...]:
    found: list[tuple[object, RasterRegion]] = []
    others: dict[str, int] = {}
    for i, one in enumerate(result, 1):
        at = f"{where}, region {i}"
        if not isinstance(one, dict):
            raise PremaskError(f"{at} is {shown(one)}, and no region of Label Studio")
        value = one.get("value")
        if is_raster(value):
            found.append((one.get("id"), raster_region(value, one, at)))
        else:
            kind = str(one.get("type"))
            others[kind] = others.get(kind, 0) + 1
    for kind, n in others.items():
        _left_out(report, where, n, "result", f"of type {shown(kind)}, no masks")
    # Where shape and label are controls of their own, a region comes twice, once without label.
    labelled = {str(id_) for id_, region in found if region.label}
    return tuple(region for id_, region in found if region.label or str(id_) not in labelled)


def _times(content: Mapping[str, Any], where: str) -> tuple[ToolTime, ...]:
    seconds = content.get("lead_time")
    if seconds is None:
        return ()
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not 0 <= seconds < math.inf
    ):
        raise PremaskError(f"{where}: its lead_time is {shown(seconds)}; seconds are accepted")
    return (ToolTime(TOOL, "lead_time", float(seconds), LEAD_TIME_RULE),)


def _annotator(value: object) -> str:
    if isinstance(value, dict):
        return str(value.get("email") or "") or _annotator(value.get("id"))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"user {value}"
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _changed(content: Mapping[str, Any]) -> str:
    value = content.get("updated_at") or content.get("created_at")
    return value if isinstance(value, str) else ""


def _own(data: Mapping[str, Any], where: str) -> dict[str, Any]:
    own: dict[str, Any] = optional(data, OWN, dict, where)
    for key in ("id", "file", "annotator"):
        if not isinstance(own.get(key, ""), str):
            raise PremaskError(f"{where}: {OWN}.{key} is {shown(own[key])}; text is accepted")
    return own


def _shape(own: Mapping[str, Any], where: str) -> tuple[int, int] | None:
    if "height" not in own or "width" not in own:
        return None
    return check_size(own["height"], own["width"], f"{where}: {OWN}")


def _left_out(report: Report, where: str, n: int, noun: str, why: str) -> None:
    if n:
        report.add("left out", where, f"{count(n, noun)}: {why}", n)


def _image_value(data: Mapping[str, Any]) -> str:
    """The address of the image among the data of a task."""
    texts = {key: value for key, value in data.items() if isinstance(value, str)}
    if "image" in texts:
        return texts["image"]
    likely = [t for t in texts.values() if image_name(t).lower().endswith(IMAGE_SUFFIXES)]
    return next(iter(likely), "")


def image_name(address: str) -> str:
    """The name of a file by its address: without folders, query and the prefix of uploads.

    Examples
    --------
    >>> image_name("/data/upload/1/2d8b01a9-Stahl_7.png")
    'Stahl_7.png'
    >>> image_name("/data/local-files/?d=a%20b/c.png"), image_name("https://h/c%20d.png?key=1")
    ('c.png', 'c d.png')
    """
    if address.startswith("data:"):
        return ""
    path = address
    if address.startswith(("/", "http://", "https://")):
        try:
            parts = urlsplit(address)
        except ValueError:  # brackets that are no IPv6 address
            return ""
        inner = parse_qs(parts.query).get("d") if parts.path.endswith("local-files/") else None
        path = inner[0] if inner else unquote(parts.path)
    path = _UPLOADED.sub("/", path.replace("\\", "/"))
    return path.rpartition("/")[2]
