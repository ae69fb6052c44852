"""Who has seen another's label map of an image; kept for ever."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert

from premask.project.database import transaction
from premask.project.project import Project, now
from premask.project.schema import SightingRow


def add_sighting(project: Project, image: str, crop_bottom: int, annotator: str) -> None:
    """Enter that somebody has seen another's label map of an image in a crop, once."""
    row = {"image_id": image, "crop_bottom": crop_bottom, "annotator": annotator}
    with transaction(project.engine) as session:
        session.execute(insert(SightingRow).values(**row, created=now()).on_conflict_do_nothing())


def sightings_of(project: Project, annotator: str) -> set[tuple[str, int]]:
    """The images, each with its crop, of which somebody has seen another's label map."""
    query = select(SightingRow).where(SightingRow.annotator == annotator)
    with transaction(project.engine) as session:
        return {(row.image_id, row.crop_bottom) for row in session.scalars(query)}
