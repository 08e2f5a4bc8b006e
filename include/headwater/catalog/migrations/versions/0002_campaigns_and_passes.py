"""Campaigns, passes, the databases that missions came from, and who promises a file"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

EVENT_KINDS = (
    "mission applied", "code activated", "campaign proposed", "campaign approved",
    "campaign ended", "pass died", "arrival claimed", "arrival ended", "file adopted",
    "file lost", "build planned", "build started", "build built", "build failed", "build held",
    "build retried", "build not needed", "intent recovered",
)  # fmt: skip


def _states(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def upgrade() -> None:
    """Apply this step."""
    now = sa.text("now()")
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state", _states("state", "proposed", "running", "done", "aborted"), nullable=False
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("forced", sa.SmallInteger(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_campaign_mission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        schema="headwater",
    )
    op.create_index(
        "ix_campaign_open",
        "campaign",
        ["mission_id"],
        schema="headwater",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "campaign_date",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("process_id", sa.BigInteger(), nullable=False),
        sa.Column("utc_date", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["headwater.campaign.id"], name=op.f("fk_campaign_date_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["process_id"], ["headwater.process.id"], name=op.f("fk_campaign_date_process_id")
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "process_id", "utc_date", name=op.f("pk_campaign_date")
        ),
        schema="headwater",
    )
    op.create_index(
        "ix_campaign_date_process", "campaign_date", ["process_id", "utc_date"], schema="headwater"
    )
    op.create_table(
        "pass",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", _states("kind", "ingest", "process"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_pass_mission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pass")),
        schema="headwater",
    )
    op.create_index("ix_pass_mission", "pass", ["mission_id", "id"], schema="headwater")
    op.create_table(
        "mission_database",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_mission_database_mission_id")
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mission_database")),
        schema="headwater",
    )
    op.add_column("build", sa.Column("campaign_id", sa.BigInteger()), schema="headwater")
    op.create_foreign_key(
        op.f("fk_build_campaign_id"),
        "build",
        "campaign",
        ["campaign_id"],
        ["id"],
        source_schema="headwater",
        referent_schema="headwater",
    )
    op.create_index(op.f("ix_build_campaign_id"), "build", ["campaign_id"], schema="headwater")
    op.add_column(
        "intent",
        sa.Column("owner", sa.Text(), server_default=sa.text("''"), nullable=False),
        schema="headwater",
    )
    op.drop_constraint(op.f("ck_event_kind"), "event", schema="headwater")
    op.create_check_constraint(
        op.f("ck_event_kind"), "event", sa.column("kind").in_(EVENT_KINDS), schema="headwater"
    )
