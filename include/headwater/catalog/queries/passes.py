"""Passes of ProcessQueue.py: one of a mission at a time, known by whom, and found when dead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from headwater.core.actor import Actor
from headwater.core.states import PassKind

_LOCK = text("select pg_try_advisory_lock(hashtextextended('headwater pass ' || :mission, 0))")
"""Hold a mission's place for as long as this database session lives."""

_BEGIN = text("""
insert into headwater.pass (mission_id, kind, actor, host, pid)
values (:mission, :kind, :actor, :host, :pid) returning id
""")
"""Note that a pass has begun."""

_END = text("""
update headwater.pass set ended_at = now(), comment = :comment
where id = :id and ended_at is null
""")
"""Note how a pass ended."""

_BURY = text("""
with dead as (
    update headwater.pass set ended_at = now(), comment = :comment
    where mission_id = :mission and ended_at is null returning id, actor, host, pid, started_at
), builds as (
    update headwater.build b set lease_until = now() from dead
    where b.mission_id = :mission and b.state = 'running' and b.claimed_by = dead.actor
), arrivals as (
    update headwater.arrival a set lease_until = now() from dead
    where a.mission_id = :mission and a.state = 'claimed' and a.claimed_by = dead.actor
), intents as (
    update headwater.intent i set lease_until = now() from dead
    where i.mission_id = :mission and i.owner = dead.actor
), logged as (
    insert into headwater.event (kind, actor, reason, mission_id)
    select 'pass died', :actor, 'pass ' || id || ' of ' || actor || ' ended without a word: '
           || 'what it held is free', :mission from dead
)
select id, actor, host, pid, started_at from dead
""")
"""End the passes that died, and free at once what they held; for the holder of the lock only."""

_RUNNING = text("""
select id, kind, actor, host, pid, started_at, ended_at, comment from headwater.pass
where mission_id = :mission and ended_at is null order by id desc limit 1
""")
"""The pass that has not ended."""

_PASSES = text("""
select id, kind, actor, host, pid, started_at, ended_at, comment from headwater.pass
where mission_id = :mission order by id desc limit :most
""")
"""Passes, the latest first."""


@dataclass(frozen=True, slots=True)
class PassRow:
    """One pass: who, when (UTC), where, and how it ended."""

    id: int
    kind: PassKind
    actor: str
    host: str
    pid: int
    started_at: datetime
    ended_at: datetime | None
    comment: str


@dataclass(frozen=True, slots=True)
class DeadPass:
    """A pass that ended without a word; its time is UTC."""

    id: int
    actor: str
    host: str
    pid: int
    started_at: datetime


def take_place(connection: Connection, mission_id: int) -> bool:
    """Hold the mission's place in this session; false if another session holds it."""
    held: bool = connection.execute(_LOCK, {"mission": str(mission_id)}).scalar_one()
    return held


def begin_pass(
    connection: Connection, mission_id: int, kind: PassKind, actor: Actor, host: str, pid: int
) -> int:
    """Note that a pass has begun; its number."""
    values = {
        "mission": mission_id,
        "kind": kind.value,
        "actor": actor.name,
        "host": host,
        "pid": pid,
    }
    number: int = connection.execute(_BEGIN, values).scalar_one()
    return number


def end_pass(connection: Connection, number: int, comment: str) -> None:
    """Note how a pass ended."""
    connection.execute(_END, {"id": number, "comment": comment})


def bury_dead_passes(
    connection: Connection, mission_id: int, actor: Actor, comment: str
) -> Sequence[DeadPass]:
    """End the mission's passes that died and free what they held."""
    values = {"mission": mission_id, "actor": actor.name, "comment": comment}
    return [DeadPass(*row) for row in connection.execute(_BURY, values)]


def running_pass(connection: Connection, mission_id: int) -> PassRow | None:
    """The pass that has not ended."""
    row = connection.execute(_RUNNING, {"mission": mission_id}).first()
    return None if row is None else PassRow(row.id, PassKind(row.kind), *row[2:])


def passes(connection: Connection, mission_id: int, limit: int = 100) -> list[PassRow]:
    """Passes of a mission, the latest first."""
    rows = connection.execute(_PASSES, {"mission": mission_id, "most": limit})
    return [PassRow(row.id, PassKind(row.kind), *row[2:]) for row in rows]
