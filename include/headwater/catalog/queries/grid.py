"""What products have of some days, and the work that is open for them: the rows of the grid.

Each question is one statement, whatever the number of products and days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection, text

from headwater.core.interval import DateSpan
from headwater.core.states import BuildState
from headwater.core.version import Version

_OPEN = "('pending', 'waiting', 'running', 'failed', 'held')"

FILES_OF_MONTHS = text("""
select product_id, first, code_id, bit_or(day) as there,
       bit_or(case when on_disk then 0 else day end) as lost,
       bit_or(case when old_input then day else 0 end) as old_input, max(last_whole) as last_whole
from (
    select f.product_id, f.exists_on_disk as on_disk,
           case when f.product_id = any(:by_day) then f.utc_file_date
                else date_trunc('month', f.utc_file_date::timestamp)::date end as first,
           case when f.product_id = any(:by_day) then 1
                else 1 << (extract(day from f.utc_file_date)::int - 1) end as day,
           (f.utc_stop_time at time zone 'UTC' + interval '1 microsecond')::date - 1 as last_whole,
           (select l.source_code from headwater.file_code l
            where l.resulting_file = f.id order by l.source_code desc limit 1) as code_id,
           exists (
               select from headwater.file_link l
               join headwater.file parent on parent.id = l.source_file and not parent.newest
               where l.resulting_file = f.id and not exists (
                   select from headwater.process_output o
                   join headwater.process_input put
                     on put.process_id = o.process_id and put.product_id = parent.product_id
                    and put.kind = 'no_trigger'
                   where o.product_id = f.product_id)) as old_input
    from unnest(cast(:products as bigint[]), cast(:firsts as date[]), cast(:lasts as date[]))
      as wanted (product_id, first, last)
    join headwater.file f
      on f.product_id = wanted.product_id and f.newest
     and f.utc_file_date between wanted.first and wanted.last
) newest
group by product_id, first, code_id
""")
"""The dates of the newest files of products, a row a month, or a day for the products `by_day`, and
code that made them (none: it arrived). Each bit of `there`, `lost` (not on disk) and `old_input` is
a day from `first` on, the lowest being that day. `old_input` is what was made from a file that is
no longer the newest of an input whose change makes it anew; `last_whole` is the last day that one
fills."""

FILES_OF_DAYS = text("""
select utc_file_date, count(*) as files,
       max(array[interface_version, quality_version, revision_version]) as version,
       max((utc_stop_time at time zone 'UTC' + interval '1 microsecond')::date) - 1 as last_whole
from headwater.file
where product_id = :product and newest and utc_file_date between :first and :last
group by utc_file_date
""")
"""How many newest files a product has of each date, their highest version, and the last day that
one fills."""

OPEN_BUILDS = text(f"""
select distinct on (b.process_id, b.utc_date, last_whole, b.state)
       b.process_id, b.utc_date as date, b.state, b.reason, b.id,
       (b.interval_stop at time zone 'UTC' + interval '1 microsecond')::date - 1 as last_whole
from unnest(cast(:processes as bigint[]), cast(:firsts as date[]), cast(:lasts as date[]))
  as wanted (process_id, first, last)
join headwater.build b
  on b.process_id = wanted.process_id and b.utc_date between wanted.first and wanted.last
 and b.state in {_OPEN}
order by b.process_id, b.utc_date, last_whole, b.state, b.id desc
""")  # noqa: S608  the piece is a constant of this module
"""The open builds of processes and dates; of several of one interval in one state the latest."""

WAKES_OF_DAYS = text("""
select w.process_id, w.utc_date as date, w.reason
from headwater.wake w
where w.process_id = any(:processes) and w.utc_date between :first and :last
""")
"""The dates that processes have still to look at."""

QUARANTINED = text("""
select id, name, product_id, reason from headwater.arrival
where mission_id = :mission and disposition = 'quarantined'
  and coalesce(
        replace(substring(name from '((19|2[0-9])[0-9]{2}-?[01][0-9]-?[0-3][0-9])'), '-', ''),
        :first) between :first and :last
