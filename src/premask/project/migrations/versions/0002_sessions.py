"""Annotators, sessions with their working copies and events, reviews."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the annotation application."""
    op.create_table(
        "annotators",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("added", sa.String, nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("image_id", sa.String, sa.ForeignKey("images.id"), nullable=False),
        sa.Column("annotator", sa.String, sa.ForeignKey("annotators.name"), nullable=False),
        sa.Column("strategy", sa.String, nullable=False),
        sa.Column("crop_bottom", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("last_save", sa.String, nullable=False),
        sa.Column("base", sa.String, nullable=False),
        sa.Column("base_origins", sa.String, nullable=False),
        sa.Column("choice", sa.JSON, nullable=False),
        sa.UniqueConstraint("image_id", "annotator", "strategy", "crop_bottom"),
    )
    op.create_table(
        "tiles",
        sa.Column("session_id", sa.Integer, sa.ForeignKey("sessions.id"), primary_key=True),
        sa.Column("column", sa.Integer, primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column("codec", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("session_id", sa.Integer, sa.ForeignKey("sessions.id"), nullable=False),
        sa.Column("page", sa.String, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("t", sa.Float, nullable=False),
        sa.Column("wall", sa.Float, nullable=False),
        sa.Column("received", sa.Float, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.UniqueConstraint("session_id", "page", "seq"),
    )
    with op.batch_alter_table("label_maps") as table:
        table.add_column(sa.Column("session_id", sa.Integer))
        table.add_column(sa.Column("origins", sa.String))
        table.create_foreign_key("label_maps_session", "sessions", ["session_id"], ["id"])
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("label_map_id", sa.Integer, sa.ForeignKey("label_maps.id"), nullable=False),
        sa.Column("reviewer", sa.String, nullable=False),
        sa.Column("verdict", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("created", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("reviews")
    with op.batch_alter_table("label_maps") as table:
        table.drop_column("session_id")
        table.drop_column("origins")
    for name in ("events", "tiles", "sessions", "annotators"):
        op.drop_table(name)
