"""The statements about intents, each one named and guarded by its token (DESIGN 5, 7)."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from headwater.core.actor import Actor
from headwater.core.states import IntentState

OPEN_INTENTS = text("""
    insert into headwater.intent
        (mission_id, token, state, source_path, part_path, final_path, owner, lease_until)
    select :mission_id, :token, 'open', decode(i.source, 'hex'), decode(i.part, 'hex'), i.final,
           :owner, now() + make_interval(secs => :lease)
    from jsonb_to_recordset(cast(:intents as jsonb)) as i(source text, part text, final text)
    order by i.final
    on conflict (mission_id, final_path) do nothing
    returning final_path
""")
"""Promise to place files; a path that somebody else is about to use is left out."""

HOLD_INTENTS = text("""
    update headwater.intent set lease_until = now() + make_interval(secs => :lease)
    where token = :token and state in ('open', 'removing') returning final_path
""")
"""Renew the lease, and tell which promises are still ours."""

COMMIT_INTENTS = text("""
    update headwater.intent set state = 'committed'
    where token = :token and state = 'open' and final_path = any(:paths) returning final_path
""")
"""Say that the files' rows are committed, in their own transaction."""

CLOSE_INTENTS = text("""
    delete from headwater.intent where token = :token and final_path = any(:paths)
""")
"""End promises whose leftovers are gone from the disk."""

OPEN_REMOVALS = text("""
    insert into headwater.intent (mission_id, token, state, source_path, part_path, final_path,
                                  keep_in, reason, owner, lease_until)
    select :mission_id, :token, 'removing', '', '', r.path, r.keep_in, :reason, :owner,
           now() + make_interval(secs => :lease)
    from unnest(cast(:paths as text[]), cast(:keep_in as text[])) as r (path, keep_in)
    order by r.path
    on conflict (mission_id, final_path) do nothing
    returning final_path, id
""")
"""Promise to remove bytes that the same transaction gives up; meanwhile nothing is placed there."""

CLOSE_REMOVALS = text("""
    with done as (
        select * from unnest(cast(:paths as text[]), cast(:kept as text[])) as d (path, kept)
    ), closed as (
        delete from headwater.intent i using done
        where i.token = :token and i.state = 'removing' and i.final_path = done.path
        returning i.mission_id, done.path, done.kept
    )
    update headwater.tombstone t set kept_path = closed.kept
    from closed
    where t.mission_id = closed.mission_id and t.path = closed.path and t.closed_at is null
      and t.kept_path is null
""")
"""End promises whose bytes are gone, and note where those lie that are kept."""

TAKE_OVER_INTENTS = text("""
    update headwater.intent set token = :token, lease_until = now() + make_interval(secs => :lease)
    where id in (
        select id from headwater.intent
        where mission_id = :mission_id and lease_until < now()
          and (cast(:paths as text[]) is null or final_path = any(:paths))
        order by id limit :limit for update skip locked
    )
    returning id, final_path, state, source_path, part_path, keep_in, reason
""")
"""Take promises whose owner is gone; the new token shuts the old owner out."""

GIVE_UP_INTENTS = text("""
    update headwater.intent set lease_until = now() - interval '1 s'
    where mission_id = :mission_id and owner = :owner and lease_until > now()
""")
"""End the leases of an owner that is gone: whoever wants the paths recovers them at once."""


@dataclass(frozen=True, slots=True)
class IntentPaths:
    """The three paths of one promise: absolute source and part, and the final one below rootdir."""

    source: str
    part: str
    final: str


def open_intents(
    connection: Connection,
    mission_id: int,
    token: uuid.UUID,
    intents: Iterable[IntentPaths],
    lease: float,
    owner: Actor,
) -> set[str]:
    """Promise to place files, and return the final paths that are ours."""
    rows = [
        {"source": _hex(intent.source), "part": _hex(intent.part), "final": intent.final}
        for intent in intents
    ]
    values = {
        "mission_id": mission_id,
        "token": token,
        "lease": lease,
        "owner": owner.name,
        "intents": json.dumps(rows),
    }
    return set(connection.execute(OPEN_INTENTS, values).scalars())


