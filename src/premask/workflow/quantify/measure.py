"""Quantify the label maps of a folder, a data set or a project: per image and per specimen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError
from premask.core.phases import VOID
from premask.project.project import open_project
from premask.project.settings import FILE_NAME
from premask.quantify.field import DEFAULT, Field, Settings, measure_field
from premask.quantify.summary import PhaseNumbers, image_numbers, specimen_numbers
from premask.workflow.dataset.folder import is_dataset
from premask.workflow.quantify.given import with_grains, with_photos, with_scales, with_specimens
from premask.workflow.quantify.recorded import (
    dataset_sources,
    is_predicted,
    predicted_sources,
    refuse_run,
)
from premask.workflow.quantify.sources import (
    Labels,
    Source,
    Sources,
    folder_sources,
    project_sources,
)

IN_NO_GRAIN = (
    "Contiguity: {share:.1f} % of the labelled pixels are in no grain (0 in the instance maps)."
    " Grains with such pixels between them do not touch: where grain boundaries are drawn as lines"
    " of 0, the contiguity is too small."
)

Progress = Callable[[int, int], None]
"""Called with the images done so far and all of them."""

Seen = Callable[[Source, Labels, Field, NDArray[np.int32]], None]
"""Called for each image with its label map, its numbers and the particle of each pixel."""


@dataclass(frozen=True, eq=False)
class MeasuredImage:
    """One image's numbers."""

    name: str
    specimen: str | None
    field: Field
    numbers: list[PhaseNumbers]


@dataclass(frozen=True, eq=False)
class MeasuredSpecimen:
    """One specimen's numbers; ``fields`` are its images that are not wholly void."""

    name: str
    fields: int
    numbers: list[PhaseNumbers]


@dataclass(frozen=True, eq=False)
class Quantified:
    """The numbers of all images and specimens, and how they were measured.

    Attributes
    ----------
    title : str
    settings : Settings
    phases : tuple of (str, str)
        Names and colours.
    unit : str
        Of lengths: ``µm`` or ``px``.
    images : tuple of MeasuredImage
    specimens : tuple of MeasuredSpecimen
        In the order of their first images.
    notes : tuple of str
        What must be read beside the figures.
    unmatched : tuple of str
        What was left out.
    """

    title: str
    settings: Settings
    phases: tuple[tuple[str, str], ...]
    unit: str
    images: tuple[MeasuredImage, ...]
    specimens: tuple[MeasuredSpecimen, ...]
    notes: tuple[str, ...]
    unmatched: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Of the phases."""
        return [name for name, _ in self.phases]

    @property
    def area_unit(self) -> str:
        """Of the number per area: ``mm²``, or ``Mpx`` (10⁶ px)."""
        return "mm²" if self.unit == "µm" else "Mpx"

    def to_dict(self) -> dict[str, Any]:
        """The answer of ``premask quantify --json``, and ``summary.json``."""
        return {
            "unit": self.unit,
            "number_per_area_unit": f"1/{self.area_unit}",
            "settings": self.settings.to_dict(),
            "phases": self.names,
            "specimens": [
                {"name": one.name, "fields": one.fields, "phases": self._by_phase(one.numbers)}
                for one in self.specimens
            ],
            "images": [
                {
                    "name": one.name,
                    "specimen": one.specimen,
                    "um_per_px": one.field.um_per_px,
                    "labelled_px": int(one.field.pixels.sum()),
                    "void_px": one.field.void,
                    "phases": self._by_phase(one.numbers),
                }
                for one in self.images
            ],
            "notes": list(self.notes),
            "unmatched": list(self.unmatched),
        }

    def _by_phase(self, numbers: list[PhaseNumbers]) -> dict[str, Any]:
        names = self.names
        return {name: one.to_dict(names) for name, one in zip(names, numbers, strict=True)}


def find_sources(
    masks: Path,
    *,
    classes: str | None = None,
    um_per_px: float | None = None,
    scales: Path | None = None,
    specimens: Path | None = None,
    images: Path | None = None,
    instances: Path | None = None,
) -> Sources:
    """Find the label maps of a folder, a single file, a data set or a project.

    Parameters
    ----------
    masks : Path
        A folder of index PNGs, one of them, what ``premask predict`` has made, a data set, or a
        project, whose final label maps are taken.
    classes : str, optional
        Names of the phases, ``A,B,C``; those of a project stand.
    um_per_px, scales, specimens, images, instances
        See :mod:`premask.workflow.quantify.given`.

    Raises
    ------
    PremaskError
        For files that cannot be used.
    """
    if (masks / FILE_NAME).is_file():
        if classes is not None:
            raise PremaskError(f"{masks} is a project and has its own phases; leave --classes out")
        found = project_sources(open_project(masks))
    elif is_predicted(masks):
        found = predicted_sources(masks, classes)
    elif is_dataset(masks):
        found = dataset_sources(masks, classes)
    else:
        refuse_run(masks)
        found = folder_sources(masks, classes)
    found = with_specimens(found, specimens) if specimens else found
    found = with_scales(found, um_per_px, scales)
    found = with_grains(found, instances) if instances else found
    return with_photos(found, images) if images else found


def quantify(
    sources: Sources,
    settings: Settings = DEFAULT,
    *,
    seen: Seen | None = None,
    progress: Progress | None = None,
) -> Quantified:
    """Measure all label maps; one is read at a time.

    Raises
    ------
    PremaskError
        Naming the image, for values that are no phase; and where all is void.
    """
    images = []
    in_no_grain = 0
    for source in sources.images:
        labels = source.labels()
        grains = source.grains() if source.grains else None
        try:
            field, index = measure_field(
                labels,
                len(sources.phases),
                um_per_px=source.um_per_px,
                settings=settings,
                grains=grains,
            )
        except PremaskError as error:
            raise PremaskError(f"{source.name}: {error}") from None
        if grains is not None:
            in_no_grain += int(np.count_nonzero((labels != VOID) & (grains == 0)))
        images.append(MeasuredImage(source.name, source.specimen, field, image_numbers(field)))
        if seen:
            seen(source, labels, field, index)
        if progress:
            progress(len(images), len(sources.images))
    void = [one.name for one in images if not one.field.pixels.any()]
    if len(void) == len(images):
        raise PremaskError(
            f"every pixel of {sources.title} is void (255); label maps with phases are needed"
        )
    found = sources.with_told("wholly void, counted nowhere", void)
    return Quantified(
        sources.title,
        settings,
        sources.phases,
        "px" if sources.images[0].um_per_px is None else "µm",
        tuple(images),
        tuple(_specimens(images)),
        (*found.notes, *settings.lines(), *_of_grains(in_no_grain, images)),
        found.unmatched,
    )


def _of_grains(in_no_grain: int, images: list[MeasuredImage]) -> list[str]:
    if not in_no_grain:
        return []
    share = in_no_grain / sum(int(one.field.pixels.sum()) for one in images)
    return [IN_NO_GRAIN.format(share=100 * share)]


def _specimens(images: list[MeasuredImage]) -> list[MeasuredSpecimen]:
    fields: dict[str, list[Field]] = {}
    for image in images:
        if image.specimen is not None:
            fields.setdefault(image.specimen, []).append(image.field)
    return [
        MeasuredSpecimen(
            name, sum(bool(field.pixels.any()) for field in own), specimen_numbers(own)
        )
        for name, own in fields.items()
    ]
