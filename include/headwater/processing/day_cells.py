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
from headwater.core.states import BuildState, CellState, InputKind, Timebase
from headwater.core.version import Version
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.processing.expected_days import expected_days
from headwater.processing.lookalikes import LookAlikes, look_alikes

_WORK = {
    BuildState.FAILED: CellState.FAILED,
    BuildState.HELD: CellState.HELD,
    BuildState.RUNNING: CellState.BUILDING,
}
_THERE = (CellState.CURRENT, CellState.STALE)


@dataclass(frozen=True, slots=True)
class DayCell:
    """A product of a day, UTC.

    `files` counts the newest ones, on disk or not: several where the product has several a day,
    or keywords; `version` is the highest of them. `build` is the state of the open build that
    says most of the state. `reason` is none where the state says all.
    """

    date: date
    state: CellState
    files: int
    version: Version | None
    build: BuildState | None
    reason: str | None

    @property
    def is_gap(self) -> bool:
        """Whether there is no file to read, though one is expected or was to be made."""
        return self.state not in (*_THERE, CellState.NOT_EXPECTED) and (
            self.files == 0 or self.state is CellState.LOST
        )


@dataclass(slots=True)
class _Facts:
    """What is known of a product and day."""

    files: list[FilesOfDay] = field(default_factory=list)
    work: list[OpenWork] = field(default_factory=list)
    old_code: bool = False

    def of_files(self) -> CellState:
        """What its files say."""
        if not all(one.on_disk for one in self.files):
            return CellState.LOST
        old = self.old_code or any(one.old_inputs for one in self.files)
        return CellState.STALE if old else CellState.CURRENT

    def of_work(self, work: OpenWork) -> CellState | None:
        """What a build or a date to look at says; none if it does not count."""
        if work.state is not None and work.state in _WORK:
            return _WORK[work.state]
        if not self.files:
            return CellState.WAITING
        return None if work.state is None else CellState.STALE


