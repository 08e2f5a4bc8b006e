"""Wake rows: which process must look again at which date, because of new files."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

LOCK_WORK = text("select pg_advisory_xact_lock(hashtextextended('headwater work ' || :mission, 0))")
"""Let only one transaction at a time file, plan or end builds of a mission, so that none that
write wakes of several processes wait for each other in a circle."""


def lock_work(connection: Connection, mission_id: int) -> None:
    """Wait for the mission's other plans and adoptions; held until the transaction ends."""
    connection.execute(LOCK_WORK, {"mission": str(mission_id)})


WAKE_FOR_FILES = text("""
    with touched as (
        select i.process_id, f.name, day::date as utc_date
        from headwater.file f
        join headwater.process_input i
          on i.product_id = f.product_id and i.kind in ('hard', 'soft')
        join headwater.process p on p.id = i.process_id
        cross join lateral (
            select case when p.timebase in ('FILE', 'RUN') then f.utc_file_date
                        else (f.utc_start_time at time zone 'UTC')::date end as first,
                   case when p.timebase in ('FILE', 'RUN') then f.utc_file_date
                        else (f.utc_stop_time at time zone 'UTC')::date end as last
        ) span
        cross join lateral generate_series(
            (span.first - i.days_after)::timestamp, (span.last + i.days_before)::timestamp,
            interval '1 day') day
        where f.id = any(:file_ids) and f.newest
    )
    insert into headwater.wake (process_id, utc_date, reason)
    select process_id, utc_date,
           case count(distinct name) when 1 then min(name) || ' is new'
                else min(name) || ' and ' || count(distinct name) - 1 || ' more are new' end
    from touched group by process_id, utc_date order by process_id, utc_date
    on conflict (process_id, utc_date) do update
        set due_at = least(wake.due_at, excluded.due_at), reason = excluded.reason
""")
"""Wake each process that is triggered by the files, at each date whose window holds them.

Dates are those of the outputs: the days of the file's span for a timebase that chooses by
overlap, its characteristic date for FILE and RUN (spec dbprocessing 5.2, 5.3), widened by the
input's window (DESIGN 6). A file that is not the newest wakes nobody.
"""


def wake_for_files(connection: Connection, file_ids: Sequence[int]) -> int:
    """Write the wake rows of new files in the caller's transaction; how many dates were touched."""
    if not file_ids:
        return 0
    return connection.execute(WAKE_FOR_FILES, {"file_ids": list(file_ids)}).rowcount
