"""What the plan writes of builds: new ones, and what it now says of those there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text


@dataclass(frozen=True, slots=True)
class BuildRow:
    """What the plan writes of one build; `id` is none for a new row. Times are UTC."""

    id: int | None
    interval_key: str
    utc_date: date
    interval_start: datetime
    interval_stop: datetime
    keywords: str
    state: str
    reason: str
    forced: int | None
    fingerprint: str | None
    code_id: int | None
    interface_version: int | None
    quality_version: int | None
    revision_version: int | None


def _columns(rows: Iterable[object], kind: type) -> dict[str, list[Any]]:
    """Rows of a dataclass as one array a column."""
    rows = list(rows)
    return {f.name: [getattr(row, f.name) for row in rows] for f in fields(kind)}


_ROWS = """unnest(cast(:id as bigint[]), cast(:interval_key as text[]), cast(:utc_date as date[]),
  cast(:interval_start as timestamptz[]), cast(:interval_stop as timestamptz[]),
  cast(:keywords as text[]), cast(:state as text[]), cast(:reason as text[]),
  cast(:forced as bigint[]), cast(:fingerprint as text[]), cast(:code_id as bigint[]),
  cast(:interface_version as smallint[]), cast(:quality_version as smallint[]),
  cast(:revision_version as smallint[]))
  as r (id, interval_key, utc_date, interval_start, interval_stop, keywords, state, reason,
        forced, fingerprint, code_id, interface_version, quality_version, revision_version)"""

INSERT_BUILDS = text(f"""
insert into headwater.build (mission_id, process_id, interval_key, utc_date, interval_start,
  interval_stop, keywords, state, reason, forced, fingerprint, code_id,
  interface_version, quality_version, revision_version)
select :mission, :process, r.interval_key, r.utc_date, r.interval_start, r.interval_stop,
  r.keywords, r.state, r.reason, r.forced, r.fingerprint, r.code_id,
  r.interface_version, r.quality_version, r.revision_version
from {_ROWS}
on conflict (process_id, interval_key, keywords)
  where state in ('pending', 'waiting', 'running', 'failed', 'held') do nothing
returning id, process_id, utc_date, state, reason, interval_key, keywords
""")  # noqa: S608  the text is a constant of this module
"""New open builds; one that another planner has opened meanwhile is left as it is."""

UPDATE_BUILDS = text(f"""
update headwater.build b
set state = r.state, reason = r.reason, forced = r.forced,
    utc_date = case when r.state = 'not needed' then b.utc_date else r.utc_date end,
    attempts = case when b.fingerprint is distinct from r.fingerprint and r.state = 'pending'
                    then 0 else b.attempts end,
    fingerprint = coalesce(r.fingerprint, b.fingerprint),
    code_id = coalesce(r.code_id, b.code_id),
    interface_version = coalesce(r.interface_version, b.interface_version),
    quality_version = coalesce(r.quality_version, b.quality_version),
    revision_version = coalesce(r.revision_version, b.revision_version),
    not_before = case when b.state = 'pending' and r.state = 'pending' then b.not_before end,
    ended_at = case when r.state = 'not needed' then now() else b.ended_at end
from {_ROWS}
where b.id = r.id and b.state in ('pending', 'waiting', 'failed', 'held', 'built')
returning b.id, b.process_id, b.utc_date, b.state, b.reason, b.interval_key, b.keywords
""")  # noqa: S608  the text is a constant of this module
"""What the plan now says of builds that are not running; an orbit may have another date now."""


def insert_builds(
    connection: Connection, mission_id: int, process_id: int, rows: Sequence[BuildRow]
) -> Sequence[Row[Any]]:
    """Open new builds, and return id, process_id, utc_date, state, reason of each."""
    if not rows:
        return []
    values = {"mission": mission_id, "process": process_id} | _columns(rows, BuildRow)
    return connection.execute(INSERT_BUILDS, values).all()


def update_builds(connection: Connection, rows: Sequence[BuildRow]) -> Sequence[Row[Any]]:
    """Bring open builds to what the plan says, and return the rows that changed."""
    return connection.execute(UPDATE_BUILDS, _columns(rows, BuildRow)).all() if rows else []
