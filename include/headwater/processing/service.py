"""All that is due in a mission, in this process: what ``headwater process`` does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, TextClause

from headwater.archive.intents import give_up_intents
from headwater.catalog.connection import Catalog
from headwater.catalog.queries import build_requests, due_work, runs
from headwater.catalog.queries.build_events import write_end_events, write_events
from headwater.catalog.queries.wakes import Ended, WakeUp, lock_work, wake, wake_waiters
from headwater.core.actor import Actor
from headwater.core.interval import DateSpan, spans_of
from headwater.core.states import BuildState, EventKind
from headwater.missions.definition import MissionSettings
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.outcome import BuildResult
from headwater.processing.planner import Plan, plan_due
from headwater.processing.process_facts import reaches
from headwater.processing.run import (
    BuildRunner,
    Report,
    interrupted_by_sigterm,
)
from headwater.processing.work_directory import sweep_work_directories

BUILDS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class DueProcess:
    """A process that has something to do now, and for which dates."""

    mission: str
    process: str
    reason: str
    spans: tuple[DateSpan, ...]


@dataclass(slots=True)
class ProcessReport:
    """What one pass over a mission did."""

    plans: list[Plan] = field(default_factory=list)
    results: list[BuildResult] = field(default_factory=list)

    def count(self, state: BuildState) -> int:
        """How many builds this pass brought to `state`."""
        return sum(result.ours and result.state is state for result in self.results)


def pending_builds(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess | None = None,
    *,
    span: DateSpan | None = None,
    limit: int = BUILDS_AT_ONCE,
) -> list[tuple[int, date]]:
    """The builds that may be claimed now, the oldest dates first: (build id, date)."""
    values = {
        "mission": mission.id,
        "process": process.id if process else None,
        "first": span.first if span else None,
        "last": span.last if span else None,
        "most": limit,
    }
    with catalog.read() as connection:
        return [(row.id, row.utc_date) for row in connection.execute(due_work.CLAIMABLE, values)]


def due_processes(catalog: Catalog, mission: str | None = None) -> list[DueProcess]:
    """Which processes have due wakes or builds that may be made, with their dates.

    Of one mission, or of all.
    """
    found: dict[tuple[str, str], tuple[list[str], list[date]]] = {}
    with catalog.read() as connection:
        for row in connection.execute(due_work.DUE_WORK, {"mission": mission}):
            reasons, days = found.setdefault((row.mission, row.process), ([], []))
            days.append(row.utc_date)
            if row.reason not in reasons and len(reasons) < 3:
                reasons.append(row.reason)
    return [
        DueProcess(name, process, "; ".join(reasons), tuple(spans_of(days)))
        for (name, process), (reasons, days) in found.items()
    ]


def process_pending(
    catalog: Catalog,
    mission: LoadedMission,
    actor: Actor,
    *,
    slots: int = 1,
    report: Report | None = None,
    planned: Callable[[Plan], None] | None = None,
    processes: Collection[int] | None = None,
) -> ProcessReport:
    """Plan and make whatever is due, level by level, until nothing is.

    A build whose code asks to be run later is left to the next pass.
    With `processes` only those: what is due of the others stays due. SIGTERM and Ctrl-C end the
    codes and give their builds back.

    Raises
    ------
    CatalogUnavailableError
        If the catalog goes away.
    KeyboardInterrupt
        If it was interrupted.
    """
    done = ProcessReport()
    reap_expired_leases(catalog)
    sweep_work_directories(mission)
    with interrupted_by_sigterm():
        while any(
            [
                _pass(catalog, mission, process, actor, done, slots, report, planned)
                for process in mission.process_order()
                if processes is None or process.id in processes
            ]
        ):
            continue
    return done


def _pass(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess,
    actor: Actor,
    done: ProcessReport,
    slots: int,
    report: Report | None,
    planned: Callable[[Plan], None] | None,
) -> bool:
    """Plan and make what is due of one process; whether there was anything."""
    busy = False
    while True:
        plan = plan_due(catalog, mission, process, actor=actor)
        if plan.dates:
            busy = True
            done.plans.append(plan)
            if planned:
                planned(plan)
        # What was put off is for a later pass, however short its delay: this one would never end.
        put_off = {result.build_id for result in done.results if result.put_off}
        pending = (build_id for build_id, _ in pending_builds(catalog, mission, process))
        ids = [build_id for build_id in pending if build_id not in put_off]
        if ids:
            runner = BuildRunner(catalog, mission, actor, slots=slots, report=report)
            results = runner.run(ids)
            done.results += results
            moved = any(result.state is not BuildState.PENDING for result in results)
            busy = busy or moved
            if not moved:
                return busy  # all of them are being claimed by somebody else
        if not plan.more and not ids:
            return busy


def reap_expired_leases(catalog: Catalog) -> list[tuple[int, BuildState, str]]:
    """Free the running builds whose lease is over; returns id, new state and reason of each.

    They are pending again, or held when that has happened too often with the same inputs, or what
    a person has asked for who marked their task.
    """
    actor = Actor("headwater")
    with catalog.begin() as connection:
        values = {"attempts": MissionSettings().automatic_attempts}
        rows = connection.execute(runs.REAP, values).all()
        write_end_events(connection, rows, actor)
        wakes = [WakeUp(row.process_id, row.utc_date, row.reason) for row in rows]
        wake(connection, wakes)
    return [(row.id, BuildState(row.state), row.reason) for row in rows]


def take_back(
    catalog: Catalog, mission: LoadedMission, build_ids: Sequence[int], actor: Actor
) -> list[int]:
    """Free the builds and paths that an earlier try of the same task still holds.

    Airflow has given that try up, so its leases need not be waited for. Should it live all the
    same, its token is no longer the build's, and it can write nothing. Returns the builds.
    """
    reason = "its task was lost and is tried again"
    values = {
        "ids": list(build_ids),
        "reason": reason,
        "dag_id": actor.dag_id,
        "run_id": actor.run_id,
        "task_id": actor.task_id,
        "map_index": -1 if actor.map_index is None else actor.map_index,
    }
    with catalog.begin() as connection:
        give_up_intents(connection, mission.id, actor)
        taken = [row.id for row in connection.execute(runs.TAKE_BACK, values)]
        write_events(connection, EventKind.BUILD_RETRIED, actor, dict.fromkeys(taken, reason))
    return taken


def retry_builds(
    catalog: Catalog, mission: LoadedMission, build_ids: Sequence[int], actor: Actor
) -> list[int]:
    """Let failed and held builds be made again, because a person asks; returns which."""
    return _by_person(
        catalog, mission, build_ids, actor, build_requests.RETRY, EventKind.BUILD_RETRIED,
        f"to be made again: asked for by {actor.name}",
    )  # fmt: skip


def hold_builds(
    catalog: Catalog,
    mission: LoadedMission,
    build_ids: Sequence[int],
    actor: Actor,
    reason: str,
) -> list[int]:
    """Hold open builds that do not run, until a person asks for them again; returns which."""
    return _by_person(
        catalog, mission, build_ids, actor, build_requests.HOLD, EventKind.BUILD_HELD, reason
    )


def _by_person(
    catalog: Catalog,
    mission: LoadedMission,
    build_ids: Sequence[int],
    actor: Actor,
    statement: TextClause,
    kind: EventKind,
    reason: str,
) -> list[int]:
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        values = {"ids": list(build_ids), "reason": reason}
        rows = connection.execute(statement, values).all()
        tell_of_request(connection, mission, rows, actor, kind, reason)
    return [row.id for row in rows]


def tell_of_request(
    connection: Connection,
    mission: LoadedMission,
    rows: Sequence[Row[Any]],
    actor: Actor,
    kind: EventKind,
    reason: str,
) -> None:
    """Log what a person asked of builds, and let those that wait for them be planned again."""
    write_events(connection, kind, actor, {row.id: row.reason for row in rows})
    ended = [Ended.of_build(row) for row in rows]
    wake_waiters(connection, ended, reaches(mission), reason)
