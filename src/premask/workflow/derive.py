"""From a candidate to its label map: names, then small islands; never stored twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from premask.core.records import Candidate, ImageRecord
from premask.features.islands import remove_islands
from premask.naming.table import NameTable, apply
from premask.project.candidates import all_candidates, has_names, read_regions
from premask.project.project import Project
from premask.workflow.model_names import known_name


@dataclass(frozen=True)
class Removed:
    """The small islands that one label of a candidate has lost.

    Attributes
    ----------
    label : int
        Phase, or region while there are no names.
    count, px : int
        How many, and their area.
    share : float
        Of the label's area, 0 to 1.
    """

    label: int
    count: int
    px: int
    share: float


@dataclass(frozen=True)
class Derived:
    """A candidate as it is shown, exported and scored.

    Attributes
    ----------
    label_map : ndarray of uint8, shape (H, W)
        Phases where ``named``, else region indices.
    named : bool
        Whether any region has a name; a region without one is void then.
    removed : tuple of Removed
        What was removed, label by label; empty where nothing was.
    """

    label_map: NDArray[np.uint8]
    named: bool
    removed: tuple[Removed, ...] = ()


def derive(project: Project, candidate: Candidate) -> Derived:
    """The label map of a candidate, without its small islands."""
    regions = read_regions(project, candidate)
    table = NameTable.from_dict(candidate.table)
    named = has_names(candidate.table)
    labels = apply(regions, table) if named else regions
    rule = candidate.islands.get("rule", "default")
    if rule == "off":
        return Derived(labels, named)
    areas = {int(label): int(px) for label, px in candidate.islands.get("areas", {}).items()}
    cleaned, islands = remove_islands(labels, areas if rule == "areas" else None)
    areas_before = np.bincount(labels.ravel(), minlength=256)
    removed = (
        Removed(label, count, px, px / float(areas_before[label]))
        for label, (count, px) in sorted(islands.table.items())
    )
    return Derived(cleaned, named, tuple(removed))


def pick(project: Project, image: ImageRecord, method: str | None) -> Candidate | None:
    """The newest candidate of an image, of one method or of any."""
    found = all_candidates(project, [image], [known_name(project, method)] if method else None)
    return found[-1] if found else None
