"""On which days a file of a product is expected. All days and times are UTC."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from headwater.core.errors import IntervalError
from headwater.core.interval import LAST_MICROSECOND, DateSpan, utc_moment
from headwater.core.states import ExpectedWhen

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WORKDAYS = WEEKDAYS[:5]
LONGEST_CONTACT = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class ExpectedRule:
    """What a mission says of a product: `weekdays` counts from Monday, 0."""

    when: ExpectedWhen
    weekdays: frozenset[int] = frozenset()
    contact_days: frozenset[date] = frozenset()
    first: date | None = None
    last: date | None = None

    def against(self, day: date) -> str | None:
        """Why no file of `day` is expected, to go behind "since"; none if one is."""
        if self.when is ExpectedWhen.NEVER:
            return "the mission says that it is never expected"
        if self.first is not None and day < self.first:
            return f"it is expected from {self.first} on"
        if self.last is not None and day > self.last:
            return f"it is expected until {self.last}"
        if self.when is ExpectedWhen.WEEKDAYS and day.weekday() not in self.weekdays:
            names = ", ".join(WEEKDAYS[number].capitalize() for number in sorted(self.weekdays))
            return f"it is expected on {names} only"
        if self.when is ExpectedWhen.CONTACTS and day not in self.contact_days:
            return "no contact touches that day"
        return None


def contact_text(start: str, stop: str) -> str:
    """A contact as it is kept: ``2026-01-01T10:00:00Z/2026-01-01T10:12:00Z``.

    Raises
    ------
    IntervalError
        If either is no time, `stop` is before `start`, or the two are above a year apart.
    """
    first, last = utc_moment(start.strip()), utc_moment(stop.strip())
    if last < first:
        raise IntervalError(
            f"the contact stops at {stop.strip()}, before its start {start.strip()}"
        )
    if last - first > LONGEST_CONTACT:
        raise IntervalError(
            f"the contact from {start.strip()} to {stop.strip()} lasts longer than "
            f"{LONGEST_CONTACT.days} days"
        )
    return "/".join(moment.isoformat().replace("+00:00", "Z") for moment in (first, last))


def contact_days(contacts: Iterable[str]) -> frozenset[date]:
    """The days that `contacts`, texts as :func:`contact_text` gives them, touch."""
    days: set[date] = set()
    for text in contacts:
        start, stop = (utc_moment(part) for part in text.split("/"))
        if stop > start:  # one that stops at midnight does not touch the day that begins then
            stop -= LAST_MICROSECOND
        days.update(DateSpan(start.date(), stop.date()).days())
    return frozenset(days)
