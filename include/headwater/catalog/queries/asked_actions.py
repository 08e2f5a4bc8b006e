"""Changes that persons ask for: each done once, and none over the head of somebody else."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from headwater.core.actor import Actor
from headwater.core.interval import DateSpan
from headwater.core.states import EventKind

KEPT = "1 day"
"""So long an answer is kept for who asks again with the same key."""
GIVEN_UP = "2 minutes"
"""After so long without an answer its server is taken to have died, and it is begun again."""

_FORGET_OLD = text(f"""
delete from headwater.asked_action where asked_at < now() - interval '{KEPT}'
""")  # noqa: S608  built from the constant above only
"""Forget what nobody will ask again."""

_BEGIN = text(f"""
insert into headwater.asked_action as a (actor, key, mission_id, digest)
values (:actor, :key, :mission, :digest)
on conflict (actor, key) do update set asked_at = now()
  where a.answer is null and a.digest = excluded.digest
    and a.asked_at < now() - interval '{GIVEN_UP}'
returning key
""")  # noqa: S608  built from the constant above only
"""Begin a request under a key that is new, or whose first try died."""

_KNOWN = text("""
select digest, answer from headwater.asked_action where actor = :actor and key = :key
""")
"""What is known of a key."""

_FINISH = text("""
update headwater.asked_action set answer = cast(:answer as jsonb), answered_at = now()
where actor = :actor and key = :key
""")
"""Keep the answer for who asks again."""

_FORGET = text("""
delete from headwater.asked_action where actor = :actor and key = :key and answer is null
""")
"""Forget a request that came to nothing."""

_OTHERS = text("""
with mark as (
    select coalesce(max(transaction), 0) as transaction from headwater.event where id = :as_of
)
select e.kind, e.actor, e.at, e.reason
from headwater.event e cross join mark
left join headwater.build b on b.id = e.build_id
where e.mission_id = :mission and (e.transaction, e.id) > (mark.transaction, :as_of)
  and e.actor <> :actor and e.actor !~ '^(airflow:|headwater$)'
  and case when e.kind = 'action asked' then
        (e.detail ->> 'first')::date <= :last and (e.detail ->> 'last')::date >= :first
        and exists (select from jsonb_array_elements_text(e.detail -> 'processes') as p (id)
                    where p.id::bigint = any(:processes))
      else b.process_id = any(:processes)
        and daterange(b.utc_date, greatest(b.utc_date, (b.interval_stop at time zone 'UTC')::date),
                      '[]') && daterange(:first, :last, '[]')
      end
order by e.transaction desc, e.id desc limit 1
""")
"""The last thing that another person did to some dates of processes after an event; what tasks of
Airflow and Headwater itself do is nobody's doing."""

_ASKED = text("""
insert into headwater.event (kind, actor, reason, mission_id, detail)
values (:kind, :actor, :reason, :mission, cast(:detail as jsonb))
""")
"""Log what a person asked for, before it is done."""


@dataclass(frozen=True, slots=True)
class KnownAction:
    """What is kept of a request: its digest, and the answer if there is one."""

    digest: str
    answer: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class OthersChange:
    """What another person did: kind of event, who, when (UTC) and why."""

    kind: str
    actor: str
    at: datetime
    reason: str


def begin(connection: Connection, mission_id: int, actor: Actor, key: str, digest: str) -> bool:
    """Begin a request; false if one of that key is known. Forgets what is too old."""
    connection.execute(_FORGET_OLD)
    values = {"actor": actor.name, "key": key, "mission": mission_id, "digest": digest}
    return connection.execute(_BEGIN, values).first() is not None


def known(connection: Connection, actor: Actor, key: str) -> KnownAction | None:
    """What is known of a key; none if its request came to nothing meanwhile."""
    row = connection.execute(_KNOWN, {"actor": actor.name, "key": key}).one_or_none()
    return None if row is None else KnownAction(*row)


def finish(connection: Connection, actor: Actor, key: str, answer: Mapping[str, Any]) -> None:
    """Keep the answer."""
    values = {"actor": actor.name, "key": key, "answer": json.dumps(answer)}
    connection.execute(_FINISH, values)


def forget(connection: Connection, actor: Actor, key: str) -> None:
    """Forget a request that came to nothing, so that it may be asked again."""
    connection.execute(_FORGET, {"actor": actor.name, "key": key})


def change_of_another(
    connection: Connection,
    mission_id: int,
    processes: Sequence[int],
    span: DateSpan,
    actor: Actor,
    as_of: int,
) -> OthersChange | None:
    """The last thing that another person did to these dates after the event `as_of`."""
    values = {
        "mission": mission_id,
        "processes": list(processes),
        "first": span.first,
        "last": span.last,
        "actor": actor.name,
        "as_of": as_of,
    }
    row = connection.execute(_OTHERS, values).one_or_none()
    return None if row is None else OthersChange(*row)


def log_asked(
    connection: Connection, mission_id: int, actor: Actor, said: str, detail: Mapping[str, Any]
) -> None:
    """Log what a person asks for."""
    values = {
        "kind": EventKind.ACTION_ASKED.value,
        "actor": actor.name,
        "reason": said,
        "mission": mission_id,
        "detail": json.dumps(detail),
    }
    connection.execute(_ASKED, values)
