"""Which audit of an image's labels stands, for its consensus to settle."""

from __future__ import annotations

from premask.core.records import ImageRecord, LabelMapVersion
from premask.project.consensus import agreements
from premask.project.label_maps import image_versions
from premask.project.project import Project

AUDIT = "audit"
"""The strategy of a label map that models contradict labels with."""

AUDITOR = "model audit"
"""Its annotator, and the name of its vote."""

LABELS = "labels"
"""The name of the other vote, and the rule by which it decides on all that nobody settles."""


def standing_audit(
    project: Project, image: ImageRecord
) -> tuple[LabelMapVersion, LabelMapVersion] | None:
    """The label map that was audited and the newest audit of it; None where none stands.

    An audit stands until a label map of the image is submitted or imported anew. The agreed maps
    that came from it do not end it, so that its decisions can be changed.
    """
    found = [v for v in image_versions(project, image) if v.crop_bottom == image.crop_bottom]
    audits = [version for version in found if version.strategy == AUDIT]
    if not audits:
        return None
    audit = audits[-1]
    (labels,) = [version for version in found if version.id == audit.parent]
    later = [version.id for version in found if version.id > audit.id]
    if later:
        made = agreements(project)
        votes = tuple(sorted((labels.id, audit.id)))
        if any(i not in made or made[i].consensus.versions != votes for i in later):
            return None
    return labels, audit
