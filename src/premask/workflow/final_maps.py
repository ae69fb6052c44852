"""Which label map of an image is its final one."""

from __future__ import annotations

from premask.core.records import ImageRecord, LabelMapVersion
from premask.project.label_maps import image_versions
from premask.project.project import Project

ORDER = ("agreed", "preannotated", "scratch", "reference")
ORDER_LINE = (
    "The label map of an image: the newest agreed one; else the newest submitted one that was"
    " repaired, else drawn from scratch; else the newest imported one."
)


def final_version(project: Project, image: ImageRecord) -> LabelMapVersion | None:
    """The label map that stands for an image, see :data:`ORDER_LINE`; None without any."""
    found = [v for v in image_versions(project, image) if v.crop_bottom == image.crop_bottom]
    for strategy in ORDER:
        of_strategy = [version for version in found if version.strategy == strategy]
        if of_strategy:
            return of_strategy[-1]
    return None
