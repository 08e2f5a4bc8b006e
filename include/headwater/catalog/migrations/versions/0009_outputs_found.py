"""Outputs that a code names itself, found by their inspectors"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.add_column(
        "process_output",
        sa.Column(
            "found_by",
            sa.Enum(
                "name",
                "inspector",
                name="found_by",
                native_enum=False,
                create_constraint=True,
                length=24,
                schema="headwater",
            ),
            server_default=sa.text("'name'"),
            nullable=False,
        ),
        schema="headwater",
    )
