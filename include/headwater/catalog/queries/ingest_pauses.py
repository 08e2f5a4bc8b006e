"""The statements about ingest that is paused because the disk is full."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from headwater.core.actor import Actor

BLOCK_BYTES = 4096
"""What one file may take beyond its size."""

PAUSE_INGEST = text("""
    with waiting as (
        select coalesce(sum(size), 0) + (count(*) + 16) * :block as room
        from headwater.arrival where mission_id = :mission_id and state = 'claimed'
    ), paused as (
        update headwater.mission m
        set ingest_paused_at = now(), ingest_pause_reason = :reason, ingest_room_bytes = room
        from waiting where m.id = :mission_id and m.ingest_paused_at is null
        returning m.id, room
    )
    insert into headwater.event (kind, actor, reason, mission_id)
    select 'ingest paused', :actor, :reason || '; it goes on when ' || room || ' bytes are free', id
    from paused
""")
"""Pause a mission's ingest until what is claimed has room; one that is paused stays as it is."""

RESUME_INGEST = text("""
    with resumed as (
        update headwater.mission
        set ingest_paused_at = null, ingest_pause_reason = null, ingest_room_bytes = null
        where id = :mission_id and ingest_paused_at is not null returning id
    )
    insert into headwater.event (kind, actor, reason, mission_id)
    select 'ingest resumed', :actor, 'there is room on the disk again', id from resumed
""")
"""Let a mission's ingest go on; of several who see the room, one says so."""

INGEST_PAUSE = text("""
    select ingest_paused_at, ingest_pause_reason, ingest_room_bytes from headwater.mission
    where id = :mission_id and ingest_paused_at is not null
""")
"""Tell whether a mission's ingest is paused."""

INGEST_PAUSES = text("""
    select name, ingest_paused_at, ingest_pause_reason, ingest_room_bytes from headwater.mission
    where ingest_paused_at is not null and (cast(:mission as text) is null or name = :mission)
    order by name
""")
"""The missions whose ingest is paused."""


@dataclass(frozen=True, slots=True)
class IngestPause:
    """Since when nothing is taken in (UTC), why, and how many bytes must be free to go on."""

    since: datetime
    reason: str
    room_bytes: int

    def __str__(self) -> str:
        return (
            f"paused since {self.since:%Y-%m-%d %H:%M:%S} UTC: {self.reason}; it goes on by itself "
            f"when {self.room_bytes:,} bytes are free"
        )


def pause_ingest(connection: Connection, mission_id: int, reason: str, actor: Actor) -> None:
    """Pause a mission's ingest until there is room for what is claimed."""
    values = {"mission_id": mission_id, "reason": reason, "actor": actor.name}
    connection.execute(PAUSE_INGEST, {**values, "block": BLOCK_BYTES})


def resume_ingest(connection: Connection, mission_id: int, actor: Actor) -> None:
    """Let a mission's ingest go on."""
    connection.execute(RESUME_INGEST, {"mission_id": mission_id, "actor": actor.name})


def ingest_pause(connection: Connection, mission_id: int) -> IngestPause | None:
    """The pause of a mission's ingest, if there is one."""
    row = connection.execute(INGEST_PAUSE, {"mission_id": mission_id}).one_or_none()
    return None if row is None else IngestPause(*row)


def ingest_pauses(connection: Connection, mission: str | None = None) -> dict[str, IngestPause]:
    """The pauses of all missions, or of one, by mission."""
    rows = connection.execute(INGEST_PAUSES, {"mission": mission})
    return {name: IngestPause(*rest) for name, *rest in rows}
