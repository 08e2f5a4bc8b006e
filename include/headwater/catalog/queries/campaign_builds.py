"""The builds and wakes of a campaign: which are its own, and what becomes of them (DESIGN 6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, text

HOLDS_DATE = """d.utc_date between b.utc_date
                     and greatest(b.utc_date, (b.interval_stop at time zone 'UTC')::date)"""
"""Part of a statement: the interval of a build `b` holds the date of a campaign, `d`."""

_JOIN_BUILDS = text(f"""
update headwater.build b set campaign_id = found.campaign
from (
    select b.id, (array_agg(c.id order by c.state = 'paused', c.id))[1] as campaign
    from headwater.build b
    join headwater.campaign_date d on d.process_id = b.process_id and {HOLDS_DATE}
    join headwater.campaign c on c.id = d.campaign_id
    where c.mission_id = :mission and c.state in ('running', 'paused') and b.id = any(:builds)
      and b.state in ('pending', 'waiting') and b.campaign_id is null
    group by b.id
) found
where b.id = found.id
""")  # noqa: S608  the pieces are constants of this module
"""Builds of the dates of a campaign are its own, and come after live data; of several campaigns
the first that runs has them."""

_LEAVE_CAMPAIGN = text("""
update headwater.build b set campaign_id = null
where b.id = any(:builds) and b.campaign_id is not null and b.state in ('pending', 'waiting')
  and exists (
    select from unnest(cast(:live as date[])) day
    where day between b.utc_date
                  and greatest(b.utc_date, (b.interval_stop at time zone 'UTC')::date))
""")
"""A build of a campaign for which new data have come is one of live data: no pause stops it."""

_RETRY = text("""
update headwater.build b
set state = 'pending', reason = :reason, attempts = 0, not_before = null,
    campaign_id = :campaign
from headwater.campaign_date d
where d.campaign_id = :campaign and b.process_id = d.process_id and b.utc_date = d.utc_date
  and (b.state = 'failed' or (b.state = 'held' and b.fingerprint is not null))
returning b.id, b.process_id, b.utc_date, b.state, b.reason
""")
"""Let what failed in a campaign's dates be tried again; what a person holds stays held."""

_HAND_OVER = text(f"""
update headwater.build b set campaign_id = other.campaign
from (
    select b.id, min(c.id) as campaign
    from headwater.build b
    join headwater.campaign_date d
      on d.process_id = b.process_id and d.campaign_id <> :campaign and {HOLDS_DATE}
    join headwater.campaign c on c.id = d.campaign_id and c.state in ('running', 'paused')
    where b.campaign_id = :campaign and b.state in ('pending', 'waiting')
    group by b.id
) other
where b.id = other.id
""")  # noqa: S608  as above
"""What another campaign wants made too is left to it."""

_FORGET_WAKES = text("""
delete from headwater.wake w
using headwater.campaign_date d join headwater.campaign c on c.id = d.campaign_id
where c.id = :campaign and w.process_id = d.process_id and w.utc_date = d.utc_date
  and not w.live and w.reason = 'campaign ' || c.id || ': ' || c.reason
  and not exists (
    select from headwater.campaign_date o join headwater.campaign other on other.id = o.campaign_id
    where o.process_id = d.process_id and o.utc_date = d.utc_date and other.id <> c.id
      and other.state in ('running', 'paused'))
""")
"""Dates at which only this campaign wants a look are looked at no more."""

_NOT_BEGUN = text("""
select process_id, utc_date, interval_stop from headwater.build
where campaign_id = :campaign and state in ('pending', 'waiting')
""")
"""The builds of a campaign that nobody has begun."""

_PAUSED = text("""
select b.id, 'campaign ' || c.id || ' is paused by ' || c.paused_by || ': ' || c.pause_reason
       as reason
from headwater.build b join headwater.campaign c on c.id = b.campaign_id
where b.id = any(:builds) and c.state = 'paused'
""")
"""Those of the builds whose campaign is paused, and who paused it."""

_WAKE_CAMPAIGN = text("""
insert into headwater.wake (process_id, utc_date, reason, due_at)
select d.process_id, d.utc_date, 'campaign ' || c.id || ': ' || c.reason, now()
from headwater.campaign_date d join headwater.campaign c on c.id = d.campaign_id
where c.id = :campaign order by d.process_id, d.utc_date
on conflict (process_id, utc_date) do update set due_at = least(wake.due_at, excluded.due_at)
""")
"""Let the processes look at a campaign's dates."""


def wake_campaign(connection: Connection, campaign: int) -> int:
    """Let the processes look at the campaign's dates; how many."""
    return connection.execute(_WAKE_CAMPAIGN, {"campaign": campaign}).rowcount


def retry_campaign(connection: Connection, campaign: int, reason: str) -> Sequence[Row[Any]]:
    """Let what failed in the campaign's dates be tried again; the builds."""
    return connection.execute(_RETRY, {"campaign": campaign, "reason": reason}).all()


def join_builds(connection: Connection, mission_id: int, builds: Sequence[int]) -> None:
    """Mark those of the builds as a campaign's whose dates one holds that has not ended."""
    if builds:
        connection.execute(_JOIN_BUILDS, {"mission": mission_id, "builds": list(builds)})


def leave_campaigns(connection: Connection, builds: Sequence[int], live: Sequence[date]) -> None:
    """Mark those of the builds as live data's whose intervals touch the dates of new data."""
    if builds and live:
        connection.execute(_LEAVE_CAMPAIGN, {"builds": list(builds), "live": list(live)})


def paused_builds(connection: Connection, builds: Sequence[int]) -> dict[int, str]:
    """Those of the builds that wait since their campaign is paused: build -> why."""
    return {row.id: row.reason for row in connection.execute(_PAUSED, {"builds": list(builds)})}


def not_begun(connection: Connection, campaign: int) -> Sequence[Row[Any]]:
    """The process_id, utc_date and interval_stop of builds that nobody has begun."""
    return connection.execute(_NOT_BEGUN, {"campaign": campaign}).all()


def hand_over(connection: Connection, campaign: int) -> None:
    """Leave to other campaigns what they want made too."""
    connection.execute(_HAND_OVER, {"campaign": campaign})


def forget_wakes(connection: Connection, campaign: int) -> None:
    """Look no more at the dates at which only this campaign wants a look."""
    connection.execute(_FORGET_WAKES, {"campaign": campaign})
