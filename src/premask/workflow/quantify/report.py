"""The page of ``premask quantify``: figures, histograms, and pictures of what was counted."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version

import numpy as np

from premask import __version__
from premask.core.words import count
from premask.quantify.pooled import SHAPE_PX, SHAPES, pooled_particles
from premask.workflow.quantify.measure import MeasuredSpecimen, Quantified
from premask.workflow.quantify.pictures import ALL_COUNT, LEGEND, MOST, Pictures
from premask.workflow.quantify.plots import Histogram, fractions_plot, histograms
from premask.workflow.quantify.tables import (
    contacts_table,
    fractions_table,
    images_table,
    interfaces_table,
    lines_table,
    shapes_table,
    sizes_table,
)
from premask.workflow.report.page import Page, Section, render_page

PANELS = {
    "equivalent_diameter": "diameter",
    "feret_max": "Feret max",
    "aspect_ratio": "aspect ratio",
    "circularity": "circularity",
    "nearest_neighbour": "nearest neighbour",
}
"""Histograms of a phase: the figure and its label."""
HISTOGRAM_NOTE = (
    "Histograms: dashed, the median. Shapes of particles of {px} px and more; nearest neighbours of"
    " all particles."
)


def render_quantified(found: Quantified, pictures: Pictures) -> str:
    """The page, in one file."""
    sections = (
        _fractions(found),
        _particles(found),
        Section(
            "Intercepts, interfaces, contacts",
            tables=[lines_table(found), interfaces_table(found), contacts_table(found)],
        ),
        _pictures(found, pictures),
        Section("Images", tables=[images_table(found)]),
        _how(found),
    )
    return render_page(Page(found.title, "premask quantify", found.phases, sections))


def _fractions(found: Quantified) -> Section:
    section = Section("Area fractions", tables=[fractions_table(found)])
    for specimen in found.specimens:
        shares = zip(found.names, specimen.numbers, strict=True)
        told = ", ".join(_share(name, one.fraction.mean, one.fraction.ci95) for name, one in shares)
        section.text.append(f"{specimen.name}, {count(specimen.fields, 'field')}: {told}.")
        if specimen.fields > 1:
            fields = [i.field.fractions for i in found.images if i.specimen == specimen.name]
            estimates = [one.fraction for one in specimen.numbers]
            plot = fractions_plot(specimen.name, found.phases, np.array(fields), estimates)
            section.plots.append((f"Fields of {specimen.name}", plot))
        else:
            section.missing.append(
                f"{specimen.name}: one field has no interval over fields; more images give one."
            )
    return section


def _share(name: str, mean: float, ci95: float) -> str:
    """In one piece: no-break spaces between the figure, its interval and its unit."""
    interval = "" if np.isnan(ci95) else f"\u00a0±\u00a0{100 * ci95:.1f}"
    return f"{_spoken(name)} {100 * mean:.1f}{interval}\u00a0%"


def _spoken(name: str) -> str:
    """A phase in a sentence; those without a name are numbers."""
    return f"phase\u00a0{name}" if name.isdigit() else name


def _particles(found: Quantified) -> Section:
    section = Section("Particles", tables=[sizes_table(found), shapes_table(found)])
    section.text.append(HISTOGRAM_NOTE.format(px=SHAPE_PX))
    for specimen in found.specimens:
        for phase, (name, colour) in enumerate(found.phases):
            one = specimen.numbers[phase]
            told = f"{specimen.name}, {_spoken(name)}: {count(one.counted, 'particle')} counted"
            if one.counted > 1:
                panels = list(_panels(found, specimen, phase))
                section.plots.append((told, histograms(f"{specimen.name} {phase}", colour, panels)))
            elif one.number:
                section.missing.append(f"{told} of {one.number}, no histograms.")
    return section


def _panels(found: Quantified, specimen: MeasuredSpecimen, phase: int) -> Iterator[Histogram]:
    fields = [image.field for image in found.images if image.specimen == specimen.name]
    pooled = pooled_particles(fields, phase)
    for name, label in PANELS.items():
        shape = name in SHAPES
        title = label if shape else f"{label}, {found.unit}"
        yield Histogram(title, *pooled.described(name), logarithmic=not shape)


def _pictures(found: Quantified, pictures: Pictures) -> Section:
    section = Section("What was counted")
    section.text.append(ALL_COUNT if found.settings.border == "include" else LEGEND)
    if len(found.images) > MOST:
        section.text.append(f"The first {MOST} of {len(found.images)} images are shown.")
    if pictures.misfits:
        names = ", ".join(pictures.misfits)
        section.missing.append(f"Without the micrograph, which has another size: {names}.")
    section.pictures = [*pictures.rows, *([pictures.maps] if pictures.maps else [])]
    return section


def _how(found: Quantified) -> Section:
    packages = ("numpy", "scipy", "opencv-python-headless")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return Section(
        "How it was measured",
        text=[
            *found.notes,
            f"premask {__version__}, Python {platform.python_version()}, {versions}.",
        ],
        missing=[f"{line}." for line in found.unmatched],
    )
