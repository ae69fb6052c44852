"""Consensus and its decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the consensus."""
    op.create_table(
        "consensus",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("image_id", sa.String, sa.ForeignKey("images.id"), nullable=False),
        sa.Column("crop_bottom", sa.Integer, nullable=False),
        sa.Column("versions", sa.String, nullable=False),
        sa.Column("method", sa.String, nullable=False),
        sa.Column("min_px", sa.Integer, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.UniqueConstraint("image_id", "crop_bottom", "versions", "method", "min_px"),
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("consensus_id", sa.Integer, sa.ForeignKey("consensus.id"), nullable=False),
        sa.Column("region", sa.Integer, nullable=False),
        sa.Column("label", sa.Integer),
        sa.Column("annotator", sa.String, sa.ForeignKey("annotators.name"), nullable=False),
        sa.Column("created", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("decisions")
    op.drop_table("consensus")
