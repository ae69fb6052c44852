"""The annotations of a task as CVAT's REST API tells them, as its XML has them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from premask.core.errors import PremaskError
from premask.interchange.cvat_xml import mask_tag, tag, text_of
from premask.interchange.fields import entry
from premask.interchange.rle import CvatMask
from premask.interchange.runs import whole_numbers


def task_xml(
    task: str,
    annotator: str,
    frames: Sequence[object],
    annotations: Mapping[str, Any],
    labels: Mapping[int, str],
) -> bytes:
    """A task as a file of CVAT for images 1.1, for :func:`load_cvat_xml`.

    Parameters
    ----------
    frames : sequence of dict
        ``frames`` of ``/api/tasks/ID/data/meta``.
    annotations : dict
        ``/api/tasks/ID/annotations``.
    labels : dict of int to str
        Names by ids.

    Raises
    ------
    PremaskError
        For an answer that is not as CVAT's are.
    """
    where = f"task {task}"
    drawn: dict[int, list[str]] = {}
    for kind in ("shapes", "tags", "tracks"):
        for i, one in enumerate(entry({kind: [], **annotations}, kind, list, where), 1):
            own = f"{where}: {kind} {i}"
            element = _element(kind, one, labels, own)
            drawn.setdefault(entry(one, "frame", int, own), []).append(element)
    images = []
    for number, frame in enumerate(frames):
        own = f"{where}: frame {number}"
        opening = tag(
            "image",
            id=number,
            name=entry(frame, "name", str, own),
            width=entry(frame, "width", int, own),
            height=entry(frame, "height", int, own),
        )
        images.append("\n".join([opening, *drawn.get(number, []), "</image>"]))
    person = f"<assignee><username>{text_of(annotator)}</username></assignee>" if annotator else ""
    meta = f"<task><id>{task}</id>{person}</task>"
    return "\n".join(["<annotations>", f"<meta>{meta}</meta>", *images, "</annotations>"]).encode()


def _element(kind: str, one: object, labels: Mapping[int, str], where: str) -> str:
    """One annotation; of what has no area, the kind alone."""
    number = entry(one, "label_id", int, where)
    if number not in labels:
        raise PremaskError(f"{where}: the project there has no label {number}")
    label = labels[number]
    if kind != "shapes":
        return f"{tag(kind.removesuffix('s'), label=label)}</{kind.removesuffix('s')}>"
    shape = entry(one, "type", str, where)
    z_order = entry(one, "z_order", int, where)
    if shape == "mask":
        return f"{mask_tag(label, _mask(entry(one, 'points', list, where), where), z_order)}</mask>"
    if shape == "polygon":
        points = entry(one, "points", list, where)
        pairs = ";".join(f"{x},{y}" for x, y in zip(points[::2], points[1::2], strict=False))
        return f"{tag('polygon', label=label, points=pairs, z_order=z_order)}</polygon>"
    if shape == "rectangle":
        points = entry(one, "points", list, where)
        sides = dict(zip(("xtl", "ytl", "xbr", "ybr"), map(str, points), strict=False))
        turned = entry({"rotation": 0, **dict(one)}, "rotation", float, where)  # type: ignore[call-overload]
        return f"{tag('box', label=label, z_order=z_order, rotation=turned, **sides)}</box>"
    name = shape if re.fullmatch("[a-z]+", shape) else "shape"
    return f"{tag(name, label=label)}</{name}>"


def _mask(points: list[Any], where: str) -> CvatMask:
    numbers = whole_numbers(points, where).tolist()
    if len(numbers) < 5:
        raise PremaskError(f"{where}: {len(numbers)} numbers are no mask")
    *runs, left, top, right, bottom = numbers
    return CvatMask(tuple(runs), left, top, right - left + 1, bottom - top + 1)
