"""Changes that were asked of the native API, each under a key and done once"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from headwater.catalog.migrations.allowed_states import allow_states

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "asked_action",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column(
            "asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("actor", "key", name=op.f("pk_asked_action")),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_asked_action_mission_id")
        ),
        schema="headwater",
    )
    op.create_index("ix_asked_action_asked_at", "asked_action", ["asked_at"], schema="headwater")
    allow_states("event", "kind", "action asked")
