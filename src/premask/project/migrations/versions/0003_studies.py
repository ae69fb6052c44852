"""Studies and their assignments; images that are removed without losing what hangs on them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the study."""
    with op.batch_alter_table("images") as table:
        table.add_column(sa.Column("removed", sa.String))
    op.create_table(
        "studies",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("arm", sa.String, nullable=False),
        sa.Column("min_days", sa.Float, nullable=False),
        sa.Column("per_image", sa.Integer, nullable=False),
        sa.Column("seed", sa.Integer, nullable=False),
        sa.Column("created", sa.String, nullable=False),
    )
    op.create_table(
        "assignments",
        sa.Column("study_id", sa.Integer, sa.ForeignKey("studies.id"), primary_key=True),
        sa.Column("annotator", sa.String, sa.ForeignKey("annotators.name"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("image_id", sa.String, nullable=False),
        sa.Column("strategy", sa.String, nullable=False),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("assignments")
    op.drop_table("studies")
    with op.batch_alter_table("images") as table:
        table.drop_column("removed")
