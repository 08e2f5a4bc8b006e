"""What there is in the catalog, as rows for a table, a page or a program.

Each function gives plain dictionaries whose keys are the columns; times are aware, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, TextClause, text

from headwater.core.errors import NotFoundError

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows of a listing are wanted; what is None does not restrict.

    `first` and `last` are both included: of the file's or build's date, or of an arrival's day.
    """

    mission: str | None = None
    product: str | None = None
    process: str | None = None
    state: str | None = None
    first: date | None = None
    last: date | None = None
    newest_only: bool = False
    name: str | None = None
    limit: int = 50


_MISSIONS = text("""
    select m.name as mission, m.revision, m.rootdir,
           (select count(*) from headwater.product p where p.mission_id = m.id) as products,
           (select count(*) from headwater.process c where c.mission_id = m.id) as processes,
           (select count(*) from headwater.file f where f.mission_id = m.id) as files
      from headwater.mission m
     order by m.name
""")

_STATUS = text("""
    with file_count as (
        select product_id,
               count(*) as files,
               count(*) filter (where newest) as newest,
               sum(size) as bytes,
               min(utc_file_date) as first,
               max(utc_file_date) as last
          from headwater.file group by product_id
    ), build_count as (
        select o.product_id,
               count(*) filter (where b.state in ('pending', 'waiting')) as to_make,
               count(*) filter (where b.state = 'running') as running,
               count(*) filter (where b.state = 'failed') as failed,
               count(*) filter (where b.state = 'held') as held
          from headwater.build b
          join headwater.process_output o on o.process_id = b.process_id and o.position = 0
         group by o.product_id
    )
    select m.name as mission, p.level, p.name as product,
           coalesce(f.files, 0) as files, coalesce(f.newest, 0) as newest,
           coalesce(f.bytes, 0)::bigint as bytes, f.first, f.last,
           coalesce(b.to_make, 0) as to_make, coalesce(b.running, 0) as running,
           coalesce(b.failed, 0) as failed, coalesce(b.held, 0) as held
      from headwater.product p
      join headwater.mission m on m.id = p.mission_id
      left join file_count f on f.product_id = p.id
      left join build_count b on b.product_id = p.id
     where (cast(:mission as text) is null or m.name = :mission)
     order by m.name, p.level, p.name
""")

_VERSION = "interface_version || '.' || {0}.quality_version || '.' || {0}.revision_version"
_FILE_VERSION = "f." + _VERSION.format("f")
_BUILD_VERSION = "b." + _VERSION.format("b")

_FILES = text(f"""
    select m.name as mission, p.name as product, f.utc_file_date as date,
           {_FILE_VERSION} as version,
           f.newest, f.keywords, f.name, f.path, f.size, f.exists_on_disk as on_disk,
           f.utc_start_time as start, f.utc_stop_time as stop, f.sha256, f.note,
           f.created_at as filed_at, f.id
      from headwater.file f
      join headwater.product p on p.id = f.product_id
      join headwater.mission m on m.id = f.mission_id
     where (cast(:mission as text) is null or m.name = :mission)
       and (cast(:product as text) is null or p.name = :product)
       and (cast(:name as text) is null or f.name = :name)
       and (cast(:first as date) is null or f.utc_file_date >= :first)
       and (cast(:last as date) is null or f.utc_file_date <= :last)
       and (not :newest_only or f.newest)
     order by m.name, p.level, p.name, f.utc_file_date, f.interval_key, f.keywords,
              f.interface_version, f.quality_version, f.revision_version
     limit :limit
""")  # noqa: S608  built from the constants above only

_BUILDS = text(f"""
    select m.name as mission, r.name as process, b.interval_key as interval, b.keywords, b.state,
           case when b.interface_version is not null then {_BUILD_VERSION} end as version,
           b.attempts, b.reason, b.wall_seconds, b.cpu_seconds, b.exit_code, b.log_path, b.command,
           b.airflow_run_id as run, b.started_at, b.ended_at, b.id
      from headwater.build b
      join headwater.process r on r.id = b.process_id
      join headwater.mission m on m.id = b.mission_id
     where (cast(:mission as text) is null or m.name = :mission)
       and (cast(:process as text) is null or r.name = :process)
       and (cast(:state as text) is null or b.state = :state)
       and (cast(:first as date) is null or b.utc_date >= :first)
       and (cast(:last as date) is null or b.utc_date <= :last)
     order by b.id desc
     limit :limit
""")  # noqa: S608  as above

