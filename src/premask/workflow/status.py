"""What a project holds, image by image."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from premask.core.records import ImageRecord
from premask.project.candidates import all_candidates, has_names
from premask.project.images import all_images
from premask.project.label_maps import versions
from premask.project.project import Project


@dataclass(frozen=True)
class ImageState:
    """An image and how far it has come."""

    image: ImageRecord
    candidates: int
    named: int
    reference: bool


def image_states(project: Project) -> list[ImageState]:
    """The state of every image, in the order in which they were added."""
    found = all_candidates(project)
    made = Counter(candidate.image for candidate in found)
    named = Counter(candidate.image for candidate in found if has_names(candidate.table))
    return [
        ImageState(
            image, made[image.id], named[image.id], bool(versions(project, image, "reference"))
        )
        for image in all_images(project)
    ]
