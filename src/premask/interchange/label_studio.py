"""Label Studio: tasks with bitmasks or brush masks, in and out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.exchange import (
    Ids,
    Incoming,
    LabelMap,
    Layer,
    Outgoing,
    Report,
    Target,
    first_position,
)
from premask.core.phases import VOID, VOID_NAME, Phases
from premask.interchange.folders import files_in
from premask.interchange.label_studio_pngs import load_pngs, region_pngs
from premask.interchange.label_studio_regions import (
    HALF,
    LABELS,
    Control,
    RasterRegion,
    regions_of,
)
from premask.interchange.label_studio_tasks import OWN, Made, Task, read_task
from premask.interchange.newest import Row, newest
from premask.interchange.overlay import Region, overlay
from premask.interchange.pictures import PICTURES, picture_beside, picture_name, write_picture
from premask.interchange.vocabulary import Vocabulary
from premask.io.json_parts import Entry, json_entries

CONFIG = "label-config.xml"
"""The labelling interface, to be pasted into the settings of a project."""

LOCAL_FILES = "/data/local-files/?d=images/"
"""Where Label Studio finds pictures whose folder it serves itself."""

LARGEST_PART = 100_000_000
"""Characters of a file of tasks; Label Studio takes uploads of up to 250 MB."""


def load_label_studio(path: Path, vocabulary: Vocabulary) -> Iterator[Incoming]:
    """The annotations of an export as JSON, JSON_MIN or BRUSH_TO_PNG, or its predictions.

    Parameters
    ----------
    path : Path
        A JSON file; or a folder of them, with the pictures in ``images/`` where they come
        along; or a folder of the PNGs of regions with a JSON export of the same project, which
        tells the names of the images.

    Raises
    ------
    PremaskError
        For a file that is no export of Label Studio, and on reading for a damaged mask.
    """
    if path.is_file():
        files, root = [path], path.parent
    else:
        own = f"{OWN}.json"
        files, root = [one for one in files_in(path, [".json"]) if one.name != own], path
    if root is path and region_pngs(path):
        rows = load_pngs(path, files, vocabulary)
    else:
        rows = (
            row
            for file in files
            for entry, content in json_entries(file)
            for row in _rows(entry, content, root, vocabulary)
        )
    yield from newest(rows, vocabulary.report)


load_label_studio_rle = load_label_studio


def _read_task(entry: Entry, content: Any, predictions: bool, report: Report) -> Task:
    return read_task(content, entry.where, predictions=predictions, report=report)


def _rows(entry: Entry, content: Any, root: Path, vocabulary: Vocabulary) -> Iterator[Row]:
    task = _read_task(entry, content, vocabulary.predictions, vocabulary.report)
    if not task.made:
        vocabulary.report.add("no label map", entry.where, f"{task.name} has none here")
    for number, made in enumerate(task.made):
        if not made.regions and task.shape is None:
            vocabulary.report.add("no label map", made.where, f"{task.name}: no masks")
            continue
        incoming = Incoming(
            task.name,
            made.where,
            partial(_read, entry, number, vocabulary),
            id=task.id,
            annotator=made.annotator,
            method=made.method,
            times=made.times,
            image=picture_beside(root, task.name),
            image_name=task.file_name,
        )
        own = (entry.path.name, entry.number) if task.number is None else task.number
        yield own, made.changed, incoming


def _read(entry: Entry, number: int, vocabulary: Vocabulary) -> LabelMap:
    # What is left out of the task has been reported when it was listed.
    task = _read_task(entry, entry.read(), vocabulary.predictions, Report())
    made = task.made[number]
    shapes = {(one.height, one.width): one for one in made.regions}
    if len(shapes) > 1:
        sizes = " and ".join(f"{width}x{height}" for height, width in shapes)
        raise PremaskError(f"{made.where}: its regions are of images of {sizes} px; one is needed")
    shape = next(iter(shapes), task.shape)
    if shape is None:
        raise PremaskError(f"{entry.where}: the file has changed while it was read")
    return overlay(shape, _painted(made, vocabulary), vocabulary.report, made.where)


def _painted(made: Made, vocabulary: Vocabulary) -> Iterator[Region]:
    soft = 0
    for region in made.regions:
        alpha = region.alpha()
        mask = alpha >= HALF
        soft += int(np.count_nonzero(alpha)) - int(np.count_nonzero(mask))
        if mask.any():
            yield _index(region, mask, vocabulary), mask, (0, 0)
    if soft:
        vocabulary.report.add(
            "loss", made.where, f"{soft} px of soft edges are covered by less than half", soft
        )


def _index(region: RasterRegion, mask: NDArray[np.bool_], vocabulary: Vocabulary) -> int:
    n, at = int(np.count_nonzero(mask)), first_position(mask)
    if region.label:
        return vocabulary.index(region.label, region.where, n, at)
    vocabulary.report.add("unknown", region.where, f"it has no label; its {n} px are void", n, at)
    return VOID


def save_label_studio(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write tasks with bitmasks, the labelling interface, and the pictures.

    Candidates become predictions under their method as ``model_version``, labels an annotation
    with the active time as ``lead_time``.
    """
    return _save(images, target, Control("bitmasklabels"))


