"""Events of builds: what happened to each, because of whom and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, text

from headwater.core.actor import Actor
from headwater.core.states import BuildState, EventKind

_END_EVENTS = {
    BuildState.FAILED: EventKind.BUILD_FAILED,
    BuildState.HELD: EventKind.BUILD_HELD,
    BuildState.PENDING: EventKind.BUILD_RETRIED,
}

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


def write_end_events(connection: Connection, rows: Sequence[Row[Any]], actor: Actor) -> None:
    """Write how runs that built nothing ended, each by the person who asked for it, or by `actor`.

    The rows have their id, state, reason and cancelled_by.
    """

    def who_and_what(row: Row[Any]) -> tuple[str, str]:
        return row.cancelled_by or "", row.state

    for (person, state), ended in groupby(sorted(rows, key=who_and_what), who_and_what):
        by = Actor(person) if person else actor
        reasons = {row.id: row.reason for row in ended}
        write_events(connection, _END_EVENTS[BuildState(state)], by, reasons)
