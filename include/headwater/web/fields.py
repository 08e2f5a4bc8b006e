"""The kinds of values that routes take and give."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""No mission's data lie outside; arithmetic with days stays inside the calendar."""
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOST_ROWS = 500
LARGEST_KEY = 2**63 - 1


def _plain(text: str) -> str:
    """Text that Postgres can hold.

    Raises
    ------
    ValueError
        If it holds a null character or half a surrogate pair.
    """
    if "\0" in text or not _is_utf8(text):
        raise ValueError("it holds a character that no name or text may hold")
    return text


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _iso(value: object) -> object:
    """Only an ISO date: pydantic would take a number too, as seconds since 1970."""
    if type(value) is date or (isinstance(value, str) and _ISO.fullmatch(value)):
        return value
    raise ValueError("it is no date such as 2026-01-31")


def _near(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"{day} is not between {FIRST_DAY} and {LAST_DAY}")
    return day


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Text = Annotated[str, Field(max_length=2000), AfterValidator(_plain)]
Word = Annotated[str, Field(min_length=1, max_length=250), AfterValidator(_plain)]
Day = Annotated[date, BeforeValidator(_iso), AfterValidator(_near)]
"""A date, UTC."""
Time = Annotated[datetime, PlainSerializer(_written, when_used="json")]
"""A point in time, written in UTC with ``Z``."""
Key = Annotated[int, Field(ge=1, le=LARGEST_KEY)]

MissionName = Annotated[
    str, Path(max_length=250, description="The mission's name.", examples=["demo"]),
    AfterValidator(_plain),
]  # fmt: skip
ProductName = Annotated[
    str, Path(max_length=250, description="A product of the mission.", examples=["l1"]),
    AfterValidator(_plain),
]  # fmt: skip
PathDay = Annotated[
    date, Path(description="The date of the files, UTC.", examples=["2026-01-31"]),
    BeforeValidator(_iso), AfterValidator(_near),
]  # fmt: skip
PathKey = Annotated[int, Path(ge=1, le=LARGEST_KEY, examples=[17])]
First = Annotated[
    Day | None, Query(description="The first date, UTC, included.", examples=["2026-01-01"])
]
Last = Annotated[
    Day | None, Query(description="The last date, UTC, included.", examples=["2026-01-31"])
]
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="The most rows.")]
Before = Annotated[
    Key | None,
    Query(description="Only rows with a lower number: give the last one you got for more."),
]


class Answer(BaseModel):
    """Base of the answers: exactly the fields that are documented."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)
