"""The statements about arrivals: claimed, held, retaken, ended (DESIGN 5, 7)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from headwater.core.actor import Actor
from headwater.core.states import ArrivalState, Disposition

LOCK_INCOMING = text("""
    select pg_advisory_xact_lock(hashtextextended('headwater incoming ' || :mission_id, 0))
""")
"""Let only one transaction at a time claim arrivals of a mission."""

CLAIM_ARRIVALS = text("""
    with new as (
        insert into headwater.arrival (mission_id, name, raw_name, size, modified_at, inode, token,
                                       state, claimed_by, lease_until)
        select :mission_id, a.name, decode(a.raw, 'hex'), a.size, a.modified_at, a.inode, :token,
               'claimed', :actor, now() + make_interval(secs => :lease)
        from jsonb_to_recordset(cast(:arrivals as jsonb))
             as a(name text, raw text, size bigint, modified_at timestamptz, inode bigint)
        where not exists (
            select from headwater.arrival held
            where held.mission_id = :mission_id and held.state = 'claimed'
              and held.raw_name = decode(a.raw, 'hex') and held.inode = a.inode)
        order by a.raw
        returning raw_name
    ), logged as (
        insert into headwater.event (kind, actor, reason, mission_id)
        select 'arrival claimed', :actor, count(*) || ' arrivals claimed', :mission_id
        from new having count(*) > 0
    )
    select raw_name from new
""")
"""Claim what lies in incoming, except what a claim holds that has not moved it yet."""

HOLD_ARRIVALS = text("""
    update headwater.arrival
    set lease_until = now() + make_interval(secs => :lease), claimed_by = :actor
    where token = :token and state = 'claimed'
    returning id, name, raw_name, size, modified_at, inode, attempts
""")
"""Renew a claim for who works on it now, and tell which arrivals it still holds."""

RELEASE_ARRIVALS = text("""
    update headwater.arrival set lease_until = now() where token = :token and state = 'claimed'
""")
"""Let anybody take over what a claim could not end."""

RESTAMP_ARRIVAL = text("""
    update headwater.arrival
    set size = :size, modified_at = :modified_at, inode = :inode, attempts = attempts + 1
    where id = :id and token = :token and state = 'claimed'
""")
"""Start an arrival over that changed while it was taken."""

RETAKE_CLAIM = text("""
    with expired as (
        select a.token as old_token from headwater.arrival a
        where a.mission_id = :mission_id and a.state = 'claimed' and a.lease_until < now()
          and not exists (select from headwater.arrival b
                          where b.token = a.token and b.state = 'claimed' and b.id < a.id)
        order by a.lease_until, a.id limit 1 for update of a skip locked
    )
    update headwater.arrival a
    set token = :token, claimed_by = :actor, attempts = attempts + 1,
        lease_until = now() + make_interval(secs => :lease)
    from expired
    where a.token = expired.old_token and a.state = 'claimed' and a.lease_until < now()
    returning a.name, expired.old_token
""")
"""Take over one claim whose owner is gone; the new token shuts the old owner out.

Whoever locks the claim's first arrival takes all of it: two that began at different arrivals of one
claim would wait for each other for ever."""

END_ARRIVALS = text("""
    with ended as (
        update headwater.arrival a
        set state = 'ended', disposition = e.disposition, reason = e.reason,
            product_id = e.product_id, file_id = e.file_id, quarantine_path = e.quarantine_path,
            ended_at = now()
        from jsonb_to_recordset(cast(:endings as jsonb)) as e(
            id bigint, disposition text, reason text, product_id bigint, file_id bigint,
            quarantine_path text)
        where a.id = e.id and a.token = :token and a.state = 'claimed'
        returning a.id, a.mission_id, a.name, a.disposition, a.reason, a.product_id, a.file_id
    ), logged as (
        insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id,
                                     arrival_id)
        select 'arrival ended', :actor, name || ': ' || disposition || ', ' || reason, mission_id,
               product_id, file_id, id
        from ended order by id
    )
    select id from ended
""")
"""Give arrivals of a claim their dispositions, and log each."""

ENDED_ARRIVALS = text("""
    select a.name, a.disposition, a.reason, p.name as product, a.file_id, a.quarantine_path,
           f.utc_file_date,
           (f.utc_start_time at time zone 'UTC')::date as first,
           (f.utc_stop_time at time zone 'UTC')::date as last
    from headwater.arrival a
    left join headwater.product p on p.id = a.product_id
    left join headwater.file f on f.id = a.file_id
    where a.token = :token and a.state = 'ended' order by a.name, a.id
""")
"""Tell how the arrivals of a claim ended."""

OPEN_CLAIMS = text("""
    select distinct token from headwater.arrival
    where mission_id = :mission_id and state = 'claimed'
""")
"""Tell the claims that hold arrivals."""

LEFTOVER_ARRIVALS = text("""
    select state, disposition from headwater.arrival
    where mission_id = :mission_id and raw_name = :raw_name and inode = :inode and size = :size
      and modified_at = :modified_at
    order by id desc limit 1
""")
"""Tell the state of the arrival that a file left in a claim's folder belongs to."""

FILES_BY_NAME = text("""
    select name, id, product_id, path, size, sha256, sha1, exists_on_disk from headwater.file
    where mission_id = :mission_id and name = any(:names)
""")
"""Find the files that the catalog knows by name."""

FILE_RESTORED = text("""
    update headwater.file
    set exists_on_disk = true, size = :size, sha256 = :sha256, sha1 = :sha1,
        scrubbed_at = now(), scrubbed_mtime = :modified_at
    where id = :file_id
""")
"""Say that a lost file has its bytes again, also of one whose bytes had not been read before."""


