"""What label maps are scored against; it stands beside every figure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from premask.core.errors import PremaskError, nearest
from premask.core.phases import VOID
from premask.core.records import ImageRecord
from premask.core.words import count, verb
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

REFERENCE_NAMES: Mapping[str, str] = {
    "imported": "the imported label maps",
    "agreed": "the agreed label maps",
    "scratch": "the label maps from scratch",
}
"""By name, for titles."""

_NAMED = 8
_STRATEGY = {"imported": "reference", "agreed": "agreed", "scratch": "scratch"}


def default_reference(project: Project) -> str:
    """The reference that serves the project as a whole.

    The first, in the order of :data:`REFERENCES`, that is there for every image that has any
    of them; else the one that most images have. ``imported`` where none has any.
    """
    have = _coverage(project)
    anywhere = set().union(*have.values())
    for name, images in have.items():
        if images == anywhere:
            return name
    return max(have, key=lambda name: len(have[name]))


def reference_notes(project: Project, reference: str) -> list[str]:
    """What must be said of a reference: who lacks it, and how much of it is void."""
    images = {image.id: image for image in all_images(project)}
    have = _coverage(project)
    check_reference(reference)
    lacking = [images[i].name for i in images if i not in have[reference]]
    notes = []
    if lacking and have[reference]:
        named = ", ".join(lacking[:_NAMED]) + (" ..." if len(lacking) > _NAMED else "")
        notes.append(
            f"{count(len(lacking), 'image')} of {len(images)} {verb(len(lacking), 'has', 'have')}"
            f" no such label map and {verb(len(lacking), 'is', 'are')} not scored: {named}."
        )
    void = pixels = 0
    for i in have[reference]:
        truth = latest(project, images[i], _STRATEGY[reference])
        assert truth is not None
        void, pixels = void + int(np.count_nonzero(truth == VOID)), pixels + truth.size
    if void:
        notes.append(f"{100 * void / pixels:.1f} % of the reference's pixels are void.")
    return notes


def reference_map(project: Project, image: ImageRecord, reference: str) -> NDArray[np.uint8] | None:
    """The newest label map of one kind, (H, W) in the crop; None where there is none.

    Raises
    ------
    PremaskError
        For another kind.
    """
    check_reference(reference)
    return latest(project, image, _STRATEGY[reference])


def check_reference(reference: str) -> None:
    """Refuse what is no kind of reference."""
    if reference not in _STRATEGY:
        raise PremaskError(
            f"the reference is {reference!r}; {', '.join(_STRATEGY)} are accepted"
            f"{nearest(reference, _STRATEGY)}"
        )


def _coverage(project: Project) -> dict[str, set[str]]:
    """The images that have each kind, in the order of :data:`REFERENCES`."""
    images = all_images(project)
    return {
        name: {image.id for image in images if versions(project, image, strategy)}
        for name, strategy in _STRATEGY.items()
    }
