"""Rows of files taken out of the catalog: what hangs on them, tombstones, what is newest then."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, text

from headwater.catalog.queries.filing import LOCK_PRODUCTS
from headwater.catalog.queries.wakes import wake_for_files
from headwater.core.actor import Actor
from headwater.core.states import BytesFate

_ALL = text("select id from headwater.file where mission_id = :mission order by id")
"""All files of a mission."""

_MADE_FROM = text("""
with recursive found (id) as (
    select unnest(cast(:ids as bigint[]))
    union
    select l.resulting_file from headwater.file_link l join found on found.id = l.source_file
)
select f.id, f.name, f.path, f.product_id, p.name as product, f.level, f.newest,
       f.interval_key, f.keywords, f.utc_file_date, f.build_id, f.exists_on_disk,
       concat_ws('.', f.interface_version, f.quality_version, f.revision_version) as version,
       array(select r.release_num from headwater.release r
             where r.file_id = f.id and r.excluded is null order by 1) as releases,
       array(select b.id from headwater.build_input i join headwater.build b on b.id = i.build_id
             where i.file_id = f.id and b.state = 'running' order by 1) as read_by
from found join headwater.file f using (id)
join headwater.product p on p.id = f.product_id
order by f.level, f.name
""")
"""Files and all that was made from them, directly or not, with what speaks against a purge."""

_TOMBSTONES = text("""
insert into headwater.tombstone (mission_id, file_id, product_id, name, path, utc_file_date,
    interval_key, keywords, interface_version, quality_version, revision_version, sha256, fate,
    actor, reason)
select f.mission_id, f.id, f.product_id, f.name, f.path, f.utc_file_date, f.interval_key,
       f.keywords, f.interface_version, f.quality_version, f.revision_version, f.sha256, r.fate,
       :actor, :reason
from unnest(cast(:ids as bigint[]), cast(:fates as text[])) as r (id, fate)
join headwater.file f using (id) order by f.id
""")
"""Remember each file that is about to lose its row."""

_EVENTS = text("""
insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id, build_id)
select 'file purged', :actor, t.name || ' was purged, its bytes are ' || t.fate || ': ' || :reason,
       t.mission_id, t.product_id, t.file_id, f.build_id
from headwater.tombstone t join headwater.file f on f.id = t.file_id
where t.file_id = any(:ids) and t.closed_at is null order by t.file_id
""")
"""Log each purged file."""

_HOLD_REPEATS = text("""
update headwater.build b set state = 'held', reason = :reason, forced = null, not_before = null
from (select distinct build_id from headwater.file where id = any(:ids)) f
join headwater.build own on own.id = f.build_id and own.state = 'built'
where b.process_id = own.process_id and b.interval_key = own.interval_key
  and b.keywords = own.keywords and b.fingerprint = own.fingerprint
  and b.state in ('pending', 'waiting', 'failed')
returning b.id, b.process_id, b.utc_date, b.state, b.reason
""")
"""Hold the open builds that would only repeat those that made the files."""

_HOLD_BUILDS = text("""
update headwater.build b
set state = case when open.id is null then 'held' else 'superseded' end, reason = :reason,
    forced = case when open.id is null then null else b.forced end, not_before = null
from (select distinct build_id from headwater.file where id = any(:ids)) f
join headwater.build own on own.id = f.build_id and own.state = 'built'
left join headwater.build open
  on open.process_id = own.process_id and open.interval_key = own.interval_key
 and open.keywords = own.keywords
 and open.state in ('pending', 'waiting', 'running', 'failed', 'held')
where b.id = own.id
returning b.id, b.process_id, b.utc_date, b.state, b.reason
""")
"""Hold the builds that made the files; one beside which another is open already is history.

