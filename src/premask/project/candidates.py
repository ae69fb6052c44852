"""The candidates of a project: regions, cost, names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from premask.core.phases import neutral_colours
from premask.core.records import Candidate, Cost, ImageRecord, Parameters
from premask.io.files import sha256_of
from premask.io.label_maps import encode_label_map, read_label_map
from premask.project import objects
from premask.project.database import transaction
from premask.project.project import Project, now
from premask.project.schema import CandidateRow, ImageRow


def key_of(parameters: Parameters, crop_bottom: int) -> str:
    """What makes two candidates of one image the same."""
    content = [parameters.method, parameters.n_regions, parameters.seed, parameters.options]
    return sha256_of(json.dumps([*content, crop_bottom], sort_keys=True).encode())


def has_candidate(project: Project, image: ImageRecord, parameters: Parameters) -> bool:
    """Whether the same candidate is there already."""
    query = select(CandidateRow.id).where(
        CandidateRow.image_id == image.id,
        CandidateRow.key == key_of(parameters, image.crop_bottom),
    )
    with transaction(project.engine) as session:
        return session.scalar(query) is not None


def save_candidate(
    project: Project,
    image: ImageRecord,
    parameters: Parameters,
    regions: NDArray[np.uint8],
    cost: Cost,
    table: Mapping[str, Any] | None = None,
) -> bool:
    """Keep a candidate; False where another process was quicker with the same one.

    Parameters
    ----------
    table : mapping, optional
        The names that its regions come with, see :mod:`premask.naming.table`.
    """
    data = encode_label_map(regions, neutral_colours(int(regions.max()) + 1))
    row = CandidateRow(
        image_id=image.id,
        key=key_of(parameters, image.crop_bottom),
        method=parameters.method,
        n_regions=parameters.n_regions,
        seed=parameters.seed,
        options=parameters.options,
        crop_bottom=image.crop_bottom,
        content=objects.put(project.root, data, ".png"),
        seconds=cost.seconds,
        cpu_seconds=cost.cpu_seconds,
        peak_mb=cost.peak_mb,
        jobs=cost.jobs,
        hardware=cost.hardware,
        created=now(),
        names=dict(table or {}),
        islands={},
    )
    try:
        with transaction(project.engine) as session:
            session.add(row)
    except IntegrityError:
        return False
    return True


def all_candidates(
    project: Project,
    images: Sequence[ImageRecord] | None = None,
    methods: Sequence[str] | None = None,
) -> list[Candidate]:
    """Candidates that fit their image's crop, by image and in the order they were made.

    Parameters
    ----------
    images, methods
        Only those of these images and of these methods; of all by default.
    """
    query = (
        select(CandidateRow)
        .join(ImageRow, ImageRow.id == CandidateRow.image_id)
        .where(CandidateRow.crop_bottom == ImageRow.crop_bottom)
        .order_by(ImageRow.position, CandidateRow.id)
    )
    if images is not None:
        query = query.where(CandidateRow.image_id.in_([image.id for image in images]))
    if methods is not None:
        query = query.where(CandidateRow.method.in_(list(methods)))
    with transaction(project.engine) as session:
        return [_record(project, row) for row in session.scalars(query)]


def methods_made(project: Project) -> list[tuple[str, dict[str, Any]]]:
    """Method and options of every candidate there ever was, in the order they were made."""
    query = select(CandidateRow.method, CandidateRow.options).order_by(CandidateRow.id)
    with transaction(project.engine) as session:
        return [(method, options) for method, options in session.execute(query)]


def read_regions(project: Project, candidate: Candidate) -> NDArray[np.uint8]:
    """The regions of a candidate, (H, W) in the crop."""
    return read_label_map(objects.existing(project.root, candidate.content))


def has_names(table: Mapping[str, Any]) -> bool:
    """Whether a candidate's table names any region, so that its labels are phases."""
    return any(name is not None for name in table.get("names", []))


def set_names(project: Project, candidate: Candidate, table: dict[str, Any]) -> bool:
    """Store the table that names a candidate's regions.

    Island limits are kept by label. Labels that were regions become phases with the first
    name, and regions again without the last one: limits that meant the others go then.

    Returns
    -------
    bool
        Whether limits went, so that the default rule holds again.
    """
    with transaction(project.engine) as session:
        row = session.get_one(CandidateRow, candidate.id)
        stale = "areas" in row.islands and has_names(row.names) != has_names(table)
        row.names = table
        if stale:
            row.islands = {}
        return stale


def set_islands(project: Project, candidate: Candidate, islands: dict[str, Any]) -> None:
    """Store how small islands are removed from a candidate's label map."""
    with transaction(project.engine) as session:
        session.get_one(CandidateRow, candidate.id).islands = islands


def _record(project: Project, row: CandidateRow) -> Candidate:
    return Candidate(
        id=row.id,
        image=row.image_id,
        parameters=Parameters(row.method, row.n_regions, row.seed, row.options),
        cost=Cost(row.seconds, row.cpu_seconds, row.peak_mb, row.jobs, row.hardware),
        content=row.content,
        crop_bottom=row.crop_bottom,
        created=row.created,
        table=_meant(project, row.names),
        islands=row.islands,
    )


def _meant(project: Project, table: dict[str, Any]) -> dict[str, Any]:
    """Names that were given, as they are meant now: phases may have been merged since."""
    if not project.phases.merged or not table:
        return table
    names = [name if name is None else project.phases.meant(name) for name in table["names"]]
    return table | {"names": names}
