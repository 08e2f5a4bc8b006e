"""Which processes and dates a campaign holds (DESIGN 3, 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

from headwater.catalog.queries.wakes import DAYS_OF_FILE

_DATES_OF_PROCESSES = text(f"""
with stale as (
    select p.id as process_id, p.timebase, s.inputs
    from unnest(cast(:names as text[]), cast(:inputs as boolean[])) as s (name, inputs)
    join headwater.process p on p.mission_id = :mission and p.name = s.name
),
dates as (
    select p.process_id, f.utc_file_date as utc_date
    from stale p
    join headwater.process_output o on o.process_id = p.process_id
    join headwater.file f on f.product_id = o.product_id and f.newest
    union
    select p.process_id, day::date
    from stale p
    join headwater.process_input i
      on i.process_id = p.process_id and i.kind <> 'no_trigger' and not i.latest_valid
    join headwater.file f on f.product_id = i.product_id and f.newest and f.exists_on_disk
    {DAYS_OF_FILE}
    cross join lateral generate_series(
        (span.first - i.days_after)::timestamp, (span.last + i.days_before)::timestamp,
        interval '1 day') day
    where p.inputs
)
insert into headwater.campaign_date (campaign_id, process_id, utc_date)
select :campaign, process_id, utc_date from dates
where (cast(:first as date) is null or utc_date >= :first)
  and (cast(:last as date) is null or utc_date <= :last)
on conflict do nothing
""")  # noqa: S608  the pieces are constants
"""For each named process the dates of its newest outputs; and, where asked for, each date whose
input window holds a newest file of an input (closed intervals; spec dbprocessing 5.2, 5.3). A
file that is valid for a time makes no output of its days."""

_DATES_OF_FILES = text(f"""
with chosen as (
    select f.id, f.product_id, f.utc_file_date, f.utc_start_time, f.utc_stop_time
    from headwater.file f join headwater.product p on p.id = f.product_id
    where f.mission_id = :mission and f.newest
      and (cast(:first as date) is null or f.utc_file_date >= :first)
      and (cast(:last as date) is null or f.utc_file_date <= :last)
      and (cast(:dates as date[]) is null or f.utc_file_date = any(:dates))
      and (cast(:product as bigint) is null or f.product_id = :product)
      and (cast(:instrument as bigint) is null or p.instrument_id = :instrument)
      and (cast(:level as float8) is null or f.level = :level)
      and (cast(:codes as bigint[]) is null or exists (
          select from headwater.file_code c
          where c.resulting_file = f.id and c.source_code = any(:codes)))
), held as (
    insert into headwater.campaign_date (campaign_id, process_id, utc_date)
    select cast(:campaign as bigint), i.process_id, made.utc_file_date
    from chosen f
    join headwater.process_input i on i.product_id = f.product_id and i.latest_valid
    join headwater.process_output o on o.process_id = i.process_id
    join headwater.file made on made.product_id = o.product_id and made.newest
     and made.utc_start_time between f.utc_start_time and f.utc_stop_time
    where i.kind in ('hard', 'soft')
    union
    select cast(:campaign as bigint), i.process_id, day::date
    from chosen f
    join headwater.process_input i
      on i.product_id = f.product_id and i.kind in ('hard', 'soft') and not i.latest_valid
    join headwater.process p on p.id = i.process_id
    {DAYS_OF_FILE}
    cross join lateral generate_series(
        span.first::timestamp, span.last::timestamp, interval '1 day') day
    on conflict do nothing
)
select count(*) from chosen
""")  # noqa: S608  the pieces are constants
"""The dates of the processes that read the chosen newest files (spec dbprocessing 5.2, 7); of a
file that is valid for a time, those of the outputs that its validity covers."""

_DATES = text("""
select process_id, utc_date from headwater.campaign_date
where campaign_id = :campaign order by process_id, utc_date
""")
"""The dates of one campaign."""


@dataclass(frozen=True, slots=True)
class FileChoice:
    """Which newest files a campaign is for; what is none does not limit. Dates are UTC."""

    product_id: int | None = None
    instrument_id: int | None = None
    level: float | None = None
    code_ids: tuple[int, ...] | None = None
    first: date | None = None
    last: date | None = None
    dates: tuple[date, ...] | None = None


def add_process_dates(
    connection: Connection,
    campaign: int,
    mission_id: int,
    processes: Mapping[str, bool],
    first: date | None = None,
    last: date | None = None,
) -> int:
    """Add the dates of processes: name -> whether dates of inputs count too; how many there are."""
    values = {
        "campaign": campaign,
        "mission": mission_id,
        "names": sorted(processes),
        "inputs": [processes[name] for name in sorted(processes)],
        "first": first,
        "last": last,
    }
    return connection.execute(_DATES_OF_PROCESSES, values).rowcount


def add_file_dates(
    connection: Connection, campaign: int, mission_id: int, chosen: FileChoice
) -> int:
    """Add the dates of what is made from the chosen newest files; how many files those are."""
    values = {
        "campaign": campaign,
        "mission": mission_id,
        "product": chosen.product_id,
        "instrument": chosen.instrument_id,
        "level": chosen.level,
        "codes": None if chosen.code_ids is None else list(chosen.code_ids),
        "first": chosen.first,
        "last": chosen.last,
        "dates": None if chosen.dates is None else list(chosen.dates),
    }
    files: int = connection.execute(_DATES_OF_FILES, values).scalar_one()
    return files


def campaign_dates(connection: Connection, campaign: int) -> dict[int, list[date]]:
    """The dates of a campaign by process id."""
    found: dict[int, list[date]] = {}
    for row in connection.execute(_DATES, {"campaign": campaign}):
        found.setdefault(row.process_id, []).append(row.utc_date)
    return found
