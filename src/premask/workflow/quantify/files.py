"""What ``premask quantify --out`` writes: three CSVs, one JSON and a page."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from premask.core.errors import PremaskError
from premask.io.files import check_folder, write_atomically
from premask.quantify.particles import Particles
from premask.quantify.summary import PhaseNumbers
from premask.workflow.quantify.measure import MeasuredImage, Quantified

Cell = str | int | float

LENGTHS = (
    "x",
    "y",
    "left",
    "top",
    "width",
    "height",
    "equivalent_diameter",
    "feret_max",
    "feret_min",
    "perimeter",
    "major",
    "minor",
    "nearest_neighbour",
)
"""Columns of ``particles.csv`` in the unit of length; see :class:`Particles`."""


def write_files(found: Quantified, folder: Path, page: str) -> list[str]:
    """Write everything into a folder, which is made, and return the files' names.

    Raises
    ------
    PremaskError
        Where the folder cannot be made or written.
    """
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PremaskError(f"the folder {folder} cannot be made: {error.strerror}") from None
    summary = json.dumps(found.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    contents = {
        "fractions.csv": _csv(fraction_rows(found)),
        "interfaces.csv": _csv(interface_rows(found)),
        "particles.csv": _csv(particle_rows(found)),
        "summary.json": summary + "\n",
        "report.html": page,
    }
    for name, text in contents.items():
        write_atomically(folder / name, text.encode())
    return list(contents)


def fraction_rows(found: Quantified) -> Iterator[list[Cell]]:
    """The lines of ``fractions.csv``: each phase of each specimen, then of each image.

    The spread of an area fraction is over the fields of a specimen, or over the parts of an image.
    """
    unit = _plain(found.unit)
    area = "mm2" if unit == "um" else "mpx"
    yield [
        "specimen",
        "image",
        "phase",
        "fields",
        "parts",
        "area_fraction",
        "std",
        "ci95",
        "relative_accuracy_percent",
        "pooled_area_fraction",
        "particles",
        "at_border",
        "too_small",
        f"number_per_{area}",
        f"number_per_{area}_ci95",
        f"mean_intercept_{unit}",
        f"mean_intercept_{unit}_ci95",
        f"surface_per_volume_1_per_{unit}",
        f"mean_free_path_{unit}",
        "contiguity",
        "contiguity_ci95",
        "pooled_contiguity",
    ]
    for specimen in found.specimens:
        for phase, one in zip(found.names, specimen.numbers, strict=True):
            yield [specimen.name, "", phase, one.fraction.n, "", *_figures(one)]
    for image in found.images:
        for phase, one in zip(found.names, image.numbers, strict=True):
            counts = [int(image.field.pixels.any()), one.fraction.n]
            yield [image.specimen or "", image.name, phase, *counts, *_figures(one)]


def interface_rows(found: Quantified) -> Iterator[list[Cell]]:
    """The lines of ``interfaces.csv``: each phase with each, of each specimen and image.

    A phase with itself: the boundaries between its grains, where grains are known.
    """
    unit = _plain(found.unit)
    yield [
        "specimen",
        "image",
        "phase",
        "other",
        "fields",
        f"surface_per_volume_1_per_{unit}",
        "std",
        "ci95",
        "share_of_interfaces",
    ]
    groups: list[tuple[str, str, list[PhaseNumbers]]] = [
        *((one.name, "", one.numbers) for one in found.specimens),
        *((one.specimen or "", one.name, one.numbers) for one in found.images),
    ]
    for specimen, image, numbers in groups:
        for phase, (name, one) in enumerate(zip(found.names, numbers, strict=True)):
            for other, area in enumerate(one.interfaces):
                share = math.nan if other == phase else float(one.contacts[other])
                pair: list[Cell] = [specimen, image, name, found.names[other]]
                yield [*pair, area.n, area.mean, area.std, area.ci95, share]


def particle_rows(found: Quantified) -> Iterator[list[Cell]]:
    """The lines of ``particles.csv``: every particle of every image."""
    unit = _plain(found.unit)
    yield [
        "image",
        "specimen",
        "phase",
        "particle",
        f"area_{unit}2",
        *(f"{name}_{unit}" for name in LENGTHS),
        "aspect_ratio",
        "circularity",
        "at_edge",
        "at_void",
        "weight",
    ]
    for image in found.images:
        yield from _particles(image, found.names)


def _particles(image: MeasuredImage, names: list[str]) -> Iterator[list[Cell]]:
    particles: Particles = image.field.particles
    figures = np.stack(
        [
            particles.area,
            *(getattr(particles, name) for name in LENGTHS),
            particles.aspect_ratio,
            particles.circularity,
        ],
        axis=1,
    ).tolist()
    flags = np.stack([particles.at_edge, particles.at_void], axis=1).astype(int).tolist()
    for i, phase in enumerate(particles.phase.tolist()):
        start: list[Cell] = [image.name, image.specimen or "", names[phase], i]
        yield [*start, *figures[i], *flags[i], float(image.field.weights[i])]


def _figures(one: PhaseNumbers) -> list[Cell]:
    fraction, number, intercept = one.fraction, one.number_per_area, one.mean_intercept
    return [
        fraction.mean,
        fraction.std,
        fraction.ci95,
        fraction.relative_accuracy,
        one.pooled,
        one.number,
        one.border,
        one.small,
        number.mean,
        number.ci95,
        intercept.mean,
        intercept.ci95,
        one.surface_per_volume.mean,
        one.mean_free_path.mean,
        one.contiguity.mean,
        one.contiguity.ci95,
        one.pooled_contiguity,
    ]


def _csv(rows: Iterable[list[Cell]]) -> str:
    """What is not told is an empty cell; numbers have nine digits, more than pixels can tell."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(
        [
            ("" if math.isnan(cell) else f"{cell:.9g}") if isinstance(cell, float) else cell
            for cell in row
        ]
        for row in rows
    )
    return buffer.getvalue()


def _plain(unit: str) -> str:
    return unit.replace("µ", "u")
