"""Releases: named sets of files for the public (spec dbprocessing 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from headwater.core.actor import Actor

_NAME = text("""
insert into headwater.release_name (mission_id, release_num, created_by, reason)
select :mission, :name, :actor, :reason
where not exists (
    select from headwater.release r join headwater.file f on f.id = r.file_id
    where f.mission_id = :mission and r.release_num = :name)
on conflict do nothing returning release_num
""")
"""Make a release, unless there is one of that name."""

_KNOWN = text("""
select exists (select from headwater.release_name
               where mission_id = :mission and release_num = :name)
    or exists (select from headwater.release r join headwater.file f on f.id = r.file_id
               where f.mission_id = :mission and r.release_num = :name)
""")
"""Whether there is a release of that name; an imported one has files only."""

_CHOSEN = """
with recursive tainted (id, source) as (
    select id, name from headwater.file
    where mission_id = :mission and qa in ('ignore', 'problem')
    union
    select l.resulting_file, t.source
    from tainted t join headwater.file_link l on l.source_file = t.id
), doubt as (
    select id, min(source) as source from tainted group by id
), chosen as (
    select f.id, f.name, f.exists_on_disk, f.qa, f.quality_comment, doubt.source
    from headwater.file f left join doubt using (id)
    where f.mission_id = :mission and f.newest
      and (cast(:products as bigint[]) is null or f.product_id = any(:products))
      and (cast(:first as date) is null or f.utc_file_date >= :first)
      and (cast(:last as date) is null or f.utc_file_date <= :last)
)
"""
# The newest files of a choice, each with a file against which a check speaks: itself, or one that
# it was made from at whatever distance. The walk goes down from the few such files.

_NEWEST = text(f"""{_CHOSEN}
select id from chosen where exists_on_disk and source is null order by id
""")  # noqa: S608  both halves stand here
"""The newest files on disk against which, and against whose parents, no check of quality speaks."""

_LEFT_OUT = text(f"""{_CHOSEN}
select name, case
    when not exists_on_disk then 'its file is lost'
    when qa <> 'ok' then 'a check says ' || qa || coalesce(': ' || quality_comment, '')
    else 'it was made from ' || source || ', against which a check speaks' end
from chosen where not exists_on_disk or source is not null order by name
""")  # noqa: S608  both halves stand here
"""The newest files that a release of the newest leaves out, and why."""

_ADD = text("""
with added as (
    insert into headwater.release (file_id, release_num)
    select id, :name from unnest(cast(:ids as bigint[])) as r (id)
    on conflict (file_id, release_num) do update set excluded = null
    where release.excluded is not null
    returning file_id
)
insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id)
select 'release changed', :actor, f.name || ' belongs to release ' || :name || ': ' || :reason,
       f.mission_id, f.product_id, f.id
from added join headwater.file f on f.id = added.file_id order by f.id
returning id
""")
"""Put files into a release, also such as were taken out of it before."""

_EXCLUDE = text("""
with taken as (
    update headwater.release set excluded = :reason
    where release_num = :name and file_id = any(:ids) and excluded is null returning file_id
)
insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id)
select 'release changed', :actor, f.name || ' was taken out of release ' || :name || ': '
       || :reason, f.mission_id, f.product_id, f.id
from taken join headwater.file f on f.id = taken.file_id order by f.id
returning file_id
""")
"""Take files out of a release; no other file takes their place."""

_REMOVE = text("""
with files as (
    delete from headwater.release r using headwater.file f
    where f.id = r.file_id and f.mission_id = :mission and r.release_num = :name
    returning r.file_id
), named as (
    delete from headwater.release_name where mission_id = :mission and release_num = :name
), logged as (
    insert into headwater.event (kind, actor, reason, mission_id)
    values ('release changed', :actor, 'release ' || :name || ' was removed: ' || :reason, :mission)
)
select count(*) from files
""")
"""Remove a release; its files stay, and are protected by it no more."""

_RELEASES = text("""
select coalesce(n.release_num, r.release_num) as release,
       count(r.file_id) filter (where r.excluded is null) as files,
       count(r.file_id) filter (where r.excluded is not null) as excluded,
       coalesce(sum(f.size) filter (where r.excluded is null), 0)::bigint as bytes,
       min(f.utc_file_date) as first, max(f.utc_file_date) as last,
       n.created_at, n.created_by, n.reason
