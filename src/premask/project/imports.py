"""Label maps from elsewhere: all of an import is kept, or nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from premask.core.exchange import ToolTime
from premask.core.records import ImageRecord
from premask.project.database import transaction
from premask.project.project import Project, now
from premask.project.schema import CandidateRow, ImageRow, LabelMapRow, ToolTimeRow


@dataclass(frozen=True)
class ImportedMap:
    """A label map that is in the objects already, and what is to be remembered of it.

    Attributes
    ----------
    content : str
        Key of the label map in the project's objects.
    strategy : str
        See :class:`premask.core.records.LabelMapVersion`.
    """

    image: ImageRecord
    content: str
    annotator: str
    strategy: str
    note: str
    times: tuple[ToolTime, ...] = ()


def store(
    project: Project,
    new_images: Sequence[ImageRecord],
    label_maps: Sequence[ImportedMap],
    candidates: Sequence[CandidateRow] = (),
) -> None:
    """Enter images, label maps with their times, and candidates, in one transaction."""
    with transaction(project.engine) as session:
        _enter_images(session, new_images)
        for one in label_maps:
            row = LabelMapRow(
                image_id=one.image.id,
                annotator=one.annotator,
                strategy=one.strategy,
                content=one.content,
                crop_bottom=one.image.crop_bottom,
                created=now(),
                note=one.note,
            )
            session.add(row)
            session.flush()
            session.add_all(ToolTimeRow(label_map_id=row.id, **asdict(time)) for time in one.times)
        session.add_all(candidates)


def _enter_images(session: Session, images: Sequence[ImageRecord]) -> None:
    last = session.scalar(select(func.max(ImageRow.position))) or 0
    for position, image in enumerate(images, last + 1):
        known = session.get(ImageRow, image.id)
        if known is not None:  # it was removed, and comes back with all that hangs on it
            known.removed, known.name = None, image.name
            known.crop_bottom = image.crop_bottom  # the label maps are in this one
            known.type = image.type or known.type
            known.um_per_px = image.um_per_px or known.um_per_px
        else:
            session.add(ImageRow(**asdict(image), position=position, added=now()))
    session.flush()


@dataclass(frozen=True)
class TimedMap:
    """A label map that was imported with times."""

    label_map: int
    image: str
    annotator: str
    strategy: str
    crop_bottom: int
    times: tuple[ToolTime, ...]


def timed_maps(project: Project) -> list[TimedMap]:
    """The label maps that have times of other tools, oldest first."""
    query = (
        select(LabelMapRow, ToolTimeRow)
        .join(ToolTimeRow, ToolTimeRow.label_map_id == LabelMapRow.id)
        .order_by(ToolTimeRow.id)
    )
    maps: dict[int, LabelMapRow] = {}
    times: dict[int, list[ToolTime]] = {}
    with transaction(project.engine) as session:
        for label_map, time in session.execute(query):
            maps[label_map.id] = label_map
            times.setdefault(label_map.id, []).append(
                ToolTime(time.tool, time.field, time.seconds, time.rule)
            )
    return [
        TimedMap(
            row.id, row.image_id, row.annotator, row.strategy, row.crop_bottom, tuple(times[row.id])
        )
        for row in maps.values()
    ]
