"""What a product has for each day of a span: its newest version, and the work that is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Connection, text

from headwater.core.states import OPEN_BUILD_STATES, BuildState
from headwater.core.version import Version


class DayState(StrEnum):
    """Whether a product of a day is in the archive."""

    THERE = "there"
    """Its newest files are on disk."""
    LOST = "lost"
    """The catalog has it, but one of its newest files is not on disk."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """A day of a product, by the date of its files, UTC.

    `files` counts the newest ones: several where the product has several a day, or keywords;
    `version` is the highest of them. `build` is the state of the work that is open for that day,
    `reason` that work's; of several builds the one that was planned last.
    """

    date: date
    state: DayState
    files: int
    version: Version | None
    build: BuildState | None
    reason: str | None


COVERAGE = text("""
with asked as (
    select coalesce(cast(:first as date), min(utc_file_date)) as first,
           coalesce(cast(:last as date), max(utc_file_date)) as last
      from headwater.file where product_id = :product and newest
), day as (
    select cast(generate_series(first, last, interval '1 day') as date) as date from asked
), filed as (
    select f.utc_file_date as date, count(*) as files, bool_and(f.exists_on_disk) as on_disk,
           max(array[f.interface_version, f.quality_version, f.revision_version]) as version
      from asked
      join headwater.file f on f.product_id = :product and f.newest
       and f.utc_file_date between asked.first and asked.last
     group by f.utc_file_date
), work as (
    select distinct on (b.utc_date) b.utc_date as date, b.state, b.reason
      from asked
      join headwater.process_output o on o.product_id = :product
      join headwater.build b on b.process_id = o.process_id and b.state = any(:open)
       and b.utc_date between asked.first and asked.last
     order by b.utc_date, b.id desc
)
select day.date, filed.files, filed.on_disk, filed.version, work.state, work.reason
  from day left join filed using (date) left join work using (date)
 order by day.date
""")
"""Each day between two dates, or between the first and last newest file where one is not given."""


def coverage(
    connection: Connection, product_id: int, first: date | None = None, last: date | None = None
) -> list[DayCoverage]:
    """What there is of a product for each day from `first` to `last`, both included.

    A bound that is none is that of the product's files; a product without files then has no days.
    """
    values = {"product": product_id, "first": first, "last": last, "open": [*OPEN_BUILD_STATES]}
    return [
        DayCoverage(
            row.date,
            _state(row.on_disk),
            row.files or 0,
            Version(*row.version) if row.version else None,
            BuildState(row.state) if row.state else None,
            row.reason,
        )
        for row in connection.execute(COVERAGE, values)
    ]


def _state(on_disk: bool | None) -> DayState:
    if on_disk is None:
        return DayState.MISSING
    return DayState.THERE if on_disk else DayState.LOST
