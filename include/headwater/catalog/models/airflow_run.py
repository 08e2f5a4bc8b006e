"""Runs of Airflow: what their tasks are to make, and what persons did to them."""

from __future__ import annotations

import uuid

from sqlalchemy import ForeignKey, Index, Integer
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.orm import Mapped, mapped_column

from headwater.catalog.models.base import Base, Moment, Now, state_type
from headwater.catalog.models.mission import Mission
from headwater.core.states import MarkKind


class RunTask(Base):
    """A task of a run, and the builds that it is to make.

    One row a mapped task, eight bytes a build: small enough to be kept as long as the builds.
    """

    __tablename__ = "run_task"

    dag_id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(primary_key=True)
    task_id: Mapped[str] = mapped_column(primary_key=True)
    map_index: Mapped[int] = mapped_column(Integer, primary_key=True)
    builds: Mapped[list[int]] = mapped_column(ARRAY(BIGINT))
    """Their numbers, in the order in which they are made."""
    planned_at: Mapped[Now]


class RunMark(Base):
    """What a person did in Airflow to a run or to one of its tasks.

    The API server gives the number and writes it into Airflow's own log too, in the transaction
    that changes the state there: so what did not reach the catalog is found again.
    """

    __tablename__ = "run_mark"
    __table_args__ = (Index("ix_run_mark_run", "dag_id", "run_id", "at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    mission_id: Mapped[int | None] = mapped_column(ForeignKey(Mission.id))
    dag_id: Mapped[str]
    run_id: Mapped[str]
    task_id: Mapped[str | None]
    """The task; none where the run itself was marked."""
    map_index: Mapped[int | None] = mapped_column(Integer)
    """The mapped task; none for a run, and where all of a task were meant."""
    kind: Mapped[MarkKind] = mapped_column(state_type(MarkKind, "kind"))
    person: Mapped[str]
    note: Mapped[str]
    """The note that the person gave with it: why."""
    at: Mapped[Now]


class FeedPosition(Base):
    """Up to where the log of another system has been read."""

    __tablename__ = "feed_position"

    feed: Mapped[str] = mapped_column(primary_key=True)
    read_until: Mapped[Moment]
    """By that system's clock, UTC."""
