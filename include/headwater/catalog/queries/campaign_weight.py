"""What weighs on the decision about a campaign: bytes, time, releases, other campaigns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from headwater.core.states import CampaignState

_USUAL = text("""
select r.id as process_id, sum(latest.bytes) as bytes, max(latest.seconds) as seconds
from headwater.process r
left join headwater.process_output o on o.process_id = r.id
left join lateral (
    select avg(f.size) as bytes, avg(b.wall_seconds) as seconds
    from (select size, build_id from headwater.file
          where product_id = o.product_id and newest
          order by utc_file_date desc limit 20) f
    left join headwater.build b on b.id = f.build_id and b.process_id = r.id
) latest on true
where r.id = any(:processes) group by r.id
""")
"""What the latest outputs of processes took: bytes of one build's outputs, its wall time."""

_SIZES = text("select id, size from headwater.file where id = any(:files) and size is not null")
"""The sizes of files, in bytes."""

_RELEASED = text("""
select release_num as release, count(*) as files from headwater.release
where file_id = any(:files) and excluded is null group by release_num order by release_num
""")
"""How many of the files belong to each release."""

_OTHERS = text("""
select c.id as number, c.state, c.reason, c.created_by, c.approved_by, c.approved_at,
       count(*) as dates
from headwater.campaign_date d
join headwater.campaign_date o on o.process_id = d.process_id and o.utc_date = d.utc_date
join headwater.campaign c on c.id = o.campaign_id
where d.campaign_id = :campaign and c.id <> d.campaign_id
  and c.state in ('proposed', 'running', 'paused')
group by c.id order by c.id
""")
"""The other campaigns, not ended, that hold dates of a campaign too."""

_THEIRS = text("""
select id, campaign_id from headwater.build
where id = any(:builds) and campaign_id <> :campaign
  and state in ('pending', 'waiting', 'running')
""")
"""Those of the builds that another campaign has."""

_PACE = text("""
select count(*) filter (where b.ended_at > now() - interval '1 hour') as last_hour,
       extract(epoch from now() - greatest(min(b.started_at), now() - interval '1 hour'))
         as seconds,
       (select count(*) from headwater.campaign_date d join headwater.wake w
          on w.process_id = d.process_id and w.utc_date = d.utc_date
        where d.campaign_id = :campaign) as to_look_at
from headwater.build b
where b.campaign_id = :campaign and b.state in ('built', 'superseded')
""")
"""How many builds of a campaign were built in the last hour, and how many dates wait for a look."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What one build of a process usually gives and takes; none where it is not known yet."""

    bytes: float | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class OtherCampaign:
    """Another campaign over the same dates of the same processes; times are UTC."""

    number: int
    state: CampaignState
    reason: str
    created_by: str
    approved_by: str | None
    approved_at: datetime | None
    dates: int


@dataclass(frozen=True, slots=True)
class Pace:
    """Builds that were built in the last hour, within so many seconds; dates to be looked at."""

    last_hour: int
    seconds: float | None
    to_look_at: int


def usual(connection: Connection, processes: Collection[int]) -> dict[int, Usual]:
    """What the latest builds of processes gave and took, by process id."""
    return {
        row.process_id: Usual(
            None if row.bytes is None else float(row.bytes),
            None if row.seconds is None else float(row.seconds),
        )
        for row in connection.execute(_USUAL, {"processes": list(processes)})
    }


def file_sizes(connection: Connection, files: Iterable[int]) -> dict[int, int]:
    """The sizes in bytes of those of the files whose size is known."""
    values = {"files": sorted(set(files))}
    return {row.id: row.size for row in connection.execute(_SIZES, values)}


def released(connection: Connection, files: Iterable[int]) -> dict[str, int]:
    """How many of the files belong to each release."""
    values = {"files": sorted(set(files))}
    return {row.release: row.files for row in connection.execute(_RELEASED, values)}


def other_campaigns(connection: Connection, campaign: int) -> Sequence[OtherCampaign]:
    """The other campaigns, not ended, that hold dates of this one too."""
    return [
        OtherCampaign(**{**row._mapping, "state": CampaignState(row.state)})
        for row in connection.execute(_OTHERS, {"campaign": campaign})
    ]


def theirs(connection: Connection, campaign: int, builds: Iterable[int]) -> Mapping[int, int]:
    """Those of the builds that another campaign has: build -> its number."""
    values = {"campaign": campaign, "builds": list(builds)}
    return {row.id: row.campaign_id for row in connection.execute(_THEIRS, values)}


def pace(connection: Connection, campaign: int) -> Pace:
    """How fast a campaign goes."""
    row = connection.execute(_PACE, {"campaign": campaign}).one()
    seconds = None if row.seconds is None else float(row.seconds)
    return Pace(row.last_hour, seconds, row.to_look_at)