class DayCells:
    """The cells of some products and days, read at once.

    What is asked of other products and days than those is empty.
    """

    def __init__(
        self,
        connection: Connection,
        mission: LoadedMission,
        product_ids: Sequence[int],
        span: DateSpan,
    ) -> None:
        self._mission = mission
        self._span = span
        self._makers: dict[int, list[LoadedProcess]] = {number: [] for number in product_ids}
        for process in mission.processes.values():
            for put in process.outputs:
                if put.product_id in self._makers:
                    self._makers[put.product_id].append(process)
        self._codes_in_use = {
            code.id: [other for other in process.codes if other.in_use]
            for process in mission.processes.values()
            for code in process.codes
        }
        self._facts: dict[tuple[int, date], _Facts] = {}
        self._read_files(connection)
        self._read_work(connection)
        products = [mission.products[number] for number in product_ids]
        arrivals = queries.quarantined(connection, mission.id)
        self._look_alikes: LookAlikes = look_alikes(products, arrivals, span)
        self.expected = expected_days(connection, mission)

    def cell(self, product_id: int, day: date) -> DayCell:
        """The cell of a product and day."""
        facts = self._facts.get((product_id, day), _NOTHING)
        state, work = self._said(product_id, day)
        versions = [Version(*one.version) for one in facts.files]
        return DayCell(
            day,
            state,
            sum(one.files for one in facts.files),
            max(versions, default=None),
            work.state if work else None,
            work.reason if work else self._reason(product_id, day, state, facts),
        )

    def state(self, product_id: int, day: date) -> CellState:
        """The state of a product and day, alone."""
        return self._said(product_id, day)[0]

    def _said(self, product_id: int, day: date) -> tuple[CellState, OpenWork | None]:
        """The most pressing of all that is so, and the build that says it, if one does."""
        facts = self._facts.get((product_id, day))
        if facts is None or not (facts.files or facts.work):
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

    def look_alikes(self, product_id: int, day: date) -> Sequence[QuarantinedArrival]:
        """The arrivals in quarantine that look as if they were of a product and day."""
        return self._look_alikes.get((product_id, day), ())

    def dates(self, product_id: int, day: date) -> list[date]:
        """The dates of all files and builds that may be shown at a product and day."""
        facts = self._facts.get((product_id, day), _NOTHING)
        makers = self._makers[product_id]
        found = {calendar_interval(process.timebase, day).utc_date for process in makers}
        found |= {one.utc_date for one in facts.files} | {one.utc_date for one in facts.work}
        return sorted(found | {day})

    def _reason(self, product_id: int, day: date, state: CellState, facts: _Facts) -> str | None:
        if state is CellState.NOT_EXPECTED:
            return self.expected.against(product_id, day)
        if state is CellState.LOST:
            return "its file is not on disk"
        if state is CellState.QUARANTINED:
            names = ", ".join(one.name for one in self.look_alikes(product_id, day)[:3])
            return f"in quarantine: {names}"
        if state is CellState.MISSING:
            return self._why_missing(product_id, day)
        if state is CellState.STALE and any(one.old_inputs for one in facts.files):
            return "made from files that are no longer the newest"
        return "made by a code that is no longer in use" if state is CellState.STALE else None

    def _why_missing(self, product_id: int, day: date) -> str:
        """The lowest level with the hole, as far as these cells know of it."""
        makers = self._makers.get(product_id, [])
        if not makers:
            return "none has arrived"
        for process in makers:
            days = calendar_interval(process.timebase, day).days
            for put in process.inputs:
                known = put.product_id in self._makers
                if put.kind is not InputKind.HARD or put.latest_valid or not known:
                    continue
                cells = [self.cell(put.product_id, one) for one in days.days()]
                if not any(cell.state in _THERE for cell in cells):
                    name = self._mission.products[put.product_id].name
                    hole = min(cells, key=lambda cell: (cell.state.rank, cell.date != day))
                    of = "" if hole.date == day else f" of {hole.date}"
                    why = f": {hole.reason}" if hole.reason else ""
                    return f"{name}{of} is {hole.state}{why}"
        return "nothing is planned; 'headwater why' tells more"

    def _read_files(self, connection: Connection) -> None:
        spans = {
            number: self._span.widened(longest_days(self._timebase(number)) - 1, 0)
            for number in self._makers
        }
        timebases = {number: self._timebase(number) for number in self._makers}
        for row in queries.files_of_days(connection, spans):
            old_code = any(self._is_old(code, row.utc_date) for code in row.codes)
            for day in self._days(timebases[row.product_id], row.utc_date, row.last_whole):
                facts = self._fact(row.product_id, day)
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
        for number, makers in self._makers.items():
            for process in makers:
                outputs.setdefault(process.id, []).append(number)
                longest = longest_days(process.timebase) - 1
                spans[process.id] = self._span.widened(longest, longest)
        for work in queries.open_work(connection, spans):
            timebase = self._mission.processes[work.process_id].timebase
            for day in self._days(timebase, work.utc_date, work.last_whole):
                for number in outputs[work.process_id]:
                    self._fact(number, day).work.append(work)

    def _fact(self, product_id: int, day: date) -> _Facts:
        return self._facts.setdefault((product_id, day), _Facts())

    def _timebase(self, product_id: int) -> Timebase:
        """What one file of a product covers; a day, if it arrives or its makers differ."""
        timebases = {process.timebase for process in self._makers[product_id]}
        return timebases.pop() if len(timebases) == 1 else Timebase.DAILY

    def _days(self, timebase: Timebase, day: date, last_whole: date) -> Iterable[date]:
        """The days of the span that a file or build of `day` is shown at.

        Those of its week, month or year; of an orbit the day on which it starts, and those that
        it fills; else its date alone, whatever times its data spill over.
        """
        if timebase is Timebase.ORBIT:
            days = DateSpan(day, max(day, last_whole))
        elif longest_days(timebase) == 1:
            return (day,) if day in self._span else ()
        else:
            days = calendar_interval(timebase, day).days
        first, last = max(days.first, self._span.first), min(days.last, self._span.last)
        return DateSpan(first, last).days() if first <= last else ()


_NOTHING = _Facts()


def with_inputs(mission: LoadedMission, product_ids: Sequence[int]) -> list[int]:
    """Products and all that they are made from, level by level, each once."""
    reads: Mapping[int, list[int]] = {
        number: [
            put.product_id
            for process in mission.processes.values()
            if any(made.product_id == number for made in process.outputs)
            for put in process.inputs
        ]
        for number in mission.products
    }
    found = dict.fromkeys(product_ids)
    left = list(found)
    while left:
        for number in reads[left.pop()]:
            if number not in found:
                found[number] = None
                left.append(number)
    return list(found)
