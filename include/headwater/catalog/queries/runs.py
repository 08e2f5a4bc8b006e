"""Runs: a claimed build keeps its lease, ends with or without outputs, or loses its task.

Each write on builds is one statement over a set of rows, guarded by the state it expects.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, text

from headwater.core.states import BuildState

RENEW = text("""
update headwater.build b set lease_until = now() + make_interval(secs => :lease)
from unnest(cast(:ids as bigint[]), cast(:tokens as uuid[])) as r (id, token)
where b.id = r.id and b.token = r.token and b.state = 'running'
returning b.id
""")
"""Renew the leases of builds whose code does not run now: not started yet, or being adopted."""

GUARD_RUNNING = text("""
select b.id from headwater.build b
join unnest(cast(:ids as bigint[]), cast(:tokens as uuid[])) as r (id, token)
  on b.id = r.id and b.token = r.token
where b.state = 'running' and b.cancel_requested_at is null order by b.id for update of b
""")
"""Those of the builds that are still ours and whose end nobody asked for, locked until the
transaction ends.

Here it is decided who wins where a person asks for the end of a run whose code has ended well: who
asks before this lock is obeyed, and nothing is adopted; who asks after it finds the build built."""

RELEASE = text("""
update headwater.build b
set state = case when b.cancel_requested_at is not null
                 then coalesce(b.cancel_state, 'failed') else r.state end,
    reason = case when b.cancel_requested_at is not null
                  then coalesce(b.cancel_reason, r.reason) else r.reason end,
    fingerprint = case when b.cancel_state = 'held' then null else b.fingerprint end,
    token = null, lease_until = null,
    not_before = case when b.cancel_requested_at is null
                      then now() + make_interval(secs => r.delay) end,
    command = coalesce(r.command, b.command), log_path = coalesce(r.log_path, b.log_path),
    exit_code = r.exit_code, wall_seconds = r.wall, cpu_seconds = r.cpu, max_rss_bytes = r.rss,
    attempts = greatest(0, b.attempts - case when r.uncounted then 1 else 0 end),
    ended_at = now()
from unnest(cast(:ids as bigint[]), cast(:tokens as uuid[]), cast(:states as text[]),
            cast(:reasons as text[]), cast(:delays as float8[]), cast(:commands as text[]),
            cast(:logs as text[]), cast(:exits as bigint[]), cast(:walls as float8[]),
            cast(:cpus as float8[]), cast(:rss as bigint[]), cast(:uncounted as boolean[]))
  as r (id, token, state, reason, delay, command, log_path, exit_code, wall, cpu, rss, uncounted)
where b.id = r.id and b.token = r.token and b.state = 'running'
returning b.id, b.process_id, b.utc_date, b.interval_stop, b.state, b.reason, b.not_before,
          b.cancelled_by
""")
"""The end of runs that built nothing; a run whose token is no longer the build's writes nothing.

A build whose end a person asked for becomes what that person asked for, failed or held, with that
person's reason, however its code ended; nothing tries it again by itself. One that is held by a
person has no fingerprint, so that no change of inputs lifts the hold."""

SUPERSEDE = text("""
update headwater.build old set state = 'superseded', reason = 'made again by a newer build'
from headwater.build new
where new.id = any(:ids) and old.state = 'built' and old.id <> new.id
  and old.process_id = new.process_id and old.interval_key = new.interval_key
  and old.keywords = new.keywords
""")
"""Only the newest build of an interval is built; the older one becomes history."""

MARK_BUILT = text("""
update headwater.build b
set state = 'built', reason = r.reason, token = null, lease_until = null, not_before = null,
    command = r.command, log_path = r.log_path, exit_code = r.exit_code, wall_seconds = r.wall,
    cpu_seconds = r.cpu, max_rss_bytes = r.rss, ended_at = now()
from unnest(cast(:ids as bigint[]), cast(:tokens as uuid[]), cast(:reasons as text[]),
            cast(:commands as text[]), cast(:logs as text[]), cast(:exits as bigint[]),
            cast(:walls as float8[]), cast(:cpus as float8[]), cast(:rss as bigint[]))
  as r (id, token, reason, command, log_path, exit_code, wall, cpu, rss)
