"""Pictures of what was counted: particles over the micrograph, those at the border pale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from premask.core.phases import VOID
from premask.quantify.field import Field
from premask.workflow.inline_images import fitted_size, label_uri, photo_uri
from premask.workflow.quantify.sources import Labels, Source
from premask.workflow.report.page import Picture

SIDE = 640
"""Longest side of a picture, px."""
MOST = 24
"""Images that are shown."""
OUTLINE = "#16201f"
PALE = 0.68
"""Share of white in the colours of what does not count."""
LEGEND = (
    "Full colour with an outline: counted in sizes and shapes. Pale: touches the border or void, or"
    " is too small. Not coloured: void."
)
ALL_COUNT = "Full colour with an outline: counted in sizes and shapes. Pale: too small."


@dataclass
class Pictures:
    """Pictures of the first images, made while they are measured.

    Attributes
    ----------
    colours : tuple of str
        Of the phases, ``#rrggbb``.
    rows : list of list of Picture
        Micrograph and particles side by side.
    maps : list of Picture
        Particles of images without a micrograph.
    misfits : list of str
        Images whose micrograph has another size.
    """

    colours: tuple[str, ...]
    rows: list[list[Picture]] = field(default_factory=list)
    maps: list[Picture] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)

    def add(self, source: Source, labels: Labels, found: Field, index: NDArray[np.int32]) -> None:
        """Keep a picture of an image, until there are :data:`MOST`."""
        if len(self.rows) + len(self.maps) >= MOST:
            return
        counted = counted_map(labels, index, found.weights > 0, len(self.colours), SIDE)
        overlay = label_uri(counted, palette(self.colours), SIDE)
        photo = source.photo()[: labels.shape[0]] if source.photo else None  # without its bar
        if photo is not None and photo.shape[:2] != labels.shape:
            self.misfits.append(source.name)
            photo = None
        if photo is None:
            self.maps.append(Picture(source.name, overlay))
        else:
            base = photo_uri(photo, SIDE)
            self.rows.append(
                [Picture(source.name, base), Picture("what was counted", base, overlay)]
            )


def palette(colours: Sequence[str]) -> list[str]:
    """Colours of :func:`counted_map`: the phases', pale ones, the outline's."""
    return [*colours, *(_pale(colour) for colour in colours), OUTLINE]


def counted_map(
    labels: Labels, index: NDArray[np.int32], counts: NDArray[np.bool_], n_phases: int, side: int
) -> Labels:
    """A small map of what counts.

    Parameters
    ----------
    labels : ndarray of uint8, shape (H, W)
    index : ndarray of int32, shape (H, W)
        The particle of each pixel, -1 for none.
    counts : ndarray of bool, shape (n,)
        Of each particle, whether it counts.
    side : int
        Longest side of the map, px.

    Returns
    -------
    ndarray of uint8
        The phase where a particle counts, ``n_phases`` more where not, ``2 * n_phases`` on the
        lines around those that count, void as it is.
    """
    height, width = fitted_size(labels.shape[0], labels.shape[1], side)
    # outlines are drawn on the small map, where one pixel of them stays one pixel
    rows, columns = (
        ((np.arange(n) + 0.5) * whole / n).astype(np.intp)
        for n, whole in zip((height, width), labels.shape, strict=True)
    )
    small, own = labels[np.ix_(rows, columns)], index[np.ix_(rows, columns)]
    inside = np.append(counts, False)[own]  # -1 is the last: none
    made = np.where(inside, small, small + np.uint8(n_phases))
    made[_outlines(own, inside)] = 2 * n_phases
    made[small == VOID] = VOID
    return made.astype(np.uint8)


def _outlines(own: NDArray[np.int32], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels around what counts, so that small particles keep theirs.

    Between two particles that both count, those of the one on the right or below.
    """
    line = np.zeros(own.shape, np.bool_)
    for before, after in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
    ):
        differ = own[before] != own[after]
        line[after] |= differ & inside[before]
        line[before] |= differ & inside[after] & ~inside[before]
    return line


def _pale(colour: str) -> str:
    levels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(level + (255 - level) * PALE):02x}" for level in levels)
