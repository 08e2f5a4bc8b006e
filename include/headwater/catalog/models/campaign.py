"""Campaigns: sets of dates that a person, or a new code, wants made again; and passes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from headwater.catalog.models.base import Base, Key, Now, Small, state_type
from headwater.catalog.models.mission import Mission, Process, Product
from headwater.core.states import CampaignOutcome, CampaignState, PassKind


class Campaign(Base):
    """A set of processes and dates that is approved, made and reported as one (DESIGN 3)."""

    __tablename__ = "campaign"
    __table_args__ = (
        Index("ix_campaign_open", "mission_id", postgresql_where=text("state = 'running'")),
        Index("ix_campaign_run", "airflow_dag_id", "airflow_run_id"),
        CheckConstraint("throttle > 0", name="throttle"),
    )

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    state: Mapped[CampaignState] = mapped_column(state_type(CampaignState, "state"))
    reason: Mapped[str]
    forced: Mapped[Small | None]
    """The component that grows whether or not anything changed: 0, 1 or 2; none for no force."""
    throttle: Mapped[int | None]
    """How many of its builds may be claimable or running at a time; none: as many as there are."""
    created_by: Mapped[str]
    created_at: Mapped[Now]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    paused_by: Mapped[str | None]
    """Who paused it last, like the next two; they stay when it is resumed."""
    paused_at: Mapped[datetime | None]
    pause_reason: Mapped[str | None]
    ended_by: Mapped[str | None]
    """Who aborted it; the program, if it is done."""
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    airflow_dag_id: Mapped[str | None]
    """The run of Airflow that asks for its approval and shows how far it is, if there is one."""
    airflow_run_id: Mapped[str | None]


class CampaignDate(Base):
    """A date of a process that a campaign looks at again."""

    __tablename__ = "campaign_date"
    __table_args__ = (Index("ix_campaign_date_process", "process_id", "utc_date"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey(Campaign.id), primary_key=True)
    process_id: Mapped[int] = mapped_column(ForeignKey(Process.id), primary_key=True)
    utc_date: Mapped[date] = mapped_column(primary_key=True)


class CampaignOutput(Base):
    """The record of one output of a campaign: what was there, what is there now, and why.

    Written at the approval with what is there then, and once more when the campaign ends. Names
    and versions are kept as text, so that nothing that happens later alters the record.
    """

    __tablename__ = "campaign_output"

    id: Mapped[Key]
    campaign_id: Mapped[int] = mapped_column(ForeignKey(Campaign.id), index=True)
    process_id: Mapped[int] = mapped_column(ForeignKey(Process.id))
    product_id: Mapped[int | None] = mapped_column(ForeignKey(Product.id))
    """None for a build that had, and has, no output."""
    interval_key: Mapped[str]
    keywords: Mapped[str]
    utc_date: Mapped[date]
    old_file_id: Mapped[int | None]
    """The number of the newest file at the approval; its row may have been purged since."""
    old_file: Mapped[str | None]
    old_version: Mapped[str | None]
    old_code: Mapped[str | None]
    new_file: Mapped[str | None]
    new_version: Mapped[str | None]
    new_code: Mapped[str | None]
    build_id: Mapped[int | None]
    outcome: Mapped[CampaignOutcome | None] = mapped_column(state_type(CampaignOutcome, "outcome"))
    """None while the campaign has not ended."""
    reason: Mapped[str | None]
    changed: Mapped[str | None]
    """How code and inputs of the new file differ from those of the old one."""


class Pass(Base):
    """One run of ProcessQueue.py: who, when, where and how it ended (dbprocessing: logging).

    While it lives it holds a lock of its database session, so that one that died is known.
    """

    __tablename__ = "pass"
    __table_args__ = (Index("ix_pass_mission", "mission_id", "id"),)

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    kind: Mapped[PassKind] = mapped_column(state_type(PassKind, "kind"))
    actor: Mapped[str]
    """What its builds and claims name as their owner."""
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[Now]
    ended_at: Mapped[datetime | None]
    comment: Mapped[str] = mapped_column(server_default=text("''"))
    """How it ended."""