def hold_intents(connection: Connection, token: uuid.UUID, lease: float) -> set[str]:
    """Renew the lease of `token`, and return the final paths that are still ours."""
    return set(connection.execute(HOLD_INTENTS, {"token": token, "lease": lease}).scalars())


def give_up_intents(connection: Connection, mission_id: int, owner: Actor) -> None:
    """End the leases of whatever `owner` was placing or removing, because it is gone."""
    connection.execute(GIVE_UP_INTENTS, {"mission_id": mission_id, "owner": owner.name})


def commit_intents(connection: Connection, token: uuid.UUID, paths: Sequence[str]) -> bool:
    """Mark the promises committed; whether all were still ours."""
    done = connection.execute(COMMIT_INTENTS, {"token": token, "paths": list(paths)}).all()
    return len(done) == len(paths)


@dataclass(frozen=True, slots=True)
class Removal:
    """Bytes to be removed: `path` below rootdir, and the folder to keep them in, if any."""

    path: str
    keep_in: str | None = None


@dataclass(frozen=True, slots=True)
class PromisedRemoval:
    """A removal whose promise is in the catalog; `number` tells it from all others."""

    number: int
    removal: Removal
    reason: str


@dataclass(frozen=True, slots=True)
class TakenIntent:
    """A promise taken over: how far it was, and its paths (see `IntentPaths`).

    `removal` is set for bytes that were being removed.
    """

    final: str
    state: IntentState
    source: str
    part: str
    removal: PromisedRemoval | None

    @property
    def committed(self) -> bool:
        """Whether the file's row was committed."""
        return self.state is IntentState.COMMITTED


def open_removals(
    connection: Connection,
    mission_id: int,
    token: uuid.UUID,
    removals: Sequence[Removal],
    lease: float,
    owner: Actor,
    reason: str,
) -> list[PromisedRemoval]:
    """Promise removals in the caller's transaction; those that somebody else uses are left out."""
    by_path = {removal.path: removal for removal in removals}
    values = {
        "mission_id": mission_id,
        "token": token,
        "lease": lease,
        "owner": owner.name,
        "reason": reason,
        "paths": list(by_path),
        "keep_in": [removal.keep_in for removal in by_path.values()],
    }
    return [
        PromisedRemoval(row.id, by_path[row.final_path], reason)
        for row in connection.execute(OPEN_REMOVALS, values)
    ]


def close_removals(
    connection: Connection, token: uuid.UUID, done: Sequence[tuple[str, str | None]]
) -> None:
    """End the removals of `token`: path -> where its bytes lie now, if they are kept."""
    values = {"token": token, "paths": [d[0] for d in done], "kept": [d[1] for d in done]}
    connection.execute(CLOSE_REMOVALS, values)


def take_over_intents(
    connection: Connection,
    mission_id: int,
    token: uuid.UUID,
    lease: float,
    *,
    limit: int,
    paths: Sequence[str] | None = None,
) -> list[TakenIntent]:
    """Take promises whose lease is over; of `paths` only, if given."""
    values = {
        "token": token,
        "mission_id": mission_id,
        "lease": lease,
        "limit": limit,
        "paths": None if paths is None else list(paths),
    }
    return [_taken(row) for row in connection.execute(TAKE_OVER_INTENTS, values)]


def _taken(row: Row[Any]) -> TakenIntent:
    state = IntentState(row.state)
    removal = None
    if state is IntentState.REMOVING:
        removal = PromisedRemoval(row.id, Removal(row.final_path, row.keep_in), row.reason)
    source, part = os.fsdecode(row.source_path), os.fsdecode(row.part_path)
    return TakenIntent(row.final_path, state, source, part, removal)


def close_intents(connection: Connection, token: uuid.UUID, paths: Sequence[str]) -> None:
    """Delete the promises of `token` for `paths`."""
    connection.execute(CLOSE_INTENTS, {"token": token, "paths": list(paths)})


def _hex(path: str) -> str:
    return os.fsencode(path).hex()
