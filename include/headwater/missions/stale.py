"""Wake rows for processes that changed, so that old dates are looked at again (DESIGN 6)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

# For each named process: the dates of its newest outputs; and, where asked for, each date whose
# input window holds a newest file of an input (closed intervals; spec dbprocessing 5.2, 5.3).
# A date that is due already stays due as early as it was.
_WAKE_STALE = text("""
with stale as (
    select p.id as process_id, p.timebase, s.reason, s.inputs
    from unnest(cast(:names as text[]), cast(:reasons as text[]), cast(:inputs as boolean[]))
         as s (name, reason, inputs)
    join headwater.process p on p.mission_id = :mission_id and p.name = s.name
),
dates as (
    select s.process_id, s.reason, f.utc_file_date as utc_date
    from stale s
    join headwater.process_output o on o.process_id = s.process_id
    join headwater.file f on f.product_id = o.product_id and f.newest
    union
    select s.process_id, s.reason, day::date
    from stale s
    join headwater.process_input i on i.process_id = s.process_id and i.kind <> 'no_trigger'
    join headwater.file f on f.product_id = i.product_id and f.newest and f.exists_on_disk
    cross join lateral (
        select s.timebase in ('FILE', 'RUN') as by_date,
               (f.utc_start_time at time zone 'UTC')::date as first,
               (f.utc_stop_time at time zone 'UTC')::date as last
    ) span
    cross join lateral generate_series(
        (case when by_date then f.utc_file_date else first end - i.days_after)::timestamp,
        (case when by_date then f.utc_file_date else last end + i.days_before)::timestamp,
        interval '1 day'
    ) as day
    where s.inputs
)
insert into headwater.wake (process_id, utc_date, reason)
select process_id, utc_date, reason from dates order by process_id, utc_date
on conflict (process_id, utc_date) do update
set reason = excluded.reason, due_at = least(wake.due_at, excluded.due_at)
""")


def wake_stale(
    connection: Connection, mission_id: int, stale: Mapping[str, tuple[str, bool]]
) -> int:
    """Wake processes for the dates of their outputs, and of their inputs where that is asked for.

    Parameters
    ----------
    connection
        In the transaction that changes the processes.
    mission_id
        Their mission.
    stale
        Process name -> (reason, whether dates of inputs count too).

    Returns
    -------
    int
        How many rows were written.
    """
    if not stale:
        return 0
    names = sorted(stale)
    found = connection.execute(
        _WAKE_STALE,
        {
            "mission_id": mission_id,
            "names": names,
            "reasons": [stale[name][0] for name in names],
            "inputs": [stale[name][1] for name in names],
        },
    )
    return found.rowcount
