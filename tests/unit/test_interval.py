"""Partition keys name a day or a span of days; neighbours gather into spans."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.core.errors import IntervalError
from headwater.core.interval import DateSpan, day_start, day_stop, spans_of

days = st.dates(date(1990, 1, 1), date(2060, 1, 1))


def test_a_day_holds_both_of_its_ends() -> None:
    assert day_start(date(2026, 1, 1)) == datetime(2026, 1, 1, tzinfo=UTC)
    assert day_stop(date(2026, 1, 1)) == datetime(2026, 1, 1, 23, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize("key", ["2026-01-01", "2026-01-01/2026-03-31"])
def test_a_key_reads_back_as_itself(key: str) -> None:
    assert DateSpan.parse(key).key == key


def test_a_span_of_one_day_has_the_key_of_the_day() -> None:
    assert DateSpan.parse("2026-01-01/2026-01-01").key == "2026-01-01"


@pytest.mark.parametrize(
    "key", ["", "yesterday", "2026-13-01", "2026-01-01/", "/2026-01-01", "2026-02-01/2026-01-01"]
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(IntervalError, match=r"."):
        DateSpan.parse(key)


@given(st.lists(days, max_size=40), st.integers(0, 3))
def test_spans_hold_every_day_and_never_touch(some: list[date], gap: int) -> None:
    spans = spans_of(some, gap=gap)
    assert all(any(day in span for span in spans) for day in some)
    for left, right in itertools.pairwise(spans):
        assert right.first - left.last > timedelta(days=gap + 1)


@given(st.lists(days, max_size=40), st.integers(1, 10))
def test_no_span_is_longer_than_asked(some: list[date], longest: int) -> None:
    assert all(len(list(span.days())) <= longest for span in spans_of(some, longest=longest))


def test_a_span_widens_at_both_ends() -> None:
    assert DateSpan.parse("2026-01-02").widened(1, 2).key == "2026-01-01/2026-01-04"
