"""Campaigns: sets of dates that a person, or a new code, wants made again; and passes."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from headwater.catalog.models.base import Base, Key, Now, Small, state_type
from headwater.catalog.models.mission import Mission, Process
from headwater.core.states import CampaignState, PassKind


class Campaign(Base):
    """A set of processes and dates that is approved, made and reported as one (DESIGN 3)."""

    __tablename__ = "campaign"
    __table_args__ = (
        Index("ix_campaign_open", "mission_id", postgresql_where=text("state = 'running'")),
    )

    id: Mapped[Key]
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    state: Mapped[CampaignState] = mapped_column(state_type(CampaignState, "state"))
    reason: Mapped[str]
    forced: Mapped[Small | None]
    """The component that grows whether or not anything changed: 0, 1 or 2; none for no force."""
    created_by: Mapped[str]
    created_at: Mapped[Now]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class CampaignDate(Base):
    """A date of a process that a campaign looks at again."""

    __tablename__ = "campaign_date"
    __table_args__ = (Index("ix_campaign_date_process", "process_id", "utc_date"),)

    campaign_id: Mapped[int] = mapped_column(ForeignKey(Campaign.id), primary_key=True)
    process_id: Mapped[int] = mapped_column(ForeignKey(Process.id), primary_key=True)
    utc_date: Mapped[date] = mapped_column(primary_key=True)


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
