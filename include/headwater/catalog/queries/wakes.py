"""Wakes: which process must look again at which date, why, and from when on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Self

from sqlalchemy import Connection, Row, text

LOCK_WORK = text("select pg_advisory_xact_lock(hashtextextended('headwater work ' || :mission, 0))")
"""Let only one transaction at a time file, plan or end builds of a mission, so that none that
write wakes of several processes wait for each other in a circle."""

TAKE_WAKES = text("""
delete from headwater.wake w
using (select process_id, utc_date from headwater.wake
       where process_id = :process and due_at <= now()
         and (cast(:first as date) is null or utc_date between :first and :last)
       order by utc_date limit :most for update skip locked) due
where w.process_id = due.process_id and w.utc_date = due.utc_date
returning w.utc_date, w.reason, w.live
""")
"""Take due wakes, the oldest dates first; they come back if the transaction does not commit."""

DUE_DATES = text("""
select utc_date, reason from headwater.wake
where process_id = :process and due_at <= now() order by utc_date limit :most
""")
"""The due wakes of a process, as they are."""

WAKE = text("""
insert into headwater.wake (process_id, utc_date, reason, due_at)
select distinct on (p.process_id, p.utc_date) p.process_id, p.utc_date, p.reason,
       coalesce(p.due_at, now())
from unnest(cast(:processes as bigint[]), cast(:dates as date[]), cast(:reasons as text[]),
            cast(:due as timestamptz[])) as p (process_id, utc_date, reason, due_at)
order by p.process_id, p.utc_date, coalesce(p.due_at, now())
on conflict (process_id, utc_date) do update
set due_at = least(wake.due_at, excluded.due_at),
    reason = case when excluded.due_at < wake.due_at then excluded.reason else wake.reason end
""")
"""A process must look at a date again, at a time or now; the earlier time wins."""

DAYS_OF_FILE = """cross join lateral (
    select case when p.timebase in ('FILE', 'RUN') then f.utc_file_date
                else (f.utc_start_time at time zone 'UTC')::date end as first,
           case when p.timebase in ('FILE', 'RUN') then f.utc_file_date
                else (f.utc_stop_time at time zone 'UTC')::date end as last
) span"""
"""Part of a statement: the first and last day of output that a file `f` bears on for a process `p`.

Those of its span for a timebase that chooses by overlap, its characteristic date for FILE and RUN
(spec dbprocessing 5.2, 5.3)."""

_LIVE = "b.campaign_id is null"
# New data: the file arrived, or was made for no campaign.

WAKE_FOR_FILES = text(f"""
    with touched as (
        select i.process_id, f.name, day::date as utc_date, f.build_id
        from headwater.file f
        join headwater.process_input i
          on i.product_id = f.product_id and i.kind in ('hard', 'soft') and not i.latest_valid
        join headwater.process p on p.id = i.process_id
        {DAYS_OF_FILE}
        cross join lateral generate_series(
            (span.first - i.days_after)::timestamp, (span.last + i.days_before)::timestamp,
            interval '1 day') day
        where f.id = any(:file_ids) and f.newest
        union all
        select p.id, f.name, f.utc_file_date, f.build_id
        from headwater.file f
        join headwater.product o on o.id = f.product_id
        join headwater.mission m on m.id = o.mission_id and m.settings ->> 'orbit_product' = o.name
        join headwater.process p on p.mission_id = m.id and p.timebase = 'ORBIT'
        where f.id = any(:file_ids) and f.newest
    )
    insert into headwater.wake (process_id, utc_date, reason, live)
    select t.process_id, t.utc_date,
           case count(distinct name) when 1 then min(name) || ' is ' || :what
                else min(name) || ' and ' || count(distinct name) - 1 || ' more are ' || :what end,
           bool_or({_LIVE})
    from touched t left join headwater.build b on b.id = t.build_id
    group by t.process_id, t.utc_date order by t.process_id, t.utc_date
    on conflict (process_id, utc_date) do update
        set due_at = least(wake.due_at, excluded.due_at), reason = excluded.reason,
            live = wake.live or excluded.live
""")  # noqa: S608  the pieces are constants of this module
"""Wake each process that is triggered by the files, at each date whose window holds them.

