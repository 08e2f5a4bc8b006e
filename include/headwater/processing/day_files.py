"""On which days products have newest files, and whether these are as they should be.

Days are kept as bits, a number a month: a page of the grid is looked at in few steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from headwater.catalog.queries.grid import FilesOfMonth, files_of_months
from headwater.core.interval import DAY, DateSpan
from headwater.core.output_interval import calendar_interval, longest_days
from headwater.core.states import CellState, Timebase
from headwater.missions.loaded import LoadedCode, LoadedMission


@dataclass(slots=True)
class _Month:
    """The days of one month, the lowest bit being the first.

    Those with files, those with a file that is not on disk, and those with one that was made from
    old inputs, or by an old code.
    """

    there: int = 0
    lost: int = 0
    old_input: int = 0
    old_code: int = 0


class DayFiles:
    """The newest files of products in spans of days, read at once.

    `timebases` are those of what a file covers: one of a week, month or year is there on each day
    of it, one of an orbit on the day on which the orbit starts and on those that it fills, any
    other on its date alone, whatever times its data spill over.
    """

    def __init__(
        self,
        connection: Connection,
        mission: LoadedMission,
        spans: Mapping[int, DateSpan],
        timebases: Mapping[int, Timebase],
    ) -> None:
        self._spans = spans
        self._timebases = timebases
        self._months: dict[int, dict[tuple[int, int], _Month]] = {number: {} for number in spans}
        self._dates: dict[tuple[int, date], set[date]] = {}
        self._codes_in_use = {
            code.id: [other for other in process.codes if other.in_use]
            for process in mission.processes.values()
            for code in process.codes
        }
        wide = {number: self.wide(number) for number in spans}
        by_day = [number for number, base in timebases.items() if base is Timebase.ORBIT]
        for row in files_of_months(connection, wide, by_day):
            if longest_days(timebases[row.product_id]) == 1:
                self._add_month(row)
            else:
                self._add_intervals(row)

    def wide(self, product_id: int) -> DateSpan:
        """The dates of the files that bear on a product's span."""
        longest = longest_days(self._timebases[product_id])
        return self._spans[product_id].widened(longest - 1, 0)

    def state(self, product_id: int, day: date) -> CellState | None:
        """What the files of a product and day say; none if there is none."""
        month = self._months[product_id].get((day.year, day.month))
        bit = 1 << (day.day - 1)
        if month is None or not month.there & bit:
            return None
        if month.lost & bit:
            return CellState.LOST
        return CellState.STALE if (month.old_input | month.old_code) & bit else CellState.CURRENT

    def has_old_input(self, product_id: int, day: date) -> bool:
        """Whether a file of a product and day was made from one that is no longer the newest."""
        month = self._months[product_id].get((day.year, day.month))
        return month is not None and bool(month.old_input & 1 << (day.day - 1))

    def dates(self, product_id: int, day: date) -> set[date]:
        """The dates of the files of an interval that are there on a day."""
        return self._dates.get((product_id, day), set())

    def days_of(self, product_id: int, day: date, last_whole: date) -> Iterator[date]:
        """The days of a product's span on which a file of `day` is there."""
        return days_shown(self._timebases[product_id], day, last_whole, self._spans[product_id])

    def _month_of(self, product_id: int, day: date) -> _Month:
        return self._months[product_id].setdefault((day.year, day.month), _Month())

    def _add_month(self, row: FilesOfMonth) -> None:
        month = self._month_of(row.product_id, row.first)
        month.there |= row.there
        month.lost |= row.lost
        month.old_input |= row.old_input
        month.old_code |= row.there & self._old_days(row)

    def _add_intervals(self, row: FilesOfMonth) -> None:
        old_code = self._old_days(row)
        for place in range(row.there.bit_length()):
            bit, start = 1 << place, row.first + place * DAY
            if not row.there & bit:
                continue
            for day in self.days_of(row.product_id, start, row.last_whole):
                month, own = self._month_of(row.product_id, day), 1 << (day.day - 1)
                month.there |= own
                month.lost |= own if row.lost & bit else 0
                month.old_input |= own if row.old_input & bit else 0
                month.old_code |= own if old_code & bit else 0
                self._dates.setdefault((row.product_id, day), set()).add(start)

    def _old_days(self, row: FilesOfMonth) -> int:
        """The days of a row for which another code than its own is in use now."""
        codes = self._codes_in_use.get(row.code_id, ()) if row.code_id is not None else ()
        days = 0
        for code in codes:
            if code.id != row.code_id:
                days |= _days_of_code(code, row.first)
        return days


def _days_of_code(code: LoadedCode, first: date) -> int:
    """The 31 days from `first` on for which a code is used, as bits."""
    begin = max(0, min(31, (code.start_date - first).days))
    end = max(begin, min(31, (code.stop_date - first).days + 1))
    return (1 << end) - (1 << begin)


def days_shown(timebase: Timebase, day: date, last_whole: date, span: DateSpan) -> Iterator[date]:
    """The days of `span` at which a file or build of `day` stands; see :class:`DayFiles`."""
    if timebase is Timebase.ORBIT:
        days = DateSpan(day, max(day, last_whole))
    else:
        days = calendar_interval(timebase, day).days
    first, last = max(days.first, span.first), min(days.last, span.last)
    return DateSpan(first, last).days() if first <= last else iter(())
