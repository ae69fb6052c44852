"""Versions of label maps; nothing that was stored is ever overwritten."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, func, select

from premask.core.records import ImageRecord, LabelMapVersion
from premask.io.label_maps import encode_label_map, read_label_map
from premask.project import objects
from premask.project.database import transaction
from premask.project.project import Project, now
from premask.project.schema import LabelMapRow


def save_label_map(
    project: Project,
    image: ImageRecord,
    label_map: NDArray[np.uint8],
    *,
    annotator: str,
    strategy: str,
    parent: int | None = None,
    note: str = "",
) -> int:
    """Store a new version and return its number."""
    colours = [phase.colour for phase in project.phases.phases]
    content = objects.put(project.root, encode_label_map(label_map, colours), ".png")
    row = LabelMapRow(
        image_id=image.id,
        annotator=annotator,
        strategy=strategy,
        content=content,
        crop_bottom=image.crop_bottom,
        created=now(),
        parent_id=parent,
        note=note,
    )
    with transaction(project.engine) as session:
        session.add(row)
        session.flush()
        return row.id


def versions(project: Project, image: ImageRecord, strategy: str) -> list[LabelMapVersion]:
    """The versions of an image under a strategy that fit its crop, oldest first."""
    return _found(
        project,
        select(LabelMapRow).where(
            LabelMapRow.image_id == image.id,
            LabelMapRow.strategy == strategy,
            LabelMapRow.crop_bottom == image.crop_bottom,
        ),
    )


def image_versions(project: Project, image: ImageRecord) -> list[LabelMapVersion]:
    """Every version of an image, whatever its strategy and crop, oldest first."""
    return _found(project, select(LabelMapRow).where(LabelMapRow.image_id == image.id))


def session_versions(project: Project, session: int) -> list[LabelMapVersion]:
    """The versions that a session has submitted, oldest first."""
    return _found(project, select(LabelMapRow).where(LabelMapRow.session_id == session))


def submitted_at(project: Project) -> dict[int, str]:
    """When each session last submitted, ISO 8601 in UTC, by the session's number."""
    query = (
        select(LabelMapRow.session_id, func.max(LabelMapRow.created))
        .where(LabelMapRow.session_id.is_not(None))
        .group_by(LabelMapRow.session_id)
    )
    with transaction(project.engine) as session:
        return {int(number or 0): str(created) for number, created in session.execute(query)}


def _found(project: Project, query: Select[Any]) -> list[LabelMapVersion]:
    with transaction(project.engine) as session:
        return [
            LabelMapVersion(
                row.id,
                row.image_id,
                row.annotator,
                row.strategy,
                row.content,
                row.crop_bottom,
                row.created,
                row.parent_id,
                row.note,
                row.session_id,
                row.origins,
            )
            for row in session.scalars(query.order_by(LabelMapRow.id))
        ]


def read_version(project: Project, version: LabelMapVersion) -> NDArray[np.uint8]:
    """The label map of a version, (H, W) in the crop."""
    return project.phases.read(read_label_map(objects.existing(project.root, version.content)))


def latest(project: Project, image: ImageRecord, strategy: str) -> NDArray[np.uint8] | None:
    """The newest label map of an image under a strategy, None where there is none."""
    found = versions(project, image, strategy)
    return read_version(project, found[-1]) if found else None
