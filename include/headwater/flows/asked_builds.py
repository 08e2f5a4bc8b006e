"""What a person wants made now: planned in their name, and a run of Airflow started for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.interval import DateSpan
from headwater.flows.started_runs import Airflow, StartedRun, start_runs_of_dates
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.holds import make_again
from headwater.processing.plan_state import Action
from headwater.processing.planner import Plan, plan_due
from headwater.processing.selections import Selection
from headwater.processing.service import pending_builds

MOST_REASONS = 20
"""The most reasons that are told of a process, the most frequent first."""


@dataclass(frozen=True, slots=True)
class NotMade:
    """So many builds of a process that are not made now, and why."""

    process: str
    builds: int
    reason: str


@dataclass(slots=True)
class AskedBuilds:
    """What came of it: builds that may be made now, the runs for them, and what is not made."""

    builds: int = 0
    runs: list[StartedRun] = field(default_factory=list)
    not_made: list[NotMade] = field(default_factory=list)


def build_selection(
    catalog: Catalog,
    mission: LoadedMission,
    selection: Selection,
    actor: Actor,
    reason: str,
    airflow: Airflow,
) -> AskedBuilds:
    """Plan the dates as if each were due, try again what failed, and start runs for it.

    What a person holds stays held. Where no run can be started the builds are made later, by the
    runs of ``headwater.system``.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer; what was planned by then is made.
    """
    done = AskedBuilds()
    for process in selection.processes:
        plan = plan_due(catalog, mission, process, actor=actor, span=selection.span)
        make_again(catalog, mission, [process], selection.span, actor, reason, by_person=False)
        reach = plan.reach or selection.span
        builds, runs = _start(catalog, mission, process, reach, actor, reason, airflow)
        done.builds += builds
        done.runs += runs
        done.not_made += _not_made(plan)
    return done


def start_pending(
    catalog: Catalog,
    mission: LoadedMission,
    selection: Selection,
    actor: Actor,
    reason: str,
    airflow: Airflow,
) -> list[StartedRun]:
    """Start runs for what may be made of a selection already.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    """
    runs: list[StartedRun] = []
    for process in selection.processes:
        runs += _start(catalog, mission, process, selection.span, actor, reason, airflow)[1]
    return runs


def _start(
    catalog: Catalog,
    mission: LoadedMission,
    process: LoadedProcess,
    span: DateSpan,
    actor: Actor,
    reason: str,
    airflow: Airflow,
) -> tuple[int, Sequence[StartedRun]]:
    pending = pending_builds(catalog, mission, process, span=span)
    days = [day for _, day in pending]
    runs = start_runs_of_dates(airflow, mission, process, days, actor.name, reason)
    return len(pending), runs


def _not_made(plan: Plan) -> list[NotMade]:
    """What stays as it is: not what is made, nor what had failed and is tried again now."""
    left = Counter(
        entry.reason
        for entry in plan.entries
        if entry.action is not Action.MAKE and entry.not_before is None
    )
    return [NotMade(plan.process, number, said) for said, number in left.most_common(MOST_REASONS)]
