"""Campaigns that pause, that are throttled, and that keep a record of what they changed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from headwater.catalog.migrations.allowed_states import allow_states

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SCHEMA = "headwater"
_OUTCOMES = ("made", "made elsewhere", "failed", "held", "open", "dropped", "not needed")


def upgrade() -> None:
    """Apply this step."""
    for name in (
        "paused_by", "pause_reason", "ended_by", "end_reason", "airflow_dag_id", "airflow_run_id",
    ):  # fmt: skip
        op.add_column("campaign", sa.Column(name, sa.Text()), schema=_SCHEMA)
    op.add_column("campaign", sa.Column("throttle", sa.BigInteger()), schema=_SCHEMA)
    moment = sa.Column("paused_at", sa.DateTime(timezone=True))
    op.add_column("campaign", moment, schema=_SCHEMA)
    op.create_check_constraint(
        op.f("ck_campaign_throttle"), "campaign", "throttle > 0", schema=_SCHEMA
    )
    op.create_index(
        "ix_campaign_run", "campaign", ["airflow_dag_id", "airflow_run_id"], schema=_SCHEMA
    )
    allow_states("campaign", "state", "paused")
    allow_states("event", "kind", "campaign paused", "campaign resumed")
    op.add_column(
        "wake",
        sa.Column("live", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema=_SCHEMA,
    )
    _outputs()


def _outputs() -> None:
    text = [
        sa.Column(name, sa.Text())
        for name in (
            "old_file", "old_version", "old_code", "new_file", "new_version", "new_code",
            "reason", "changed",
        )
    ]  # fmt: skip
    outcome = sa.Enum(
        *_OUTCOMES, name="outcome", native_enum=False, create_constraint=True, length=24
    )
    op.create_table(
        "campaign_output",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("process_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger()),
        sa.Column("interval_key", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("utc_date", sa.Date(), nullable=False),
        sa.Column("old_file_id", sa.BigInteger()),
        sa.Column("build_id", sa.BigInteger()),
        sa.Column("outcome", outcome),
        *text,
        *(
            sa.ForeignKeyConstraint(
                [f"{other}_id"],
                [f"headwater.{other}.id"],
                name=op.f(f"fk_campaign_output_{other}_id"),
            )
            for other in ("campaign", "process", "product")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_output")),
        schema=_SCHEMA,
    )
    op.create_index(
        op.f("ix_campaign_output_campaign_id"), "campaign_output", ["campaign_id"], schema=_SCHEMA
    )