from (select r.* from headwater.release r join headwater.file f on f.id = r.file_id
      where f.mission_id = :mission) r
join headwater.file f on f.id = r.file_id
full join (select * from headwater.release_name where mission_id = :mission) n
  on n.release_num = r.release_num
group by 1, n.created_at, n.created_by, n.reason order by 1
""")
"""The releases of a mission; who made an imported one is not known."""

_FILES = text("""
select p.name as product, f.utc_file_date as date,
       concat_ws('.', f.interface_version, f.quality_version, f.revision_version) as version,
       f.name, f.path, f.size, f.sha256, f.newest, r.excluded
from headwater.release r join headwater.file f on f.id = r.file_id
join headwater.product p on p.id = f.product_id
where f.mission_id = :mission and r.release_num = :name
order by p.level, p.name, f.utc_file_date, f.name
""")
"""The files of a release, and those that were taken out of it."""

_NAME_EVENT = text("""
insert into headwater.event (kind, actor, reason, mission_id)
values ('release changed', :actor, 'release ' || :name || ' was made: ' || :reason, :mission)
""")
"""Log a new release."""


@dataclass(frozen=True, slots=True)
class NewestChoice:
    """Which of the newest files a release takes; what is none does not limit. Dates are UTC."""

    product_ids: tuple[int, ...] | None = None
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A release: its files, and who made it, when (UTC) and why."""

    release: str
    files: int
    excluded: int
    bytes: int
    first: date | None
    last: date | None
    created_at: datetime | None
    created_by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """A file of a release; `path` is below rootdir, `excluded` is why it was taken out."""

    product: str
    date: date
    version: str
    name: str
    path: str
    size: int
    sha256: str
    newest: bool
    excluded: str | None


def name_release(
    connection: Connection, mission_id: int, name: str, actor: Actor, reason: str
) -> bool:
    """Make a release without files; false if there is one of that name."""
    values = {"mission": mission_id, "name": name, "actor": actor.name, "reason": reason}
    if connection.execute(_NAME, values).first() is None:
        return False
    connection.execute(_NAME_EVENT, values)
    return True


def is_release(connection: Connection, mission_id: int, name: str) -> bool:
    """Whether the mission has a release of that name."""
    known: bool = connection.execute(_KNOWN, {"mission": mission_id, "name": name}).scalar_one()
    return known


def newest_files(
    connection: Connection, mission_id: int, chosen: NewestChoice
) -> tuple[list[int], list[tuple[str, str]]]:
    """The newest files that may be released; and those left out, by name, with the reason."""
    products = None if chosen.product_ids is None else list(chosen.product_ids)
    values = {
        "mission": mission_id,
        "products": products,
        "first": chosen.first,
        "last": chosen.last,
    }
    left_out = [(row[0], row[1]) for row in connection.execute(_LEFT_OUT, values)]
    return list(connection.execute(_NEWEST, values).scalars()), left_out


def add_files(
    connection: Connection, name: str, ids: Sequence[int], actor: Actor, reason: str
) -> int:
    """Put files into a release; how many are new in it."""
    values = {"name": name, "ids": list(ids), "actor": actor.name, "reason": reason}
    return len(connection.execute(_ADD, values).all())


def exclude_files(
    connection: Connection, name: str, ids: Sequence[int], actor: Actor, reason: str
) -> set[int]:
    """Take files out of a release; those that were in it."""
    values = {"name": name, "ids": list(ids), "actor": actor.name, "reason": reason}
    return set(connection.execute(_EXCLUDE, values).scalars())


def remove_release(
    connection: Connection, mission_id: int, name: str, actor: Actor, reason: str
) -> int:
    """Remove a release; how many files it had."""
    values = {"mission": mission_id, "name": name, "actor": actor.name, "reason": reason}
    count: int = connection.execute(_REMOVE, values).scalar_one()
    return count


def releases(connection: Connection, mission_id: int) -> list[ReleaseRow]:
    """The releases of a mission, by name."""
    rows = connection.execute(_RELEASES, {"mission": mission_id})
    return [ReleaseRow(**row._mapping) for row in rows]


def release_files(connection: Connection, mission_id: int, name: str) -> list[ReleaseFile]:
    """The files of a release, by level, product and date."""
    rows = connection.execute(_FILES, {"mission": mission_id, "name": name})
    return [ReleaseFile(**row._mapping) for row in rows]
