"""Windows of inputs that are counted in files, and inputs that are valid for a time"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    for name in ("files_before", "files_after"):
        op.add_column(
            "process_input",
            sa.Column(name, sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
            schema="headwater",
        )
    op.add_column(
        "process_input",
        sa.Column("latest_valid", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="headwater",
    )
