"""Of which consensus an agreed label map came, and how it was settled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of agreements."""
    op.create_table(
        "agreements",
        sa.Column("label_map_id", sa.Integer, sa.ForeignKey("label_maps.id"), primary_key=True),
        sa.Column("consensus_id", sa.Integer, sa.ForeignKey("consensus.id"), nullable=False),
        sa.Column("regions", sa.Integer, nullable=False),
        sa.Column("settled", sa.JSON, nullable=False),
        sa.Column("void_px", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("agreements")
