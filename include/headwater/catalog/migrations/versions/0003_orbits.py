"""Orbits, and processes that wait for the end of their intervals"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.add_column(
        "process",
        sa.Column("wait_for_end", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        schema="headwater",
    )
    op.create_table(
        "orbit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("satellite_id", sa.BigInteger(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stop", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("start < stop", name=op.f("ck_orbit_span")),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_orbit_mission_id")
        ),
        sa.ForeignKeyConstraint(
            ["satellite_id"], ["headwater.satellite.id"], name=op.f("fk_orbit_satellite_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orbit")),
        schema="headwater",
    )
    op.create_index(
        "ix_orbit_start", "orbit", ["mission_id", "satellite_id", "start"], schema="headwater"
    )
    op.create_index(
        "uq_orbit_number",
        "orbit",
        ["mission_id", "number"],
        unique=True,
        schema="headwater",
        postgresql_where=sa.text("satellite_id is null"),
    )
    op.create_index(
        "uq_orbit_satellite_number",
        "orbit",
        ["mission_id", "satellite_id", "number"],
        unique=True,
        schema="headwater",
        postgresql_where=sa.text("satellite_id is not null"),
    )
    op.create_table(
        "orbit_file",
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column(
            "read_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["headwater.file.id"],
            name=op.f("fk_orbit_file_file_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_orbit_file")),
        schema="headwater",
    )
