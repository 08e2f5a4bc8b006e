"""Campaigns: their approval, their pauses, their end (DESIGN 3, 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from headwater.catalog.queries.campaign_builds import HOLDS_DATE, forget_wakes, hand_over
from headwater.catalog.queries.campaign_record import write_after, write_before
from headwater.core.actor import Actor
from headwater.core.states import CampaignState, EventKind

_OPEN = text("""
insert into headwater.campaign (mission_id, state, reason, forced, throttle, created_by)
select m.id, 'proposed', :reason, :forced,
       coalesce(:throttle, (m.settings ->> 'campaign_throttle')::bigint), :actor
from headwater.mission m where m.id = :mission returning id
""")
"""A campaign that nobody has approved yet; its throttle is its own, or that of the mission."""

_DROP = text("delete from headwater.campaign where id = :campaign and state = 'proposed'")
"""Take back a campaign that holds no date."""

_APPROVE = text("""
update headwater.campaign
set state = 'running', approved_by = :actor, approved_at = now()
where id = :campaign and state = 'proposed' returning id
""")
"""Approve a campaign that waits for it; once."""

_FINISH = text(f"""
update headwater.campaign c
set state = 'done', ended_at = now(), ended_by = :actor, end_reason = 'nothing is left to be made'
where c.mission_id = :mission and c.state = 'running'
  and not exists (
    select from headwater.campaign_date d join headwater.wake w using (process_id, utc_date)
    where d.campaign_id = c.id)
  and not exists (
    select from headwater.build b
    where b.campaign_id = c.id and b.state in ('pending', 'waiting', 'running'))
  and not exists (
    select from headwater.build b
    join headwater.process p on p.id = b.process_id
    join headwater.campaign_date d
      on d.campaign_id = c.id and d.process_id = b.process_id and {HOLDS_DATE}
    where b.mission_id = c.mission_id and b.state in ('pending', 'waiting', 'running')
      and not (p.wait_for_end and b.state = 'waiting' and b.interval_stop >= now()))
returning c.id, c.reason
""")  # noqa: S608  the pieces are constants of this module
"""Campaigns of which nothing is left to be looked at or made, by themselves or by others."""

_ABORT = text("""
with ended as (
    update headwater.campaign
    set state = 'aborted', ended_at = now(), ended_by = :actor, end_reason = :why
    where id = :campaign and state in ('proposed', 'running', 'paused') returning id
), dropped as (
    update headwater.build b set state = 'not needed', reason = :reason, ended_at = now()
    from ended where b.campaign_id = ended.id and b.state in ('pending', 'waiting') returning b.id
)
select ended.id, array(select id from dropped order by id) as dropped from ended
""")
"""End a campaign: what is not begun of it will not be made for it."""

_PAUSE = text("""
update headwater.campaign
set state = 'paused', paused_by = :actor, paused_at = now(), pause_reason = :reason
where id = :campaign and state = 'running' returning id
""")
"""Stop a running campaign for now."""

_RESUME = text("""
update headwater.campaign set state = 'running', throttle = coalesce(:throttle, throttle)
where id = :campaign and state = 'paused' returning id
""")
"""Let a paused campaign go on."""

_SET_RUN = text("""
update headwater.campaign set airflow_dag_id = :dag_id, airflow_run_id = :run_id
where id = :campaign
""")
"""Note the run of Airflow that shows a campaign."""

_CAMPAIGNS = text("""
select c.id, m.name as mission, c.state, c.reason, c.forced, c.throttle, c.created_by,
       c.created_at, c.approved_by, c.approved_at, c.paused_by, c.paused_at, c.pause_reason,
       c.ended_by, c.ended_at, c.end_reason, c.airflow_dag_id, c.airflow_run_id,
       (select count(*) from headwater.campaign_date d where d.campaign_id = c.id) as dates,
       (select jsonb_object_agg(state, number) from (
            select b.state, count(*) as number from headwater.build b
            where b.campaign_id = c.id group by b.state) counted) as builds
from headwater.campaign c join headwater.mission m on m.id = c.mission_id
where (cast(:mission as bigint) is null or c.mission_id = :mission)
  and (cast(:campaign as bigint) is null or c.id = :campaign)
  and (cast(:states as text[]) is null or c.state = any(:states))
  and (cast(:run_id as text) is null
       or (c.airflow_dag_id = :dag_id and c.airflow_run_id = :run_id))
