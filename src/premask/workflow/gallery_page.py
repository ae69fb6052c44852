"""What the gallery shows, as plain records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.evaluate.scores import Scores


@dataclass(frozen=True, eq=False)
class GalleryCandidate:
    """A proposal as the gallery shows it.

    Attributes
    ----------
    method : str
    label_map : ndarray of uint8, shape (H, W)
        Phases where ``named``, else regions; 255 is void.
    named : bool
        An unnamed candidate is shown in neutral greys, with the command that names it.
    seconds, cpu_seconds : float
        Wall and CPU time that the method took.
    n_regions, fragments : int
        Regions of the method, and connected pieces of the label map.
    fractions : tuple of float
        Share of each index in the labelled pixels, 0 to 1.
    scores : Scores or None
        Of this image alone, where there is a truth. Its policy is printed.
    note : str
        A line of warning or explanation, e.g. a phase that the type may not show.
    islands_removed : int
        Small islands that were removed when the candidate was made.
    options : str
        The method's knobs and the seed, as they were given.
    """

    method: str
    label_map: NDArray[np.uint8]
    named: bool
    seconds: float
    cpu_seconds: float
    n_regions: int
    fragments: int
    fractions: tuple[float, ...]
    scores: Scores | None = None
    note: str = ""
    islands_removed: int = 0
    options: str = ""


@dataclass(frozen=True, eq=False)
class GalleryImage:
    """A micrograph and its candidates.

    Attributes
    ----------
    name : str
    type : str or None
        Processing type.
    image : ndarray of uint8, shape (H, W) or (H, W, 3)
        The 8-bit view of the crop.
    um_per_px : float or None
        Scale in µm per px.
    crop_bottom, original_height : int
        px that are cut off below the view, and the height of the untouched original.
    truth : ndarray of uint8, shape (H, W), or None
        Phases; 255 is void.
    candidates : tuple of GalleryCandidate
    """

    name: str
    type: str | None
    image: NDArray[np.uint8]
    um_per_px: float | None
    crop_bottom: int
    original_height: int
    truth: NDArray[np.uint8] | None = None
    candidates: tuple[GalleryCandidate, ...] = ()


@dataclass(frozen=True, eq=False)
class GalleryPage:
    """All that the page shows.

    Attributes
    ----------
    title : str
    phases : tuple of (str, str)
        Name and colour (``#rrggbb``) of each phase.
    images : tuple of GalleryImage
    notes : tuple of str
        Sentences for the foot of the page, e.g. what the truth is.
    version : str
        Of premask.
    project : str
        The project's folder, as the naming command shall write it.
    """

    title: str
    phases: tuple[tuple[str, str], ...]
    images: tuple[GalleryImage, ...]
    notes: tuple[str, ...] = ()
    version: str = ""
    project: str = "PROJECT"
