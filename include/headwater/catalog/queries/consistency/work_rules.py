"""Rules about work: builds, wakes and leases that nothing would bring to an end."""

from __future__ import annotations

from sqlalchemy import text

from headwater.catalog.queries.consistency.rule import Rule, not_open

OUTPUT_GONE = Rule(
    "output gone",
    "a build that is built, and a required output of it is lost or has no row",
    "its date is looked at again: the plan makes it anew",
    text(f"""
select r.name || ' of ' || b.interval_key as subject,
       'is built, but its ' || p.name || ' is gone' as problem, b.process_id, b.utc_date
from headwater.build b
join headwater.process r on r.id = b.process_id
join headwater.process_output o on o.process_id = b.process_id and o.required
join headwater.product p on p.id = o.product_id
where b.mission_id = :mission and b.state = 'built' and not exists (
    select from headwater.file f
    where f.build_id = b.id and f.product_id = o.product_id and f.exists_on_disk)
  and {not_open("b.process_id", "b.utc_date")}
order by 1
"""),  # noqa: S608  the pieces are constants of this package
    look_again=True,
)

NEVER_AGAIN = Rule(
    "never looked at again",
    "a build that waits, or is to be tried again, and nothing wakes it",
    "its date is looked at again",
    text("""
select r.name || ' of ' || b.interval_key as subject,
       'is ' || b.state || ' (' || b.reason || '), and nothing wakes it' as problem,
       b.process_id, b.utc_date
from headwater.build b join headwater.process r on r.id = b.process_id
where b.mission_id = :mission
  and (b.state = 'waiting' or (b.state = 'failed' and b.not_before is not null))
  and not exists (select from headwater.wake w
                  where w.process_id = b.process_id and w.utc_date = b.utc_date)
order by 1
"""),
    look_again=True,
)

_ORPHAN = """
w.due_at > now() and not exists (
    select from headwater.build b
    where b.process_id = w.process_id and b.utc_date = w.utc_date
      and b.state in ('pending', 'waiting', 'running', 'failed', 'held'))
"""

ORPHAN_WAKE = Rule(
    "orphan wake",
    "a wake for later, for a build that is no longer open",
    "it is due at once: the plan looks, and the wake is gone",
    text(f"""
select r.name || ' of ' || w.utc_date as subject,
       'is to be looked at again later (' || w.reason || '), but no build of it is open' as problem
from headwater.wake w join headwater.process r on r.id = w.process_id
where r.mission_id = :mission and {_ORPHAN} order by 1
"""),  # noqa: S608  as above
    (
        text(f"""
update headwater.wake w set due_at = now() from headwater.process r
where r.id = w.process_id and r.mission_id = :mission and {_ORPHAN}
"""),  # noqa: S608  as above
    ),
)

NOBODY_WORKS = Rule(
    "nobody works",
    "work that has been due for more than a day",
    "see that the process's DAG is not paused and the scheduler runs, or run 'headwater process'",
    text("""
select r.name as subject,
       'has had ' || count(*) || ' dates to look at or to make since '
       || to_char(min(due.since) at time zone 'UTC', 'YYYY-MM-DD') as problem
from (select process_id, due_at as since from headwater.wake
      union all
      select process_id, coalesce(not_before, created_at) from headwater.build b
      where state = 'pending' and not exists (
          select from headwater.campaign c where c.id = b.campaign_id and c.state = 'paused')) due
join headwater.process r on r.id = due.process_id
where r.mission_id = :mission and due.since < now() - interval '1 day'
group by r.name order by 1
"""),
)

LEASE_OVER = Rule(
    "lease over",
    "work whose owner has been gone for more than ten minutes, and nobody has taken it over",
    "the next pass, ingest or process, or the system DAG, takes it over: see that one runs",
    text("""
select 'build ' || b.id as subject,
       'of ' || r.name || ', ' || b.interval_key || ', is held by '
       || coalesce(b.claimed_by, 'someone') || ', whose lease is over' as problem
from headwater.build b join headwater.process r on r.id = b.process_id
where b.mission_id = :mission and b.state = 'running'
  and b.lease_until < now() - interval '10 minutes'
union all
select 'arrival ' || a.name, 'is held by ' || a.claimed_by || ', whose lease is over'
from headwater.arrival a
where a.mission_id = :mission and a.state = 'claimed'
  and a.lease_until < now() - interval '10 minutes'
union all
select 'file ' || i.final_path, 'is being filed by someone whose lease is over'
from headwater.intent i
where i.mission_id = :mission and i.lease_until < now() - interval '10 minutes'
order by 1
"""),
)

WORK_RULES = (OUTPUT_GONE, NEVER_AGAIN, ORPHAN_WAKE, NOBODY_WORKS, LEASE_OVER)
