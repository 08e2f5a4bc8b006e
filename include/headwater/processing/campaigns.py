"""Reprocessing campaigns: proposed, approved, paused, resumed, made after live data, ended."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import campaign_builds, campaign_dates
from headwater.catalog.queries import campaigns as queries
from headwater.catalog.queries.build_events import write_events
from headwater.catalog.queries.campaign_dates import FileChoice
from headwater.catalog.queries.campaigns import CampaignRow
from headwater.catalog.queries.wakes import Ended, lock_work, wake_waiters
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError, SettingError, TooLateError
from headwater.core.states import CampaignState, EventKind, Timebase
from headwater.core.version import Bump
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.processing.planner import plan_within
from headwater.processing.process_facts import reaches

MARKED_FAILED = "its run was marked failed in Airflow"
"""The reason of a pause that clearing the task lifts again."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A campaign as it was written: its number, its dates, the files that named them.

    `number` is none where no date was found: then nothing was written.
    """

    number: int | None
    dates: int
    files: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What a campaign is to make again, and how.

    `files` are newest files whose products are to be made again (dbprocessing: reprocessBy...).
    `processes` are names -> whether also dates that have inputs only are meant, from `first` to
    `last`, UTC, both included. `forced` makes them anew even if nothing changed, and grows that
    component of their versions. `throttle` is how many of its builds may be claimable or running
    at a time; none means as the mission says.
    """

    reason: str
    files: FileChoice | None = None
    processes: Mapping[str, bool] | None = None
    first: date | None = None
    last: date | None = None
    forced: Bump | None = None
    throttle: int | None = None


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
    throttle: int | None = None,
) -> Proposed:
    """Write a campaign for what is made from the chosen files, and for dates of processes.

    The parameters are those of a :class:`Wish`.

    Raises
    ------
    NotFoundError
        If the mission has no such process.
    SettingError
        If there is no reason, the dates are the wrong way round, or the throttle is less than 1.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    wish = Wish(reason, files, processes, first, last, forced, throttle)
    with catalog.begin() as connection:
        return propose_within(connection, mission, actor, wish)


def propose_within(
    connection: Connection, mission: LoadedMission, actor: Actor, wish: Wish
) -> Proposed:
    """Write a campaign in a transaction of the caller; see :func:`propose`."""
    _check(wish)
    chosen = {mission.process(name).name: also for name, also in (wish.processes or {}).items()}
    force = None if wish.forced is None else int(wish.forced)
    number = queries.open_campaign(connection, mission.id, wish.reason, actor, force, wish.throttle)
    found = 0
    if wish.files is not None:
        found = campaign_dates.add_file_dates(connection, number, mission.id, wish.files)
    if chosen:
        campaign_dates.add_process_dates(
            connection, number, mission.id, chosen, wish.first, wish.last
        )
    held = campaign_dates.campaign_dates(connection, number)
    dates = sum(len(days) for days in held.values())
    if not dates:
        queries.drop(connection, number)
        return Proposed(None, 0, found)
    said = f"campaign {number}, {dates} dates: {wish.reason}"
    queries.log_campaign(connection, EventKind.CAMPAIGN_PROPOSED, mission.id, number, actor, said)
    return Proposed(number, dates, found)


def _check(wish: Wish) -> None:
    if not wish.reason.strip():
        raise SettingError("a campaign needs a reason: say in a few words why it is to be made")
    if wish.first and wish.last and wish.first > wish.last:
        raise SettingError(
            f"the first date {wish.first} is after the last date {wish.last}: exchange them"
        )
    if wish.throttle is not None and wish.throttle < 1:
        raise SettingError(
            f"a throttle of {wish.throttle} would let nothing through: give 1 or more, or none"
        )


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

    `why` somebody approves it goes into the log of events. What is there now is written down, so
    that its report can tell what it changed. A RUN process leaves no output that could be out of
    date: it always runs again (spec dbprocessing 5.4, step 4).

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
        retried = campaign_builds.retry_campaign(connection, number, f"to be made again by {said}")
        reasons = {build.id: build.reason for build in retried}
        write_events(connection, EventKind.BUILD_RETRIED, actor, reasons)
        campaign_builds.wake_campaign(connection, number)
        _force(connection, mission, row, actor)
        told = f"{said}; approved: {why}" if why else said
        _log(connection, EventKind.CAMPAIGN_APPROVED, mission, number, actor, told)


def _force(connection: Connection, mission: LoadedMission, row: CampaignRow, actor: Actor) -> None:
    for process_id, days in campaign_dates.campaign_dates(connection, row.id).items():
        process = mission.processes[process_id]
        always = Bump.REVISION if process.timebase is Timebase.RUN else None
        forced = always if row.forced is None else Bump(row.forced)
        if forced is not None:
            plan_within(connection, mission, process, days, actor, forced=forced)


def pause(catalog: Catalog, mission: LoadedMission, number: int, actor: Actor, reason: str) -> int:
    """Stop a running campaign for now; how many of its builds are left for later.

    What runs is made to its end. What waits for its builds waits no longer, as for held ones, and
    new data for its dates are made as live data, whatever the campaign does.

    Raises
    ------
    NotFoundError
        If the mission has no such campaign.
    TooLateError
        If it does not run.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        row = campaign(connection, mission, number)
        if not queries.pause(connection, number, actor, reason):
            raise TooLateError(f"campaign {number} is {row.state}: only one that runs can pause")
        left = campaign_builds.not_begun(connection, number)
        said = f"campaign {number} was paused by {actor.name}: {reason}"
        ended = [Ended.of_build(build) for build in left]
        wake_waiters(connection, ended, reaches(mission), said)
        _log(connection, EventKind.CAMPAIGN_PAUSED, mission, number, actor, said)
    return len(left)


