"""What a change of processes makes stale: a campaign that looks at old dates again (DESIGN 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from headwater.catalog.queries import campaign_builds, campaign_dates, campaigns
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.states import EventKind


@dataclass(frozen=True, slots=True)
class StaleWork:
    """The campaign of a change, how many dates it holds, and whether it runs at once."""

    campaign: int | None = None
    dates: int = 0
    approved: bool = False

    @property
    def note(self) -> str | None:
        """What a person has still to do, as a sentence."""
        if self.campaign is None or self.approved:
            return None
        return (
            f"{self.dates} dates are to be looked at again, more than the mission lets run "
            f"unseen: see 'headwater campaign show {self.campaign}', then approve or abort it"
        )


def open_stale_work(
    connection: Connection,
    mission_id: int,
    stale: Mapping[str, tuple[str, bool]],
    actor: Actor,
    limit: int,
) -> StaleWork:
    """Open a campaign for the dates of changed processes; a small one runs at once.

    Parameters
    ----------
    connection
        In the transaction that changes the processes.
    mission_id
        Their mission.
    stale
        Process name -> (reason, whether dates of inputs count too).
    actor
        Who changed them.
    limit
        The mission's ``campaign_limit``.
    """
    if not stale:
        return StaleWork()
    lock_work(connection, mission_id)
    reason = "; ".join(sorted({f"{name}: {why}" for name, (why, _) in stale.items()}))
    campaign = campaigns.open_campaign(connection, mission_id, reason, actor)
    inputs = {name: also_inputs for name, (_, also_inputs) in stale.items()}
    dates = campaign_dates.add_process_dates(connection, campaign, mission_id, inputs)
    if not dates:
        campaigns.drop(connection, campaign)
        return StaleWork()
    campaigns.log_campaign(
        connection,
        EventKind.CAMPAIGN_PROPOSED,
        mission_id,
        campaign,
        actor,
        f"campaign {campaign}, {dates} dates: {reason}",
    )
    if dates > limit:
        return StaleWork(campaign, dates)
    campaigns.approve(connection, campaign, actor)
    campaign_builds.wake_campaign(connection, campaign)
    return StaleWork(campaign, dates, approved=True)
