"""The catalog of files, versions, parents, codes and builds"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step."""
    op.create_table(
        "mission",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rootdir", sa.Text(), nullable=False),
        sa.Column("incoming_dir", sa.Text(), nullable=False),
        sa.Column("codedir", sa.Text(), nullable=False),
        sa.Column("inspectordir", sa.Text(), nullable=False),
        sa.Column("errordir", sa.Text(), nullable=False),
        sa.Column(
            "settings",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("revision", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission")),
        sa.UniqueConstraint("name", name=op.f("uq_mission_name")),
        schema="headwater",
    )
    op.create_table(
        "intent",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "committed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
                schema="headwater",
            ),
            nullable=False,
        ),
        sa.Column("source_path", sa.LargeBinary(), nullable=False),
        sa.Column("part_path", sa.LargeBinary(), nullable=False),
        sa.Column("final_path", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_intent_mission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intent")),
        sa.UniqueConstraint(
            "mission_id", "final_path", name=op.f("uq_intent_mission_id_final_path")
        ),
        schema="headwater",
    )
    op.create_index("ix_intent_lease", "intent", ["lease_until"], unique=False, schema="headwater")
    op.create_index(op.f("ix_intent_token"), "intent", ["token"], unique=False, schema="headwater")
    op.create_table(
        "process",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column(
            "timebase",
            sa.Enum(
                "FILE",
                "DAILY",
                "WEEKLY",
                "MONTHLY",
                "YEARLY",
                "ORBIT",
                "RUN",
                name="timebase",
                native_enum=False,
                create_constraint=True,
                length=24,
                schema="headwater",
            ),
            nullable=False,
        ),
        sa.Column("extra_params", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_process_mission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process")),
        sa.UniqueConstraint("mission_id", "name", name=op.f("uq_process_mission_id_name")),
        sa.UniqueConstraint("mission_id", "slug", name=op.f("uq_process_mission_id_slug")),
        schema="headwater",
    )
    op.create_table(
        "satellite",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_satellite_mission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_satellite")),
        sa.UniqueConstraint("mission_id", "name", name=op.f("uq_satellite_mission_id_name")),
        schema="headwater",
    )
    op.create_table(
        "code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("process_id", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("relative_path", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("interface_version", sa.SmallInteger(), nullable=False),
        sa.Column("quality_version", sa.SmallInteger(), nullable=False),
        sa.Column("revision_version", sa.SmallInteger(), nullable=False),
        sa.Column("output_interface", sa.SmallInteger(), nullable=False),
        sa.Column("start_date", sa.Date(), nullable=False),
        sa.Column("stop_date", sa.Date(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("newest_version", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("date_written", sa.Date(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=True),
        sa.Column("cpu", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("ram", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "interface_version >= 1 and output_interface >= 1", name=op.f("ck_code_versions")
        ),
        sa.CheckConstraint("start_date <= stop_date", name=op.f("ck_code_dates")),
        sa.ForeignKeyConstraint(
            ["process_id"], ["headwater.process.id"], name=op.f("fk_code_process_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code")),
        sa.UniqueConstraint(
            "process_id",
            "interface_version",
            "quality_version",
            "revision_version",
            "start_date",
            "stop_date",
            name="uq_code_version",
        ),
        schema="headwater",
    )
    op.create_table(
        "instrument",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("satellite_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["satellite_id"], ["headwater.satellite.id"], name=op.f("fk_instrument_satellite_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instrument")),
        sa.UniqueConstraint("satellite_id", "name", name=op.f("uq_instrument_satellite_id_name")),
        schema="headwater",
    )
    op.create_table(
        "wake",
        sa.Column("process_id", sa.BigInteger(), nullable=False),
        sa.Column("utc_date", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["process_id"], ["headwater.process.id"], name=op.f("fk_wake_process_id")
        ),
        sa.PrimaryKeyConstraint("process_id", "utc_date", name=op.f("pk_wake")),
        schema="headwater",
    )
    op.create_index("ix_wake_due", "wake", ["due_at"], unique=False, schema="headwater")
    op.create_table(
        "build",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("process_id", sa.BigInteger(), nullable=False),
        sa.Column("interval_key", sa.Text(), nullable=False),
        sa.Column("utc_date", sa.Date(), nullable=False),
        sa.Column("interval_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("interval_stop", sa.DateTime(timezone=True), nullable=False),
        sa.Column("keywords", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "waiting",
                "running",
                "built",
                "failed",
                "held",
                "superseded",
                "not needed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
                schema="headwater",
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("forced", sa.BigInteger(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("code_id", sa.BigInteger(), nullable=True),
        sa.Column("interface_version", sa.SmallInteger(), nullable=True),
        sa.Column("quality_version", sa.SmallInteger(), nullable=True),
        sa.Column("revision_version", sa.SmallInteger(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("airflow_dag_id", sa.Text(), nullable=True),
        sa.Column("airflow_run_id", sa.Text(), nullable=True),
        sa.Column("airflow_task_id", sa.Text(), nullable=True),
        sa.Column("airflow_map_index", sa.BigInteger(), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=True),
        sa.Column("command", sa.Text(), nullable=True),
        sa.Column("log_path", sa.Text(), nullable=True),
        sa.Column("exit_code", sa.BigInteger(), nullable=True),
        sa.Column("wall_seconds", sa.Float(), nullable=True),
        sa.Column("cpu_seconds", sa.Float(), nullable=True),
        sa.Column("max_rss_bytes", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'running') = (token is not null and lease_until is not null)",
            name=op.f("ck_build_lease"),
        ),
        sa.ForeignKeyConstraint(["code_id"], ["headwater.code.id"], name=op.f("fk_build_code_id")),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_build_mission_id")
        ),
        sa.ForeignKeyConstraint(
            ["process_id"], ["headwater.process.id"], name=op.f("fk_build_process_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_build")),
        schema="headwater",
    )
    op.create_index(
        "ix_build_claimable",
        "build",
        ["process_id", "utc_date", "id"],
        unique=False,
        schema="headwater",
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_build_mission_date",
        "build",
        ["mission_id", "utc_date"],
        unique=False,
        schema="headwater",
    )
    op.create_index(
        "ix_build_open_date",
        "build",
        ["process_id", "utc_date"],
        unique=False,
        schema="headwater",
        postgresql_where=sa.text("state in ('pending', 'waiting', 'running', 'failed', 'held')"),
    )
    op.create_index(
        "ix_build_run",
        "build",
        ["airflow_dag_id", "airflow_run_id"],
        unique=False,
        schema="headwater",
    )
    op.create_index(
        "ix_build_running",
        "build",
        ["lease_until"],
        unique=False,
        schema="headwater",
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_index(
        "uq_build_built",
        "build",
        ["process_id", "interval_key", "keywords"],
        unique=True,
        schema="headwater",
        postgresql_where=sa.text("state = 'built'"),
    )
    op.create_index(
        "uq_build_fingerprint",
        "build",
        ["process_id", "interval_key", "keywords", "fingerprint"],
        unique=True,
        schema="headwater",
        postgresql_where=sa.text("state in ('running', 'built') and forced is null"),
    )
    op.create_index(
        "uq_build_open",
        "build",
        ["process_id", "interval_key", "keywords"],
        unique=True,
        schema="headwater",
        postgresql_where=sa.text("state in ('pending', 'waiting', 'running', 'failed', 'held')"),
    )
    op.create_table(
        "product",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("instrument_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("relative_path", sa.Text(), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("several_per_day", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["headwater.instrument.id"], name=op.f("fk_product_instrument_id")
        ),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_product_mission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("mission_id", "name", name=op.f("uq_product_mission_id_name")),
        schema="headwater",
    )
    op.create_index(
        op.f("ix_product_instrument_id"),
        "product",
        ["instrument_id"],
        unique=False,
        schema="headwater",
    )
    op.create_table(
        "inspector",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("relative_path", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("description", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("interface_version", sa.SmallInteger(), nullable=False),
        sa.Column("quality_version", sa.SmallInteger(), nullable=False),
        sa.Column("revision_version", sa.SmallInteger(), nullable=False),
        sa.Column(
            "output_interface", sa.SmallInteger(), server_default=sa.text("1"), nullable=False
        ),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("newest_version", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("date_written", sa.Date(), nullable=False),
        sa.Column("arguments", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["product_id"], ["headwater.product.id"], name=op.f("fk_inspector_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inspector")),
        sa.UniqueConstraint("product_id", name=op.f("uq_inspector_product_id")),
        schema="headwater",
    )
    op.create_table(
        "process_input",
        sa.Column("process_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "hard",
                "soft",
                "no_trigger",
                name="input_kind",
                native_enum=False,
                create_constraint=True,
                length=24,
                schema="headwater",
            ),
            nullable=False,
        ),
        sa.Column("days_before", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("days_after", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "days_before >= 0 and days_after >= 0", name=op.f("ck_process_input_window")
        ),
        sa.ForeignKeyConstraint(
            ["process_id"], ["headwater.process.id"], name=op.f("fk_process_input_process_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["headwater.product.id"], name=op.f("fk_process_input_product_id")
        ),
        sa.PrimaryKeyConstraint("process_id", "product_id", name=op.f("pk_process_input")),
        schema="headwater",
    )
    op.create_index(
        "ix_process_input_product_id",
        "process_input",
        ["product_id"],
        unique=False,
        schema="headwater",
    )
    op.create_table(
        "process_output",
        sa.Column("process_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("required", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.ForeignKeyConstraint(
            ["process_id"], ["headwater.process.id"], name=op.f("fk_process_output_process_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["headwater.product.id"], name=op.f("fk_process_output_product_id")
        ),
        sa.PrimaryKeyConstraint("process_id", "product_id", name=op.f("pk_process_output")),
        schema="headwater",
    )
    op.create_index(
        "ix_process_output_product_id",
        "process_output",
        ["product_id"],
        unique=False,
        schema="headwater",
    )
    op.create_table(
        "file",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("interval_key", sa.Text(), nullable=False),
        sa.Column("utc_file_date", sa.Date(), nullable=False),
        sa.Column("utc_start_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("utc_stop_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("interface_version", sa.SmallInteger(), nullable=False),
        sa.Column("quality_version", sa.SmallInteger(), nullable=False),
        sa.Column("revision_version", sa.SmallInteger(), nullable=False),
        sa.Column("newest", sa.Boolean(), nullable=False),
        sa.Column("keywords", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("level", sa.Float(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sha1", sa.String(length=40), nullable=False),
        sa.Column("file_create_date", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exists_on_disk", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("verbose_provenance", sa.Text(), nullable=True),
        sa.Column("quality_checked", sa.Boolean(), nullable=True),
        sa.Column("quality_comment", sa.Text(), nullable=True),
        sa.Column("caveats", sa.Text(), nullable=True),
        sa.Column("check_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("met_start_time", sa.Float(), nullable=True),
        sa.Column("met_stop_time", sa.Float(), nullable=True),
        sa.Column("inspector_id", sa.BigInteger(), nullable=True),
        sa.Column("build_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("interface_version >= 1", name=op.f("ck_file_interface")),
        sa.CheckConstraint("utc_start_time <= utc_stop_time", name=op.f("ck_file_span")),
        sa.ForeignKeyConstraint(
            ["build_id"], ["headwater.build.id"], name=op.f("fk_file_build_id")
        ),
        sa.ForeignKeyConstraint(
            ["inspector_id"], ["headwater.inspector.id"], name=op.f("fk_file_inspector_id")
        ),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_file_mission_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["headwater.product.id"], name=op.f("fk_file_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
        sa.UniqueConstraint("mission_id", "name", name=op.f("uq_file_mission_id_name")),
        sa.UniqueConstraint("mission_id", "path", name=op.f("uq_file_mission_id_path")),
        sa.UniqueConstraint(
            "product_id",
            "interval_key",
            "keywords",
            "interface_version",
            "quality_version",
            "revision_version",
            name="uq_file_version",
        ),
        schema="headwater",
    )
    op.create_index(
        op.f("ix_file_build_id"), "file", ["build_id"], unique=False, schema="headwater"
    )
    op.create_index(
        "ix_file_product_date",
        "file",
        ["product_id", "utc_file_date"],
        unique=False,
        schema="headwater",
        postgresql_where=sa.text("newest"),
    )
    op.create_index(
        "ix_file_product_span",
        "file",
        ["product_id", "utc_start_time", "utc_stop_time"],
        unique=False,
        schema="headwater",
        postgresql_where=sa.text("newest"),
    )
    op.create_index(
        "uq_file_newest",
        "file",
        ["product_id", "interval_key", "keywords"],
        unique=True,
        schema="headwater",
        postgresql_where=sa.text("newest"),
    )
    op.create_table(
        "arrival",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("raw_name", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "claimed",
                "ended",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=24,
                schema="headwater",
            ),
            nullable=False,
        ),
        sa.Column(
            "disposition",
            sa.Enum(
                "adopted",
                "superseded",
                "duplicate",
                "quarantined",
                "ignored",
                name="disposition",
                native_enum=False,
                create_constraint=True,
                length=24,
                schema="headwater",
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("quarantine_path", sa.Text(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'ended') = (disposition is not null)", name=op.f("ck_arrival_ended")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["headwater.file.id"], name=op.f("fk_arrival_file_id")
        ),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_arrival_mission_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["headwater.product.id"], name=op.f("fk_arrival_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrival")),
        schema="headwater",
    )
    op.create_index(
        "ix_arrival_claimed",
        "arrival",
        ["mission_id", "lease_until"],
        unique=False,
        schema="headwater",
        postgresql_where=sa.text("state = 'claimed'"),
    )
    op.create_index(
        op.f("ix_arrival_file_id"), "arrival", ["file_id"], unique=False, schema="headwater"
    )
    op.create_index(
        "ix_arrival_mission_created",
        "arrival",
        ["mission_id", "created_at"],
        unique=False,
        schema="headwater",
    )
    op.create_index("ix_arrival_token", "arrival", ["token"], unique=False, schema="headwater")
    op.create_table(
        "build_input",
        sa.Column("build_id", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["build_id"], ["headwater.build.id"], name=op.f("fk_build_input_build_id")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["headwater.file.id"], name=op.f("fk_build_input_file_id")
        ),
        sa.PrimaryKeyConstraint("build_id", "file_id", name=op.f("pk_build_input")),
        schema="headwater",
    )
    op.create_index(
        "ix_build_input_file_id", "build_input", ["file_id"], unique=False, schema="headwater"
    )
    op.create_table(
        "file_code",
        sa.Column("resulting_file", sa.BigInteger(), nullable=False),
        sa.Column("source_code", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resulting_file"], ["headwater.file.id"], name=op.f("fk_file_code_resulting_file")
        ),
        sa.ForeignKeyConstraint(
            ["source_code"], ["headwater.code.id"], name=op.f("fk_file_code_source_code")
        ),
        sa.PrimaryKeyConstraint("resulting_file", "source_code", name=op.f("pk_file_code")),
        schema="headwater",
    )
    op.create_table(
        "file_link",
        sa.Column("source_file", sa.BigInteger(), nullable=False),
        sa.Column("resulting_file", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("source_file <> resulting_file", name=op.f("ck_file_link_different")),
        sa.ForeignKeyConstraint(
            ["resulting_file"], ["headwater.file.id"], name=op.f("fk_file_link_resulting_file")
        ),
        sa.ForeignKeyConstraint(
            ["source_file"], ["headwater.file.id"], name=op.f("fk_file_link_source_file")
        ),
        sa.PrimaryKeyConstraint("source_file", "resulting_file", name=op.f("pk_file_link")),
        schema="headwater",
    )
    op.create_index(
        "ix_file_link_resulting_file",
        "file_link",
        ["resulting_file"],
        unique=False,
        schema="headwater",
    )
    op.create_table(
        "release",
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("release_num", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["file_id"], ["headwater.file.id"], name=op.f("fk_release_file_id")
        ),
        sa.PrimaryKeyConstraint("file_id", "release_num", name=op.f("pk_release")),
        schema="headwater",
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column(
            "transaction",
            sa.BigInteger(),
            server_default=sa.text("pg_current_xact_id()::text::bigint"),
            nullable=False,
        ),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "mission applied",
                "code activated",
                "arrival claimed",
                "arrival ended",
                "file adopted",
                "file lost",
                "build planned",
                "build started",
                "build built",
                "build failed",
                "build held",
                "build retried",
                "build not needed",
                "intent recovered",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=24,
                schema="headwater",
            ),
            nullable=False,
        ),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("mission_id", sa.BigInteger(), nullable=True),
        sa.Column("product_id", sa.BigInteger(), nullable=True),
        sa.Column("process_id", sa.BigInteger(), nullable=True),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("build_id", sa.BigInteger(), nullable=True),
        sa.Column("arrival_id", sa.BigInteger(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["arrival_id"], ["headwater.arrival.id"], name=op.f("fk_event_arrival_id")
        ),
        sa.ForeignKeyConstraint(
            ["build_id"], ["headwater.build.id"], name=op.f("fk_event_build_id")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["headwater.file.id"], name=op.f("fk_event_file_id")),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["headwater.mission.id"], name=op.f("fk_event_mission_id")
        ),
        sa.ForeignKeyConstraint(
            ["process_id"], ["headwater.process.id"], name=op.f("fk_event_process_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["headwater.product.id"], name=op.f("fk_event_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        schema="headwater",
    )
    op.create_index(
        "ix_event_build",
        "event",
        ["build_id"],
        unique=False,
        schema="headwater",
        postgresql_where=sa.text("build_id is not null"),
    )
    op.create_index(
        "ix_event_file",
        "event",
        ["file_id"],
        unique=False,
        schema="headwater",
        postgresql_where=sa.text("file_id is not null"),
    )
    op.create_index(
        "ix_event_mission_at", "event", ["mission_id", "at"], unique=False, schema="headwater"
    )