@dataclass(frozen=True, slots=True)
class SeenArrival:
    """One entry of the incoming folder as it was seen; size in bytes, time UTC."""

    name: str
    raw_name: bytes
    size: int
    modified_at: datetime
    inode: int


@dataclass(frozen=True, slots=True)
class HeldArrival:
    """An arrival that a claim holds; `attempts` counts how often it was begun."""

    id: int
    name: str
    raw_name: bytes
    size: int
    modified_at: datetime
    inode: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How one arrival ends."""

    id: int
    disposition: Disposition
    reason: str
    product_id: int | None = None
    file_id: int | None = None
    quarantine_path: str | None = None


@dataclass(frozen=True, slots=True)
class EndedRow:
    """How an arrival ended; days are those of its file, none for one that was not filed."""

    name: str
    disposition: Disposition
    reason: str
    product: str | None
    file_id: int | None
    quarantine_path: str | None
    utc_file_date: date | None
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file of the catalog, found by its name; `path` below rootdir, `size` in bytes.

    Of an imported file size and sums may be unknown.
    """

    name: str
    id: int
    product_id: int
    path: str
    size: int | None
    sha256: str | None
    sha1: str | None
    exists_on_disk: bool


def claim(
    connection: Connection,
    mission_id: int,
    token: uuid.UUID,
    seen: Sequence[SeenArrival],
    actor: Actor,
    lease: float,
) -> set[bytes]:
    """Claim arrivals; the raw names of those that nobody else holds."""
    rows = [
        {
            "name": arrival.name,
            "raw": arrival.raw_name.hex(),
            "size": arrival.size,
            "modified_at": arrival.modified_at.isoformat(),
            "inode": arrival.inode,
        }
        for arrival in seen
    ]
    connection.execute(LOCK_INCOMING, {"mission_id": mission_id})
    values = {
        "mission_id": mission_id,
        "token": token,
        "actor": actor.name,
        "lease": lease,
        "arrivals": json.dumps(rows),
    }
    return {bytes(raw) for raw in connection.execute(CLAIM_ARRIVALS, values).scalars()}


def hold(connection: Connection, token: uuid.UUID, actor: Actor, lease: float) -> list[HeldArrival]:
    """Renew a claim for `actor`; the arrivals that it still holds, by name."""
    values = {"token": token, "actor": actor.name, "lease": lease}
    rows = connection.execute(HOLD_ARRIVALS, values)
    held = [
        HeldArrival(
            row.id,
            row.name,
            bytes(row.raw_name),
            row.size,
            row.modified_at,
            row.inode,
            row.attempts,
        )
        for row in rows
    ]
    return sorted(held, key=lambda arrival: arrival.raw_name)


def release(connection: Connection, token: uuid.UUID) -> None:
    """Let anybody take over what a claim could not end."""
    connection.execute(RELEASE_ARRIVALS, {"token": token})


def end(
    connection: Connection, token: uuid.UUID, endings: Sequence[Ending], actor: Actor
) -> set[int]:
    """End arrivals; the ids of those that the claim still held."""
    rows = [
        {
            "id": ending.id,
            "disposition": ending.disposition.value,
            "reason": ending.reason,
            "product_id": ending.product_id,
            "file_id": ending.file_id,
            "quarantine_path": ending.quarantine_path,
        }
        for ending in endings
    ]
    values = {"token": token, "actor": actor.name, "endings": json.dumps(rows)}
    return set(connection.execute(END_ARRIVALS, values).scalars())


def restamp(connection: Connection, token: uuid.UUID, arrival_id: int, seen: SeenArrival) -> None:
    """Start an arrival over with what it is now."""
    values = {
        "id": arrival_id,
        "token": token,
        "size": seen.size,
        "modified_at": seen.modified_at,
        "inode": seen.inode,
    }
    connection.execute(RESTAMP_ARRIVAL, values)


def open_claims(connection: Connection, mission_id: int) -> set[uuid.UUID]:
    """The tokens of the claims that have arrivals which have not ended."""
    return set(connection.execute(OPEN_CLAIMS, {"mission_id": mission_id}).scalars())


def leftover(
    connection: Connection, mission_id: int, seen: SeenArrival
) -> tuple[ArrivalState, Disposition | None] | None:
    """The state and disposition of the arrival that a file in a claim's folder belongs to."""
    values = {
        "mission_id": mission_id,
        "raw_name": seen.raw_name,
        "size": seen.size,
        "modified_at": seen.modified_at,
        "inode": seen.inode,
    }
    row = connection.execute(LEFTOVER_ARRIVALS, values).one_or_none()
    if row is None:
        return None
    state, disposition = row
    return ArrivalState(state), None if disposition is None else Disposition(disposition)


def ended(connection: Connection, token: uuid.UUID) -> list[EndedRow]:
    """How the arrivals of a claim ended, by name."""
    rows = connection.execute(ENDED_ARRIVALS, {"token": token})
    return [EndedRow(row.name, Disposition(row.disposition), *row[2:]) for row in rows]


def known_files(
    connection: Connection, mission_id: int, names: Sequence[str]
) -> dict[str, KnownFile]:
    """The files of the catalog with these names, by name."""
    rows = connection.execute(FILES_BY_NAME, {"mission_id": mission_id, "names": list(names)})
    return {row.name: KnownFile(*row) for row in rows}


def retake(
    connection: Connection, mission_id: int, token: uuid.UUID, actor: Actor, lease: float
) -> tuple[uuid.UUID, list[str]] | None:
    """Take over one claim whose lease is over: its old token and the arrivals' names."""
    values = {"mission_id": mission_id, "token": token, "actor": actor.name, "lease": lease}
    rows = connection.execute(RETAKE_CLAIM, values).all()
    if not rows:
        return None
    return rows[0].old_token, sorted(row.name for row in rows)
