"""Files of a date with all their versions, and the quarantined arrivals, found by an index"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.drop_index("ix_file_product_date", table_name="file", schema="headwater")
    op.create_index(
        "ix_file_product_date",
        "file",
        ["product_id", "utc_file_date", "newest"],
        schema="headwater",
    )
    op.create_index(
        "ix_arrival_quarantined",
        "arrival",
        ["mission_id", "created_at"],
        schema="headwater",
        postgresql_where=sa.text("disposition = 'quarantined'"),
    )
