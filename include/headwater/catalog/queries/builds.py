"""Writes on builds, each one statement over a set of rows, guarded by the state it expects."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from headwater.core.actor import Actor
from headwater.core.states import BuildState, EventKind


@dataclass(frozen=True, slots=True)
class BuildRow:
    """What the plan writes of one build; `id` is none for a new row. Times are UTC."""

    id: int | None
    interval_key: str
    utc_date: date
    interval_start: datetime
    interval_stop: datetime
    keywords: str
    state: str
    reason: str
    forced: int | None
    fingerprint: str | None
    code_id: int | None
    interface_version: int | None
    quality_version: int | None
    revision_version: int | None


def _columns(rows: Iterable[object], kind: type) -> dict[str, list[Any]]:
    """Rows of a dataclass as one array a column."""
    rows = list(rows)
    return {f.name: [getattr(row, f.name) for row in rows] for f in fields(kind)}


_ROWS = """unnest(cast(:id as bigint[]), cast(:interval_key as text[]), cast(:utc_date as date[]),
  cast(:interval_start as timestamptz[]), cast(:interval_stop as timestamptz[]),
  cast(:keywords as text[]), cast(:state as text[]), cast(:reason as text[]),
  cast(:forced as bigint[]), cast(:fingerprint as text[]), cast(:code_id as bigint[]),
  cast(:interface_version as smallint[]), cast(:quality_version as smallint[]),
  cast(:revision_version as smallint[]))
  as r (id, interval_key, utc_date, interval_start, interval_stop, keywords, state, reason,
        forced, fingerprint, code_id, interface_version, quality_version, revision_version)"""

INSERT_BUILDS = text(f"""
insert into headwater.build (mission_id, process_id, interval_key, utc_date, interval_start,
  interval_stop, keywords, state, reason, forced, fingerprint, code_id,
  interface_version, quality_version, revision_version)
select :mission, :process, r.interval_key, r.utc_date, r.interval_start, r.interval_stop,
  r.keywords, r.state, r.reason, r.forced, r.fingerprint, r.code_id,
  r.interface_version, r.quality_version, r.revision_version
from {_ROWS}
on conflict (process_id, interval_key, keywords)
  where state in ('pending', 'waiting', 'running', 'failed', 'held') do nothing
returning id, process_id, utc_date, state, reason, interval_key, keywords
""")  # noqa: S608  the text is a constant of this module
"""New open builds; one that another planner has opened meanwhile is left as it is."""

UPDATE_BUILDS = text(f"""
update headwater.build b
set state = r.state, reason = r.reason, forced = r.forced,
    attempts = case when b.fingerprint is distinct from r.fingerprint and r.state = 'pending'
                    then 0 else b.attempts end,
    fingerprint = coalesce(r.fingerprint, b.fingerprint),
    code_id = coalesce(r.code_id, b.code_id),
    interface_version = coalesce(r.interface_version, b.interface_version),
    quality_version = coalesce(r.quality_version, b.quality_version),
    revision_version = coalesce(r.revision_version, b.revision_version),
    not_before = case when b.state = 'pending' and r.state = 'pending' then b.not_before end,
    ended_at = case when r.state = 'not needed' then now() else b.ended_at end
from {_ROWS}
where b.id = r.id and b.state in ('pending', 'waiting', 'failed', 'held', 'built')
returning b.id, b.process_id, b.utc_date, b.state, b.reason, b.interval_key, b.keywords
""")  # noqa: S608  the text is a constant of this module
"""What the plan now says of builds that are not running."""


def insert_builds(
    connection: Connection, mission_id: int, process_id: int, rows: Sequence[BuildRow]
) -> Sequence[Row[Any]]:
    """Open new builds, and return id, process_id, utc_date, state, reason of each."""
    if not rows:
        return []
    values = {"mission": mission_id, "process": process_id} | _columns(rows, BuildRow)
    return connection.execute(INSERT_BUILDS, values).all()


def update_builds(connection: Connection, rows: Sequence[BuildRow]) -> Sequence[Row[Any]]:
    """Bring open builds to what the plan says, and return the rows that changed."""
    return connection.execute(UPDATE_BUILDS, _columns(rows, BuildRow)).all() if rows else []


TAKE_WAKES = text("""
delete from headwater.wake w
using (select process_id, utc_date from headwater.wake
       where process_id = :process and due_at <= now()
         and (cast(:first as date) is null or utc_date between :first and :last)
       order by utc_date limit :most for update skip locked) due
