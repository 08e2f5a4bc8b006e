"""Plan what is due: read the catalog in sets, let the plan decide, write builds in sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, Row

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import planning
from headwater.catalog.queries.build_events import write_events
from headwater.catalog.queries.campaign_builds import join_builds, leave_campaigns
from headwater.catalog.queries.plan_rows import BuildRow, insert_builds, update_builds
from headwater.catalog.queries.wakes import (
    Ended,
    WakeUp,
    due_dates,
    lock_work,
    take_wakes,
    wake,
    wake_waiters,
)
from headwater.core.actor import Actor
from headwater.core.interval import DateSpan
from headwater.core.states import BuildState, EventKind, Timebase
from headwater.core.version import Bump
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.missions.orbit_files import read_orbit_files
from headwater.processing.plan import plan
from headwater.processing.plan_state import Action, PlanState, ProposedBuild
from headwater.processing.process_facts import plan_process, reaches
from headwater.processing.state_reading import read_intervals, read_state, whole_days

DATES_AT_ONCE = 10_000
"""The most dates of one plan; what is left stays due."""


@dataclass(frozen=True, slots=True)
class PlannedBuild:
    """A row that the plan wrote: its number, and what it says."""

    build_id: int
    utc_date: date
    interval_key: str
    keywords: str
    state: BuildState
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What was planned for a process.

    `entries` say something of every date that was looked at; `builds` are the rows that were
    written (none by `preview`); with `more` dates are left for the next plan.
    """

    process: str
    dates: tuple[date, ...]
    entries: tuple[ProposedBuild, ...]
    builds: tuple[PlannedBuild, ...] = ()
    more: bool = False
    woken_by: dict[date, str] = field(default_factory=dict)
    reach: DateSpan | None = None
    """From the first to the last day of all intervals that touch the dates."""

    @property
    def to_make(self) -> tuple[PlannedBuild, ...]:
        """The builds that may be made now."""
        return tuple(build for build in self.builds if build.state is BuildState.PENDING)


