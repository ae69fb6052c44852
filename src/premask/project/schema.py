"""The tables of a project's database; ``migrations/`` holds the steps that lead to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, UniqueConstraint
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