where w.process_id = due.process_id and w.utc_date = due.utc_date
returning w.utc_date, w.reason
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

WAKE_WAITERS = text("""
insert into headwater.wake (process_id, utc_date, reason, due_at)
select distinct b.process_id, b.utc_date, :reason, now()
from unnest(cast(:up as bigint[]), cast(:dates as date[])) as ended (process_id, utc_date)
join unnest(cast(:from_up as bigint[]), cast(:to_down as bigint[]), cast(:before as int[]),
            cast(:after as int[])) as reach (up, down, days_before, days_after)
  on reach.up = ended.process_id
join headwater.build b on b.process_id = reach.down and b.state = 'waiting'
 and b.utc_date between ended.utc_date - reach.days_after and ended.utc_date + reach.days_before
order by 1, 2
on conflict (process_id, utc_date) do update set due_at = least(wake.due_at, excluded.due_at)
""")
"""Every end of an upstream build makes its waiters be planned again (DESIGN 6)."""

PULL_WAKES = text("""
update headwater.wake w set due_at = now()
from unnest(cast(:processes as bigint[]), cast(:dates as date[])) as e (process_id, utc_date)
where w.process_id = e.process_id and w.utc_date = e.utc_date and w.due_at > now()
""")
"""What was put off until a run ends is due when it has ended."""


def take_wakes(
    connection: Connection, process_id: int, most: int, first: date | None, last: date | None
) -> dict[date, str]:
    """Take the due wakes of a process, of all dates or of a span: date -> reason."""
    values = {"process": process_id, "most": most, "first": first, "last": last}
    return {row.utc_date: row.reason for row in connection.execute(TAKE_WAKES, values)}


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


@dataclass(frozen=True, slots=True)
class Reach:
    """An output of `down` of date D reads what `up` made of D - days_before to D + days_after."""

    up: int
    down: int
    days_before: int
    days_after: int


def end_of_work(
    connection: Connection, ended: Sequence[tuple[int, date]], reaches: Sequence[Reach], reason: str
) -> None:
    """Tell those who wait for the runs of (process, date) pairs that they have ended."""
    if ended:
        pairs = {"processes": [e[0] for e in ended], "dates": [e[1] for e in ended]}
        connection.execute(PULL_WAKES, pairs)
        wake_waiters(connection, ended, reaches, reason)


def wake_waiters(
    connection: Connection, ended: Sequence[tuple[int, date]], reaches: Sequence[Reach], reason: str
) -> None:
    """Let the builds that wait for the work of (process, date) pairs be planned again."""
    if not ended or not reaches:
        return
    values = {
        "up": [e[0] for e in ended],
        "dates": [e[1] for e in ended],
        "from_up": [reach.up for reach in reaches],
        "to_down": [reach.down for reach in reaches],
        "before": [reach.days_before for reach in reaches],
        "after": [reach.days_after for reach in reaches],
        "reason": reason,
    }
    connection.execute(WAKE_WAITERS, values)


WRITE_EVENTS = text("""
insert into headwater.event (kind, actor, reason, mission_id, process_id, build_id)
select :kind, :actor, e.reason, b.mission_id, b.process_id, b.id
from unnest(cast(:ids as bigint[]), cast(:reasons as text[])) as e (id, reason)
join headwater.build b on b.id = e.id
""")
"""One event for each build."""


def write_events(
    connection: Connection, kind: EventKind, actor: Actor, builds: Mapping[int, str]
) -> None:
    """Write what happened to builds: id -> reason."""
    if builds:
        values = {
            "kind": kind.value,
            "actor": actor.name,
            "ids": list(builds),
            "reasons": list(builds.values()),
        }
        connection.execute(WRITE_EVENTS, values)


LOCK_PENDING = text("""
select id, process_id, utc_date, interval_key, keywords, forced from headwater.build
where id = any(:ids) and state = 'pending' and (not_before is null or not_before <= now())
order by id for update skip locked
""")
"""Those of the builds that nobody else is claiming, locked until the claim commits."""

