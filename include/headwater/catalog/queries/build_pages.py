"""Builds for pages: filtered, the latest first, and one with all that is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from headwater.catalog.queries.listings import Row

_VERSION = "{0}.interface_version || '.' || {0}.quality_version || '.' || {0}.revision_version"
_ROWS = f"""
select b.id, m.name as mission, r.name as process, b.interval_key, b.utc_date as date,
       b.keywords, b.state, b.reason, b.attempts, {_VERSION.format("b")} as version,
       c.filename as code, {_VERSION.format("c")} as code_version, b.campaign_id as campaign,
       b.claimed_by, b.airflow_dag_id, b.airflow_run_id,
       b.airflow_task_id, b.airflow_map_index, b.not_before,
       b.created_at, b.started_at, b.ended_at, b.wall_seconds, b.cpu_seconds, b.max_rss_bytes,
       b.exit_code, b.log_path is not null as has_log
from headwater.build b
join headwater.mission m on m.id = b.mission_id
join headwater.process r on r.id = b.process_id
left join headwater.code c on c.id = b.code_id
"""  # noqa: S608  built from the constant above only
_CONDITIONS = {
    "mission_id": "b.mission_id = :mission_id",
    "process_id": "b.process_id = :process_id",
    "product_id": "b.process_id in (select o.process_id from headwater.process_output o"
    " where o.product_id = :product_id)",
    "states": "b.state = any(:states)",
    "first": "b.utc_date >= :first",
    "last": "b.utc_date <= :last",
    "campaign": "b.campaign_id = :campaign",
    "before": "b.id < :before",
    "ids": "b.id = any(:ids)",
}
"""The condition of each filter; one that is not given is left out, so that an index is found."""

_ONE = text(f"""
{_ROWS} where b.id = :id and b.mission_id = :mission
""")
"""One build of a mission."""

_MORE = text("""
select command, log_path, cancel_reason from headwater.build where id = :id
""")
"""What only the page of one build shows."""

_INPUTS = text(f"""
select f.id, f.name, p.name as product, f.utc_file_date as date, {_VERSION.format("f")} as version
from headwater.build_input i
join headwater.file f on f.id = i.file_id
join headwater.product p on p.id = f.product_id
where i.build_id = :id order by i.position limit :most
""")  # noqa: S608  as above
"""The files that a build reads, in the order of its command line."""

_OUTPUTS = text(f"""
select f.id, f.name, p.name as product, f.utc_file_date as date, {_VERSION.format("f")} as version
from headwater.file f join headwater.product p on p.id = f.product_id
where f.build_id = :id order by f.name limit :most
""")  # noqa: S608  as above
"""The files that a build has made."""

_EVENTS = text("""
select id, at, kind, actor, reason from headwater.event where build_id = :id
order by id desc limit :most
""")
"""What happened to a build, the latest first."""


@dataclass(frozen=True, slots=True)
class BuildFilter:
    """Which builds are wanted; what is none does not restrict. Dates are included, UTC."""

    mission_id: int | None = None
    process_id: int | None = None
    product_id: int | None = None
    """Builds of the processes that make it."""
    states: Sequence[str] | None = None
    first: date | None = None
    last: date | None = None
    campaign: int | None = None
    before: int | None = None
    """Only numbers below."""
    ids: Sequence[int] | None = None
    """Of these only."""


def build_page(connection: Connection, chosen: BuildFilter, limit: int) -> list[Row]:
    """Builds, the latest first."""
    values = {name: value for name in _CONDITIONS if (value := getattr(chosen, name)) is not None}
    where = " and ".join(_CONDITIONS[name] for name in values) or "true"
    statement = text(f"{_ROWS} where {where} order by b.id desc limit :limit")
    rows = connection.execute(statement, values | {"limit": limit}).mappings()
    return [dict(row) for row in rows]


def one_build(connection: Connection, mission_id: int, build: int) -> Row | None:
    """One build of a mission as in a list; none if there is none of that number."""
    row = connection.execute(_ONE, {"id": build, "mission": mission_id}).mappings().first()
    return None if row is None else dict(row)


def build_details(connection: Connection, build: int, most: int) -> Row:
    """The command, log, inputs, outputs and events of a build; at most `most` of each."""
    row = connection.execute(_MORE, {"id": build}).mappings().one()
    found = {"inputs": _INPUTS, "outputs": _OUTPUTS, "events": _EVENTS}
    lists = {
        name: [
            dict(one) for one in connection.execute(query, {"id": build, "most": most}).mappings()
        ]
        for name, query in found.items()
    }
    return {**dict(row), **lists}