order by c.id desc limit :most
""")
"""Campaigns, the newest first, with how far each is."""

_EVENT = text("""
insert into headwater.event (kind, actor, reason, mission_id, detail)
values (:kind, :actor, :reason, :mission, jsonb_build_object('campaign', cast(:campaign as bigint)))
""")
"""What happened to a campaign."""


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign and how far it is; times are UTC, `builds` counts its builds by state."""

    id: int
    mission: str
    state: CampaignState
    reason: str
    forced: int | None
    throttle: int | None
    created_by: str
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    paused_by: str | None
    paused_at: datetime | None
    pause_reason: str | None
    ended_by: str | None
    ended_at: datetime | None
    end_reason: str | None
    airflow_dag_id: str | None
    airflow_run_id: str | None
    dates: int
    builds: Mapping[str, int]


def open_campaign(
    connection: Connection,
    mission_id: int,
    reason: str,
    actor: Actor,
    forced: int | None = None,
    throttle: int | None = None,
) -> int:
    """Write a campaign that waits for approval; its number."""
    values = {
        "mission": mission_id,
        "reason": reason,
        "forced": forced,
        "throttle": throttle,
        "actor": actor.name,
    }
    campaign: int = connection.execute(_OPEN, values).scalar_one()
    return campaign


def drop(connection: Connection, campaign: int) -> None:
    """Take back a campaign to which no date was added."""
    connection.execute(_DROP, {"campaign": campaign})


def approve(connection: Connection, campaign: int, actor: Actor) -> bool:
    """Approve a campaign, and write down what is there; whether it waited for that."""
    values = {"campaign": campaign, "actor": actor.name}
    if connection.execute(_APPROVE, values).first() is None:
        return False
    write_before(connection, campaign)
    return True


def finish_campaigns(connection: Connection, mission_id: int, actor: Actor) -> Sequence[Row[Any]]:
    """End the running campaigns of which nothing is left, with their record; id and reason."""
    values = {"mission": mission_id, "actor": actor.name}
    ended = connection.execute(_FINISH, values).all()
    for row in ended:
        write_after(connection, row.id)
    return ended


def abort(
    connection: Connection, campaign: int, actor: Actor, why: str, reason: str
) -> list[int] | None:
    """End a campaign, with its record; which of its builds were dropped.

    None if it had ended already. `reason` is what its dropped builds say.
    """
    values = {"campaign": campaign, "actor": actor.name, "why": why, "reason": reason}
    hand_over(connection, campaign)
    row = connection.execute(_ABORT, values).first()
    if row is None:
        return None
    forget_wakes(connection, campaign)
    write_after(connection, campaign)
    return list(row.dropped)


def pause(connection: Connection, campaign: int, actor: Actor, reason: str) -> bool:
    """Stop a campaign for now; whether it ran."""
    values = {"campaign": campaign, "actor": actor.name, "reason": reason}
    return connection.execute(_PAUSE, values).first() is not None


def resume(connection: Connection, campaign: int, throttle: int | None = None) -> bool:
    """Let a campaign go on, with another throttle if one is given; whether it was paused."""
    values = {"campaign": campaign, "throttle": throttle}
    return connection.execute(_RESUME, values).first() is not None


def set_run(connection: Connection, campaign: int, dag_id: str, run_id: str) -> None:
    """Note the run of Airflow that shows a campaign."""
    connection.execute(_SET_RUN, {"campaign": campaign, "dag_id": dag_id, "run_id": run_id})


def campaigns(
    connection: Connection,
    mission_id: int | None = None,
    campaign: int | None = None,
    limit: int = 100,
    *,
    states: Sequence[CampaignState] | None = None,
    run: tuple[str, str] | None = None,
) -> list[CampaignRow]:
    """Campaigns, the newest first; `run` is the DAG and the run of Airflow that shows it."""
    values = {
        "mission": mission_id,
        "campaign": campaign,
        "most": limit,
        "states": None if states is None else [state.value for state in states],
        "dag_id": run and run[0],
        "run_id": run and run[1],
    }
    return [
        CampaignRow(
            **{
                **row._mapping,
                "state": CampaignState(row.state),
                "builds": row.builds or {},
            }
        )
        for row in connection.execute(_CAMPAIGNS, values)
    ]


def log_campaign(
    connection: Connection,
    kind: EventKind,
    mission_id: int,
    campaign: int,
    actor: Actor,
    reason: str,
) -> None:
    """Write what happened to a campaign."""
    values = {
        "kind": kind.value,
        "actor": actor.name,
        "reason": reason,
        "mission": mission_id,
        "campaign": campaign,
    }
    connection.execute(_EVENT, values)