They keep their fingerprints, so that other inputs, another code or a person's request lift the
hold, and nothing else does.
"""

_CUT = (
    text("delete from headwater.file_link where source_file = any(:ids)"),
    text("delete from headwater.file_link where resulting_file = any(:ids)"),
    text("delete from headwater.file_code where resulting_file = any(:ids)"),
    text("delete from headwater.release where file_id = any(:ids)"),
    text("""
    delete from headwater.build_input i using headwater.build b
    where i.file_id = any(:ids) and b.id = i.build_id and b.state <> 'running'
    """),
    text("delete from headwater.file where id = any(:ids)"),
)
"""Take the rows of files away, with all that speaks of them; what a build reads now is refused."""

_PROMOTE = text("""
update headwater.file f set newest = true
from (select distinct on (product_id, interval_key, keywords) id
      from headwater.file join (
          select distinct * from unnest(cast(:products as bigint[]), cast(:keys as text[]),
                                        cast(:keywords as text[]))
            as g (product_id, interval_key, keywords)) gone
        using (product_id, interval_key, keywords)
      order by product_id, interval_key, keywords, interface_version desc,
               quality_version desc, revision_version desc) top
where f.id = top.id and not f.newest
returning f.id, f.name
""")
"""Where the newest file has gone, the highest version that is left is the newest."""

_PROMOTED = text("""
insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id)
select 'file purged', :actor, name || ' is the newest again: a newer one was purged',
       mission_id, product_id, id
from headwater.file where id = any(:ids) order by id
""")
"""Log the files that became the newest again."""

_REAPABLE = text("""
with recursive kept (id) as (
    select f.id from headwater.file f
    where f.mission_id = :mission and (f.newest or exists (
        select from headwater.release r where r.file_id = f.id and r.excluded is null))
    union
    select l.source_file from headwater.file_link l join kept on kept.id = l.resulting_file
), old (id) as (
    select f.id from headwater.file f
    where f.mission_id = :mission and f.utc_file_date <= :cutoff
      and not exists (select from headwater.file_link l where l.resulting_file = f.id)
    union
    select l.resulting_file from headwater.file_link l join old on old.id = l.source_file
)
select f.id from headwater.file f
where f.mission_id = :mission and f.utc_file_date > :cutoff and f.level <> 0
  and exists (select from headwater.file_link l where l.resulting_file = f.id)
  and f.id not in (select id from kept) and f.id not in (select id from old)
  and not exists (
    select from headwater.build_input i join headwater.build b on b.id = i.build_id
    where i.file_id = f.id and b.state = 'running')
order by f.id
""")
"""Superseded files that were made here from level 0 newer than the cutoff, and that neither a
newest nor a released file was made from (spec dbprocessing 6, fast_data)."""

_CLOSED_DOWNWARDS = text("""
with recursive stays (id) as (
    select l.source_file from headwater.file_link l
    where l.source_file = any(:ids) and not l.resulting_file = any(:ids)
    union
    select l.source_file from headwater.file_link l join stays on stays.id = l.resulting_file
    where l.source_file = any(:ids)
)
select id from unnest(cast(:ids as bigint[])) as asked (id)
where id not in (select id from stays) order by id
""")
"""Those of the files of which everything that was made from them is among them too."""

_REAP = text("""
with reaped as (
    update headwater.file set exists_on_disk = false where id = any(:ids) and exists_on_disk
    returning id, name, mission_id, product_id
)
insert into headwater.event (kind, actor, reason, mission_id, product_id, file_id)
select 'file reaped', :actor, name || ': ' || :reason, mission_id, product_id, id from reaped
order by id
""")
"""The catalog keeps the rows of files whose bytes it gives up."""

_STANDING = text("""
select t.name, p.name as product, t.utc_file_date as date,
       concat_ws('.', t.interface_version, t.quality_version, t.revision_version) as version,
       t.fate, t.path, t.kept_path, t.sha256, t.actor, t.reason, t.created_at as purged_at
