"""Dates and spans of dates: the keys by which products are made and Airflow runs are named.

All dates and times are UTC.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Self

from headwater.core.errors import IntervalError

DAY = timedelta(days=1)
LAST_MICROSECOND = timedelta(microseconds=1)


def day_start(day: date) -> datetime:
    """Midnight at the beginning of `day`, UTC."""
    return datetime.combine(day, time(), tzinfo=UTC)


def day_stop(day: date) -> datetime:
    """The last microsecond of `day`, UTC; both ends of a span are inside it."""
    return day_start(day) + DAY - LAST_MICROSECOND


def utc_moment(text: str) -> datetime:
    """A time in ISO 8601 as UTC; one without a zone is UTC.

    Raises
    ------
    IntervalError
        If `text` is anything else.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise IntervalError(f"{text!r} is not a time such as 2020-01-31T12:00:00Z") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class DateSpan:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse a span that ends before it starts.

        Raises
        ------
        IntervalError
            If `last` is before `first`.
        """
        if self.last < self.first:
            raise IntervalError(f"the interval {self.first}/{self.last} ends before it starts")

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read a partition key: ``2026-01-01`` or ``2026-01-01/2026-03-31``.

        Raises
        ------
        IntervalError
            If `key` is anything else.
        """
        first, slash, last = key.strip().partition("/")
        try:
            begin = date.fromisoformat(first)
            end = date.fromisoformat(last) if slash else begin
        except ValueError as error:
            raise IntervalError(
                f"{key!r} is not a date or an interval: expected 2026-01-01 or "
                "2026-01-01/2026-03-31"
            ) from error
        return cls(begin, end)

    @property
    def key(self) -> str:
        """The partition key of the span."""
        if self.first == self.last:
            return self.first.isoformat()
        return f"{self.first.isoformat()}/{self.last.isoformat()}"

    @property
    def start(self) -> datetime:
        """The first moment of the span, UTC."""
        return day_start(self.first)

    @property
    def stop(self) -> datetime:
        """The last moment of the span, UTC."""
        return day_stop(self.last)

    def days(self) -> Iterator[date]:
        """Each day of the span, in order."""
        day = self.first
        while day <= self.last:
            yield day
            day += DAY

    def widened(self, before: int, after: int) -> DateSpan:
        """The span with `before` days added in front and `after` days behind."""
        return DateSpan(self.first - before * DAY, self.last + after * DAY)

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return self.key


def few_spans(spans: Sequence[DateSpan], most: int) -> list[DateSpan]:
    """At most `most` spans that hold all of `spans`, joined across the smallest gaps."""
    joined = sorted(spans)
    while len(joined) > most:
        gaps = [(right.first - left.last).days for left, right in pairwise(joined)]
        at = gaps.index(min(gaps))
        joined[at : at + 2] = [DateSpan(joined[at].first, joined[at + 1].last)]
    return joined


def spans_of(days: Iterable[date], *, gap: int = 0, longest: int | None = None) -> list[DateSpan]:
    """Gather `days` into spans of neighbours.

    Parameters
    ----------
    days
        Any days, in any order, repeated or not.
    gap
        How many missing days between two neighbours are bridged.
    longest
        The most days that a span may have; none by default.
    """
    spans: list[DateSpan] = []
    for day in sorted(set(days)):
        joins = spans and (day - spans[-1].last).days <= gap + 1
        if joins and (longest is None or (day - spans[-1].first).days < longest):
            spans[-1] = DateSpan(spans[-1].first, day)
        else:
            spans.append(DateSpan(day, day))
    return spans


def joined(spans: Iterable[DateSpan], *, gap: int = 0) -> list[DateSpan]:
    """`spans` in order, those joined that overlap or have at most `gap` days between them."""
    found: list[DateSpan] = []
    for span in sorted(spans):
        if found and (span.first - found[-1].last).days <= gap + 1:
            found[-1] = DateSpan(found[-1].first, max(span.last, found[-1].last))
        else:
            found.append(span)
    return found
