"""The state of each product and day, from the catalog in sets: what all cells are made of.

`headwater coverage`, the grid and a single cell of it ask here, so that they agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from headwater.catalog.queries import grid as queries
from headwater.catalog.queries.grid import FilesOfDay, OpenWork, QuarantinedArrival
from headwater.core.interval import DateSpan
from headwater.core.output_interval import calendar_interval, longest_days
from headwater.core.states import BuildState, CellState, Timebase
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.expected_days import expected_days
from headwater.processing.lookalikes import look_alikes

_WORK = {
    BuildState.FAILED: CellState.FAILED,
    BuildState.HELD: CellState.HELD,
    BuildState.RUNNING: CellState.BUILDING,
}


@dataclass(slots=True)
class DayFacts:
    """What the catalog has of a product and day."""

    files: list[FilesOfDay] = field(default_factory=list)
    work: list[OpenWork] = field(default_factory=list)
    old_code: bool = False
    """Whether a file was made by another code than the one that is in use for its date."""

    @property
    def old_inputs(self) -> bool:
        """Whether a file was made from one that is no longer the newest."""
        return any(one.old_inputs for one in self.files)

    def of_files(self) -> CellState:
        """What its files say."""
        if not all(one.on_disk for one in self.files):
            return CellState.LOST
        return CellState.STALE if self.old_code or self.old_inputs else CellState.CURRENT

    def of_work(self, work: OpenWork) -> CellState | None:
        """What a build or a date to look at says; none if it does not count."""
        if work.state is not None and work.state in _WORK:
            return _WORK[work.state]
        if not self.files:
            return CellState.WAITING
        return None if work.state is None else CellState.STALE


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
        self._codes_in_use = {
            code.id: [other for other in process.codes if other.in_use]
            for process in mission.processes.values()
            for code in process.codes
        }
        self._facts: dict[tuple[int, date], DayFacts] = {}
        self._read_files(connection)
        self._read_work(connection)
        self._look_alikes = look_alikes(
            [mission.products[number] for number in spans],
            queries.quarantined(connection, mission.id),
            _whole(spans.values()),
        )
        self.expected = expected_days(connection, mission)

    def state(self, product_id: int, day: date) -> CellState:
        """The state of a product and day."""
        return self.said(product_id, day)[0]

    def said(self, product_id: int, day: date) -> tuple[CellState, OpenWork | None]:
        """The most pressing of all that is so, and the build that says it, if one does."""
        facts = self._facts.get((product_id, day))
        if facts is None:
            return self._of_hole(product_id, day), None
        found: list[tuple[CellState, OpenWork | None]] = []
        if facts.files:
            found.append((facts.of_files(), None))
        elif self.look_alikes(product_id, day):
            found.append((CellState.QUARANTINED, None))
        for work in facts.work:
            state = facts.of_work(work)
            if state is not None:
                found.append((state, work))
        # Of equals the build is told: it knows why.
        return min(found, key=lambda one: (one[0].rank, one[1] is None))

    def _of_hole(self, product_id: int, day: date) -> CellState:
        """What there is to say where there is neither file nor work."""
        if self.look_alikes(product_id, day):
            return CellState.QUARANTINED
        expected = self.expected.against(product_id, day) is None
        return CellState.MISSING if expected else CellState.NOT_EXPECTED

    def facts(self, product_id: int, day: date) -> DayFacts:
        """What the catalog has of a product and day."""
        return self._facts.get((product_id, day), _NOTHING)

    def look_alikes(self, product_id: int, day: date) -> Sequence[QuarantinedArrival]:
        """The arrivals in quarantine that look as if they were of a product and day."""
        return self._look_alikes.get((product_id, day), ())

    def dates(self, product_id: int, day: date) -> list[date]:
        """The dates of all files and builds that may be shown at a product and day."""
        facts = self.facts(product_id, day)
        makers = self.makers[product_id]
        found = {calendar_interval(process.timebase, day).utc_date for process in makers}
        found |= {one.utc_date for one in facts.files} | {one.utc_date for one in facts.work}
        return sorted(found | {day})

    def _read_files(self, connection: Connection) -> None:
        timebases = {number: self._timebase(number) for number in self.makers}
        spans = {
            number: self._spans[number].widened(longest_days(timebase) - 1, 0)
            for number, timebase in timebases.items()
        }
        for row in queries.files_of_days(connection, spans):
            number = row.product_id
            old_code = any(self._is_old(code, row.utc_date) for code in row.codes)
            for day in self._days(number, timebases[number], row.utc_date, row.last_whole):
                facts = self._facts.setdefault((number, day), DayFacts())
                facts.files.append(row)
                facts.old_code = facts.old_code or old_code

    def _is_old(self, code_id: int | None, day: date) -> bool:
        """Whether outputs of `day` are made by another code than this one now."""
        return code_id is not None and any(
            code.id != code_id and code.start_date <= day <= code.stop_date
            for code in self._codes_in_use.get(code_id, ())
        )

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
                for day in self._days(number, timebase, work.utc_date, work.last_whole):
                    self._facts.setdefault((number, day), DayFacts()).work.append(work)

    def _timebase(self, product_id: int) -> Timebase:
        """What one file of a product covers; a day, if it arrives or its makers differ."""
        timebases = {process.timebase for process in self.makers[product_id]}
        return timebases.pop() if len(timebases) == 1 else Timebase.DAILY

    def _days(
        self, product_id: int, timebase: Timebase, day: date, last_whole: date
    ) -> Iterable[date]:
        """The days of a product's span that a file or build of `day` is shown at.

        Those of its week, month or year; of an orbit the day on which it starts, and those that
        it fills; else its date alone, whatever times its data spill over.
        """
        span = self._spans[product_id]
        if timebase is Timebase.ORBIT:
            days = DateSpan(day, max(day, last_whole))
        elif longest_days(timebase) == 1:
            return (day,) if day in span else ()
        else:
            days = calendar_interval(timebase, day).days
        first, last = max(days.first, span.first), min(days.last, span.last)
        return DateSpan(first, last).days() if first <= last else ()


_NOTHING = DayFacts()


def _whole(spans: Iterable[DateSpan]) -> DateSpan:
    """From the first to the last day of spans."""
    found = list(spans)
    return DateSpan(min(span.first for span in found), max(span.last for span in found))
