"""What a person asks of the dates of processes: to be held, let go again, or tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import build_requests
from headwater.catalog.queries.wakes import WakeUp, lock_work, wake
from headwater.core.actor import Actor
from headwater.core.interval import DateSpan, day_start, day_stop
from headwater.core.states import BuildState, EventKind
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.service import tell_of_request

_NOT_BEGUN = (BuildState.PENDING, BuildState.WAITING, BuildState.FAILED, BuildState.HELD)


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of a request: how many builds it changed, and those that run on meanwhile."""

    builds: int
    running: tuple[int, ...] = ()


def hold_dates(
    catalog: Catalog,
    mission: LoadedMission,
    processes: Sequence[LoadedProcess],
    span: DateSpan,
    actor: Actor,
    reason: str,
) -> Asked:
    """Hold all that processes have not begun for some dates, and what they would still plan.

    A run that is under way ends as it does. Neither changed inputs nor a campaign lift the hold.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    said = f"held by {actor.name}: {reason}"
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        ids = _builds(connection, processes, span, _NOT_BEGUN)
        values = {"ids": ids, "reason": said}
        rows = [
            *connection.execute(build_requests.HOLD, values),
            *connection.execute(
                build_requests.HOLD_DATES,
                {
                    "mission": mission.id,
                    "processes": [process.id for process in processes],
                    "keys": [day.isoformat() for day in span.days()],
                    "days": list(span.days()),
                    "starts": [day_start(day) for day in span.days()],
                    "stops": [day_stop(day) for day in span.days()],
                    "reason": said,
                },
            ),
        ]
        tell_of_request(connection, mission, rows, actor, EventKind.BUILD_HELD, said)
        running = _builds(connection, processes, span, (BuildState.RUNNING,))
    return Asked(len(rows), tuple(running))


def make_again(
    catalog: Catalog,
    mission: LoadedMission,
    processes: Sequence[LoadedProcess],
    span: DateSpan,
    actor: Actor,
    reason: str,
    *,
    by_person: bool | None = None,
) -> Asked:
    """Let all that failed or is held of some dates be made again, where it is needed.

    With `by_person` only what persons hold is let go; if that is false, all but that.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer; then nothing has changed.
    """
    asked = "hold lifted by" if by_person else "to be made again: asked for by"
    said = f"{asked} {actor.name}: {reason}"
    states = [BuildState.HELD] if by_person else [BuildState.HELD, BuildState.FAILED]
    with catalog.begin() as connection:
        lock_work(connection, mission.id)
        ids = _builds(connection, processes, span, states, by_person=by_person)
        values = {"ids": ids, "reason": said}
        rows = connection.execute(build_requests.RETRY, values).all()
        tell_of_request(connection, mission, rows, actor, EventKind.BUILD_RETRIED, said)
        wake(connection, [WakeUp(row.process_id, row.utc_date, said) for row in rows])
    return Asked(len(rows))


def _builds(
    connection: Connection,
    processes: Sequence[LoadedProcess],
    span: DateSpan,
    states: Sequence[BuildState],
    *,
    by_person: bool | None = None,
) -> list[int]:
    values = {
        "processes": [process.id for process in processes],
        "first": span.first,
        "last": span.last,
        "states": [state.value for state in states],
        "by_person": [True, False] if by_person is None else [by_person],
    }
    return list(connection.execute(build_requests.BUILDS_OF_DATES, values).scalars())
