"""Releases as a whole, tombstones of purged files, and checks of quality"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from headwater.catalog.migrations.allowed_states import allow_states

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SCHEMA = "headwater"


def upgrade() -> None:
    """Apply this step."""
    _releases()
    _tombstones()
    _checks_of_quality()
    # History keeps the numbers of files whose rows are purged.
    for table in ("arrival", "event"):
        op.drop_constraint(op.f(f"fk_{table}_file_id"), table, schema=_SCHEMA)
    op.create_index("ix_event_feed", "event", ["transaction", "id"], schema=_SCHEMA)
    op.add_column("intent", sa.Column("keep_in", sa.Text()), schema=_SCHEMA)
    op.add_column(
        "intent",
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        schema=_SCHEMA,
    )
    allow_states("intent", "state", "removing")
    allow_states(
        "event",
        "kind",
        "file purged",
        "file reaped",
        "file moved",
        "file checked",
        "release changed",
    )


def _states(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=24)


def _moment(name: str, *, now: bool = False) -> sa.Column[object]:
    default = sa.text("now()") if now else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=not now)


def _releases() -> None:
    op.add_column("release", sa.Column("excluded", sa.Text()), schema=_SCHEMA)
    op.alter_column("release", "release_num", type_=sa.Text(), schema=_SCHEMA)
    op.create_table(
        "release_name",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("release_num", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        _moment("created_at", now=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_release_name_mission_id")
        ),
        sa.PrimaryKeyConstraint("mission_id", "release_num", name=op.f("pk_release_name")),
        schema=_SCHEMA,
    )


def _tombstones() -> None:
    op.create_table(
        "tombstone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("utc_file_date", sa.Date(), nullable=False),
        sa.Column("interval_key", sa.Text(), nullable=False),
        sa.Column("keywords", sa.Text(), nullable=False),
        sa.Column("interface_version", sa.SmallInteger(), nullable=False),
        sa.Column("quality_version", sa.SmallInteger(), nullable=False),
        sa.Column("revision_version", sa.SmallInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("fate", _states("fate", "removed", "kept", "left"), nullable=False),
        sa.Column("kept_path", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        _moment("created_at", now=True),
        _moment("closed_at"),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_tombstone_mission_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["headwater.product.id"], name=op.f("fk_tombstone_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tombstone")),
        schema=_SCHEMA,
    )
    op.create_index(
        "ix_tombstone_standing",
        "tombstone",
        ["mission_id", "name"],
        schema=_SCHEMA,
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_index("ix_tombstone_file_id", "tombstone", ["file_id"], schema=_SCHEMA)


def _checks_of_quality() -> None:
    op.add_column("mission", sa.Column("qa_dir", sa.Text()), schema=_SCHEMA)
    op.add_column("file", sa.Column("qa", sa.String(length=24)), schema=_SCHEMA)
    op.create_check_constraint(
        op.f("ck_file_qa"), "file", "qa in ('ok', 'ignore', 'problem')", schema=_SCHEMA
    )
    op.create_index(
        "ix_file_qa",
        "file",
        ["mission_id"],
        schema=_SCHEMA,
        postgresql_where=sa.text("qa in ('ignore', 'problem')"),
    )
    op.create_table(
        "qa_file",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("marked", sa.BigInteger(), nullable=False),
        sa.Column("trouble", sa.Text(), server_default=sa.text("''"), nullable=False),
        _moment("read_at", now=True),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_qa_file_mission_id")
        ),
        sa.PrimaryKeyConstraint("mission_id", "path", name=op.f("pk_qa_file")),
        schema=_SCHEMA,
    )
