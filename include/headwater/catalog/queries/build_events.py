"""Events of builds: what happened to each, because of whom and why."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from headwater.core.actor import Actor
from headwater.core.states import EventKind

WRITE_EVENTS = text("""
insert into headwater.event (kind, actor, reason, mission_id, process_id, build_id)
select :kind, :actor, e.reason, b.mission_id, b.process_id, b.id
from unnest(cast(:ids as bigint[]), cast(:reasons as text[])) as e (id, reason)
join headwater.build b on b.id = e.id
""")
"""One event for each build."""


def write_events(
    connection: Connection, kind: EventKind, actor: Actor, builds: Mapping[int, str]
) -> None:
    """Write what happened to builds: id -> reason."""
    if builds:
        values = {
            "kind": kind.value,
            "actor": actor.name,
            "ids": list(builds),
            "reasons": list(builds.values()),
        }
        connection.execute(WRITE_EVENTS, values)
