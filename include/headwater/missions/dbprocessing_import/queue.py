"""The old process queue -> wakes, and builds that are forced where a version bump was asked for.

A queued file is an input: the processes that read it look at its dates (spec dbprocessing 5.2, 7).
An entry that an earlier import has taken over already is not taken over again.
"""

from __future__ import annotations

from itertools import islice

from sqlalchemy import Connection, text

from headwater.catalog.queries.build_events import write_events
from headwater.catalog.queries.wakes import wake_for_files
from headwater.core.actor import Actor
from headwater.core.states import EventKind

_AT_ONCE = 50_000

NEW_ENTRIES = text("""
    select p.new_id from old_queue q
    join old_place p on p.old_id = q.file and p.new_id is not null
    where not exists (
        select from headwater.imported_queue_entry e
        where e.mission_id = :mission and e.name = p.name
          and e.version_bump is not distinct from q.version_bump)
    order by p.new_id
""")
"""The queued files that no earlier import has seen queued so."""

FORCE_BUILDS = text("""
    insert into headwater.build (mission_id, process_id, interval_key, utc_date, interval_start,
                                 interval_stop, keywords, state, reason, forced)
    select distinct on (r.id, own.key, own.keywords)
           :mission, r.id, own.key, day::date,
           case when r.timebase = 'FILE' then f.utc_start_time
                else day::date::timestamp at time zone 'UTC' end,
           case when r.timebase = 'FILE' then f.utc_stop_time
                else (day::date + 1)::timestamp at time zone 'UTC' - interval '1 microsecond' end,
           own.keywords, 'pending',
           f.name || ' was queued in dbprocessing with version bump ' || q.version_bump,
           q.version_bump
    from old_queue q
    join old_place p on p.old_id = q.file
    join headwater.file f on f.id = p.new_id and f.newest
    join headwater.process_input i on i.product_id = f.product_id and i.kind in ('hard', 'soft')
    join headwater.process r on r.id = i.process_id and r.timebase in ('FILE', 'DAILY', 'RUN')
    cross join lateral (
        select case when r.timebase = 'DAILY' then (f.utc_start_time at time zone 'UTC')::date
                    else f.utc_file_date end as first,
               case when r.timebase = 'DAILY' then (f.utc_stop_time at time zone 'UTC')::date
                    else f.utc_file_date end as last
    ) span
    cross join lateral generate_series(span.first::timestamp, span.last::timestamp,
                                       interval '1 day') day
    cross join lateral (
        select case when r.timebase = 'FILE' then f.interval_key else day::date::text end as key,
               case when r.timebase = 'FILE' then f.keywords else '' end as keywords
    ) own
    where q.version_bump between 0 and 2 and p.new_id = any(:file_ids)
    order by r.id, own.key, own.keywords, q.version_bump
    on conflict (process_id, interval_key, keywords)
      where state in ('pending', 'waiting', 'running', 'failed', 'held') do nothing
    returning id, reason
""")
"""Open a build for each output that a queued version bump asks to be made anew; of several bumps
the greatest counts. The claim chooses inputs, code and version, as for any build."""

FORGET_ENTRIES = text("delete from headwater.imported_queue_entry where mission_id = :mission")
"""The queue as the last import saw it."""

KEEP_ENTRIES = text("""
    insert into headwater.imported_queue_entry (mission_id, name, version_bump)
    select :mission, p.name, max(q.version_bump) from old_queue q
    join old_place p on p.old_id = q.file and p.new_id is not null
    group by p.name
""")
"""The queue as this import sees it."""


def take_over(connection: Connection, mission_id: int, actor: Actor) -> tuple[int, int, int]:
    """Turn new entries into work: how many entries, dates to look at, and forced builds."""
    found = connection.execute(NEW_ENTRIES, {"mission": mission_id}).scalars()
    entries = dates = forced = 0
    ids = iter(list(found))
    while piece := list(islice(ids, _AT_ONCE)):
        entries += len(piece)
        values = {"mission": mission_id, "file_ids": piece}
        builds = {row.id: row.reason for row in connection.execute(FORCE_BUILDS, values)}
        write_events(connection, EventKind.BUILD_PLANNED, actor, builds)
        forced += len(builds)
        dates += wake_for_files(connection, piece)
    connection.execute(FORGET_ENTRIES, {"mission": mission_id})
    connection.execute(KEEP_ENTRIES, {"mission": mission_id})
    return entries, dates, forced
