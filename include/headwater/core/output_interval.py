"""The spans that outputs cover: a day, an ISO week, a month, a year, an orbit; all in UTC."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from headwater.core.interval import DAY, LAST_MICROSECOND, DateSpan, day_start, day_stop
from headwater.core.states import Timebase

LONGEST_ORBIT = timedelta(days=366)
_LONGEST_DAYS = {
    Timebase.WEEKLY: 7,
    Timebase.MONTHLY: 31,
    Timebase.YEARLY: 366,
    Timebase.ORBIT: LONGEST_ORBIT.days + 1,
}

_ORBIT_KEY = re.compile(r"orbit-(\d+)")


@dataclass(frozen=True, slots=True)
class OutputInterval:
    """A span that one output covers; both ends are inside it."""

    key: str
    """Its name, readable: ``2020-01-31``, ``2020-W05``, ``2020-01``, ``2020``, ``orbit-00123``."""
    start: datetime
    stop: datetime

    @property
    def utc_date(self) -> date:
        """The first day: the date of the output."""
        return self.start.date()

    @property
    def days(self) -> DateSpan:
        """All the days that it touches."""
        return DateSpan(self.start.date(), self.stop.date())


@dataclass(frozen=True, slots=True, order=True)
class Orbit:
    """One orbit: from `start` to the moment before `stop`, which is the next one's start."""

    start: datetime
    stop: datetime
    number: int

    @property
    def interval(self) -> OutputInterval:
        """What an output of the orbit covers."""
        key = f"orbit-{orbit_text(self.number)}"
        return OutputInterval(key, self.start, self.stop - LAST_MICROSECOND)


def orbit_text(number: int) -> str:
    """An orbit's number as it stands in names: at least five digits."""
    return f"{number:05d}"


def orbit_number(interval_key: str) -> int | None:
    """The orbit that an interval key names, if it names one."""
    found = _ORBIT_KEY.fullmatch(interval_key)
    return int(found.group(1)) if found else None


def longest_days(timebase: Timebase) -> int:
    """The most days that one interval of a timebase touches."""
    return _LONGEST_DAYS.get(timebase, 1)


def calendar_interval(timebase: Timebase, day: date) -> OutputInterval:
    """The interval of the calendar that holds `day`.

    A week is an ISO week, from Monday to Sunday. What has no longer interval has the day.
    """
    first, last, key = day, day, day.isoformat()
    if timebase is Timebase.WEEKLY:
        year, week, weekday = day.isocalendar()
        first = day - (weekday - 1) * DAY
        last, key = first + 6 * DAY, f"{year}-W{week:02d}"
    elif timebase is Timebase.MONTHLY:
        first = day.replace(day=1)
        last = day.replace(day=calendar.monthrange(day.year, day.month)[1])
        key = f"{day:%Y-%m}"
    elif timebase is Timebase.YEARLY:
        first, last, key = date(day.year, 1, 1), date(day.year, 12, 31), f"{day:%Y}"
    return OutputInterval(key, day_start(first), day_stop(last))


def intervals_on(
    timebase: Timebase, days: Iterable[date], orbits: Iterable[Orbit] = ()
) -> list[OutputInterval]:
    """The intervals that touch `days`, each once, in the order of their starts.

    `orbits` are those around the days; a day that no orbit touches has no interval of ORBIT.
    """
    wanted = set(days)
    if timebase is Timebase.ORBIT:
        found = [orbit.interval for orbit in sorted(set(orbits))]
        return [one for one in found if any(day in wanted for day in one.days.days())]
    each = {one.key: one for one in (calendar_interval(timebase, day) for day in sorted(wanted))}
    return list(each.values())
