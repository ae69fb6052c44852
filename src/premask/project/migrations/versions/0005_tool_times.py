"""Times that other tools have measured."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of imported times."""
    op.create_table(
        "tool_times",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("label_map_id", sa.Integer, sa.ForeignKey("label_maps.id"), nullable=False),
        sa.Column("tool", sa.String, nullable=False),
        sa.Column("field", sa.String, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("rule", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("tool_times")
