"""Files whose bytes are gone or have changed, and what is looked at again because of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from headwater.core.actor import Actor
from headwater.core.states import EventKind

_FILES_ON_DISK = text("""
select id, name, path from headwater.file
where mission_id = :mission and exists_on_disk and id >= :first_id
  and (cast(:first as date) is null or utc_file_date >= :first)
  and (cast(:last as date) is null or utc_file_date <= :last)
  and (not :newest or newest)
order by id
""")
"""The files that should be on disk, in the order of their numbers."""

_MARK_LOST = text("""
with lost as (
    update headwater.file f set exists_on_disk = false
    where f.id = any(:ids) and f.mission_id = :mission and f.exists_on_disk
    returning f.id, f.name, f.path, f.product_id, f.build_id, f.utc_file_date, f.newest
), logged as (
    insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id, build_id)
    select :kind, :actor, path || ' ' || :problem, :mission, product_id, id, build_id
    from lost order by id
), makers as (
    select distinct on (o.process_id, coalesce(b.utc_date, l.utc_file_date))
           o.process_id, coalesce(b.utc_date, l.utc_file_date) as utc_date, l.name
    from lost l
    join headwater.process_output o on o.product_id = l.product_id
    left join headwater.build b on b.id = l.build_id and b.process_id = o.process_id
    where l.newest
    order by 1, 2, l.name
), woken as (
    insert into headwater.wake (process_id, utc_date, reason)
    select process_id, utc_date, name || ' ' || :why from makers order by 1, 2
    on conflict (process_id, utc_date) do update set due_at = least(wake.due_at, excluded.due_at)
)
select id from lost order by id
""")
"""Note that files are lost, and let what makes their products look at their dates again (DESIGN 6).

Only a file that was the newest is made again."""

_MARK_BACK = text("""
with back as (
    update headwater.file f set exists_on_disk = true
    where f.id = any(:ids) and f.mission_id = :mission and not f.exists_on_disk
    returning f.id, f.name, f.path, f.product_id, f.build_id, f.utc_file_date
), logged as (
    insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id, build_id)
    select 'file back', :actor, path || ' is on disk again', :mission, product_id, id, build_id
    from back order by id
), makers as (
    select distinct on (o.process_id, coalesce(b.utc_date, k.utc_file_date))
           o.process_id, coalesce(b.utc_date, k.utc_file_date) as utc_date, k.name
    from back k
    join headwater.process_output o on o.product_id = k.product_id
    left join headwater.build b on b.id = k.build_id and b.process_id = o.process_id
    order by 1, 2, k.name
)
insert into headwater.wake (process_id, utc_date, reason)
select process_id, utc_date, name || ' is on disk again' from makers order by 1, 2
on conflict (process_id, utc_date) do update set due_at = least(wake.due_at, excluded.due_at)
""")
"""Lost files are there again: what was to make them anew looks whether it still has to."""

_FILE_BY_NAME = text("""
select f.id, f.name, f.path, f.level, f.sha256, f.sha1,
       exists (select from headwater.process_output o where o.product_id = f.product_id) as is_made
from headwater.file f where f.mission_id = :mission and f.name = :name
""")
"""One file with its recorded sums, and whether a process makes its product."""

_SUMS_CHANGED = text("""
with changed as (
    update headwater.file set size = :size, sha256 = :sha256, sha1 = :sha1,
        scrubbed_at = now(), scrubbed_mtime = :modified_at
    where id = :id and mission_id = :mission returning id, product_id, build_id
)
insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id, build_id)
select 'file changed', :actor, :reason, :mission, product_id, id, build_id from changed
""")
"""Record the sums that a file has now."""

_ALARM = text("""
insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id)
select 'file changed', :actor, :reason, :mission, product_id, id
from headwater.file where id = :id and mission_id = :mission
""")
"""Note that a file has changed whose sums must stay as they were."""


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """A file that should be on disk; `path` is below the mission's rootdir."""

    id: int
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class RecordedSums:
    """A file and its sums as they are recorded, none where they are not known."""

    id: int
    name: str
    path: str
    level: float
    sha256: str | None
    sha1: str | None
    is_made: bool


def files_on_disk(
    connection: Connection,
    mission_id: int,
    *,
    first: date | None = None,
    last: date | None = None,
    newest: bool = False,
    first_id: int = 0,
) -> list[FileOnDisk]:
    """The files that should be on disk, of dates, of the newest ones, or from a number on."""
    values = {
        "mission": mission_id,
        "first": first,
        "last": last,
        "newest": newest,
        "first_id": first_id,
    }
    return [FileOnDisk(*row) for row in connection.execute(_FILES_ON_DISK, values)]


def mark_lost(
    connection: Connection, mission_id: int, file_ids: Sequence[int], actor: Actor
) -> list[int]:
    """Note that files are lost, in a transaction that holds the mission's lock of work.

    Returns those that were not known to be lost.
    """
    return _given_up(
        connection, mission_id, file_ids, actor, EventKind.FILE_LOST, ("is not on disk", "is lost")
    )


def mark_changed(
    connection: Connection, mission_id: int, file_ids: Sequence[int], actor: Actor
) -> list[int]:
    """Note that files have lost the bytes they were filed with, likewise.

    Returns those that were said to be on disk until now.
    """
    said = ("has other bytes than were filed", "has other bytes than were filed")
    return _given_up(connection, mission_id, file_ids, actor, EventKind.FILE_CHANGED, said)


def _given_up(
    connection: Connection,
    mission_id: int,
    file_ids: Sequence[int],
    actor: Actor,
    kind: EventKind,
    said: tuple[str, str],
) -> list[int]:
    values = {
        "mission": mission_id, "ids": list(file_ids), "actor": actor.name, "kind": kind.value,
        "problem": said[0], "why": said[1],
    }  # fmt: skip
    return list(connection.execute(_MARK_LOST, values).scalars())


def mark_back(
    connection: Connection, mission_id: int, file_ids: Sequence[int], actor: Actor
) -> None:
    """Note that lost files are on disk again with their bytes, likewise."""
    values = {"mission": mission_id, "ids": list(file_ids), "actor": actor.name}
    connection.execute(_MARK_BACK, values)


def recorded_sums(connection: Connection, mission_id: int, name: str) -> RecordedSums | None:
    """The file of that name; none if the mission has no such file."""
    row = connection.execute(_FILE_BY_NAME, {"mission": mission_id, "name": name}).first()
    return None if row is None else RecordedSums(*row)


def record_sums(
    connection: Connection,
    mission_id: int,
    file_id: int,
    sums: tuple[int, str, str, datetime],
    actor: Actor,
    reason: str,
) -> None:
    """Record the size, sha256 and sha1 that a file has now, and its time of last change, UTC."""
    size, sha256, sha1, modified_at = sums
    values = {
        "id": file_id, "mission": mission_id, "size": size, "sha256": sha256, "sha1": sha1,
        "modified_at": modified_at, "actor": actor.name, "reason": reason,
    }  # fmt: skip
    connection.execute(_SUMS_CHANGED, values)


def note_changed(
    connection: Connection, mission_id: int, file_id: int, actor: Actor, reason: str
) -> None:
    """Note that the bytes of a file have changed, and leave its sums as they were."""
    values = {"id": file_id, "mission": mission_id, "actor": actor.name, "reason": reason}
    connection.execute(_ALARM, values)