Dates are the days of the file's span for a timebase that chooses by overlap, its characteristic
date for FILE and RUN (spec dbprocessing 5.2, 5.3), widened by the input's window (DESIGN 6): the
plan makes the intervals that touch them. A file that is not the newest wakes nobody. A file of the
product that the mission takes its orbits from wakes each process of timebase ORBIT.
"""

WAKE_FAR = text("""
    with borne as (
        select i.process_id, f.name,
               case when i.latest_valid or i.files_after = 0 then span.start
                    else coalesce(below.start, '-infinity') end as start,
               case when i.latest_valid or i.files_before = 0 then span.stop
                    else coalesce(above.stop, 'infinity') end as stop
        from headwater.file f
        join headwater.process_input i
          on i.product_id = f.product_id and i.kind in ('hard', 'soft')
         and (i.latest_valid or i.files_before > 0 or i.files_after > 0)
        cross join lateral (
            select min(v.utc_start_time) as start, max(v.utc_stop_time) as stop
            from headwater.file v
            where v.product_id = f.product_id and v.interval_key = f.interval_key
              and v.keywords = f.keywords
        ) span
        left join lateral (
            select case when count(*) = i.files_before then max(n.stop) end as stop
            from (select v.utc_stop_time as stop from headwater.file v
                  where v.product_id = f.product_id and v.keywords = f.keywords and v.newest
                    and v.exists_on_disk and v.utc_start_time > f.utc_start_time
                  order by v.utc_start_time limit i.files_before) n
        ) above on i.files_before > 0
        left join lateral (
            select v.utc_start_time as start from headwater.file v
            where v.product_id = f.product_id and v.keywords = f.keywords and v.newest
              and v.exists_on_disk and v.utc_start_time < f.utc_start_time
            order by v.utc_start_time desc offset greatest(i.files_after - 1, 0) limit 1
        ) below on i.files_after > 0
        where f.id = any(:file_ids) and f.newest
    ),
    reach as (
        select p.id as process_id, p.timebase in ('FILE', 'RUN') as by_date, b.name,
               b.start, b.stop, (b.start at time zone 'UTC')::date as first,
               (b.stop at time zone 'UTC')::date as last
        from borne b join headwater.process p on p.id = b.process_id
    ),
    touched as (
        select r.process_id, r.name, o.utc_file_date as utc_date
        from reach r
        join headwater.process_output made on made.process_id = r.process_id
        join headwater.file o on o.product_id = made.product_id and o.newest
         and o.utc_file_date between r.first and r.last
        union all
        select r.process_id, r.name, day::date
        from reach r
        join headwater.process_input i on i.process_id = r.process_id
         and i.kind in ('hard', 'soft') and not i.latest_valid
        join headwater.file t on t.product_id = i.product_id and t.newest and t.exists_on_disk
         and t.utc_start_time <= r.stop and t.utc_stop_time >= r.start
        cross join lateral generate_series(
            greatest(r.first, (t.utc_start_time at time zone 'UTC')::date)::timestamp,
            least(r.last, (t.utc_stop_time at time zone 'UTC')::date)::timestamp,
            interval '1 day') day
        where not r.by_date
        union all
        select r.process_id, r.name, t.utc_file_date
        from reach r
        join headwater.process_input i on i.process_id = r.process_id
         and i.kind in ('hard', 'soft') and not i.latest_valid
        join headwater.file t on t.product_id = i.product_id and t.newest and t.exists_on_disk
         and t.utc_file_date between r.first and r.last
        where r.by_date
    )
    insert into headwater.wake (process_id, utc_date, reason)
    select process_id, utc_date, min(name) || ' is ' || :what from touched
    group by process_id, utc_date order by process_id, utc_date
    on conflict (process_id, utc_date) do update
        set due_at = least(wake.due_at, excluded.due_at), reason = excluded.reason
""")
"""Wake each process for the files that it reads from afar, at each date on which they bear.

A file that is valid for a time bears on the dates from its start to its stop, or to those of the
versions before it; one of a window in files on those up to the n-th file beside it. Of these, the
dates that have outputs, or files that make outputs: so a validity of decades is no row a day.
"""

WAKE_WAITERS = text("""
insert into headwater.wake (process_id, utc_date, reason, due_at)
select distinct b.process_id, b.utc_date, :reason, now()
from unnest(cast(:up as bigint[]), cast(:firsts as date[]), cast(:lasts as date[]))
  as ended (process_id, first, last)
join unnest(cast(:from_up as bigint[]), cast(:to_down as bigint[]), cast(:before as int[]),
            cast(:after as int[]), cast(:longest as int[]))
  as reach (up, down, days_before, days_after, longest)
  on reach.up = ended.process_id
join headwater.build b on b.process_id = reach.down and b.state = 'waiting'
 and b.utc_date > ended.first - reach.days_after - reach.longest
 and b.utc_date <= ended.last + reach.days_before
 and greatest(b.utc_date, (b.interval_stop at time zone 'UTC')::date)
     >= ended.first - reach.days_after
