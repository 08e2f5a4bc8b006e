"""Changes that were asked of the native API, so that each is done once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from headwater.catalog.models.base import Base, Now
from headwater.catalog.models.mission import Mission


class AskedAction(Base):
    """A change that somebody asked for, under a key of their own.

    The same key again gets the answer that is kept here; after a day the row goes.
    """

    __tablename__ = "asked_action"
    __table_args__ = (Index("ix_asked_action_asked_at", "asked_at"),)

    actor: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    """What the caller named the request (``Idempotency-Key``)."""
    mission_id: Mapped[int] = mapped_column(ForeignKey(Mission.id))
    digest: Mapped[str] = mapped_column(String(64))
    """The sha256 of the request: another request under the same key is refused."""
    asked_at: Mapped[Now]
    """When it was begun."""
    answered_at: Mapped[datetime | None]
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """What was answered; none while it is being done, or after a crash in the midst of it."""
