"""Images, candidates, versions of label maps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "images",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.Column("type", sa.String),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("crop_bottom", sa.Integer, nullable=False),
        sa.Column("um_per_px", sa.Float),
        sa.Column("scale_source", sa.String),
        sa.Column("page", sa.Integer, nullable=False),
        sa.Column("added", sa.String, nullable=False),
    )
    op.create_table(
        "candidates",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("image_id", sa.String, sa.ForeignKey("images.id"), nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("method", sa.String, nullable=False),
        sa.Column("n_regions", sa.Integer, nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("crop_bottom", sa.Integer, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("cpu_seconds", sa.Float, nullable=False),
        sa.Column("peak_mb", sa.Float, nullable=False),
        sa.Column("jobs", sa.Integer, nullable=False),
        sa.Column("hardware", sa.String, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("names", sa.JSON, nullable=False),
        sa.Column("islands", sa.JSON, nullable=False),
        sa.UniqueConstraint("image_id", "key"),
    )
    op.create_table(
        "label_maps",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("image_id", sa.String, sa.ForeignKey("images.id"), nullable=False),
        sa.Column("annotator", sa.String, nullable=False),
        sa.Column("strategy", sa.String, nullable=False),
        sa.Column("content", sa.String, nullable=False),
        sa.Column("crop_bottom", sa.Integer, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("parent_id", sa.Integer, sa.ForeignKey("label_maps.id")),
        sa.Column("note", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Undo it."""
    for table in ("label_maps", "candidates", "images"):
        op.drop_table(table)
