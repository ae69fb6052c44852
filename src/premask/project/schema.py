"""The tables of a project's database; ``migrations/`` holds the steps that lead to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """SQLAlchemy's registry of the tables."""

    type_annotation_map = {dict[str, Any]: JSON, float: Float}  # noqa: RUF012 (SQLAlchemy's own spelling)


class ImageRow(Base):
    """See :class:`premask.core.records.ImageRecord`."""

    __tablename__ = "images"

    id: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    name: Mapped[str]
    content: Mapped[str]
    type: Mapped[str | None]
    width: Mapped[int]
    height: Mapped[int]
    crop_bottom: Mapped[int]
    um_per_px: Mapped[float | None]
    scale_source: Mapped[str | None]
    page: Mapped[int]
    added: Mapped[str]
    removed: Mapped[str | None]
    """When it was removed; what hangs on it stays, and comes back with it."""


class CandidateRow(Base):
    """See :class:`premask.core.records.Candidate`."""

    __tablename__ = "candidates"
    __table_args__ = (UniqueConstraint("image_id", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id"))
    key: Mapped[str]
    """Digest of the parameters and the crop: what makes two candidates of an image the same."""
    method: Mapped[str]
    n_regions: Mapped[int]
    seed: Mapped[int]
    options: Mapped[dict[str, Any]]
    crop_bottom: Mapped[int]
    content: Mapped[str]
    seconds: Mapped[float]
    cpu_seconds: Mapped[float]
    peak_mb: Mapped[float]
    jobs: Mapped[int]
    hardware: Mapped[str]
    created: Mapped[str]
    names: Mapped[dict[str, Any]]
    islands: Mapped[dict[str, Any]]


class LabelMapRow(Base):
    """See :class:`premask.core.records.LabelMapVersion`."""

    __tablename__ = "label_maps"

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id"))
    annotator: Mapped[str]
    strategy: Mapped[str]
    content: Mapped[str]
    crop_bottom: Mapped[int]
    created: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("label_maps.id"))
    note: Mapped[str]
    session_id: Mapped[int | None] = mapped_column(ForeignKey("sessions.id"))
    origins: Mapped[str | None]
    """Key of the plane that says where each pixel's label came from."""


class ToolTimeRow(Base):
    """See :class:`premask.core.exchange.ToolTime`; of the label map that it came with."""

    __tablename__ = "tool_times"

    id: Mapped[int] = mapped_column(primary_key=True)
    label_map_id: Mapped[int] = mapped_column(ForeignKey("label_maps.id"))
    tool: Mapped[str]
    field: Mapped[str]
    seconds: Mapped[float]
    rule: Mapped[str]


class AnnotatorRow(Base):
    """Somebody who labels; known by name."""

    __tablename__ = "annotators"

    name: Mapped[str] = mapped_column(primary_key=True)
    added: Mapped[str]


class SessionRow(Base):
    """See :class:`premask.core.sessions.Session`; the working copy is its base and tiles."""

    __tablename__ = "sessions"
    __table_args__ = (UniqueConstraint("image_id", "annotator", "strategy", "crop_bottom"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id"))
    annotator: Mapped[str] = mapped_column(ForeignKey("annotators.name"))
    strategy: Mapped[str]
    crop_bottom: Mapped[int]
    state: Mapped[str]
    created: Mapped[str]
    revision: Mapped[int]
    """Counts the saves; a save names the revision that it was made on."""
    last_save: Mapped[str]
    """Name of the newest save, so that one that is sent again is known."""
    base: Mapped[str]
    base_origins: Mapped[str]
    """Keys of the label map and origins that the tiles lie on."""
    choice: Mapped[dict[str, Any]]
    """Which candidates the base was made of, by whom it was chosen and why."""


class TileRow(Base):
    """The newest state of a changed tile of a session's working copy."""

    __tablename__ = "tiles"

    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    column: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    codec: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class EventRow(Base):
    """See :class:`premask.core.sessions.Event`; only ever appended."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("session_id", "page", "seq"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"))
    page: Mapped[str]
    seq: Mapped[int]
    kind: Mapped[str]
    t: Mapped[float]
    wall: Mapped[float]
    received: Mapped[float]
    data: Mapped[dict[str, Any]]


class ReviewRow(Base):
    """What a reviewer said of a version."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    label_map_id: Mapped[int] = mapped_column(ForeignKey("label_maps.id"))
    reviewer: Mapped[str]
    verdict: Mapped[str]
    note: Mapped[str]
    created: Mapped[str]


class VerdictRow(Base):
    """See :class:`premask.core.records.Verdict`; only ever appended, the newest counts."""

    __tablename__ = "verdicts"

    id: Mapped[int] = mapped_column(primary_key=True)
    candidate_id: Mapped[int] = mapped_column(ForeignKey("candidates.id"))
    annotator: Mapped[str] = mapped_column(ForeignKey("annotators.name"))
    verdict: Mapped[str]
    reason: Mapped[str]
    created: Mapped[str]


class SightingRow(Base):
    """Somebody has seen another's label map of an image in a crop."""

    __tablename__ = "sightings"

    image_id: Mapped[str] = mapped_column(ForeignKey("images.id"), primary_key=True)
    crop_bottom: Mapped[int] = mapped_column(primary_key=True)
    annotator: Mapped[str] = mapped_column(primary_key=True)
    created: Mapped[str]


class StudyRow(Base):
    """See :class:`premask.core.study.StudyPlan`."""

    __tablename__ = "studies"

    id: Mapped[int] = mapped_column(primary_key=True)
    arm: Mapped[str]
    min_days: Mapped[float]
    per_image: Mapped[int]
    seed: Mapped[int]
    created: Mapped[str]


class AssignmentRow(Base):
    """See :class:`premask.core.study.Assignment`."""

    __tablename__ = "assignments"

    study_id: Mapped[int] = mapped_column(ForeignKey("studies.id"), primary_key=True)
    annotator: Mapped[str] = mapped_column(ForeignKey("annotators.name"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[str]
    """No foreign key: a plan keeps its images' ids when one is removed, and says so."""
    strategy: Mapped[str]


class ConsensusRow(Base):
    """See :class:`premask.core.records.Consensus`."""

    __tablename__ = "consensus"
    __table_args__ = (UniqueConstraint("image_id", "crop_bottom", "versions", "method", "min_px"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    image_id: Mapped[str] = mapped_column(ForeignKey("images.id"))
    crop_bottom: Mapped[int]
    versions: Mapped[str]
    """Numbers of label maps in ascending order, with commas."""
    method: Mapped[str]
    min_px: Mapped[int]
    created: Mapped[str]


class DecisionRow(Base):
    """See :class:`premask.core.records.Decision`; only ever appended, the newest counts."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    consensus_id: Mapped[int] = mapped_column(ForeignKey("consensus.id"))
    region: Mapped[int]
    label: Mapped[int | None]
    """None takes the decision back."""
    annotator: Mapped[str] = mapped_column(ForeignKey("annotators.name"))
    created: Mapped[str]


class AgreementRow(Base):
    """See :class:`premask.core.records.Agreement`."""

    __tablename__ = "agreements"

    label_map_id: Mapped[int] = mapped_column(ForeignKey("label_maps.id"), primary_key=True)
    consensus_id: Mapped[int] = mapped_column(ForeignKey("consensus.id"))
    regions: Mapped[int]
    settled: Mapped[dict[str, Any]]
    void_px: Mapped[int]
