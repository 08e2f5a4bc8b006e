"""A mission's ingest that is paused because the disk is full"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from headwater.catalog.migrations.allowed_states import allow_states

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    for column in (
        sa.Column("ingest_paused_at", sa.DateTime(timezone=True)),
        sa.Column("ingest_pause_reason", sa.Text()),
        sa.Column("ingest_room_bytes", sa.BigInteger()),
    ):
        op.add_column("mission", column, schema="headwater")
    op.create_check_constraint(
        op.f("ck_mission_ingest_pause"),
        "mission",
        "(ingest_paused_at is null) = (ingest_pause_reason is null)"
        " and (ingest_paused_at is null) = (ingest_room_bytes is null)",
        schema="headwater",
    )
    allow_states("event", "kind", "ingest paused", "ingest resumed")
