"""Arrivals for pages: how many ended how, which, and one with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from headwater.catalog.queries.listings import Row

_ROWS = """
select a.id, a.name, a.state, a.disposition, a.reason, p.name as product, a.size,
       a.file_id as file, a.created_at as arrived_at, a.ended_at
from headwater.arrival a left join headwater.product p on p.id = a.product_id
"""
_CONDITIONS = {
    "mission_id": "a.mission_id = :mission_id",
    "product_id": "a.product_id = :product_id",
    "became": "coalesce(a.disposition, a.state) = :became",
    "text": "a.name ilike :text",
    "first": "a.created_at >= :first",
    "last": "a.created_at < cast(:last as date) + 1",
    "before": "a.id < :before",
}
"""The condition of each filter; one that is not given is left out, so that an index is found."""

_ONE = text("""
select a.id, a.name, a.state, a.disposition, a.reason, p.name as product, a.size,
       a.file_id as file, a.created_at as arrived_at, a.ended_at, a.modified_at,
       a.claimed_by, a.attempts, a.quarantine_path
from headwater.arrival a left join headwater.product p on p.id = a.product_id
where a.mission_id = :mission and a.id = :id
""")
"""All that is known of one arrival."""


@dataclass(frozen=True, slots=True)
class ArrivalFilter:
    """Which arrivals are wanted; what is none does not restrict.

    `first` and `last` are days of arrival, UTC, both included.
    """

    mission_id: int | None = None
    product_id: int | None = None
    became: str | None = None
    """A disposition, or ``claimed`` for one that has none yet."""
    name: str | None = None
    """A part of the name, in any case of letters."""
    first: date | None = None
    last: date | None = None
    before: int | None = None
    """Only numbers below."""

    @property
    def text(self) -> str | None:
        """The pattern of `name`, whose own signs stand for themselves."""
        if self.name is None:
            return None
        plain = self.name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"%{plain}%"


def _where(chosen: ArrivalFilter) -> tuple[str, Row]:
    values = {name: value for name in _CONDITIONS if (value := getattr(chosen, name)) is not None}
    return " and ".join(_CONDITIONS[name] for name in values) or "true", values


def arrival_page(connection: Connection, chosen: ArrivalFilter, limit: int) -> list[Row]:
    """Arrivals, the latest first."""
    where, values = _where(chosen)
    statement = text(f"{_ROWS} where {where} order by a.id desc limit :limit")
    rows = connection.execute(statement, values | {"limit": limit}).mappings()
    return [dict(row) for row in rows]


def arrival_counts(connection: Connection, chosen: ArrivalFilter) -> dict[str, int]:
    """How many arrivals there are of each disposition, or ``claimed``."""
    where, values = _where(chosen)
    statement = text(f"""
        select coalesce(a.disposition, a.state) as became, count(*) as arrivals
        from headwater.arrival a where {where} group by 1 order by 1
    """)  # noqa: S608  the conditions are constants of this module
    return {row.became: row.arrivals for row in connection.execute(statement, values)}


def one_arrival(connection: Connection, mission_id: int, arrival: int) -> Row | None:
    """All that is known of an arrival of a mission; none if there is none of that number."""
    values = {"mission": mission_id, "id": arrival}
    row = connection.execute(_ONE, values).mappings().first()
    return None if row is None else dict(row)
