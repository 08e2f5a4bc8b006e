"""The statements about intents, each one named and guarded by its token (DESIGN 5, 7)."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

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
    where token = :token and state = 'open' returning final_path
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

TAKE_OVER_INTENTS = text("""
    update headwater.intent set token = :token, lease_until = now() + make_interval(secs => :lease)
    where id in (
        select id from headwater.intent
        where mission_id = :mission_id and lease_until < now()
          and (cast(:paths as text[]) is null or final_path = any(:paths))
        order by id limit :limit for update skip locked
    )
    returning final_path, state, source_path, part_path
""")
"""Take promises whose owner is gone; the new token shuts the old owner out."""


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


def commit_intents(connection: Connection, token: uuid.UUID, paths: Sequence[str]) -> bool:
    """Mark the promises committed; whether all were still ours."""
    done = connection.execute(COMMIT_INTENTS, {"token": token, "paths": list(paths)}).all()
    return len(done) == len(paths)


@dataclass(frozen=True, slots=True)
class TakenIntent:
    """A promise taken over: whether its rows were committed, and its paths (see `IntentPaths`)."""

    final: str
    committed: bool
    source: str
    part: str


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
    return [
        TakenIntent(final, state == IntentState.COMMITTED, os.fsdecode(source), os.fsdecode(part))
        for final, state, source, part in connection.execute(TAKE_OVER_INTENTS, values)
    ]


def close_intents(connection: Connection, token: uuid.UUID, paths: Sequence[str]) -> None:
    """Delete the promises of `token` for `paths`."""
    connection.execute(CLOSE_INTENTS, {"token": token, "paths": list(paths)})


def _hex(path: str) -> str:
    return os.fsencode(path).hex()
