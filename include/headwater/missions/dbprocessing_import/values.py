"""The values of an old database: text in sqlite, typed in Postgres; times are naive UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TypeVar

from headwater.core.errors import OldDatabaseError

_Number = TypeVar("_Number", int, float)

_UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")


def as_text(value: object) -> str | None:
    """A text that Postgres can keep; what it cannot keep (NUL, half a pair) becomes ``?``."""
    return None if value is None else _UNSTORABLE.sub("?", str(value))


def as_bool(value: object) -> bool | None:
    """A boolean; sqlite has 0 and 1."""
    return None if value is None else value not in (0, False, "0", "f", "false", "")


def as_int(value: object) -> int | None:
    """A whole number.

    Raises
    ------
    OldDatabaseError
        If it is none.
    """
    return _number(value, int, "a whole number")


def as_float(value: object) -> float | None:
    """A number.

    Raises
    ------
    OldDatabaseError
        If it is none.
    """
    return _number(value, float, "a number")


def _number(value: object, kind: Callable[[str], _Number], noun: str) -> _Number | None:
    if value is None:
        return None
    try:
        return kind(str(value))
    except ValueError as error:
        raise OldDatabaseError(f"{value!r} is not {noun}") from error


def as_date(value: object) -> date | None:
    """A date; of a time, its day.

    Raises
    ------
    OldDatabaseError
        If it is none.
    """
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError as error:
        raise OldDatabaseError(f"{value!r} is not a date") from error


def as_moment(value: object, *, local: bool = False) -> datetime | None:
    """An aware time, UTC; a naive one is UTC, or with `local` this machine's own time.

    Raises
    ------
    OldDatabaseError
        If it is none.
    """
    if value is None:
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        if moment.tzinfo is None and not local:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise OldDatabaseError(f"{value!r} is not a time") from error
