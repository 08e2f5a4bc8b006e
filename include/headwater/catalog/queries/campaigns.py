"""Campaigns: which dates they hold, their approval, their end (DESIGN 3, 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from headwater.catalog.queries.wakes import DAYS_OF_FILE
from headwater.core.actor import Actor
from headwater.core.states import CampaignState, EventKind

_OPEN = text("""
insert into headwater.campaign (mission_id, state, reason, forced, created_by)
values (:mission, 'proposed', :reason, :forced, :actor) returning id
""")
"""A campaign that nobody has approved yet."""

_DROP = text("delete from headwater.campaign where id = :campaign and state = 'proposed'")
"""Take back a campaign that holds no date."""

_DATES_OF_PROCESSES = text(f"""
with stale as (
    select p.id as process_id, p.timebase, s.inputs
    from unnest(cast(:names as text[]), cast(:inputs as boolean[])) as s (name, inputs)
    join headwater.process p on p.mission_id = :mission and p.name = s.name
),
dates as (
    select p.process_id, f.utc_file_date as utc_date
    from stale p
    join headwater.process_output o on o.process_id = p.process_id
    join headwater.file f on f.product_id = o.product_id and f.newest
    union
    select p.process_id, day::date
    from stale p
    join headwater.process_input i
      on i.process_id = p.process_id and i.kind <> 'no_trigger' and not i.latest_valid
    join headwater.file f on f.product_id = i.product_id and f.newest and f.exists_on_disk
    {DAYS_OF_FILE}
    cross join lateral generate_series(
        (span.first - i.days_after)::timestamp, (span.last + i.days_before)::timestamp,
        interval '1 day') day
    where p.inputs
)
insert into headwater.campaign_date (campaign_id, process_id, utc_date)
select :campaign, process_id, utc_date from dates
where (cast(:first as date) is null or utc_date >= :first)
  and (cast(:last as date) is null or utc_date <= :last)
on conflict do nothing
""")  # noqa: S608  the pieces are constants
"""For each named process the dates of its newest outputs; and, where asked for, each date whose
input window holds a newest file of an input (closed intervals; spec dbprocessing 5.2, 5.3). A
file that is valid for a time makes no output of its days."""

_DATES_OF_FILES = text(f"""
with chosen as (
    select f.id, f.product_id, f.utc_file_date, f.utc_start_time, f.utc_stop_time
    from headwater.file f join headwater.product p on p.id = f.product_id
    where f.mission_id = :mission and f.newest
      and (cast(:first as date) is null or f.utc_file_date >= :first)
      and (cast(:last as date) is null or f.utc_file_date <= :last)
      and (cast(:dates as date[]) is null or f.utc_file_date = any(:dates))
      and (cast(:product as bigint) is null or f.product_id = :product)
      and (cast(:instrument as bigint) is null or p.instrument_id = :instrument)
      and (cast(:level as float8) is null or f.level = :level)
      and (cast(:codes as bigint[]) is null or exists (
          select from headwater.file_code c
          where c.resulting_file = f.id and c.source_code = any(:codes)))
), held as (
    insert into headwater.campaign_date (campaign_id, process_id, utc_date)
    select cast(:campaign as bigint), i.process_id, made.utc_file_date
    from chosen f
    join headwater.process_input i on i.product_id = f.product_id and i.latest_valid
    join headwater.process_output o on o.process_id = i.process_id
    join headwater.file made on made.product_id = o.product_id and made.newest
     and made.utc_start_time between f.utc_start_time and f.utc_stop_time
    where i.kind in ('hard', 'soft')
    union
    select cast(:campaign as bigint), i.process_id, day::date
    from chosen f
    join headwater.process_input i
      on i.product_id = f.product_id and i.kind in ('hard', 'soft') and not i.latest_valid
    join headwater.process p on p.id = i.process_id
    {DAYS_OF_FILE}
    cross join lateral generate_series(
        span.first::timestamp, span.last::timestamp, interval '1 day') day
    on conflict do nothing
)
select count(*) from chosen
""")  # noqa: S608  the pieces are constants
"""The dates of the processes that read the chosen newest files (spec dbprocessing 5.2, 7); of a
file that is valid for a time, those of the outputs that its validity covers."""

_APPROVE = text("""
update headwater.campaign
set state = 'running', approved_by = :actor, approved_at = now()
where id = :campaign and state = 'proposed' returning id
""")
"""Approve a campaign that waits for it; once."""

_RETRY = text("""
update headwater.build b
set state = 'pending', reason = :reason, attempts = 0, not_before = null
from headwater.campaign_date d
where d.campaign_id = :campaign and b.process_id = d.process_id and b.utc_date = d.utc_date
  and (b.state = 'failed' or (b.state = 'held' and b.fingerprint is not null))
