"""What is due now: the dates to look at and the builds that may be made."""

from __future__ import annotations

from sqlalchemy import text

CLAIMABLE = text("""
select b.process_id, b.utc_date, b.id from headwater.build b
where b.mission_id = :mission and b.state = 'pending'
  and (b.not_before is null or b.not_before <= now())
  and (cast(:process as bigint) is null or b.process_id = :process)
  and (cast(:first as date) is null or b.utc_date between :first and :last)
order by b.utc_date, b.id limit :most
""")
"""Builds that may be claimed now, the oldest dates first."""

DUE_WORK = text("""
select m.name as mission, p.name as process, p.id as process_id, due.utc_date, due.reason
from (select process_id, utc_date, reason from headwater.wake where due_at <= now()
      union all
      select process_id, utc_date, 'may be made' from headwater.build
      where state = 'pending' and (not_before is null or not_before <= now())) due
join headwater.process p on p.id = due.process_id
join headwater.mission m on m.id = p.mission_id
where cast(:mission as text) is null or m.name = :mission
order by m.name, p.name, due.utc_date
""")
"""Dates that a process must look at, and builds that it may make, now."""
