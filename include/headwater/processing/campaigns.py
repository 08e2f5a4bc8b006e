"""Reprocessing campaigns: proposed with a plan, approved, made after live data, ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import campaigns as queries
from headwater.catalog.queries.build_events import write_events
from headwater.catalog.queries.campaigns import CampaignRow, FileChoice
from headwater.catalog.queries.wakes import lock_work
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError, TooLateError
from headwater.core.states import EventKind, Timebase
from headwater.core.version import Bump
from headwater.missions.loaded import LoadedMission
from headwater.processing.planner import Plan, plan_within, preview


@dataclass(frozen=True, slots=True)
class Proposed:
    """A campaign as it was written: its number, its dates, the files that named them.

    `number` is none where no date was found: then nothing was written.
    """

    number: int | None
    dates: int
    files: int


def propose(
    catalog: Catalog,
    mission: LoadedMission,
    actor: Actor,
    reason: str,
    *,
    files: FileChoice | None = None,
    processes: Mapping[str, bool] | None = None,
    first: date | None = None,
    last: date | None = None,
    forced: Bump | None = None,
) -> Proposed:
    """Write a campaign for what is made from the chosen files, and for dates of `processes`.

    Parameters
    ----------
    files
        The newest files whose products are to be made again (dbprocessing: reprocessBy...).
    processes
        Process name -> whether also dates that have inputs only are meant.
    first, last
        Limits of the dates of `processes`, UTC, both included.
    forced
        Make them anew even if nothing changed, and grow that component of their versions.

    Raises
    ------
    NotFoundError
        If the mission has no such process.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    chosen = {mission.process(name).name: inputs for name, inputs in (processes or {}).items()}
    with catalog.begin() as connection:
        force = None if forced is None else int(forced)
        number = queries.open_campaign(connection, mission.id, reason, actor, force)
        found = 0
        if files is not None:
            found = queries.add_file_dates(connection, number, mission.id, files)
        if chosen:
            queries.add_process_dates(connection, number, mission.id, chosen, first, last)
        dates = sum(len(days) for days in queries.campaign_dates(connection, number).values())
        if not dates:
            queries.drop(connection, number)
            return Proposed(None, 0, found)
        said = f"campaign {number}, {dates} dates: {reason}"
        queries.log_campaign(connection, EventKind.CAMPAIGN_PROPOSED, mission.id, actor, said)
    return Proposed(number, dates, found)


def campaign_plan(catalog: Catalog, mission: LoadedMission, number: int) -> list[Plan]:
    """What a campaign would make and why, and what not, process by process; changes nothing.

    Raises
    ------
    NotFoundError
        If the mission has no such campaign.
    """
    with catalog.read() as connection:
        row = campaign(connection, mission, number)
        dates = queries.campaign_dates(connection, number)
    forced = None if row.forced is None else Bump(row.forced)
    return [
        preview(catalog, mission, process, dates=dates[process.id], forced=forced)
        for process in mission.process_order()
        if process.id in dates
    ]


def campaign(connection: Connection, mission: LoadedMission, number: int) -> CampaignRow:
    """One campaign of a mission.

    Raises
    ------
    NotFoundError
        If the mission has no such campaign.
    """
    rows = queries.campaigns(connection, mission.id, number)
    if not rows:
        raise NotFoundError(
            f"mission {mission.name} has no campaign {number}: see 'headwater campaign list'"
        )
    return rows[0]


def approve(
    catalog: Catalog, mission: LoadedMission, number: int, actor: Actor, why: str = ""
) -> None:
    """Let a campaign run: wake its dates, or plan them by force, and retry what failed in them.

    `why` somebody approves it goes into the log of events.

    A RUN process leaves no output that could be out of date: it always runs again
    (spec dbprocessing 5.4, step 4).

    Raises
    ------
    NotFoundError
        If the mission has no such campaign.
    TooLateError
        If it does not wait for approval.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        row = campaign(connection, mission, number)
        if not queries.approve(connection, number, actor):
            raise TooLateError(f"campaign {number} is {row.state}: nothing waits for approval")
        said = f"campaign {number}: {row.reason}"
        retried = queries.retry_campaign(connection, number, f"to be made again by {said}")
        reasons = {build.id: build.reason for build in retried}
        write_events(connection, EventKind.BUILD_RETRIED, actor, reasons)
        queries.wake_campaign(connection, number, said)
        _force(connection, mission, row, actor)
        told = f"{said}; approved: {why}" if why else said
        queries.log_campaign(connection, EventKind.CAMPAIGN_APPROVED, mission.id, actor, told)


def _force(connection: Connection, mission: LoadedMission, row: CampaignRow, actor: Actor) -> None:
    for process_id, days in queries.campaign_dates(connection, row.id).items():
        process = mission.processes[process_id]
        always = Bump.REVISION if process.timebase is Timebase.RUN else None
        forced = always if row.forced is None else Bump(row.forced)
        if forced is not None:
            plan_within(connection, mission, process, days, actor, forced=forced)


def abort(catalog: Catalog, mission: LoadedMission, number: int, actor: Actor, reason: str) -> int:
    """End a campaign; what it has not begun is dropped, and how many builds those were is told.

    Raises
    ------
    NotFoundError
        If the mission has no such campaign.
    TooLateError
        If it has ended already.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        row = campaign(connection, mission, number)
        said = f"campaign {number} was aborted by {actor.name}: {reason}"
        dropped = queries.abort(connection, number, said)
        if dropped is None:
            raise TooLateError(f"campaign {number} is {row.state} already")
        queries.log_campaign(connection, EventKind.CAMPAIGN_ENDED, mission.id, actor, said)
    return dropped


def finish(catalog: Catalog, mission: LoadedMission, actor: Actor) -> list[int]:
    """End the running campaigns of which nothing is left to be made; their numbers."""
    with catalog.begin() as connection:
        ended = queries.finish_campaigns(connection, mission.id)
        for row in ended:
            said = f"campaign {row.id} is done: {row.reason}"
            queries.log_campaign(connection, EventKind.CAMPAIGN_ENDED, mission.id, actor, said)
    return [row.id for row in ended]
