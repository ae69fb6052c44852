"""Sessions: who works on which image, and the working copy that is saved tile by tile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from premask.core.errors import PremaskError
from premask.core.phases import neutral_colours
from premask.core.records import ImageRecord, SessionRecord
from premask.core.tiles import Tile, pack_planes, paste, tile_shape, unpack_planes
from premask.io.label_maps import encode_label_map, read_label_map
from premask.project import objects
from premask.project.database import transaction
from premask.project.project import Project, now
from premask.project.schema import AnnotatorRow, ImageRow, LabelMapRow, SessionRow, TileRow

OPEN_STATES = ("open", "returned")
"""States in which a session takes saves."""


class ConflictError(PremaskError):
    """A save was made on a state that is no longer the newest."""


@dataclass(frozen=True, eq=False)
class WorkingCopy:
    """A label map as it stands, with the origins of its labels.

    Attributes
    ----------
    labels, origins : ndarray of uint8, shape (H, W)
        In the crop; see :mod:`premask.core.origins`.
    revision : int
        The save that it is the state of.
    save : str
        The name of that save; empty where there was none.
    """

    labels: NDArray[np.uint8]
    origins: NDArray[np.uint8]
    revision: int
    save: str


def add_annotator(project: Project, name: str) -> str:
    """Enter somebody in the list of annotators, once; returns the name as it is kept.

    Raises
    ------
    PremaskError
        For an empty name, one over 64 characters, or one with control characters.
    """
    clean = " ".join(name.split())
    if not clean or len(clean) > 64 or not clean.isprintable():
        raise PremaskError(
            f"{name!r} cannot be an annotator's name; 1 to 64 printable characters are accepted"
        )
    with transaction(project.engine) as session:
        session.execute(
            insert(AnnotatorRow).values(name=clean, added=now()).on_conflict_do_nothing()
        )
    return clean


def all_annotators(project: Project) -> list[str]:
    """The annotators, in the order of their names."""
    with transaction(project.engine) as session:
        return list(session.scalars(select(AnnotatorRow.name).order_by(AnnotatorRow.name)))


def start_session(
    project: Project,
    image: ImageRecord,
    annotator: str,
    strategy: str,
    base: NDArray[np.uint8],
    origins: NDArray[np.uint8],
    choice: dict[str, Any],
) -> SessionRecord:
    """Begin a session with a label map to work on; the one that is there, if there is one.

    Parameters
    ----------
    base, origins : ndarray of uint8, shape (H, W)
        The label map that the work begins with (all void from scratch), and its origins.
    choice : dict
        What the base was made of.
    """
    row = SessionRow(
        image_id=image.id,
        annotator=annotator,
        strategy=strategy,
        crop_bottom=image.crop_bottom,
        state="open",
        created=now(),
        revision=0,
        last_save="",
        base=_put(project, base),
        base_origins=_put(project, origins, palette=False),
        choice=choice,
    )
    try:
        with transaction(project.engine) as session:
            session.add(row)
            session.flush()
            return _record(row)
    except IntegrityError:  # another tab was quicker
        found = find_session(project, image, annotator, strategy)
        if found is None:
            raise PremaskError(f"{annotator!r} is not in the list of annotators") from None
        return found


def all_sessions(project: Project, image: ImageRecord | None = None) -> list[SessionRecord]:
    """The sessions of an image, or of all that are there, in the order in which they began."""
    return _sessions(project, ImageRow.removed.is_(None), image)


def sessions_of_removed_images(project: Project) -> list[SessionRecord]:
    """The sessions on images that were taken out of the project."""
    return _sessions(project, ImageRow.removed.is_not(None))


def _sessions(
    project: Project, which: ColumnElement[bool], image: ImageRecord | None = None
) -> list[SessionRecord]:
    query = (
        select(SessionRow)
        .join(ImageRow, ImageRow.id == SessionRow.image_id)
        .where(which)
        .order_by(SessionRow.id)
    )
    if image is not None:
        query = query.where(SessionRow.image_id == image.id)
    with transaction(project.engine) as session:
        return [_record(row) for row in session.scalars(query)]


def get_session(project: Project, number: int) -> SessionRecord:
    """A session by its number.

    Raises
    ------
    PremaskError
        Where there is none.
    """
    with transaction(project.engine) as session:
        row = session.get(SessionRow, number)
        if row is None or session.get_one(ImageRow, row.image_id).removed:
            raise PremaskError(f"there is no session {number} in {project.root}")
        return _record(row)


def find_session(
    project: Project, image: ImageRecord, annotator: str, strategy: str
) -> SessionRecord | None:
    """The session of an annotator on an image under a strategy, None where there is none."""
    query = select(SessionRow).where(
        SessionRow.image_id == image.id,
        SessionRow.annotator == annotator,
        SessionRow.strategy == strategy,
        SessionRow.crop_bottom == image.crop_bottom,
    )
    with transaction(project.engine) as session:
        row = session.scalar(query)
        return None if row is None else _record(row)


def working_copy(project: Project, number: int) -> WorkingCopy:
    """The label map of a session as it was last saved."""
    with transaction(project.engine) as session:
        # One statement: base and tiles of one and the same moment.
        rows = session.execute(
            select(SessionRow, TileRow)
            .outerjoin(TileRow, TileRow.session_id == SessionRow.id)
            .where(SessionRow.id == number)
        ).all()
    if not rows:
        raise PremaskError(f"there is no session {number} in {project.root}")
    record = rows[0][0]
    labels = read_label_map(objects.existing(project.root, record.base))
    origins = read_label_map(objects.existing(project.root, record.base_origins))
    height, width = labels.shape
    tiles = [
        Tile(
            row.column,
            row.row,
            *unpack_planes(row.codec, row.data, tile_shape(row.column, row.row, height, width)),
        )
        for _, row in rows
        if row is not None
    ]
    paste(labels, origins, tiles)
    return WorkingCopy(project.phases.read(labels), origins, record.revision, record.last_save)


def save_tiles(
    project: Project, number: int, tiles: Sequence[Tile], *, revision: int, save: str
) -> int:
    """Keep changed tiles, all or none, and return the new revision.

    Parameters
    ----------
    revision : int
        The state that the changes were made on.
    save : str
        A name of this save; one that is sent again, because its answer was lost, is known.

    Raises
    ------
    ConflictError
        Where somebody (another tab) saved since, or the session was submitted.
    """
    with transaction(project.engine) as session:
        # The write comes first, so that two savers queue up instead of meeting half-way.
        done = session.execute(
            update(SessionRow)
            .where(
                SessionRow.id == number,
                SessionRow.revision == revision,
                SessionRow.state.in_(OPEN_STATES),
            )
            .values(revision=revision + 1, last_save=save)
        )
        if not done.rowcount:  # type: ignore[attr-defined]  # an update's result has one
            return _known_save(session, project, number, revision, save)
        for tile in tiles:
            codec, data = pack_planes(tile.labels, tile.origins)
            values = {"codec": codec, "data": data}
            session.execute(
                insert(TileRow)
                .values(session_id=number, column=tile.column, row=tile.row, **values)
                .on_conflict_do_update(index_elements=["session_id", "column", "row"], set_=values)
            )
    return revision + 1


def _known_save(session: Session, project: Project, number: int, revision: int, save: str) -> int:
    row = session.get(SessionRow, number)
    if row is None:
        raise PremaskError(f"there is no session {number} in {project.root}")
    if row.last_save == save and row.revision == revision + 1:
        return row.revision
    if row.state not in OPEN_STATES:
        raise ConflictError(f"the label map is {row.state}; reopen it to change it")
    raise ConflictError(
        f"the label map was saved elsewhere since (revision {row.revision}, not {revision});"
        " load it again"
    )


def submit(project: Project, number: int, *, revision: int, note: str = "") -> int:
    """Make a version of the working copy and return its number; the session is closed to saves.

    Raises
    ------
    ConflictError
        Where the working copy has another revision than the one that was looked at.
    """
    copy = working_copy(project, number)
    if copy.revision != revision:
        raise ConflictError(
            f"the label map was saved elsewhere since (revision {copy.revision}, not {revision});"
            " load it again"
        )
    content = _put(project, copy.labels)
    origins = _put(project, copy.origins, palette=False)
    with transaction(project.engine) as session:
        done = session.execute(
            update(SessionRow)
            .where(
                SessionRow.id == number,
                SessionRow.revision == revision,
                SessionRow.state.in_(OPEN_STATES),
            )
            .values(state="submitted")
        )
        row = session.get_one(SessionRow, number, populate_existing=True)
        newest = session.scalar(
            select(LabelMapRow)
            .where(LabelMapRow.session_id == number)
            .order_by(LabelMapRow.id.desc())
            .limit(1)
        )
        if not done.rowcount:  # type: ignore[attr-defined]
            if newest is not None and row.state == "submitted" and newest.content == content:
                return newest.id  # sent twice
            raise ConflictError(f"the label map is {row.state}; reopen it to submit it again")
        version = LabelMapRow(
            image_id=row.image_id,
            annotator=row.annotator,
            strategy=row.strategy,
            content=content,
            crop_bottom=row.crop_bottom,
            created=now(),
            parent_id=None if newest is None else newest.id,
            note=note,
            session_id=number,
            origins=origins,
        )
        session.add(version)
        session.flush()
        return version.id


def reopen(project: Project, number: int) -> None:
    """Open a submitted session again; one that is open or returned stays so.

    Raises
    ------
    ConflictError
        Where a reviewer accepted it.
    """
    with transaction(project.engine) as session:
        done = session.execute(
            update(SessionRow)
            .where(SessionRow.id == number, SessionRow.state == "submitted")
            .values(state="open")
        )
        if done.rowcount:  # type: ignore[attr-defined]  # an update's result has one
            return
        if session.get_one(SessionRow, number).state not in OPEN_STATES:
            raise ConflictError("the label map was accepted; ask the reviewer to send it back")


def replace_base(
    project: Project,
    number: int,
    base: NDArray[np.uint8],
    origins: NDArray[np.uint8],
    choice: dict[str, Any],
    *,
    revision: int,
) -> int:
    """Begin again from another label map (a new choice, an earlier version); returns the revision.

    Raises
    ------
    ConflictError
        Where somebody saved since.
    """
    content, origins_content = _put(project, base), _put(project, origins, palette=False)
    with transaction(project.engine) as session:
        done = session.execute(
            update(SessionRow)
            .where(
                SessionRow.id == number,
                SessionRow.revision == revision,
                SessionRow.state.in_(OPEN_STATES),
            )
            .values(
                revision=revision + 1, base=content, base_origins=origins_content, choice=choice
            )
        )
        if not done.rowcount:  # type: ignore[attr-defined]
            _known_save(session, project, number, revision, "")
        session.execute(delete(TileRow).where(TileRow.session_id == number))
    return revision + 1


def _put(project: Project, plane: NDArray[np.uint8], *, palette: bool = True) -> str:
    colours = [phase.colour for phase in project.phases.phases] if palette else neutral_colours(16)
    return objects.put(project.root, encode_label_map(plane, colours), ".png")


def _record(row: SessionRow) -> SessionRecord:
    return SessionRecord(
        id=row.id,
        image=row.image_id,
        annotator=row.annotator,
        strategy=row.strategy,
        crop_bottom=row.crop_bottom,
        state=row.state,
        created=row.created,
        revision=row.revision,
        base=row.base,
        base_origins=row.base_origins,
        choice=row.choice,
    )
