"""What the plan of some dates must know, read from the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import Connection

from headwater.catalog.queries import planning
from headwater.catalog.queries.input_files import (
    CandidateFile,
    input_files,
    inputs_around,
    inputs_valid,
)
from headwater.catalog.queries.orbits import orbits_on
from headwater.core.interval import DateSpan, joined, spans_of
from headwater.core.output_interval import Orbit, OutputInterval, intervals_on, longest_days
from headwater.core.states import Timebase
from headwater.core.version import Bump
from headwater.missions.loaded import LoadedMission
from headwater.processing.plan_state import PlanProcess, PlanState

_BRIDGE_DAYS = 3  # neighbouring spans are read as one when so few days lie between them


def read_state(
    connection: Connection,
    mission: LoadedMission,
    process: PlanProcess,
    dates: Sequence[date],
    *,
    forced: Bump | None = None,
    by_hand: bool = False,
) -> PlanState:
    """Read what the plan of `dates` must know: a fixed number of queries for any number of them."""
    settings = mission.settings
    state = PlanState(
        process,
        dates,
        files=(),
        outputs=(),
        builds=(),
        upstream=(),
        now=planning.database_now(connection),
        automatic_attempts=settings.automatic_attempts,
        max_wait_seconds=settings.max_wait_seconds,
        forced=forced,
        by_hand=by_hand,
        orbits=_orbits(connection, mission, process, dates),
    )
    if not dates:
        return state
    intervals = state.intervals
    spans = joined(
        [*(DateSpan(day, day) for day in dates), *(one.days for one in intervals)],
        gap=_BRIDGE_DAYS,
    )
    # An orbit may have been loaded again with other times, and so have another date.
    by_key = process.timebase is Timebase.ORBIT
    keys = [one.key for one in intervals] if by_key else []
    return replace(
        state,
        files=_input_files(connection, process, spans),
        outputs=planning.newest_outputs(
            connection, process.id, [put.product_id for put in process.outputs], spans, keys
        ),
        builds=planning.known_builds(connection, mission.id, process.id, spans, keys),
        upstream=_upstream_work(connection, process, whole_days(dates, intervals)),
    )


def _orbits(
    connection: Connection, mission: LoadedMission, process: PlanProcess, dates: Sequence[date]
) -> list[Orbit]:
    if process.timebase is not Timebase.ORBIT:
        return []
    return orbits_on(connection, mission.id, process.satellite_id, spans_of(dates))


def read_intervals(
    connection: Connection, mission: LoadedMission, process: PlanProcess, dates: Sequence[date]
) -> list[OutputInterval]:
    """The intervals of a process that touch `dates`."""
    orbits = _orbits(connection, mission, process, dates)
    return intervals_on(process.timebase, dates, orbits)


def whole_days(dates: Sequence[date], intervals: Sequence[OutputInterval]) -> DateSpan:
    """From the first to the last day of dates and intervals."""
    days = [*dates, *(one.days.first for one in intervals), *(one.days.last for one in intervals)]
    return DateSpan(min(days), max(days))


def _input_files(
    connection: Connection, process: PlanProcess, spans: Sequence[DateSpan]
) -> list[CandidateFile]:
    """All files that the builds of `spans` may read; a file may be named twice."""
    near = [put for put in process.inputs if not put.latest_valid]
    products = [put.product_id for put in near]
    own = _input_spans(process, spans)
    windows = [(put.product_id, put.files_before, put.files_after) for put in near if put.in_files]
    valid = [put.product_id for put in process.inputs if put.latest_valid]
    by_date = process.timebase.by_date
    # FILE reads by date, and a file may begin a little before or after its date.
    besides = 1 if by_date else 0
    whole = DateSpan(spans[0].first, spans[-1].last).widened(besides, besides)
    return [
        *input_files(connection, products, own, overlap=not by_date),
        *inputs_around(
            connection,
            windows,
            products,
            own,
            by_date=by_date,
            by_keywords=process.timebase is Timebase.FILE,
        ),
        *inputs_valid(connection, valid, whole),
    ]


def _input_spans(process: PlanProcess, spans: Sequence[DateSpan]) -> list[DateSpan]:
    before = max((put.days_before for put in process.inputs), default=0)
    after = max((put.days_after for put in process.inputs), default=0)
    return joined(span.widened(before, after) for span in spans)


def _upstream_work(
    connection: Connection, process: PlanProcess, whole: DateSpan
) -> list[planning.UpstreamWork]:
    reach = process.upstream.values()
    wide = whole.widened(
        max((up.days_before for up in reach), default=0),
        max((up.days_after for up in reach), default=0),
    )
    longest = max((longest_days(up.timebase) for up in reach), default=1)
    return planning.upstream_work(connection, process.upstream, wide.first, wide.last, longest)
