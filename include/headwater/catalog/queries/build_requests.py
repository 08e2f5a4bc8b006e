"""What a person asks of builds that do not run: to be made again, or to be held."""

from __future__ import annotations

from sqlalchemy import text

RETRY = text("""
update headwater.build
set state = 'pending', reason = :reason, attempts = 0, not_before = null
where id = any(:ids) and state in ('failed', 'held')
returning id, process_id, utc_date, interval_stop, state, reason
""")
"""A person asks for failed or held builds to be made again."""

HOLD = text("""
update headwater.build
set state = 'held', reason = :reason, fingerprint = null, not_before = null
where id = any(:ids) and state in ('pending', 'waiting', 'failed', 'held')
returning id, process_id, utc_date, interval_stop, state, reason
""")
"""A person holds builds; without a fingerprint no change of inputs lifts the hold."""

BUILDS_OF_DATES = text("""
select id from headwater.build
where process_id = any(:processes) and utc_date between :first and :last
  and state = any(:states) and (state <> 'held' or (fingerprint is null) = any(:by_person))
order by id
""")
"""The builds of some states and dates; of the held ones those that a person holds, the others, or
both."""

HOLD_DATES = text("""
insert into headwater.build (mission_id, process_id, interval_key, utc_date, interval_start,
    interval_stop, keywords, state, reason)
select :mission, p.process_id, d.key, d.day, d.start, d.stop, '', 'held', :reason
from unnest(cast(:processes as bigint[])) as p (process_id)
cross join unnest(cast(:keys as text[]), cast(:days as date[]), cast(:starts as timestamptz[]),
                  cast(:stops as timestamptz[])) as d (key, day, start, stop)
on conflict (process_id, interval_key, keywords)
  where state in ('pending', 'waiting', 'running', 'failed', 'held') do nothing
returning id, process_id, utc_date, interval_stop, state, reason
""")
"""A person holds dates for which no build is open; so what would be planned for them is held."""