def pause_run(catalog: Catalog, dag_id: str, run_id: str, actor: Actor, note: str) -> int | None:
    """Pause the campaign of a run of Airflow that somebody marked failed; its number, if it ran.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    running = [CampaignState.RUNNING]
    with catalog.read() as connection:
        rows = queries.campaigns(connection, states=running, run=(dag_id, run_id), limit=1)
    for row in rows:
        reason = f"{MARKED_FAILED}: {note}" if note else MARKED_FAILED
        with contextlib.suppress(TooLateError):
            pause(catalog, load_mission(catalog, row.mission), row.id, actor, reason)
            return row.id
    return None


def resume(
    catalog: Catalog,
    mission: LoadedMission,
    number: int,
    actor: Actor,
    reason: str = "",
    throttle: int | None = None,
) -> None:
    """Let a paused campaign go on, with another throttle if one is given.

    Raises
    ------
    NotFoundError
        If the mission has no such campaign.
    TooLateError
        If it is not paused.
    SettingError
        If the throttle is less than 1.
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    _check(Wish("resumed", throttle=throttle))
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        row = campaign(connection, mission, number)
        if not queries.resume(connection, number, throttle):
            raise TooLateError(f"campaign {number} is {row.state}: only a paused one is resumed")
        said = f"campaign {number} was resumed by {actor.name}" + f": {reason}" * bool(reason)
        _log(connection, EventKind.CAMPAIGN_RESUMED, mission, number, actor, said)


def abort(catalog: Catalog, mission: LoadedMission, number: int, actor: Actor, reason: str) -> int:
    """End a campaign; what it has not begun is dropped, and how many builds those were is told.

    What another campaign that runs wants made too is left to that one.

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
        left = campaign_builds.not_begun(connection, number)
        dropped = queries.abort(connection, number, actor, reason, said)
        if dropped is None:
            raise TooLateError(f"campaign {number} is {row.state} already")
        write_events(connection, EventKind.BUILD_NOT_NEEDED, actor, dict.fromkeys(dropped, said))
        ended = [Ended.of_build(build) for build in left]
        wake_waiters(connection, ended, reaches(mission), said)
        _log(connection, EventKind.CAMPAIGN_ENDED, mission, number, actor, said)
    return len(dropped)


def finish(catalog: Catalog, mission: LoadedMission, actor: Actor) -> list[int]:
    """End the running campaigns of which nothing is left to be made; their numbers."""
    with catalog.begin() as connection:
        ended = queries.finish_campaigns(connection, mission.id, actor)
        for row in ended:
            said = f"campaign {row.id} is done: {row.reason}"
            _log(connection, EventKind.CAMPAIGN_ENDED, mission, row.id, actor, said)
    return [row.id for row in ended]


def _log(
    connection: Connection,
    kind: EventKind,
    mission: LoadedMission,
    number: int,
    actor: Actor,
    said: str,
) -> None:
    queries.log_campaign(connection, kind, mission.id, number, actor, said)
