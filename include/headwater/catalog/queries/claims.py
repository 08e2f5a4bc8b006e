"""Claims: a pending build is taken by one owner, with the inputs it will read."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from headwater.core.actor import Actor

LOCK_PENDING = text("""
select id, process_id, utc_date, interval_key, keywords, forced from headwater.build
where id = any(:ids) and state = 'pending' and (not_before is null or not_before <= now())
  and not exists (
    select from headwater.campaign c where c.id = build.campaign_id and c.state = 'paused')
order by id for update skip locked
""")
"""Those of the builds that nobody else is claiming, locked until the claim commits; of a paused
campaign none may be claimed."""

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
    cancel_requested_at = null, cancel_state = null, cancel_reason = null, cancelled_by = null,
    not_before = null,
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

WHO_HAS = text("""
select b.id, b.state, b.reason, b.claimed_by, b.not_before,
       case when c.state = 'paused' then c.id end as paused, c.paused_by, c.pause_reason
from headwater.build b left join headwater.campaign c on c.id = b.campaign_id
where b.id = any(:ids)
""")
"""Why builds could not be claimed."""


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