CLAIM = text("""
update headwater.build b
set state = 'running', reason = r.reason, token = r.token,
    lease_until = now() + make_interval(secs => :lease),
    attempts = case when b.fingerprint = r.fingerprint then b.attempts + 1 else 1 end,
    fingerprint = r.fingerprint, code_id = r.code_id, interface_version = r.interface_version,
    quality_version = r.quality_version, revision_version = r.revision_version,
    interval_start = r.start, interval_stop = r.stop,
    claimed_by = :actor, airflow_dag_id = :dag_id, airflow_run_id = :run_id,
    airflow_task_id = :task_id, airflow_map_index = :map_index,
    cancel_requested_at = null, cancel_reason = null, not_before = null,
    command = null, log_path = null, exit_code = null, wall_seconds = null, cpu_seconds = null,
    max_rss_bytes = null, started_at = now(), ended_at = null
from unnest(cast(:ids as bigint[]), cast(:tokens as uuid[]), cast(:reasons as text[]),
            cast(:fingerprints as text[]), cast(:codes as bigint[]),
            cast(:interfaces as smallint[]), cast(:qualities as smallint[]),
            cast(:revisions as smallint[]), cast(:starts as timestamptz[]),
            cast(:stops as timestamptz[]))
  as r (id, token, reason, fingerprint, code_id, interface_version, quality_version,
        revision_version, start, stop)
where b.id = r.id and b.state = 'pending'
returning b.id, b.attempts
""")
"""Take pending builds: fix fingerprint, code and version, start the lease, give the token."""

GIVE_WAY = text("""
update headwater.build old set state = 'superseded', reason = 'its output was lost: made again'
from unnest(cast(:ids as bigint[]), cast(:fingerprints as text[])) as r (id, fingerprint)
join headwater.build new on new.id = r.id
where old.state = 'built' and old.forced is null and new.forced is null
  and old.fingerprint = r.fingerprint and old.process_id = new.process_id
  and old.interval_key = new.interval_key and old.keywords = new.keywords
""")
"""A build that is made again with the same inputs and code gives way to the one that repeats it."""

FORGET_INPUTS = text("delete from headwater.build_input where build_id = any(:builds)")
"""The inputs of an earlier attempt."""

RECORD_INPUTS = text("""
insert into headwater.build_input (build_id, file_id, position)
select * from unnest(cast(:ids as bigint[]), cast(:files as bigint[]), cast(:places as smallint[]))
""")
"""The inputs of claimed builds, in the order of their command lines."""

RELEASE = text("""
update headwater.build b
set state = case when r.state = 'pending' and b.cancel_requested_at is not null
                 then 'failed' else r.state end,
    reason = case when r.state = 'pending' and b.cancel_requested_at is not null
                  then coalesce(b.cancel_reason, r.reason) else r.reason end,
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
returning b.id, b.process_id, b.utc_date, b.state, b.reason, b.not_before
""")
"""The end of runs that built nothing; a run whose token is no longer the build's writes nothing.

A build whose end a person asked for has failed with that person's reason, also where our own
process was interrupted at the same time; nothing tries it again by itself."""

GUARD_RUNNING = text("""
select b.id from headwater.build b
join unnest(cast(:ids as bigint[]), cast(:tokens as uuid[])) as r (id, token)
  on b.id = r.id and b.token = r.token
where b.state = 'running' order by b.id for update of b
""")
"""Those of the builds that are still ours, locked until the transaction ends."""

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
returning b.id, b.process_id, b.utc_date, b.state, b.reason
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
set state = case when b.attempts >= coalesce((m.settings ->> 'automatic_attempts')::int, :attempts)
                 then 'held' else 'pending' end,
    reason = case when b.attempts >= coalesce((m.settings ->> 'automatic_attempts')::int, :attempts)
                  then 'failed ' || b.attempts || ' times with the same inputs and code: '
                       || 'its task was lost; retry it when mended'
                  else 'its task was lost: the lease of ' || coalesce(b.claimed_by, 'someone')
                       || ' ended' end,
    token = null, lease_until = null, ended_at = now()
