"""Who has seen another's label map of an image."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of sightings; whoever reviewed before has seen what was there."""
    op.create_table(
        "sightings",
        sa.Column("image_id", sa.String, sa.ForeignKey("images.id"), primary_key=True),
        sa.Column("crop_bottom", sa.Integer, primary_key=True),
        sa.Column("annotator", sa.String, primary_key=True),
        sa.Column("created", sa.String, nullable=False),
    )
    op.execute(
        "INSERT INTO sightings"
        " SELECT m.image_id, m.crop_bottom, r.reviewer, min(r.created)"
        " FROM reviews r JOIN label_maps m ON m.id = r.label_map_id"
        " WHERE r.reviewer <> m.annotator"
        " GROUP BY m.image_id, m.crop_bottom, r.reviewer"
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("sightings")
