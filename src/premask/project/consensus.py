"""Consensus on images, and the decisions on their regions of doubt: only ever appended."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from premask.core.errors import PremaskError
from premask.core.records import Agreement, Consensus, Decision, ImageRecord
from premask.project.database import transaction
from premask.project.project import Project, now
from premask.project.schema import AgreementRow, ConsensusRow, DecisionRow


def find_or_add_consensus(
    project: Project, image: ImageRecord, versions: Sequence[int], method: str, min_px: int
) -> Consensus:
    """The consensus of these versions; a new one where there is none."""
    listed = ",".join(str(number) for number in sorted(versions))
    query = select(ConsensusRow).where(
        ConsensusRow.image_id == image.id,
        ConsensusRow.crop_bottom == image.crop_bottom,
        ConsensusRow.versions == listed,
        ConsensusRow.method == method,
        ConsensusRow.min_px == min_px,
    )
    with transaction(project.engine) as session:
        row = session.scalar(query)
        if row is not None:
            return _record(row)
    try:
        with transaction(project.engine) as session:
            row = ConsensusRow(
                image_id=image.id,
                crop_bottom=image.crop_bottom,
                versions=listed,
                method=method,
                min_px=min_px,
                created=now(),
            )
            session.add(row)
            session.flush()
            return _record(row)
    except IntegrityError:  # somebody else opened it at this moment
        with transaction(project.engine) as session:
            return _record(session.scalars(query).one())


def get_consensus(project: Project, number: int) -> Consensus:
    """A consensus by its number.

    Raises
    ------
    PremaskError
        Where there is none.
    """
    with transaction(project.engine) as session:
        row = session.get(ConsensusRow, number)
        if row is None:
            raise PremaskError(f"there is no consensus {number} in {project.root}")
        return _record(row)


def add_decisions(
    project: Project, number: int, labels: dict[int, int | None], annotator: str
) -> None:
    """Append decisions by region; None takes the one that is there back."""
    with transaction(project.engine) as session:
        session.add_all(
            DecisionRow(
                consensus_id=number, region=region, label=label, annotator=annotator, created=now()
            )
            for region, label in labels.items()
        )


def decisions_of(project: Project, number: int) -> dict[int, Decision]:
    """The newest decision on each region that has one."""
    query = select(DecisionRow).where(DecisionRow.consensus_id == number).order_by(DecisionRow.id)
    found: dict[int, Decision] = {}
    with transaction(project.engine) as session:
        for row in session.scalars(query):
            found.pop(row.region, None)
            if row.label is not None:
                found[row.region] = Decision(row.region, row.label, row.annotator, row.created)
    return found


def add_agreement(project: Project, agreement: Agreement) -> None:
    """Keep how an agreed label map came about; once, also if it is told twice."""
    with transaction(project.engine) as session:
        if session.get(AgreementRow, agreement.version) is None:
            session.add(
                AgreementRow(
                    label_map_id=agreement.version,
                    consensus_id=agreement.consensus.id,
                    regions=agreement.regions,
                    settled=agreement.settled,
                    void_px=agreement.void_px,
                )
            )


def agreements(project: Project) -> dict[int, Agreement]:
    """How each agreed label map came about, by its number; not those of earlier releases."""
    query = select(AgreementRow, ConsensusRow).join(
        ConsensusRow, ConsensusRow.id == AgreementRow.consensus_id
    )
    with transaction(project.engine) as session:
        return {
            row.label_map_id: Agreement(
                row.label_map_id, _record(consensus), row.regions, row.settled, row.void_px
            )
            for row, consensus in session.execute(query)
        }


def _record(row: ConsensusRow) -> Consensus:
    versions = tuple(int(number) for number in row.versions.split(","))
    return Consensus(
        row.id, row.image_id, row.crop_bottom, versions, row.method, row.min_px, row.created
    )