from headwater.tombstone t join headwater.product p on p.id = t.product_id
where t.mission_id = :mission and t.closed_at is null order by t.id desc limit :most
""")
"""Files that were purged and have not come again, the latest first."""


@dataclass(frozen=True, slots=True)
class PurgeCandidate:
    """A file that may be purged, and what speaks against it; the date is UTC."""

    id: int
    name: str
    path: str
    product_id: int
    product: str
    level: float
    newest: bool
    interval_key: str
    keywords: str
    utc_file_date: date
    build_id: int | None
    exists_on_disk: bool
    version: str
    releases: Sequence[str]
    """The releases that it belongs to."""
    read_by: Sequence[int]
    """The running builds that read it."""


def all_ids(connection: Connection, mission_id: int) -> list[int]:
    """The numbers of all files of a mission."""
    return list(connection.execute(_ALL, {"mission": mission_id}).scalars())


def made_from(connection: Connection, ids: Sequence[int]) -> list[PurgeCandidate]:
    """The files and all that was made from them, by level and name."""
    rows = connection.execute(_MADE_FROM, {"ids": list(ids)})
    return [PurgeCandidate(**row._mapping) for row in rows]


def lock_products(connection: Connection, product_ids: Collection[int]) -> None:
    """Wait for transactions that file files of these products."""
    connection.execute(LOCK_PRODUCTS, {"product_ids": sorted(set(product_ids))})


def hold_builds_of(connection: Connection, ids: Sequence[int], reason: str) -> Sequence[Row[Any]]:
    """Hold the builds that made the files; id, process, date, state and reason of each."""
    values = {"ids": list(ids), "reason": reason}
    repeats = connection.execute(_HOLD_REPEATS, values).all()
    return [*repeats, *connection.execute(_HOLD_BUILDS, values)]


def take_rows(
    connection: Connection,
    purged: Sequence[tuple[PurgeCandidate, BytesFate]],
    actor: Actor,
    reason: str,
) -> list[str]:
    """Replace the rows of files by tombstones; the names of those that are the newest again.

    Their readers are woken. The caller holds the mission's lock of work, and has held the builds.
    """
    ids = [file.id for file, _ in purged]
    values = {
        "ids": ids,
        "fates": [fate.value for _, fate in purged],
        "actor": actor.name,
        "reason": reason,
    }
    wake_for_files(connection, ids, "purged")
    connection.execute(_TOMBSTONES, values)
    connection.execute(_EVENTS, values)
    for statement in _CUT:
        connection.execute(statement, {"ids": ids})
    gone = [file for file, _ in purged if file.newest]
    groups = {
        "products": [file.product_id for file in gone],
        "keys": [file.interval_key for file in gone],
        "keywords": [file.keywords for file in gone],
    }
    promoted = connection.execute(_PROMOTE, groups).all()
    again = [row.id for row in promoted]
    connection.execute(_PROMOTED, {"ids": again, "actor": actor.name})
    wake_for_files(connection, again, "the newest again")
    return sorted(row.name for row in promoted)


def reapable(connection: Connection, mission_id: int, cutoff: date) -> list[int]:
    """The numbers of superseded files, newer than the cutoff, that nobody needs any more."""
    return list(connection.execute(_REAPABLE, {"mission": mission_id, "cutoff": cutoff}).scalars())


def closed_downwards(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Those of the files without anything outside of them that was made from them."""
    return list(connection.execute(_CLOSED_DOWNWARDS, {"ids": list(ids)}).scalars())


def give_up_bytes(connection: Connection, ids: Sequence[int], actor: Actor, reason: str) -> None:
    """Say that files are no longer on disk, with an event each."""
    connection.execute(_REAP, {"ids": list(ids), "actor": actor.name, "reason": reason})


def standing_tombstones(
    connection: Connection, mission_id: int, limit: int = 100
) -> list[dict[str, Any]]:
    """The purged files that have not come again, the latest first."""
    rows = connection.execute(_STANDING, {"mission": mission_id, "most": limit})
    return [dict(row) for row in rows.mappings()]
