"""Cells with their reasons: what a cell of a product rests on, down to the lowest hole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

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


class ExplainedCells:
    """The cells of a product in a span of days, read with all that it is made from."""

    def __init__(
        self, connection: Connection, mission: LoadedMission, product_id: int, span: DateSpan
    ) -> None:
        self._mission = mission
        self._spans = _spans_below(mission, product_id, span)
        self.cells = DayCells(connection, mission, self._spans)
        self._known: dict[tuple[int, date], DayCell] = {}

    def cell(self, product_id: int, day: date) -> DayCell:
        """The cell of the product, or of one that it is made from, and day."""
        key = (product_id, day)
        if key not in self._known:
            self._known[key] = self._cell(product_id, day)
        return self._known[key]

    def _cell(self, product_id: int, day: date) -> DayCell:
        facts = self.cells.facts(product_id, day)
        state, work = self.cells.said(product_id, day)
        versions = [Version(*one.version) for one in facts.files]
        return DayCell(
            day,
            state,
            sum(one.files for one in facts.files),
            max(versions, default=None),
            work.state if work else None,
            work.reason if work else self._reason(product_id, day, state),
        )

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
        if state is CellState.STALE and self.cells.facts(product_id, day).old_inputs:
            return "made from files that are no longer the newest"
        return "made by a code that is no longer in use" if state is CellState.STALE else None

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
        hole = self.cell(put.product_id, worst)
        name = self._mission.products[put.product_id].name
        of = "" if hole.date == day else f" of {hole.date}"
        return f"{name}{of} is {hole.state}" + (f": {hole.reason}" if hole.reason else "")


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