where b.id = r.id and b.token = r.token and b.state = 'running'
returning b.id, b.process_id, b.utc_date, b.interval_stop, b.state, b.reason
""")
"""The end of runs whose outputs are filed in the same transaction."""

LINK_FILES = text("""
insert into headwater.file_link (source_file, resulting_file)
select i.file_id, r.file_id
from unnest(cast(:builds as bigint[]), cast(:files as bigint[])) as r (build_id, file_id)
join headwater.build_input i on i.build_id = r.build_id
on conflict do nothing
""")
"""Each output with each input of its build (dbprocessing: filefilelink)."""

LINK_CODES = text("""
insert into headwater.file_code (resulting_file, source_code)
select r.file_id, b.code_id
from unnest(cast(:builds as bigint[]), cast(:files as bigint[])) as r (build_id, file_id)
join headwater.build b on b.id = r.build_id
where b.code_id is not null on conflict do nothing
""")
"""Each output with the code of its build (dbprocessing: filecodelink)."""

REAP = text("""
update headwater.build b
set state = case when b.cancel_requested_at is not null then coalesce(b.cancel_state, 'failed')
                 when b.attempts >= coalesce((m.settings ->> 'automatic_attempts')::int, :attempts)
                 then 'held' else 'pending' end,
    reason = case when b.cancel_requested_at is not null
                  then coalesce(b.cancel_reason, 'its task was lost')
                  when b.attempts >= coalesce((m.settings ->> 'automatic_attempts')::int, :attempts)
                  then 'failed ' || b.attempts || ' times with the same inputs and code: '
                       || 'its task was lost; retry it when mended'
                  else 'its task was lost: the lease of ' || coalesce(b.claimed_by, 'someone')
                       || ' ended' end,
    fingerprint = case when b.cancel_state = 'held' then null else b.fingerprint end,
    token = null, lease_until = null, ended_at = now()
from headwater.mission m
where m.id = b.mission_id and b.state = 'running' and b.lease_until < now()
returning b.id, b.process_id, b.utc_date, b.state, b.reason, b.mission_id, b.cancelled_by
""")
"""Running builds whose lease is over: what a person asked for, else to be made again, or held when
that happened too often."""

END_LEASES = text("""
update headwater.build b set lease_until = now() - interval '1 second'
from unnest(cast(:ids as bigint[]), cast(:tokens as uuid[])) as r (id, token)
where b.id = r.id and b.token = r.token and b.state = 'running' and b.lease_until > now()
returning b.id
""")
"""The leases of builds whose task has ended are over now, not only when they run out."""

TAKE_BACK = text("""
update headwater.build
set state = 'pending', reason = :reason, token = null, lease_until = null, ended_at = now(),
    cancel_requested_at = null, cancel_state = null, cancel_reason = null, cancelled_by = null
where id = any(:ids) and state = 'running'
  and airflow_dag_id = :dag_id and airflow_run_id = :run_id and airflow_task_id = :task_id
  and coalesce(airflow_map_index, -1) = :map_index
returning id
""")
"""What an earlier try of a task still holds is pending, and its token no longer the build's."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended, as the build keeps it.

    `delay_seconds` is the time from now before which it may not be claimed again, none for no
    limit. With `uncounted` the attempt does not count.
    """

    build_id: int
    token: uuid.UUID
    state: BuildState
    reason: str
    command: str | None = None
    log_path: str | None = None
    exit_code: int | None = None
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    max_rss_bytes: int | None = None
    delay_seconds: float | None = None
    uncounted: bool = False


def _end_values(ends: Sequence[RunEnd]) -> dict[str, list[Any]]:
    return {
        "ids": [end.build_id for end in ends],
        "tokens": [end.token for end in ends],
        "reasons": [end.reason for end in ends],
        "commands": [end.command for end in ends],
        "logs": [end.log_path for end in ends],
        "exits": [end.exit_code for end in ends],
        "walls": [end.wall_seconds for end in ends],
        "cpus": [end.cpu_seconds for end in ends],
        "rss": [end.max_rss_bytes for end in ends],
    }


def renew(connection: Connection, held: Mapping[int, uuid.UUID], lease_seconds: float) -> set[int]:
    """Renew leases (id -> token); returns the builds that are still ours."""
    if not held:
        return set()
    values = {"ids": list(held), "tokens": list(held.values()), "lease": lease_seconds}
    return {row.id for row in connection.execute(RENEW, values)}


def still_ours(connection: Connection, held: Mapping[int, uuid.UUID]) -> set[int]:
    """Those of the builds (id -> token) whose token is still ours, locked."""
    values = {"ids": list(held), "tokens": list(held.values())}
    return {row.id for row in connection.execute(GUARD_RUNNING, values)}


def release(connection: Connection, ends: Sequence[RunEnd]) -> Sequence[Row[Any]]:
    """Write the end of runs that built nothing; returns the builds that were still ours."""
    values = _end_values(ends) | {
        "states": [end.state.value for end in ends],
        "delays": [end.delay_seconds for end in ends],
        "uncounted": [end.uncounted for end in ends],
    }
    return connection.execute(RELEASE, values).all()


def mark_built(connection: Connection, ends: Sequence[RunEnd]) -> Sequence[Row[Any]]:
    """Write the end of runs that built; the builds before them are superseded first."""
    connection.execute(SUPERSEDE, {"ids": [end.build_id for end in ends]})
    return connection.execute(MARK_BUILT, _end_values(ends)).all()


def link_outputs(connection: Connection, outputs: Sequence[tuple[int, int]]) -> None:
    """Link output files to the inputs and the code of their builds: (build id, file id)."""
    if outputs:
        values = {"builds": [pair[0] for pair in outputs], "files": [pair[1] for pair in outputs]}
        connection.execute(LINK_FILES, values)
        connection.execute(LINK_CODES, values)
