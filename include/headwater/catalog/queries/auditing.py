"""What an audit reads and writes of a mission's files: sums, reads, and losses that stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from headwater.core.actor import Actor

_SUMS_OF = text("""
select f.id, f.path, f.size, f.sha256, f.sha1 from headwater.file f
where f.mission_id = :mission and f.id = any(cast(:ids as bigint[])) order by f.id
""")
"""The recorded sums of some files."""

_TO_SCRUB = text("""
select f.id, f.path, f.size, f.sha256, f.sha1, coalesce(f.scrubbed_at, f.created_at) as read_at
from headwater.file f
where f.mission_id = :mission and f.exists_on_disk
  and (coalesce(f.scrubbed_at, f.created_at), f.id) > (:after, :after_id)
  and coalesce(f.scrubbed_at, f.created_at) < :before
order by coalesce(f.scrubbed_at, f.created_at), f.id limit :most
""")
"""A page of the files whose bytes have not been read for the longest time."""

_SCRUBBED = text("""
update headwater.file f
set scrubbed_at = now(),
    scrubbed_mtime = case when r.mtime = f.file_create_date then null else r.mtime end,
    size = coalesce(f.size, r.size), sha256 = coalesce(f.sha256, r.sha256),
    sha1 = coalesce(f.sha1, r.sha1)
from unnest(cast(:ids as bigint[]), cast(:mtimes as timestamptz[]), cast(:sizes as bigint[]),
            cast(:sha256s as text[]), cast(:sha1s as text[])) as r (id, mtime, size, sha256, sha1)
where f.id = r.id and f.mission_id = :mission
""")
"""Remember that files were read and are right, and the sums of those that had none."""

_NOW = text("select now()")
"""The database's clock."""

_UNREAD = text("""
select count(*) as files, coalesce(sum(f.size), 0)::bigint as bytes,
       min(coalesce(f.scrubbed_at, f.created_at)) as oldest
from headwater.file f where f.mission_id = :mission and f.exists_on_disk
""")
"""How much there is to be read, and since when the oldest of it has not been."""

_ALARM = text("""
insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id)
select 'file changed', :actor, :reason, :mission, f.product_id, f.id
from headwater.file f
where f.id = :id and f.mission_id = :mission and not exists (
    select from headwater.event e
    where e.file_id = f.id and e.kind = 'file changed' and e.reason = :reason)
""")
"""Note once that a file has changed which nobody can make again."""

_LOST_FOR_GOOD = text("""
select f.path as subject,
       case when f.level = 0 then 'is of level 0, and its row says that it is lost'
            else 'is lost, and no process makes it' end as problem
from headwater.file f
where f.mission_id = :mission and not f.exists_on_disk
  and (f.level = 0 or not exists (select from headwater.process_output o
                                  where o.product_id = f.product_id))
order by f.path
""")
"""Files that are known to be lost, and that only a new delivery brings back."""

_AUDIT_ENDED = text("""
insert into headwater.event (kind, actor, reason, mission_id, detail)
values ('audit ended', :actor, :reason, :mission, cast(:detail as jsonb))
""")
"""Log an audit with its counts."""


@dataclass(frozen=True, slots=True)
class RecordedFile:
    """A file with its recorded size in bytes and sums, none where they are not known."""

    id: int
    path: str
    size: int | None
    sha256: str | None
    sha1: str | None


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file whose bytes were read and are right, and their time of last change, UTC."""

    id: int
    modified_at: datetime
    size: int
    sha256: str
    sha1: str


@dataclass(frozen=True, slots=True)
class Unread:
    """How many files and bytes there are, and when the one longest unread was last read, UTC."""

    files: int
    bytes: int
    oldest: datetime | None


def sums_of(connection: Connection, mission_id: int, ids: Sequence[int]) -> list[RecordedFile]:
    """The recorded sums of some files."""
    rows = connection.execute(_SUMS_OF, {"mission": mission_id, "ids": list(ids)})
    return [RecordedFile(*row) for row in rows]


def moment_now(connection: Connection) -> datetime:
    """Now, by the database's clock, UTC."""
    now: datetime = connection.execute(_NOW).scalar_one()
    return now


def to_scrub(
    connection: Connection,
    mission_id: int,
    before: datetime,
    after: tuple[datetime, int],
    most: int,
) -> tuple[list[RecordedFile], tuple[datetime, int]]:
    """The next files to be read, those unread for longest first, and where the next page begins.

    Only such that were last read before `before`, so that one scrub reads none twice.
    """
    values = {
        "mission": mission_id, "before": before, "after": after[0], "after_id": after[1],
        "most": most,
    }  # fmt: skip
    rows = connection.execute(_TO_SCRUB, values).all()
    ends = (rows[-1].read_at, rows[-1].id) if rows else after
    return [RecordedFile(*row[:5]) for row in rows], ends


def note_scrubbed(connection: Connection, mission_id: int, read: Sequence[ReadFile]) -> None:
    """Remember that files were read now and are right."""
    values = {
        "mission": mission_id,
        "ids": [one.id for one in read],
        "mtimes": [one.modified_at for one in read],
        "sizes": [one.size for one in read],
        "sha256s": [one.sha256 for one in read],
        "sha1s": [one.sha1 for one in read],
    }
    connection.execute(_SCRUBBED, values)


def unread(connection: Connection, mission_id: int) -> Unread:
    """How much there is to be read."""
    return Unread(*connection.execute(_UNREAD, {"mission": mission_id}).one())


def raise_alarm(
    connection: Connection, mission_id: int, file_id: int, actor: Actor, reason: str
) -> None:
    """Note that a file has changed which nobody can make again; the same is noted once."""
    values = {"id": file_id, "mission": mission_id, "actor": actor.name, "reason": reason}
    connection.execute(_ALARM, values)


def lost_for_good(connection: Connection, mission_id: int) -> list[tuple[str, str]]:
    """Path and problem of the files that only a new delivery brings back."""
    rows = connection.execute(_LOST_FOR_GOOD, {"mission": mission_id})
    return [(row.subject, row.problem) for row in rows]


def log_audit(
    connection: Connection, mission_id: int, actor: Actor, reason: str, detail: str
) -> None:
    """Log an audit; `detail` is JSON."""
    values: dict[str, Any] = {
        "mission": mission_id, "actor": actor.name, "reason": reason, "detail": detail,
    }  # fmt: skip
    connection.execute(_AUDIT_ENDED, values)