from headwater.mission m
where m.id = b.mission_id and b.state = 'running' and b.lease_until < now()
returning b.id, b.process_id, b.utc_date, b.state, b.reason, b.mission_id
""")
"""Running builds whose lease is over: to be made again, or held when that happened too often."""

RETRY = text("""
update headwater.build
set state = 'pending', reason = :reason, attempts = 0, not_before = null
where id = any(:ids) and state in ('failed', 'held')
returning id, process_id, utc_date, state, reason
""")
"""A person asks for failed or held builds to be made again."""

HOLD = text("""
update headwater.build
set state = 'held', reason = :reason, fingerprint = null, not_before = null
where id = any(:ids) and state in ('pending', 'waiting', 'failed', 'held')
returning id, process_id, utc_date, state, reason
""")
"""A person holds builds; without a fingerprint no change of inputs lifts the hold."""

WHO_HAS = text("""
select id, state, reason, claimed_by, not_before from headwater.build where id = any(:ids)
""")
"""Why builds could not be claimed."""

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


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """What a claim fixes on a build."""

    build_id: int
    token: uuid.UUID
    reason: str
    fingerprint: str | None
    code_id: int | None
    version: tuple[int | None, int | None, int | None]
    start: datetime
    stop: datetime
    input_file_ids: tuple[int, ...]


def claim(
    connection: Connection, rows: Sequence[ClaimRow], actor: Actor, lease_seconds: float
) -> dict[int, int]:
    """Claim locked pending builds and record their inputs: build id -> attempts so far."""
    values = {
        "lease": lease_seconds,
        "actor": actor.name,
        "dag_id": actor.dag_id,
        "run_id": actor.run_id,
        "task_id": actor.task_id,
        "map_index": actor.map_index,
        "ids": [row.build_id for row in rows],
        "tokens": [row.token for row in rows],
        "reasons": [row.reason for row in rows],
        "fingerprints": [row.fingerprint for row in rows],
        "codes": [row.code_id for row in rows],
        "interfaces": [row.version[0] for row in rows],
        "qualities": [row.version[1] for row in rows],
        "revisions": [row.version[2] for row in rows],
        "starts": [row.start for row in rows],
        "stops": [row.stop for row in rows],
    }
    connection.execute(GIVE_WAY, values)
    claimed = {row.id: row.attempts for row in connection.execute(CLAIM, values)}
    pairs = [
        (row.build_id, file_id, place)
        for row in rows
        if row.build_id in claimed
        for place, file_id in enumerate(row.input_file_ids)
    ]
    inputs = {
        "ids": [pair[0] for pair in pairs],
        "files": [pair[1] for pair in pairs],
        "places": [pair[2] for pair in pairs],
    }
    connection.execute(FORGET_INPUTS, {"builds": list(claimed)})
    connection.execute(RECORD_INPUTS, inputs)
    return claimed


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


def release(connection: Connection, ends: Sequence[RunEnd]) -> Sequence[Row[Any]]:
    """Write the end of runs that built nothing; returns the builds that were still ours."""
    values = _end_values(ends) | {
        "states": [end.state.value for end in ends],
        "delays": [end.delay_seconds for end in ends],
        "uncounted": [end.uncounted for end in ends],
    }
    return connection.execute(RELEASE, values).all()


def still_ours(connection: Connection, held: Mapping[int, uuid.UUID]) -> set[int]:
    """Those of the builds (id -> token) whose token is still ours, locked."""
    values = {"ids": list(held), "tokens": list(held.values())}
    return {row.id for row in connection.execute(GUARD_RUNNING, values)}


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


RENEW = text("""
update headwater.build b set lease_until = now() + make_interval(secs => :lease)
from unnest(cast(:ids as bigint[]), cast(:tokens as uuid[])) as r (id, token)
where b.id = r.id and b.token = r.token and b.state = 'running'
returning b.id
""")
"""Renew the leases of builds whose code does not run now: not started yet, or being adopted."""


def renew(connection: Connection, held: Mapping[int, uuid.UUID], lease_seconds: float) -> set[int]:
    """Renew leases (id -> token); returns the builds that are still ours."""
    if not held:
        return set()
    values = {"ids": list(held), "tokens": list(held.values()), "lease": lease_seconds}
    return {row.id for row in connection.execute(RENEW, values)}
