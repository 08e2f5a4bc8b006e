"""What is due now: the dates to look at and the builds that may be made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, text

_LET_THROUGH = """
throttled as (
    select next.id from headwater.campaign c
    cross join lateral (
        select b.id from headwater.build b
        where b.campaign_id = c.id and b.state = 'pending'
          and (b.not_before is null or b.not_before <= now())
        order by b.utc_date, b.id
        limit greatest(0, c.throttle - (select count(*) from headwater.build r
                                        where r.campaign_id = c.id and r.state = 'running'))
    ) next
    where c.state = 'running' and c.throttle is not null
)
"""
# The builds that campaigns with a throttle let through now.

_CLAIMABLE = """b.state = 'pending' and (b.not_before is null or b.not_before <= now())
  and (b.campaign_id is null or b.id in (select id from throttled)
       or exists (select from headwater.campaign c where c.id = b.campaign_id
                  and c.state <> 'paused' and (c.throttle is null or c.state <> 'running')))"""

CLAIMABLE = text(f"""
with {_LET_THROUGH}
select b.process_id, b.utc_date, b.id from headwater.build b
where b.mission_id = :mission and {_CLAIMABLE}
  and (cast(:process as bigint) is null or b.process_id = :process)
  and (cast(:first as date) is null or b.utc_date between :first and :last)
order by b.campaign_id is not null, b.utc_date, b.id limit :most
""")  # noqa: S608  the pieces are constants of this module
"""Builds that may be claimed now: those of live data before campaigns, the oldest dates first.

Of a paused campaign there are none, of one with a throttle so many that no more are claimable or
running than it allows."""

DUE_WORK = text(f"""
with {_LET_THROUGH}
select m.name as mission, p.name as process, p.id as process_id, due.utc_date, due.reason
from (select process_id, utc_date, reason from headwater.wake where due_at <= now()
      union all
      select b.process_id, b.utc_date, 'may be made' from headwater.build b
      where {_CLAIMABLE}) due
join headwater.process p on p.id = due.process_id
join headwater.mission m on m.id = p.mission_id
where cast(:mission as text) is null or m.name = :mission
order by m.name, p.name, due.utc_date
""")  # noqa: S608  as above
"""Dates that a process must look at, and builds that it may make, now."""

_DUE = """
due as (
    select w.process_id, w.utc_date, w.reason from headwater.wake w
    join headwater.process p on p.id = w.process_id
    where p.mission_id = :mission and w.due_at <= now()
    union
    select b.process_id, b.utc_date, b.reason from headwater.build b
    where b.mission_id = :mission and b.state in ('pending', 'waiting')
)
"""

_DUE_FILES = text(f"""
with {_DUE}
select f.name, p.id as product_id, p.name as product, f.utc_file_date
from headwater.file f join headwater.product p on p.id = f.product_id
where f.mission_id = :mission and f.newest and exists (
    select from due join headwater.process c on c.id = due.process_id
    join headwater.process_input i on i.process_id = c.id and i.product_id = f.product_id
     and i.kind <> 'no_trigger'
    where case when c.timebase in ('FILE', 'RUN') then f.utc_file_date = due.utc_date
          else due.utc_date between (f.utc_start_time at time zone 'UTC')::date
                                and (f.utc_stop_time at time zone 'UTC')::date end)
order by f.id
""")  # noqa: S608  the text is a constant of this module
"""The newest files whose own dates a process has still to look at or to make."""

_FLUSH = text(f"""
with {_DUE}, woken as (
    delete from headwater.wake w using due
    where w.process_id = due.process_id and w.utc_date = due.utc_date
), dropped as (
    update headwater.build b set state = 'not needed', reason = :reason, ended_at = now()
    where b.mission_id = :mission and b.state in ('pending', 'waiting') returning b.id
)
select (select count(*) from dropped) as builds, (select count(*) from due) as dates
""")  # noqa: S608  as above
"""Forget what is due: nothing of it is looked at or made until something changes again."""


@dataclass(frozen=True, slots=True)
class DueFile:
    """A newest file from which something may have to be made; its date is UTC."""

    name: str
    product_id: int
    product: str
    utc_file_date: date


def due_files(connection: Connection, mission_id: int) -> list[DueFile]:
    """The files whose dates are due, in the order in which they were filed."""
    return [DueFile(*row) for row in connection.execute(_DUE_FILES, {"mission": mission_id})]


def flush(connection: Connection, mission_id: int, reason: str) -> None:
    """Forget all that is due in a mission."""
    connection.execute(_FLUSH, {"mission": mission_id, "reason": reason})