""")
"""The arrivals of a mission that lie in quarantine, but those whose names have a date outside of
the days (YYYYMMDD) from `first` to `last`."""

FILE_DATES = text("""
select wanted.product_id, first.utc_file_date as first, last.utc_file_date as last
from unnest(cast(:products as bigint[])) as wanted (product_id)
cross join lateral (
    select utc_file_date from headwater.file f
    where f.product_id = wanted.product_id order by utc_file_date limit 1
) first
cross join lateral (
    select utc_file_date from headwater.file f
    where f.product_id = wanted.product_id order by utc_file_date desc limit 1
) last
""")
"""The dates of each product's first and last file."""

LAST_EVENT = text("""
select id from headwater.event
where transaction < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
order by transaction desc, id desc limit 1
""")
"""The number of the last event in the order of the change feed (DESIGN 5)."""


class FilesOfMonth(NamedTuple):
    """The days of a month, or one day, with newest files of a product made by one code.

    Bit `n` of the three numbers is the day `n` days after `first`; `code_id` is none for files that
    arrived. `last_whole` is the last day that one of the files fills.
    """

    product_id: int
    first: date
    code_id: int | None
    there: int
    lost: int
    old_input: int
    last_whole: date


@dataclass(frozen=True, slots=True)
class OpenWork:
    """An open build; or, with no `state`, a date that has still to be looked at.

    `last_whole` is the last day that its interval fills.
    """

    process_id: int
    utc_date: date
    last_whole: date
    state: BuildState | None
    reason: str
    build_id: int | None = None


@dataclass(frozen=True, slots=True)
class QuarantinedArrival:
    """An arrival in quarantine; `product_id` is known where an inspector said so."""

    id: int
    name: str
    product_id: int | None
    reason: str


def files_of_months(
    connection: Connection, spans: Mapping[int, DateSpan], by_day: Sequence[int]
) -> list[FilesOfMonth]:
    """The newest files of products, each in its own span; of those in `by_day` a row a date."""
    values = {"products": list(spans), "by_day": list(by_day), **_days(list(spans.values()))}
    return [FilesOfMonth(*row) for row in connection.execute(FILES_OF_MONTHS, values)]


def files_of_days(
    connection: Connection, product_id: int, span: DateSpan
) -> dict[date, tuple[int, Version, date]]:
    """How many newest files a product has of each date of `span`, and their highest version.

    The third value is the last day that one of them fills.
    """
    values = {"product": product_id, "first": span.first, "last": span.last}
    return {
        row.utc_file_date: (row.files, Version(*row.version), row.last_whole)
        for row in connection.execute(FILES_OF_DAYS, values)
    }


def open_work(connection: Connection, spans: Mapping[int, DateSpan]) -> list[OpenWork]:
    """The open builds of processes, each in its own span, and the dates to look at."""
    if not spans:
        return []
    days = list(spans.values())
    values = {"processes": list(spans), **_days(days)}
    builds = [
        OpenWork(
            row.process_id, row.date, row.last_whole, BuildState(row.state), row.reason, row.id
        )
        for row in connection.execute(OPEN_BUILDS, values)
    ]
    bounds = {"first": min(span.first for span in days), "last": max(span.last for span in days)}
    return builds + [
        OpenWork(row.process_id, row.date, row.date, None, row.reason)
        for row in connection.execute(WAKES_OF_DAYS, {"processes": list(spans), **bounds})
        if row.date in spans[row.process_id]
    ]


def quarantined(
    connection: Connection, mission_id: int, span: DateSpan
) -> list[QuarantinedArrival]:
    """The arrivals of a mission in quarantine that may be of a day of `span` by their names."""
    days = {"first": f"{span.first:%Y%m%d}", "last": f"{span.last:%Y%m%d}"}
    rows = connection.execute(QUARANTINED, {"mission": mission_id, **days})
    return [QuarantinedArrival(row.id, row.name, row.product_id, row.reason) for row in rows]


def dates_of_products(connection: Connection, product_ids: Sequence[int]) -> dict[int, DateSpan]:
    """From the date of the first file to that of the last, of each product that has files."""
    rows = connection.execute(FILE_DATES, {"products": list(product_ids)})
    return {row.product_id: DateSpan(row.first, row.last) for row in rows}


def last_event(connection: Connection) -> int:
    """The number of the last event that no transaction under way can still come before, or 0."""
    return int(connection.scalar(LAST_EVENT) or 0)


def _days(spans: Sequence[DateSpan]) -> dict[str, list[date]]:
    return {"firsts": [span.first for span in spans], "lasts": [span.last for span in spans]}
