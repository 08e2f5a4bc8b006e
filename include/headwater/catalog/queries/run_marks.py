"""What a person's mark of an Airflow run or task does to builds, and the record of it."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import Connection, text

LIMIT_WAITING = text("select set_config('lock_timeout', :milliseconds, true)")
"""A person at the screen waits no longer than this for other transactions."""

KEEP_MARK = text("""
insert into headwater.run_mark (id, mission_id, dag_id, run_id, task_id, map_index, kind, person,
                                note)
values (:id, :mission, :dag_id, :run_id, :task_id, :map_index, :kind, :person, :note)
on conflict (id) do nothing
returning id
""")
"""Keep a mark, once."""

_OWN = """b.state = 'running'
   and b.airflow_dag_id = :dag_id and b.airflow_run_id = :run_id
   and (cast(:tasks as text[]) is null or b.airflow_task_id = any(:tasks))
   and (cast(:map_index as int) is null or coalesce(b.airflow_map_index, -1) = :map_index)"""

CANCEL_RUNNING = text(f"""
update headwater.build b
set cancel_requested_at = now(), cancel_state = :state, cancel_reason = :reason,
    cancelled_by = :person
where b.airflow_dag_id = :dag_id and b.airflow_run_id = :run_id and {_OWN}
returning b.id
""")  # noqa: S608  the text is a constant of this module
"""Ask the keepers of what tasks of a run make now to end it; the last who asks is obeyed."""

END_BUILDS = text(f"""
update headwater.build b
set state = case when b.state = 'running' then b.state else :state end,
    reason = case when b.state = 'running' then b.reason else :reason end,
    fingerprint = case when b.state <> 'running' and :state = 'held' then null
                       else b.fingerprint end,
    not_before = null,
    cancel_requested_at = now(), cancel_state = :state, cancel_reason = :reason,
    cancelled_by = :person
where b.id = any(:ids)
  and (:running and {_OWN}
       or b.state in ('pending', 'waiting')
       or b.state = 'failed' and (:state = 'held' or b.not_before is not null)
       or b.state = 'held' and :state = 'held' and b.fingerprint is not null)
returning b.id, b.process_id, b.utc_date, b.interval_stop, b.state, b.reason, b.cancelled_by
""")  # noqa: S608  as above
"""End what tasks of a run have not made: what nobody has claimed at once, what runs by a request.

One statement, so that a build that is being claimed at this moment is found running. A build that
another run makes runs on. What has failed for good, or is held already, stays as it is; marked
success, it is held until a person asks for it, whatever becomes of its inputs."""

COUNT_BUILT = text("""
select count(*) from headwater.build where id = any(:ids) and state in ('built', 'superseded')
""")
"""How many of some builds are made."""

TELL = text("""
insert into headwater.event (kind, actor, reason, mission_id, detail)
values (:kind, :person, :reason, :mission,
        jsonb_strip_nulls(jsonb_build_object(
            'dag_id', cast(:dag_id as text), 'run_id', cast(:run_id as text),
            'task_id', cast(:task_id as text), 'map_index', cast(:map_index as int),
            'mark', cast(:mark as text))))
""")
"""What a person did to a run or a task, in the log of events."""

UNKNOWN_MARKS = text("""
select m.id from unnest(cast(:ids as uuid[])) as m (id)
where not exists (select from headwater.run_mark k where k.id = m.id)
""")
"""Those of the marks that the catalog has not heard of."""

LAST_CLEARED = text("""
select person, note from headwater.run_mark
where dag_id = :dag_id and run_id = :run_id and kind = 'cleared'
  and (task_id is null or task_id = :task_id)
order by at desc limit 1
""")
"""Who was the last to clear a task or its run."""

READ_UNTIL = text("select read_until from headwater.feed_position where feed = :feed")
"""Up to where a log was read."""

KEEP_READ_UNTIL = text("""
insert into headwater.feed_position (feed, read_until) values (:feed, :until)
on conflict (feed) do update
    set read_until = greatest(feed_position.read_until, excluded.read_until)
""")
"""Note up to where a log was read; it never goes back."""

RUNNING_IN_AIRFLOW = text("""
select b.id, b.token, b.airflow_dag_id, b.airflow_run_id, b.airflow_task_id,
       coalesce(b.airflow_map_index, -1) as map_index
from headwater.build b
where b.state = 'running' and b.airflow_dag_id is not null and b.lease_until > now()
order by b.id
""")
"""The builds that tasks of Airflow are making."""

MISSION_OF_BUILDS = text("""
select m.id, m.name from headwater.mission m
where m.id in (select b.mission_id from headwater.build b where b.id = any(:ids)) order by m.id
""")
"""The missions of builds."""


MISSIONS = text("select id, name from headwater.mission order by name")
"""All missions."""


def unknown_marks(connection: Connection, marks: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the marks that the catalog has not heard of."""
    return set(connection.execute(UNKNOWN_MARKS, {"ids": list(marks)}).scalars())
