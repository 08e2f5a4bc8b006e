"""What persons did to runs of Airflow, and which builds their tasks are to make"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from headwater.catalog.migrations.allowed_states import allow_states

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.add_column("build", sa.Column("cancel_state", sa.String(24)), schema="headwater")
    op.add_column("build", sa.Column("cancelled_by", sa.Text()), schema="headwater")
    op.create_check_constraint(
        op.f("ck_build_cancel_state"),
        "build",
        "cancel_state in ('failed', 'held')",
        schema="headwater",
    )
    _run_task()
    _run_mark()
    op.create_table(
        "feed_position",
        sa.Column("feed", sa.Text(), nullable=False),
        sa.Column("read_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_feed_position")),
        schema="headwater",
    )
    allow_states("event", "kind", "task marked", "run marked")


def _now(name: str) -> sa.Column[object]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def _run_task() -> None:
    op.create_table(
        "run_task",
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("builds", postgresql.ARRAY(sa.BIGINT()), nullable=False),
        _now("planned_at"),
        sa.PrimaryKeyConstraint(
            "dag_id", "run_id", "task_id", "map_index", name=op.f("pk_run_task")
        ),
        schema="headwater",
    )


def _run_mark() -> None:
    op.create_table(
        "run_mark",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=True),
        sa.Column("dag_id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("map_index", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        _now("at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_mark")),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_run_mark_mission_id")
        ),
        sa.CheckConstraint(
            "kind in ('failed', 'success', 'skipped', 'cleared')", name=op.f("ck_run_mark_kind")
        ),
        schema="headwater",
    )
    op.create_index("ix_run_mark_run", "run_mark", ["dag_id", "run_id", "at"], schema="headwater")
