"""The first and the last date of each product's files, by the index alone."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection, text

from headwater.core.interval import DateSpan

_DATES = text("""
select p.mission_id, p.id, f.first, l.last
from headwater.product p
cross join lateral (select utc_file_date as first from headwater.file
                    where product_id = p.id order by utc_file_date limit 1) f
cross join lateral (select utc_file_date as last from headwater.file
                    where product_id = p.id order by utc_file_date desc limit 1) l
where cast(:mission as bigint) is null or p.mission_id = :mission
""")
"""Of each product that has files, two steps down the index whatever their number."""


def product_dates(connection: Connection, mission_id: int) -> dict[int, DateSpan]:
    """From the first to the last date of the files of each product that has any, by its id."""
    rows = connection.execute(_DATES, {"mission": mission_id})
    return {row.id: DateSpan(row.first, row.last) for row in rows}


def mission_dates(connection: Connection) -> dict[int, DateSpan]:
    """From the first to the last date of the files of each mission that has any, by its id."""
    found: dict[int, tuple[date, date]] = {}
    for row in connection.execute(_DATES, {"mission": None}):
        first, last = found.get(row.mission_id, (row.first, row.last))
        found[row.mission_id] = (min(first, row.first), max(last, row.last))
    return {mission: DateSpan(first, last) for mission, (first, last) in found.items()}
