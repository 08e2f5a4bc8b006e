"""Work: builds, what they are made from, what wakes them; and the log of events."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from headwater.catalog.models.base import Base, Key, Moment, Now, Small, state_type
from headwater.catalog.models.campaign import Campaign
from headwater.catalog.models.file import Arrival, File
from headwater.catalog.models.mission import Code, Mission, Process, Product
from headwater.core.states import OPEN_BUILD_STATES, BuildState, EventKind

_OPEN = "state in ({})".format(", ".join(f"'{state}'" for state in OPEN_BUILD_STATES))


class Build(Base):
    """One unit of work: a process, an interval and keywords (DESIGN 6).

    A row always has its reason. At most one row of a process, interval and keywords stands for
    open work; the others are history.
    """

    __tablename__ = "build"
    __table_args__ = (
        Index(
            "uq_build_open",
            "process_id",
            "interval_key",
            "keywords",
            unique=True,
            postgresql_where=text(_OPEN),
        ),
        Index(
            "uq_build_fingerprint",
            "process_id",
            "interval_key",
            "keywords",
            "fingerprint",
            unique=True,
            postgresql_where=text("state in ('running', 'built') and forced is null"),
        ),
        Index(
            "uq_build_built",
            "process_id",
            "interval_key",
            "keywords",
            unique=True,
            postgresql_where=text("state = 'built'"),
        ),
        Index(
            "ix_build_claimable",
            "process_id",
            "utc_date",
            "id",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_build_running", "lease_until", postgresql_where=text("state = 'running'")),
        Index("ix_build_open_date", "process_id", "utc_date", postgresql_where=text(_OPEN)),
        Index("ix_build_mission_date", "mission_id", "utc_date"),
        Index("ix_build_run", "airflow_dag_id", "airflow_run_id"),
        CheckConstraint(
            "(state = 'running') = (token is not null and lease_until is not null)", name="lease"
        ),
        CheckConstraint("cancel_state in ('failed', 'held')", name="cancel_state"),
    )

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    process_id: Mapped[int] = mapped_column(ForeignKey(Process.id))
    interval_key: Mapped[str]
    """The interval's name: a date, week, month, year or orbit; for FILE the date, or the start
    time where the inputs may be several a day."""
    utc_date: Mapped[date]
    """The date of the outputs."""
    interval_start: Mapped[Moment]
    interval_stop: Mapped[Moment]
    keywords: Mapped[str] = mapped_column(server_default=text("''"))
    state: Mapped[BuildState] = mapped_column(state_type(BuildState, "state"))
    reason: Mapped[str]
    forced: Mapped[int | None] = mapped_column()
    """The component that a person asked to grow: 0 interface, 1 quality, 2 revision."""
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey(Campaign.id), index=True)
    """The campaign that it belongs to; made after builds of live data."""
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    code_id: Mapped[int | None] = mapped_column(ForeignKey(Code.id))
    interface_version: Mapped[Small | None]
    quality_version: Mapped[Small | None]
    revision_version: Mapped[Small | None]
    attempts: Mapped[Small] = mapped_column(server_default=text("0"))
    """How often it has been started with the same inputs and code."""
    not_before: Mapped[datetime | None]
    """When it may be claimed next; none: at once."""
    token: Mapped[uuid.UUID | None]
    """The fencing token of the owner; every write of a running build repeats it."""
    lease_until: Mapped[datetime | None]
    claimed_by: Mapped[str | None]
    airflow_dag_id: Mapped[str | None]
    airflow_run_id: Mapped[str | None]
    airflow_task_id: Mapped[str | None]
    airflow_map_index: Mapped[int | None]
    cancel_requested_at: Mapped[datetime | None]
    cancel_reason: Mapped[str | None]
    cancel_state: Mapped[str | None] = mapped_column(String(24))
    """What a run that is to end becomes: failed, or held."""
    cancelled_by: Mapped[str | None]
    """The person who asked for the end."""
    command: Mapped[str | None]
    """The full command line, joined by blanks."""
    log_path: Mapped[str | None]
    exit_code: Mapped[int | None]
    wall_seconds: Mapped[float | None] = mapped_column(Float)
    cpu_seconds: Mapped[float | None] = mapped_column(Float)
    max_rss_bytes: Mapped[int | None]
    created_at: Mapped[Now]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class BuildInput(Base):
    """A file that a build reads, fixed when the build is claimed."""

    __tablename__ = "build_input"
    __table_args__ = (Index("ix_build_input_file_id", "file_id"),)

    build_id: Mapped[int] = mapped_column(ForeignKey(Build.id), primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey(File.id), primary_key=True)
    position: Mapped[Small]
    """The place on the command line."""


class Wake(Base):
    """A process must look again at a date, because of what was committed with this row."""

    __tablename__ = "wake"
    __table_args__ = (Index("ix_wake_due", "due_at"),)

    process_id: Mapped[int] = mapped_column(ForeignKey(Process.id), primary_key=True)
    utc_date: Mapped[date] = mapped_column(primary_key=True)
    reason: Mapped[str]
    due_at: Mapped[Now]
    live: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether a new file asks for it that no campaign has made."""
    created_at: Mapped[Now]


class Event(Base):
    """What happened, who did it and why; rows are only ever added.

    `transaction` is the writing transaction, so that a feed can leave out rows whose
    neighbours have not committed yet (DESIGN 5).
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_file", "file_id", postgresql_where=text("file_id is not null")),
        Index("ix_event_build", "build_id", postgresql_where=text("build_id is not null")),
        Index("ix_event_mission_at", "mission_id", "at"),
        Index("ix_event_feed", "transaction", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    transaction: Mapped[int] = mapped_column(
        BigInteger, server_default=text("pg_current_xact_id()::text::bigint")
    )
    at: Mapped[Now]
    kind: Mapped[EventKind] = mapped_column(state_type(EventKind, "kind"))
    actor: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default=text("''"))
    mission_id: Mapped[int | None] = mapped_column(ForeignKey(Mission.id))
    product_id: Mapped[int | None] = mapped_column(ForeignKey(Product.id))
    process_id: Mapped[int | None] = mapped_column(ForeignKey(Process.id))
    file_id: Mapped[int | None]
    """The number of the file; its row may have been purged since."""
    build_id: Mapped[int | None] = mapped_column(ForeignKey(Build.id))
    arrival_id: Mapped[int | None] = mapped_column(ForeignKey(Arrival.id))
    detail: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