returning b.id, b.process_id, b.utc_date, b.state, b.reason
""")
"""Let what failed in a campaign's dates be tried again; what a person holds stays held."""

_JOIN_BUILDS = text("""
update headwater.build b set campaign_id = c.id
from headwater.campaign c join headwater.campaign_date d on d.campaign_id = c.id
where c.mission_id = :mission and c.state = 'running' and b.id = any(:builds)
  and b.process_id = d.process_id
  and d.utc_date between b.utc_date
                     and greatest(b.utc_date, (b.interval_stop at time zone 'UTC')::date)
  and b.state in ('pending', 'waiting') and b.campaign_id is null
""")
"""Builds of a running campaign's dates are its own, and come after live data."""

_FINISH = text("""
update headwater.campaign c set state = 'done', ended_at = now()
where c.mission_id = :mission and c.state = 'running'
  and not exists (
    select from headwater.campaign_date d join headwater.wake w using (process_id, utc_date)
    where d.campaign_id = c.id)
  and not exists (
    select from headwater.build b
    where b.campaign_id = c.id and b.state in ('pending', 'waiting', 'running'))
returning c.id, c.reason
""")
"""Campaigns of which nothing is left to be looked at or made."""

_ABORT = text("""
with ended as (
    update headwater.campaign set state = 'aborted', ended_at = now()
    where id = :campaign and state in ('proposed', 'running') returning id
), dropped as (
    update headwater.build b set state = 'not needed', reason = :reason, ended_at = now()
    from ended where b.campaign_id = ended.id and b.state in ('pending', 'waiting') returning b.id
)
select ended.id, (select count(*) from dropped) as dropped from ended
""")
"""End a campaign: what is not begun of it will not be made for it."""

_CAMPAIGNS = text("""
select c.id, m.name as mission, c.state, c.reason, c.forced, c.created_by, c.created_at,
       c.approved_by, c.approved_at, c.ended_at,
       (select count(*) from headwater.campaign_date d where d.campaign_id = c.id) as dates,
       (select jsonb_object_agg(state, number) from (
            select b.state, count(*) as number from headwater.build b
            where b.campaign_id = c.id group by b.state) counted) as builds
from headwater.campaign c join headwater.mission m on m.id = c.mission_id
where (cast(:mission as bigint) is null or c.mission_id = :mission)
  and (cast(:campaign as bigint) is null or c.id = :campaign)
order by c.id desc limit :most
""")
"""Campaigns, the newest first, with how far each is."""

_DATES = text("""
select process_id, utc_date from headwater.campaign_date
where campaign_id = :campaign order by process_id, utc_date
""")
"""The dates of one campaign."""

_WAKE_CAMPAIGN = text("""
insert into headwater.wake (process_id, utc_date, reason, due_at)
select d.process_id, d.utc_date, :reason, now() from headwater.campaign_date d
where d.campaign_id = :campaign order by d.process_id, d.utc_date
on conflict (process_id, utc_date) do update set due_at = least(wake.due_at, excluded.due_at)
""")
"""Let the processes look at a campaign's dates."""

_EVENT = text("""
insert into headwater.event (kind, actor, reason, mission_id)
values (:kind, :actor, :reason, :mission)
""")
"""What happened to a campaign."""