order by 1, 2
on conflict (process_id, utc_date) do update set due_at = least(wake.due_at, excluded.due_at)
""")
"""Every end of an upstream build makes its waiters be planned again (DESIGN 6)."""

PULL_WAKES = text("""
update headwater.wake w set due_at = now()
from unnest(cast(:processes as bigint[]), cast(:firsts as date[]), cast(:lasts as date[]))
  as e (process_id, first, last)
where w.process_id = e.process_id and w.utc_date between e.first and e.last and w.due_at > now()
""")
"""What was put off until a run ends is due when it has ended."""


def lock_work(connection: Connection, mission_id: int) -> None:
    """Wait for the mission's other plans and adoptions; held until the transaction ends."""
    connection.execute(LOCK_WORK, {"mission": str(mission_id)})


@dataclass(frozen=True, slots=True)
class TakenWakes:
    """Wakes that were taken: their reasons by date, and those that new data asked for. UTC."""

    reasons: dict[date, str]
    live: tuple[date, ...]


def take_wakes(
    connection: Connection, process_id: int, most: int, first: date | None, last: date | None
) -> TakenWakes:
    """Take the due wakes of a process, of all dates or of a span."""
    values = {"process": process_id, "most": most, "first": first, "last": last}
    rows = connection.execute(TAKE_WAKES, values).all()
    reasons = {row.utc_date: row.reason for row in rows}
    return TakenWakes(reasons, tuple(sorted(row.utc_date for row in rows if row.live)))


def due_dates(connection: Connection, process_id: int, most: int) -> dict[date, str]:
    """The due wakes of a process, not taken: date -> reason."""
    values = {"process": process_id, "most": most}
    return {row.utc_date: row.reason for row in connection.execute(DUE_DATES, values)}


@dataclass(frozen=True, slots=True)
class WakeUp:
    """A process must look at a date again; `due_at` none means now. UTC."""

    process_id: int
    utc_date: date
    reason: str
    due_at: datetime | None = None


def wake(connection: Connection, wakes: Sequence[WakeUp]) -> None:
    """Write wakes."""
    if wakes:
        values = {
            "processes": [w.process_id for w in wakes],
            "dates": [w.utc_date for w in wakes],
            "reasons": [w.reason for w in wakes],
            "due": [w.due_at for w in wakes],
        }
        connection.execute(WAKE, values)


def wake_for_files(connection: Connection, file_ids: Sequence[int], what: str = "new") -> int:
    """Write the wake rows of files in the caller's transaction; how many dates were touched.

    `what` the files are is the reason.
    """
    if not file_ids:
        return 0
    values = {"file_ids": list(file_ids), "what": what}
    near = connection.execute(WAKE_FOR_FILES, values).rowcount
    return near + connection.execute(WAKE_FAR, values).rowcount


@dataclass(frozen=True, slots=True)
class Reach:
    """An output of `down` of date D reads what `up` made of D - days_before to D + days_after.

    `longest` is the most days that one output of `down` covers.
    """

    up: int
    down: int
    days_before: int
    days_after: int
    longest: int


@dataclass(frozen=True, slots=True)
class Ended:
    """Work of a process on the days from `first` to `last` that will not go on now."""

    process_id: int
    first: date
    last: date

    @classmethod
    def of_build(cls, row: Row[Any]) -> Self:
        """The end of a build; `row` has its process_id, utc_date and interval_stop."""
        return cls(row.process_id, row.utc_date, max(row.utc_date, row.interval_stop.date()))


def end_of_work(
    connection: Connection, ended: Sequence[Ended], reaches: Sequence[Reach], reason: str
) -> None:
    """Tell those who wait for the runs of builds that they have ended."""
    if ended:
        days = {"firsts": [e.first for e in ended], "lasts": [e.last for e in ended]}
        connection.execute(PULL_WAKES, {"processes": [e.process_id for e in ended], **days})
        wake_waiters(connection, ended, reaches, reason)


def wake_waiters(
    connection: Connection, ended: Sequence[Ended], reaches: Sequence[Reach], reason: str
) -> None:
    """Let the builds that wait for this work be planned again."""
    if not ended or not reaches:
        return
    values = {
        "up": [e.process_id for e in ended],
        "firsts": [e.first for e in ended],
        "lasts": [e.last for e in ended],
        "from_up": [reach.up for reach in reaches],
        "to_down": [reach.down for reach in reaches],
        "before": [reach.days_before for reach in reaches],
        "after": [reach.days_after for reach in reaches],
        "longest": [reach.longest for reach in reaches],
        "reason": reason,
    }
    connection.execute(WAKE_WAITERS, values)
