"""The spans that outputs cover."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from headwater.core.output_interval import (
    Orbit,
    calendar_interval,
    intervals_on,
    longest_days,
    orbit_number,
)
from headwater.core.states import Timebase


@pytest.mark.parametrize(
    ("timebase", "day", "key", "first", "last"),
    [
        (Timebase.DAILY, date(2020, 1, 31), "2020-01-31", date(2020, 1, 31), date(2020, 1, 31)),
        (Timebase.FILE, date(2020, 1, 31), "2020-01-31", date(2020, 1, 31), date(2020, 1, 31)),
        (Timebase.WEEKLY, date(2020, 1, 1), "2020-W01", date(2019, 12, 30), date(2020, 1, 5)),
        (Timebase.WEEKLY, date(2021, 1, 3), "2020-W53", date(2020, 12, 28), date(2021, 1, 3)),
        (Timebase.WEEKLY, date(2021, 1, 4), "2021-W01", date(2021, 1, 4), date(2021, 1, 10)),
        (Timebase.MONTHLY, date(2020, 2, 29), "2020-02", date(2020, 2, 1), date(2020, 2, 29)),
        (Timebase.MONTHLY, date(2021, 2, 1), "2021-02", date(2021, 2, 1), date(2021, 2, 28)),
        (Timebase.YEARLY, date(2020, 6, 1), "2020", date(2020, 1, 1), date(2020, 12, 31)),
    ],
)
def test_a_day_lies_in_one_interval_of_the_calendar(
    timebase: Timebase, day: date, key: str, first: date, last: date
) -> None:
    found = calendar_interval(timebase, day)
    assert (found.key, found.days.first, found.days.last) == (key, first, last)
    assert found.utc_date == first
    assert found.stop.time().isoformat() == "23:59:59.999999"
    assert (last - first).days < longest_days(timebase)


def test_days_of_one_interval_give_it_once() -> None:
    days = [date(2020, 2, 1), date(2020, 1, 31), date(2020, 1, 1), date(2020, 1, 1)]
    found = intervals_on(Timebase.MONTHLY, days)
    assert [one.key for one in found] == ["2020-01", "2020-02"]


def orbit(number: int, first: str, last: str) -> Orbit:
    start, stop = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, last))
    return Orbit(start, stop, number)


def test_an_orbit_ends_a_moment_before_the_next_one() -> None:
    one = orbit(123, "2020-01-01T22:00", "2020-01-02T00:00").interval
    assert (one.key, one.utc_date) == ("orbit-00123", date(2020, 1, 1))
    assert one.stop == datetime(2020, 1, 1, 23, 59, 59, 999999, tzinfo=UTC)
    assert one.days.key == "2020-01-01"


def test_all_orbits_that_touch_a_day_are_looked_at_and_no_others() -> None:
    orbits = [
        orbit(4, "2020-01-03T00:00", "2020-01-03T02:00"),
        orbit(1, "2020-01-01T22:00", "2020-01-02T00:00"),
        orbit(2, "2020-01-01T23:00", "2020-01-02T00:30"),
        orbit(3, "2020-01-02T00:30", "2020-01-03T00:00"),
    ]
    found = intervals_on(Timebase.ORBIT, [date(2020, 1, 2)], orbits)
    assert [one.key for one in found] == ["orbit-00002", "orbit-00003"]


def test_a_key_tells_its_orbit() -> None:
    assert orbit_number("orbit-00123") == 123
    assert orbit_number(orbit(1234567, "2020-01-01", "2020-01-02").interval.key) == 1234567
    assert orbit_number("2020-01-01") is None