def save_label_studio_rle(images: Iterable[Outgoing], target: Target) -> Ids:
    """Write tasks with brush masks; otherwise as :func:`save_label_studio`."""
    return _save(images, target, Control("brushlabels"))


def _save(images: Iterable[Outgoing], target: Target, control: Control) -> Ids:
    config = label_config(target.phases, control)
    (target.folder / CONFIG).write_text(config, encoding="utf-8", newline="\n")
    with _Parts(target.folder) as parts:
        for image in images:
            address = (target.prefix or LOCAL_FILES) + quote(picture_name(image))
            parts.add(task_of(image, address, target.phases, control))
            if target.pictures:
                write_picture(target.folder / PICTURES, image)
    return {**{name: name for name in target.phases.names}, VOID_NAME: None}


def task_of(image: Outgoing, address: str, phases: Phases, control: Control) -> dict[str, Any]:
    """A task: the image's address and all its label maps."""
    return {
        "data": task_data(image, address, control),
        "annotations": [annotation_of(x, phases, control) for x in image.layers if not x.method],
        "predictions": [prediction_of(x, phases, control) for x in image.layers if x.method],
    }


def task_data(image: Outgoing, address: str, control: Control) -> dict[str, Any]:
    """What a task knows of its image."""
    annotator = next((one.annotator for one in image.layers if not one.method), "")
    own = {
        "id": image.id,
        "file": image.file_name,
        "width": image.width,
        "height": image.height,
        **({"annotator": annotator} if annotator else {}),
    }
    return {control.data: address, OWN: own}


def annotation_of(layer: Layer, phases: Phases, control: Control) -> dict[str, Any]:
    """Labels as an annotation, with their active time where it is known."""
    return {
        "result": _result(layer, phases, control),
        "ground_truth": False,
        **({} if layer.seconds is None else {"lead_time": round(layer.seconds, 3)}),
    }


def prediction_of(layer: Layer, phases: Phases, control: Control) -> dict[str, Any]:
    """A candidate as a prediction."""
    return {"model_version": layer.method, "result": _result(layer, phases, control)}


def _result(layer: Layer, phases: Phases, control: Control) -> list[dict[str, Any]]:
    return regions_of(layer.read(), dict(enumerate(phases.names)), control)


def label_config(phases: Phases, control: Control) -> str:
    """The labelling interface with the phases in their colours.

    Examples
    --------
    >>> from premask.core.phases import make_phases
    >>> print(label_config(make_phases(["Alpha", "TiN"]), Control("brushlabels")), end="")
    <View>
      <Image name="image" value="$image" zoom="true" zoomControl="true"/>
      <BrushLabels name="label" toName="image">
        <Label value="Alpha" background="#0072b2"/>
        <Label value="TiN" background="#e69f00"/>
      </BrushLabels>
    </View>
    """
    tag = LABELS[control.kind]
    labels = "".join(
        f'    <Label value={quoteattr(one.name)} background="{one.colour}"/>\n'
        for one in phases.phases
    )
    image, name = quoteattr(control.image), quoteattr(control.name)
    return (
        f'<View>\n  <Image name={image} value="${control.data}" zoom="true" zoomControl="true"/>\n'
        f"  <{tag} name={name} toName={image}>\n{labels}  </{tag}>\n</View>\n"
    )


class _Parts:
    """``tasks.json``, and ``tasks-2.json`` and so on where one would be too large to upload."""

    def __init__(self, folder: Path):
        self.folder, self.number, self.size = folder, 0, 0

    def __enter__(self) -> _Parts:
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _open(self) -> None:
        self.number, self.size = self.number + 1, 0
        name = "tasks.json" if self.number == 1 else f"tasks-{self.number}.json"
        self.file = (self.folder / name).open("w", encoding="utf-8", newline="\n")
        self.file.write("[")

    def _close(self) -> None:
        self.file.write("\n]\n")
        self.file.close()

    def add(self, task: dict[str, Any]) -> None:
        """Write one task."""
        text = json.dumps(task, ensure_ascii=False, separators=(",", ":"))
        if self.size and self.size + len(text) > LARGEST_PART:
            self._close()
            self._open()
        self.file.write(",\n" if self.size else "\n")
        self.file.write(text)
        self.size += len(text)