def plan_due(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess,
    *,
    actor: Actor,
    span: DateSpan | None = None,
    limit: int = DATES_AT_ONCE,
    forced: Bump | None = None,
) -> Plan:
    """Take the due wakes of `process`, plan their dates and write the builds, in one transaction.

    With `span` those dates are planned whether or not they are due, and their wakes are taken.
    `forced` makes every build of the span anew and grows that component of its version. At most
    `limit` dates.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    if process.timebase is Timebase.ORBIT:
        read_orbit_files(catalog, mission, actor)
    facts = plan_process(mission, process)
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        if span is None:
            wakes = take_wakes(connection, process.id, limit, None, None)
            dates = sorted(wakes.reasons)
        else:
            dates = _days_of(span, limit)
            whole = whole_days(dates, read_intervals(connection, mission, facts, dates))
            wakes = take_wakes(connection, process.id, limit, whole.first, whole.last)
        state = read_state(
            connection, mission, facts, dates, forced=forced, by_hand=span is not None
        )
        entries = plan(state)
        written = _write(connection, mission, process, state, entries, actor, wakes.live)
    more = len(dates) >= limit if span is None else dates[-1] < span.last
    reach = whole_days(dates, state.intervals) if dates else None
    return Plan(
        process.name, tuple(dates), tuple(entries), tuple(written), more, wakes.reasons, reach
    )


def plan_dates(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess,
    dates: Sequence[date],
    actor: Actor,
) -> tuple[PlannedBuild, ...]:
    """Plan some dates again, without their wakes, and write what changed."""
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        return plan_within(connection, mission, process, dates, actor)


def plan_within(
    connection: Connection,
    mission: LoadedMission,
    process: LoadedProcess,
    dates: Sequence[date],
    actor: Actor,
    *,
    forced: Bump | None = None,
) -> tuple[PlannedBuild, ...]:
    """Plan some dates in a transaction of the caller, who holds the mission's lock of work.

    `forced` makes all of them anew and grows that component of their versions.
    """
    facts = plan_process(mission, process)
    state = read_state(
        connection, mission, facts, sorted(set(dates)), forced=forced, by_hand=forced is not None
    )
    return tuple(_write(connection, mission, process, state, plan(state), actor))


def preview(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess,
    *,
    span: DateSpan | None = None,
    dates: Sequence[date] | None = None,
    limit: int = DATES_AT_ONCE,
    forced: Bump | None = None,
) -> Plan:
    """What :func:`plan_due` would plan for a span, for `dates`, or for what is due.

    Changes nothing.
    """
    facts = plan_process(mission, process)
    with catalog.read() as connection:
        wakes: dict[date, str] = {}
        if span is not None:
            chosen = _days_of(span, limit)
        elif dates is not None:
            chosen = sorted(set(dates))[:limit]
        else:
            wakes = due_dates(connection, process.id, limit)
            chosen = sorted(wakes)
        by_hand = span is not None or forced is not None
        state = read_state(connection, mission, facts, chosen, forced=forced, by_hand=by_hand)
    more = len(chosen) >= limit if span is None else chosen[-1] < span.last
    return Plan(process.name, tuple(chosen), tuple(plan(state)), (), more, wakes)


def _days_of(span: DateSpan, limit: int) -> list[date]:
    days = []
    for day in span.days():
        days.append(day)
        if len(days) >= limit:
            break
    return days


def _write(
    connection: Connection,
    mission: LoadedMission,
    process: LoadedProcess,
    state: PlanState,
    entries: Sequence[ProposedBuild],
    actor: Actor,
    live: Sequence[date] = (),
) -> list[PlannedBuild]:
    """Write builds, wakes and events of a plan; `live` are the dates of new data."""
    known = {build.id: build for build in state.builds}
    new: list[BuildRow] = []
    changed: list[BuildRow] = []
    for entry in entries:
        row = _row_of(entry, known)
        if row is not None:
            (new if row.id is None else changed).append(row)
    written = [
        *insert_builds(connection, mission.id, process.id, new),
        *update_builds(connection, changed),
    ]
    opened = [row.id for row in written if row.id not in known or known[row.id].state in _RESTED]
    join_builds(connection, mission.id, opened)
    leave_campaigns(connection, [row.id for row in written], live)
    _write_plan_events(connection, written, actor)
    wake(connection, list(_later_looks(process, entries, known)))
    _end_of_planning(connection, mission, process, state, entries, written)
    return [
        PlannedBuild(
            row.id, row.utc_date, row.interval_key, row.keywords, BuildState(row.state), row.reason
        )
        for row in sorted(written, key=lambda row: (row.utc_date, row.id))
    ]


_RESTED = (BuildState.FAILED, BuildState.HELD, BuildState.BUILT)
"""Builds in these states are opened anew by the plan; one that is pending keeps its place."""

_STATES = {
    Action.MAKE: BuildState.PENDING,
    Action.WAIT: BuildState.WAITING,
    Action.HOLD: BuildState.HELD,
    Action.NOTHING: BuildState.NOT_NEEDED,
}


def _row_of(entry: ProposedBuild, known: dict[int, planning.KnownBuild]) -> BuildRow | None:
    """The row to write for an entry; none where the catalog stays as it is."""
    build = known.get(entry.build_id) if entry.build_id is not None else None
    new_state = _STATES[entry.action]
    if entry.action is Action.NOTHING:
        retried_later = entry.not_before is not None
        if build is None or build.state is BuildState.RUNNING or retried_later:
            return None
        if build.state is BuildState.FAILED and build.reason == entry.reason:
            return None  # a person ended it: it stays known, and a failure
    held = build is not None and build.state is BuildState.HELD and build.reason == entry.reason
    if entry.action is Action.HOLD and held:
        return None
    return build_row(entry, new_state, entry.reason)


def build_row(entry: ProposedBuild, state: BuildState, reason: str) -> BuildRow:
    """The row of a build that is as an entry of the plan says, in a state and for a reason."""
    version = entry.version
    return BuildRow(
        entry.build_id,
        entry.interval_key,
        entry.utc_date,
        entry.start,
        entry.stop,
        entry.keywords,
        state.value,
        reason,
        entry.forced,
        entry.fingerprint,
        entry.code_id,
        *((version.interface, version.quality, version.revision) if version else (None,) * 3),
    )


_PLAN_EVENTS = {
    BuildState.PENDING: EventKind.BUILD_PLANNED,
    BuildState.WAITING: EventKind.BUILD_PLANNED,
    BuildState.HELD: EventKind.BUILD_HELD,
    BuildState.NOT_NEEDED: EventKind.BUILD_NOT_NEEDED,
}


def _write_plan_events(
    connection: Connection, written: Iterable[Row[tuple[object, ...]]], actor: Actor
) -> None:
    by_kind: dict[EventKind, dict[int, str]] = {}
    for row in written:
        kind = _PLAN_EVENTS[BuildState(row.state)]
        by_kind.setdefault(kind, {})[row.id] = row.reason
    for kind, found in by_kind.items():
        write_events(connection, kind, actor, found)


def _later_looks(
    process: LoadedProcess,
    entries: Iterable[ProposedBuild],
    known: dict[int, planning.KnownBuild],
) -> Iterable[WakeUp]:
    """The dates to look at again later: a wait that ends, a retry, a run that is under way."""
    for entry in entries:
        if entry.not_before is not None:
            yield WakeUp(process.id, entry.utc_date, entry.reason, entry.not_before)
        elif entry.look_again and entry.build_id is not None:
            until = known[entry.build_id].lease_until
            reason = "its inputs changed while it was being made"
            yield WakeUp(process.id, entry.utc_date, reason, until)


def _end_of_planning(
    connection: Connection,
    mission: LoadedMission,
    process: LoadedProcess,
    state: PlanState,
    entries: Iterable[ProposedBuild],
    written: Iterable[Row[tuple[object, ...]]],
) -> None:
    """Intervals for which nothing will be made now do not keep anybody waiting."""
    open_states = {BuildState.PENDING, BuildState.WAITING, BuildState.RUNNING}
    resting = {
        entry.interval_key
        for entry in entries
        if entry.action is Action.WAIT and entry.waiting_for is None
    }
    busy = {
        row.utc_date
        for row in written
        if BuildState(row.state) in open_states and row.interval_key not in resting
    }
    busy |= {build.utc_date for build in state.builds if build.state is BuildState.RUNNING}
    lone = [DateSpan(day, day) for day in state.lone_dates]
    idle = [
        Ended(process.id, span.first, span.last)
        for span in [*(one.days for one in state.intervals), *lone]
        if not busy.intersection(span.days())
    ]
    below = [reach for reach in reaches(mission) if reach.up == process.id]
    wake_waiters(connection, idle, below, f"nothing new is coming from {process.name}")
