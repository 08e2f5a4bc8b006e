"""The state of each product and day, from the catalog in sets: what all cells are made of.

`headwater coverage`, the grid and a single cell of it ask here, so that they agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from headwater.catalog.queries import grid as queries
from headwater.catalog.queries.grid import OpenWork, QuarantinedArrival
from headwater.core.interval import DateSpan
from headwater.core.output_interval import calendar_interval, longest_days
from headwater.core.states import BuildState, CellState, Timebase
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.day_files import DayFiles, days_shown
from headwater.processing.expected_days import expected_days
from headwater.processing.lookalikes import look_alikes

_WORK = {
    BuildState.FAILED: CellState.FAILED,
    BuildState.HELD: CellState.HELD,
    BuildState.RUNNING: CellState.BUILDING,
}


class DayCells:
    """Some products, each in its span of days, read at once; no other may be asked for."""

    def __init__(
        self, connection: Connection, mission: LoadedMission, spans: Mapping[int, DateSpan]
    ) -> None:
        """Read it; `spans` are by product number."""
        self._mission = mission
        self._spans = spans
        self.makers: dict[int, list[LoadedProcess]] = {number: [] for number in spans}
        for process in mission.processes.values():
            for put in process.outputs:
                if put.product_id in spans:
                    self.makers[put.product_id].append(process)
        timebases = {number: _timebase(makers) for number, makers in self.makers.items()}
        self.files = DayFiles(connection, mission, spans, timebases)
        self._work: dict[tuple[int, date], list[OpenWork]] = {}
        self._read_work(connection)
        whole = _whole(spans.values())
        products = [mission.products[number] for number in spans]
        arrivals = queries.quarantined(connection, mission.id, whole)
        self._look_alikes = look_alikes(products, arrivals, whole)
        self.expected = expected_days(connection, mission, list(spans))

    def state(self, product_id: int, day: date) -> CellState:
        """The state of a product and day."""
        if (product_id, day) in self._work:
            return self.said(product_id, day)[0]
        return self.files.state(product_id, day) or self._of_hole(product_id, day)

    def said(self, product_id: int, day: date) -> tuple[CellState, OpenWork | None]:
        """The most pressing of all that is so, and the build that says it, if one does."""
        of_files = self.files.state(product_id, day)
        found: list[tuple[CellState, OpenWork | None]] = []
        if of_files is not None:
            found.append((of_files, None))
        elif self.look_alikes(product_id, day):
            found.append((CellState.QUARANTINED, None))
        for work in self._work.get((product_id, day), ()):
            state = _of_work(work, of_files is not None)
            if state is not None:
                found.append((state, work))
        if not found:
            return self._of_hole(product_id, day), None
        # Of equals the build is told: it knows why.
        return min(found, key=lambda one: (one[0].rank, one[1] is None))

    def _of_hole(self, product_id: int, day: date) -> CellState:
        """What there is to say where there is neither file nor work."""
        if self.look_alikes(product_id, day):
            return CellState.QUARANTINED
        expected = self.expected.against(product_id, day) is None
        return CellState.MISSING if expected else CellState.NOT_EXPECTED

    def look_alikes(self, product_id: int, day: date) -> Sequence[QuarantinedArrival]:
        """The arrivals in quarantine that look as if they were of a product and day."""
        return self._look_alikes.get((product_id, day), ())

    def dates(self, product_id: int, day: date) -> list[date]:
        """The dates of all files and builds that may be shown at a product and day."""
        found = {
            calendar_interval(process.timebase, day).utc_date for process in self.makers[product_id]
        }
        found |= {one.utc_date for one in self._work.get((product_id, day), ())}
        return sorted(found | self.files.dates(product_id, day) | {day})

    def _read_work(self, connection: Connection) -> None:
        outputs: dict[int, list[int]] = {}
        spans: dict[int, DateSpan] = {}
        for number, makers in self.makers.items():
            for process in makers:
                outputs.setdefault(process.id, []).append(number)
                longest = longest_days(process.timebase) - 1
                wide = self._spans[number].widened(longest, longest)
                spans[process.id] = _whole([wide, spans.get(process.id, wide)])
        for work in queries.open_work(connection, spans):
            timebase = self._mission.processes[work.process_id].timebase
            for number in outputs[work.process_id]:
                span = self._spans[number]
                for day in days_shown(timebase, work.utc_date, work.last_whole, span):
                    self._work.setdefault((number, day), []).append(work)


def _of_work(work: OpenWork, has_files: bool) -> CellState | None:
    """What a build or a date to look at says; none if it does not count."""
    if work.state is not None and work.state in _WORK:
        return _WORK[work.state]
    if not has_files:
        return CellState.WAITING
    return None if work.state is None else CellState.STALE


def _timebase(makers: Sequence[LoadedProcess]) -> Timebase:
    """What one file of a product covers; a day, if it arrives or its makers differ."""
    timebases = {process.timebase for process in makers}
    return timebases.pop() if len(timebases) == 1 else Timebase.DAILY


def _whole(spans: Iterable[DateSpan]) -> DateSpan:
    """From the first to the last day of spans."""
    found = list(spans)
    return DateSpan(min(span.first for span in found), max(span.last for span in found))
