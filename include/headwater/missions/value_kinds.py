"""Kinds of value in mission files of which pydantic's own reading is too generous."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


def _day(value: object) -> object:
    """A date, and nothing that could be taken for one: numbers, times of day."""
    found = _DAY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        if type(value) is date:
            return value
        raise ValueError(f"{value!r:.80} cannot be used, expected a date as YYYY-MM-DD")
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError as error:
        raise ValueError(f"{value!r} is no date: {error}") from error


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError(
            f"{value!r:.80} cannot be used, expected one line without control characters"
        )
    return value


Day = Annotated[date, BeforeValidator(_day)]
"""A UTC date, written ``YYYY-MM-DD``."""
PathText = Annotated[str, AfterValidator(_one_line)]
"""A part of a path, or the template of one."""
