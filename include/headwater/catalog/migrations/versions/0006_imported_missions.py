"""Missions that were imported from a dbprocessing database"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from headwater.catalog.migrations.allowed_states import allow_states

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "imported_id",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "mission",
                "satellite",
                "instrument",
                "product",
                "inspector",
                "process",
                "code",
                "file",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=24,
                schema="headwater",
            ),
            nullable=False,
        ),
        sa.Column("old_id", sa.BigInteger(), nullable=False),
        sa.Column("new_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_imported_id_mission_id")
        ),
        sa.PrimaryKeyConstraint("mission_id", "kind", "old_id", name=op.f("pk_imported_id")),
        schema="headwater",
    )
    op.create_table(
        "imported_queue_entry",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version_bump", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["mission_id"],
            ["headwater.mission.id"],
            name=op.f("fk_imported_queue_entry_mission_id"),
        ),
        sa.PrimaryKeyConstraint("mission_id", "name", name=op.f("pk_imported_queue_entry")),
        schema="headwater",
    )
    op.create_table(
        "left_out_file",
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("old_id", sa.BigInteger(), nullable=False),
        sa.Column("product", sa.Text(), nullable=True),
        sa.Column("utc_file_date", sa.Date(), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "imported_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_left_out_file_mission_id")
        ),
        sa.PrimaryKeyConstraint("mission_id", "name", "old_id", name=op.f("pk_left_out_file")),
        schema="headwater",
    )
    for column in ("size", "sha256", "sha1"):
        op.alter_column("file", column, nullable=True, schema="headwater")
    op.drop_constraint("uq_code_version", "code", schema="headwater")
    op.create_index(
        "uq_code_version",
        "code",
        [
            "process_id",
            "interface_version",
            "quality_version",
            "revision_version",
            "start_date",
            "stop_date",
        ],
        unique=True,
        schema="headwater",
        postgresql_where=sa.text("active and newest_version"),
    )
    allow_states("event", "kind", "mission imported")
