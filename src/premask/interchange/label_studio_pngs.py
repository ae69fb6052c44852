"""Label Studio's BRUSH_TO_PNG: a PNG for each region, and no names of images in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from premask.core.errors import PremaskError
from premask.core.exchange import Incoming, LabelMap, Report, first_position
from premask.interchange.label_studio_regions import HALF
from premask.interchange.label_studio_tasks import Task, read_task
from premask.interchange.newest import Row
from premask.interchange.overlay import Region, overlay
from premask.interchange.vocabulary import Vocabulary
from premask.io.images import read_indices
from premask.io.json_parts import json_entries

_NAME = re.compile(
    r"task-(?P<task>\d{1,18})-annotation-(?P<annotation>\d{1,18})-by-(?P<by>[^-]*)-(?P<rest>.+)"
    r"-(?P<number>\d{1,9})\.png"
)


@dataclass(frozen=True)
class _Png:
    path: Path
    task: int
    annotation: int
    by: str
    rest: str  # the control and the label
    number: int


def region_pngs(folder: Path) -> list[_Png]:
    """The PNGs of a folder that are regions, in the order of their names and numbers."""
    found = [(path, _NAME.fullmatch(path.name)) for path in folder.glob("task-*.png")]
    pngs = [
        _Png(path, int(m["task"]), int(m["annotation"]), m["by"], m["rest"], int(m["number"]))
        for path, m in found
        if m
    ]
    return sorted(pngs, key=lambda one: (one.task, one.annotation, one.rest, one.number))


def load_pngs(folder: Path, files: list[Path], vocabulary: Vocabulary) -> Iterator[Row]:
    """One label map for each annotation; a JSON export beside tells the images' names.

    Raises
    ------
    PremaskError
        Where no such export is there, or it has not the task of a PNG.
    """
    tasks = _tasks(files)
    groups: dict[tuple[int, int], list[_Png]] = {}
    for png in region_pngs(folder):
        groups.setdefault((png.task, png.annotation), []).append(png)
    for (number, annotation), pngs in groups.items():
        task = tasks.get(number)
        if task is None:
            raise PremaskError(
                f"{pngs[0].path.name}: the file does not say which image it is of, and"
                f" {'no JSON beside it does' if files else 'there is no JSON beside it'}; put the"
                " JSON_MIN export of the same project into the folder"
            )
        where = f"task-{number}-annotation-{annotation}"
        told = {made.number: made for made in task.made}.get(annotation)
        incoming = Incoming(
            task.name,
            where,
            partial(_read, where, pngs, vocabulary),
            id=task.id,
            annotator=told.annotator if told else _annotator(pngs[0].by),
            times=told.times if told else (),
            image_name=task.file_name,
        )
        yield number, told.changed if told else "", incoming


def _tasks(files: list[Path]) -> dict[int, Task]:
    """The tasks of exports by their numbers, without their masks."""
    tasks: dict[int, Task] = {}
    for file in files:
        for entry, content in json_entries(file):
            # the PNGs are what is imported, and what the report speaks of
            task = read_task(content, entry.where, predictions=False, report=Report())
            if task.number is not None:
                earlier = tasks[task.number].made if task.number in tasks else ()
                made = tuple(replace(one, regions=()) for one in task.made)
                tasks[task.number] = replace(task, made=(*earlier, *made))
    return tasks


def _annotator(by: str) -> str:
    return f"user {by}" if by.isdigit() else by


def _read(where: str, pngs: list[_Png], vocabulary: Vocabulary) -> LabelMap:
    height, width = _alpha(pngs[0]).shape
    shape = (height, width)
    return overlay(shape, _painted(pngs, shape, vocabulary), vocabulary.report, where)


def _painted(pngs: list[_Png], shape: tuple[int, int], vocabulary: Vocabulary) -> Iterator[Region]:
    for png in pngs:
        alpha = _alpha(png)
        if alpha.shape != shape:
            raise PremaskError(
                f"{png.path.name}: it has {alpha.shape[1]}x{alpha.shape[0]} px, the other regions"
                f" of its annotation {shape[1]}x{shape[0]} px; they must be equal"
            )
        mask = alpha >= HALF
        if mask.any():
            label = _label(png.rest, vocabulary)
            at = first_position(mask)
            n = int(np.count_nonzero(mask))
            yield vocabulary.index(label, png.path.name, n, at), mask, (0, 0)


def _alpha(png: _Png) -> LabelMap:
    values, _ = read_indices(png.path)
    if values.ndim != 2 or values.dtype != np.uint8:
        raise PremaskError(
            f"{png.path.name}: a region of Label Studio is grey of 8 bits, this is"
            f" {values.dtype} of shape {values.shape}; export it again"
        )
    return values


def _label(rest: str, vocabulary: Vocabulary) -> str:
    """The label after the control's name; both may have dashes, so that a known one is best."""
    parts = rest.split("-")
    tails = ["-".join(parts[i:]) for i in range(1, len(parts))]
    written = {name.translate(_DASHES).casefold(): name for name in vocabulary.accepted}
    known = [written[tail.casefold()] for tail in tails if tail.casefold() in written]
    return known[0] if known else (tails or [rest])[0]


_DASHES = str.maketrans("/\\", "--")