_ARRIVALS = text("""
    select m.name as mission, a.name, a.state, a.disposition, a.reason, p.name as product,
           a.size, a.quarantine_path, a.claimed_by, a.created_at as arrived_at, a.ended_at, a.id
      from headwater.arrival a
      join headwater.mission m on m.id = a.mission_id
      left join headwater.product p on p.id = a.product_id
     where (cast(:mission as text) is null or m.name = :mission)
       and (cast(:product as text) is null or p.name = :product)
       and (cast(:state as text) is null or a.disposition = :state or a.state = :state)
       and (cast(:first as date) is null or a.created_at >= :first)
       and (cast(:last as date) is null or a.created_at < cast(:last as date) + 1)
     order by a.id desc
     limit :limit
""")

_EVENT_ROWS = """
    select e.id, e.at, e.kind, e.actor, e.reason, m.name as mission, p.name as product,
           r.name as process, coalesce(f.name, t.name) as file, e.build_id as build,
           e.arrival_id as arrival
      from headwater.event e
      left join headwater.mission m on m.id = e.mission_id
      left join headwater.product p on p.id = e.product_id
      left join headwater.process r on r.id = e.process_id
      left join headwater.file f on f.id = e.file_id
      left join headwater.tombstone t on t.file_id = e.file_id and f.id is null
     where (cast(:mission as text) is null or m.name = :mission)
       and (cast(:state as text) is null or e.kind = :state)
       and e.transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
"""

_EVENTS = text(f"{_EVENT_ROWS} order by e.id desc limit :limit")

_EVENT_TRANSACTION = text("select transaction from headwater.event where id = :since")

_EVENTS_AFTER = text(f"""
    {_EVENT_ROWS}
       and (e.transaction, e.id) > (:transaction, :since)
     order by e.transaction, e.id limit :limit
""")


def _rows(connection: Connection, statement: TextClause, values: Mapping[str, Any]) -> list[Row]:
    wanted = {name: values[name] for name in statement._bindparams if name in values}
    return [dict(row) for row in connection.execute(statement, wanted).mappings()]


def _values(chosen: Filter) -> dict[str, Any]:
    return {name: getattr(chosen, name) for name in Filter.__slots__}


def missions(connection: Connection) -> list[Row]:
    """The missions with how much belongs to each."""
    return _rows(connection, _MISSIONS, {})


def status(connection: Connection, mission: str | None = None) -> list[Row]:
    """Each product with its files and the work that is open for it."""
    return _rows(connection, _STATUS, {"mission": mission})


def files(connection: Connection, chosen: Filter) -> list[Row]:
    """Files, by product, date and version."""
    return _rows(connection, _FILES, _values(chosen))


def builds(connection: Connection, chosen: Filter) -> list[Row]:
    """Builds, the latest first."""
    return _rows(connection, _BUILDS, _values(chosen))


def arrivals(connection: Connection, chosen: Filter) -> list[Row]:
    """Arrivals, the latest first; `state` may be a state or a disposition."""
    return _rows(connection, _ARRIVALS, _values(chosen))


def events(connection: Connection, chosen: Filter) -> list[Row]:
    """Events that no transaction under way can still come before, the latest first (DESIGN 5)."""
    return _rows(connection, _EVENTS, _values(chosen))


def events_after(connection: Connection, chosen: Filter, since: int) -> list[Row]:
    """Events after the one with the number `since`, 0 for all, in the order of a change feed.

    That order is by transaction, then number: a transaction under way may still write a lower
    number, but comes behind all that are given now. So who asks again with the last number that
    it got misses none and gets none twice (DESIGN 5).

    Raises
    ------
    NotFoundError
        If there is no event of that number.
    """
    transaction = 0
    if since:
        found = connection.execute(_EVENT_TRANSACTION, {"since": since}).first()
        if found is None:
            raise NotFoundError(f"there is no event {since}: give the number of one, or 0 for all")
        transaction = found.transaction
    values = _values(chosen) | {"since": since, "transaction": transaction}
    return _rows(connection, _EVENTS_AFTER, values)


def event_exists(connection: Connection, number: int) -> bool:
    """Whether there is an event of that number."""
    return connection.execute(_EVENT_TRANSACTION, {"since": number}).first() is not None