@dataclass(frozen=True, slots=True)
class FileChoice:
    """Which newest files a campaign is for; what is none does not limit. Dates are UTC."""

    product_id: int | None = None
    instrument_id: int | None = None
    level: float | None = None
    code_ids: tuple[int, ...] | None = None
    first: date | None = None
    last: date | None = None
    dates: tuple[date, ...] | None = None


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign and how far it is; times are UTC, `builds` counts its builds by state."""

    id: int
    mission: str
    state: CampaignState
    reason: str
    forced: int | None
    created_by: str
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    ended_at: datetime | None
    dates: int
    builds: Mapping[str, int]


def open_campaign(
    connection: Connection, mission_id: int, reason: str, actor: Actor, forced: int | None = None
) -> int:
    """Write a campaign that waits for approval; its number."""
    values = {"mission": mission_id, "reason": reason, "forced": forced, "actor": actor.name}
    campaign: int = connection.execute(_OPEN, values).scalar_one()
    return campaign


def drop(connection: Connection, campaign: int) -> None:
    """Take back a campaign to which no date was added."""
    connection.execute(_DROP, {"campaign": campaign})


def add_process_dates(
    connection: Connection,
    campaign: int,
    mission_id: int,
    processes: Mapping[str, bool],
    first: date | None = None,
    last: date | None = None,
) -> int:
    """Add the dates of processes: name -> whether dates of inputs count too; how many there are."""
    values = {
        "campaign": campaign,
        "mission": mission_id,
        "names": sorted(processes),
        "inputs": [processes[name] for name in sorted(processes)],
        "first": first,
        "last": last,
    }
    return connection.execute(_DATES_OF_PROCESSES, values).rowcount


def add_file_dates(
    connection: Connection, campaign: int, mission_id: int, chosen: FileChoice
) -> int:
    """Add the dates of what is made from the chosen newest files; how many files those are."""
    values = {
        "campaign": campaign,
        "mission": mission_id,
        "product": chosen.product_id,
        "instrument": chosen.instrument_id,
        "level": chosen.level,
        "codes": None if chosen.code_ids is None else list(chosen.code_ids),
        "first": chosen.first,
        "last": chosen.last,
        "dates": None if chosen.dates is None else list(chosen.dates),
    }
    files: int = connection.execute(_DATES_OF_FILES, values).scalar_one()
    return files


def campaign_dates(connection: Connection, campaign: int) -> dict[int, list[date]]:
    """The dates of a campaign by process id."""
    found: dict[int, list[date]] = {}
    for row in connection.execute(_DATES, {"campaign": campaign}):
        found.setdefault(row.process_id, []).append(row.utc_date)
    return found


def approve(connection: Connection, campaign: int, actor: Actor) -> bool:
    """Approve a campaign; whether it waited for that."""
    values = {"campaign": campaign, "actor": actor.name}
    return connection.execute(_APPROVE, values).first() is not None


def wake_campaign(connection: Connection, campaign: int, reason: str) -> int:
    """Let the processes look at the campaign's dates; how many."""
    return connection.execute(_WAKE_CAMPAIGN, {"campaign": campaign, "reason": reason}).rowcount


def retry_campaign(connection: Connection, campaign: int, reason: str) -> Sequence[Row[Any]]:
    """Let what failed in the campaign's dates be tried again; the builds."""
    return connection.execute(_RETRY, {"campaign": campaign, "reason": reason}).all()


def join_builds(connection: Connection, mission_id: int, builds: Sequence[int]) -> None:
    """Mark those of the open builds as a campaign's whose dates a running campaign holds."""
    if builds:
        connection.execute(_JOIN_BUILDS, {"mission": mission_id, "builds": list(builds)})


def finish_campaigns(connection: Connection, mission_id: int) -> Sequence[Row[Any]]:
    """End the running campaigns of which nothing is left; their id and reason."""
    return connection.execute(_FINISH, {"mission": mission_id}).all()


def abort(connection: Connection, campaign: int, reason: str) -> int | None:
    """End a campaign; how many of its builds were dropped, none if it had ended already."""
    row = connection.execute(_ABORT, {"campaign": campaign, "reason": reason}).first()
    return None if row is None else row.dropped


def campaigns(
    connection: Connection,
    mission_id: int | None = None,
    campaign: int | None = None,
    limit: int = 100,
) -> list[CampaignRow]:
    """Campaigns, the newest first."""
    values = {"mission": mission_id, "campaign": campaign, "most": limit}
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
    connection: Connection, kind: EventKind, mission_id: int, actor: Actor, reason: str
) -> None:
    """Write what happened to a campaign."""
    values = {"kind": kind.value, "actor": actor.name, "reason": reason, "mission": mission_id}
    connection.execute(_EVENT, values)
