"""On which days a product of a mission is expected, and why not on others. All days are UTC."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection

from headwater.catalog.queries.grid import dates_of_products
from headwater.catalog.queries.planning import database_now
from headwater.core.interval import DateSpan
from headwater.core.output_interval import calendar_interval
from headwater.core.states import InputKind
from headwater.missions.loaded import LoadedMission, LoadedProcess
from headwater.missions.mission_parts import LoadedInput

_NOT_OVER = "its day is not over"


class ExpectedDays:
    """The rules of a mission at one moment.

    What a product's own `expected` says counts. A product without one that a process makes is
    expected where the process's required inputs are, each somewhere in its window and one in the
    interval itself, as the plan would make it; any other, each day from its first file on. What
    is only read while it is valid, as a calibration, and an output that is only possible are
    never expected by themselves. No day is expected before it is over.
    """

    def __init__(
        self, mission: LoadedMission, first_files: Mapping[int, date], today: date
    ) -> None:
        """`first_files` are dates by product, of products that have files."""
        self._mission = mission
        self._first_files = first_files
        self._today = today
        self._known: dict[tuple[int, date], str | None] = {}
        self._of_intervals: dict[tuple[int, date], str | None] = {}
        self._rules = {
            number: product.expected.rule
            for number, product in mission.products.items()
            if product.expected is not None
        }
        self._makers: dict[int, list[LoadedProcess]] = {}
        for process in mission.processes.values():
            for put in process.outputs:
                self._makers.setdefault(put.product_id, []).append(process)
        self._valid_only = _read_while_valid(mission)

    def against(self, product_id: int, day: date) -> str | None:
        """Why no file of `day` is expected, to go behind "since"; none if one is."""
        key = (product_id, day)
        if key not in self._known:
            self._known[key] = self._against(product_id, day)
        return self._known[key]

    def _against(self, product_id: int, day: date) -> str | None:
        if day >= self._today:
            return _NOT_OVER
        rule = self._rules.get(product_id)
        if rule is not None:
            # A table of contacts, or a first day, says by itself where it begins.
            begins = rule.contact_days or rule.first
            return rule.against(day) or (None if begins else self._before_first(product_id, day))
        makers = self._makers.get(product_id)
        if not makers:
            if product_id in self._valid_only:
                return "it is read only while it is valid, and the mission does not say when to " \
                       "expect it"  # fmt: skip
            return self._before_first(product_id, day)
        reasons = [self._of_maker(process, product_id, day) for process in makers]
        return None if None in reasons else reasons[0]

    def _before_first(self, product_id: int, day: date) -> str | None:
        first = self._first_files.get(product_id)
        if first is None:
            return "there is no file of it yet, and the mission does not say from when to expect it"
        return None if day >= first else f"its first file is of {first}"

    def _of_maker(self, process: LoadedProcess, product_id: int, day: date) -> str | None:
        if not any(put.product_id == product_id and put.required for put in process.outputs):
            return f"process {process.name} does not make it every time"
        days = calendar_interval(process.timebase, day).days
        key = (process.id, days.first)
        if key not in self._of_intervals:
            self._of_intervals[key] = self._of_interval(process, days)
        return self._of_intervals[key]

    def _of_interval(self, process: LoadedProcess, days: DateSpan) -> str | None:
        if days.last >= self._today:
            return "its interval is not over" if days.first < days.last else _NOT_OVER
        starting = [put for put in process.inputs if _starts(put)]
        if not starting:
            return f"process {process.name} is made by hand only"
        hard = [put for put in starting if put.kind is InputKind.HARD]
        for put in hard:
            if not put.files_before and not put.files_after:
                wide = days.widened(put.days_before, put.days_after)
                if not self._any(put, wide):
                    return self._because_of(put, days)
        if not any(self._any(put, days) for put in starting):
            return self._because_of((hard or starting)[0], days)
        return None

    def _any(self, put: LoadedInput, days: DateSpan) -> bool:
        return any(self.against(put.product_id, day) is None for day in days.days())

    def _because_of(self, put: LoadedInput, days: DateSpan) -> str:
        """The reason that its input gives, named once, however many levels it comes through."""
        name = self._mission.products[put.product_id].name
        why = self.against(put.product_id, days.last) or ""
        return why if " is expected: " in why else f"no {name} is expected: {why}"


def expected_days(
    connection: Connection, mission: LoadedMission, product_ids: Sequence[int]
) -> ExpectedDays:
    """The rules now, by the database's clock, for products and all that they are made from."""
    dates = dates_of_products(connection, _with_inputs(mission, product_ids))
    firsts = {number: span.first for number, span in dates.items()}
    return ExpectedDays(mission, firsts, database_now(connection).date())


def _with_inputs(mission: LoadedMission, product_ids: Sequence[int]) -> list[int]:
    """Products and all that they are made from, each once."""
    reads: dict[int, set[int]] = {number: set() for number in mission.products}
    for process in mission.processes.values():
        for put in process.outputs:
            reads[put.product_id] |= {one.product_id for one in process.inputs}
    found, left = set(product_ids), list(product_ids)
    while left:
        new = reads[left.pop()] - found
        found |= new
        left += new
    return sorted(found)


def _starts(put: LoadedInput) -> bool:
    return put.kind is not InputKind.NO_TRIGGER and not put.latest_valid


def _read_while_valid(mission: LoadedMission) -> frozenset[int]:
    """The products that processes read, none of them otherwise than by validity; and orbits."""

    def read(valid: bool) -> Iterator[int]:
        for process in mission.processes.values():
            for put in process.inputs:
                if put.latest_valid is valid:
                    yield put.product_id

    orbits = (
        number
        for number, product in mission.products.items()
        if product.name == mission.settings.orbit_product
    )
    return (frozenset(read(True)) | frozenset(orbits)) - frozenset(read(False))
