"""What label maps are scored against; it stands beside every figure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest
from premask.core.records import ImageRecord
from premask.project.images import all_images
from premask.project.label_maps import latest, versions
from premask.project.project import Project

REFERENCES: Mapping[str, str] = {
    "imported": "the imported label maps (premask import)",
    "agreed": (
        "the agreed label maps (where maps that were repaired from a candidate had a vote, they"
        " flatter that candidate)"
    ),
    "scratch": "the newest submitted label maps from scratch",
}
"""By name; never the maps that were repaired from the candidates themselves."""

_STRATEGY = {"imported": "reference", "agreed": "agreed", "scratch": "scratch"}


def default_reference(project: Project) -> str:
    """The first of the references that any image has; ``imported`` where none has any."""
    images = all_images(project)
    for name, strategy in _STRATEGY.items():
        if any(versions(project, image, strategy) for image in images):
            return name
    return "imported"


def reference_map(project: Project, image: ImageRecord, reference: str) -> NDArray[np.uint8] | None:
    """The newest label map of one kind, (H, W) in the crop; None where there is none.

    Raises
    ------
    PremaskError
        For another kind.
    """
    if reference not in _STRATEGY:
        raise PremaskError(
            f"the reference is {reference!r}; {', '.join(_STRATEGY)} are accepted"
            f"{nearest(reference, _STRATEGY)}"
        )
    return latest(project, image, _STRATEGY[reference])
