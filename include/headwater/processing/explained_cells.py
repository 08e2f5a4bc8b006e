"""Cells with their reasons: what a cell of a product rests on, down to the lowest hole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from headwater.catalog.queries.grid import files_of_days
from headwater.core.interval import DateSpan
from headwater.core.output_interval import calendar_interval
from headwater.core.states import BuildState, CellState, InputKind
from headwater.core.version import Version
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.missions.mission_parts import LoadedInput
from headwater.processing.day_cells import DayCells

_THERE = (CellState.CURRENT, CellState.STALE)


@dataclass(frozen=True, slots=True)
class DayCell:
    """A product of a day, UTC.

    `files` counts the newest ones, on disk or not: several where the product has several a day,
    or keywords; `version` is the highest of them. `build` is the state of the open build that
    says most of the state. `reason` is none where the state says all. A `is_gap` is a day without
    a file to read, though one is expected or was to be made.
    """

    date: date
    state: CellState
    files: int
    version: Version | None
    build: BuildState | None
    reason: str | None
    is_gap: bool


class ExplainedCells:
    """The cells of a product in a span of days, read with all that it is made from."""

    def __init__(
        self, connection: Connection, mission: LoadedMission, product_id: int, span: DateSpan
    ) -> None:
        self._mission = mission
        self._spans = _spans_below(mission, product_id, span)
        self.cells = DayCells(connection, mission, self._spans)
        self._product_id = product_id
        self._files = self._counted_files(connection)
        self._reasons: dict[tuple[int, date], str | None] = {}

    def cell(self, day: date) -> DayCell:
        """The cell of the product and day."""
        state, work = self.cells.said(self._product_id, day)
        files, version = self._files.get(day, (0, None))
        there = files > 0 and self.cells.files.state(self._product_id, day) is not CellState.LOST
        return DayCell(
            day,
            state,
            files,
            version,
            work.state if work else None,
            self.reason(self._product_id, day),
            not there and state is not CellState.NOT_EXPECTED,
        )

    def reason(self, product_id: int, day: date) -> str | None:
        """Why the product, or one that it is made from, is as it is; none if its state says all."""
        key = (product_id, day)
        if key not in self._reasons:
            state, work = self.cells.said(product_id, day)
            self._reasons[key] = work.reason if work else self._reason(product_id, day, state)
        return self._reasons[key]

    def _counted_files(self, connection: Connection) -> dict[date, tuple[int, Version]]:
        """How many newest files stand at each day, and their highest version."""
        found: dict[date, tuple[int, Version]] = {}
        wide = self.cells.files.wide(self._product_id)
        counted = files_of_days(connection, self._product_id, wide)
        for of, (files, version, last_whole) in counted.items():
            for day in self.cells.files.days_of(self._product_id, of, last_whole):
                known, highest = found.get(day, (0, version))
                found[day] = (known + files, max(highest, version))
        return found

    def _reason(self, product_id: int, day: date, state: CellState) -> str | None:
        """Why, where no build says it."""
        if state is CellState.NOT_EXPECTED:
            return self.cells.expected.against(product_id, day)
        if state is CellState.LOST:
            return "its file is not on disk"
        if state is CellState.QUARANTINED:
            names = [one.name for one in self.cells.look_alikes(product_id, day)]
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            return f"in quarantine: {', '.join(names[:3])}{more}"
        if state is CellState.MISSING:
            return self._why_missing(product_id, day)
        if state is CellState.STALE and self.cells.files.has_old_input(product_id, day):
            return "made from files that are no longer the newest"
        return "made by another code than the one in use" if state is CellState.STALE else None

    def _why_missing(self, product_id: int, day: date) -> str:
        """The hole below it, which says the one below that in turn."""
        makers = self.cells.makers[product_id]
        if not makers:
            return "none has arrived"
        for process in makers:
            hole = self._hole_of(process, day)
            if hole is not None:
                return hole
        return "nothing is planned; 'headwater why' tells more"

    def _hole_of(self, process: LoadedProcess, day: date) -> str | None:
        """The input that a process needs for a day and has not, as the plan looks for it."""
        days = calendar_interval(process.timebase, day).days
        starting = [put for put in process.inputs if _starts(put)]
        for put in starting:
            wide = days.widened(put.days_before, put.days_after)
            far = put.files_before or put.files_after
            if put.kind is InputKind.HARD and not far and not self._any(put, wide):
                return self._named_hole(put, days, day)
        if starting and not any(self._any(put, days) for put in starting):
            return self._named_hole(starting[0], days, day)
        return None

    def _any(self, put: LoadedInput, days: DateSpan) -> bool:
        return any(self.cells.state(put.product_id, day) in _THERE for day in days.days())

    def _named_hole(self, put: LoadedInput, days: DateSpan, day: date) -> str:
        """The most pressing of the cells of an input; its date, if it is another one."""
        states = {one: self.cells.state(put.product_id, one) for one in days.days()}
        worst = min(states, key=lambda one: (states[one].rank, one != day))
        why = self.reason(put.product_id, worst)
        name = self._mission.products[put.product_id].name
        of = "" if worst == day else f" of {worst}"
        return f"{name}{of} is {states[worst]}" + (f": {why}" if why else "")


def _starts(put: LoadedInput) -> bool:
    return put.kind is not InputKind.NO_TRIGGER and not put.latest_valid


def _spans_below(mission: LoadedMission, product_id: int, span: DateSpan) -> dict[int, DateSpan]:
    """A product and all that it is made from, each with the days that bear on `span`."""
    found = {product_id: span}
    left = [product_id]
    while left:  # it ends, since what starts a process makes no circle
        number = left.pop()
        own = found[number]
        for process in mission.processes.values():
            if all(made.product_id != number for made in process.outputs):
                continue
            first = calendar_interval(process.timebase, own.first).days.first
            last = calendar_interval(process.timebase, own.last).days.last
            for put in filter(_starts, process.inputs):
                wide = DateSpan(first, last).widened(put.days_before, put.days_after)
                known = found.get(put.product_id, wide)
                both = DateSpan(min(wide.first, known.first), max(wide.last, known.last))
                if both != found.get(put.product_id):
                    found[put.product_id] = both
                    left.append(put.product_id)
    return found
