"""``diskfile.params`` of an inspector -> checked facts -> one JSON object, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from headwater.core.errors import HeadwaterError, VersionError
from headwater.core.version import Version
from headwater.missions.inspection.printable import shown, shown_lines
from headwater.missions.inspection.specs import FileFacts

_TEXTS = ("process_keywords", "quality_comment", "caveats", "verbose_provenance")
_NUMBERS = ("met_start_time", "met_stop_time")


class UnusableFactError(HeadwaterError, ValueError):
    """An inspector set something that cannot be stored; the message goes after its title."""


def _unusable(name: str, value: object, expected: str) -> UnusableFactError:
    return UnusableFactError(f"set {name} to {shown(repr(value)[:100])}, which is not {expected}")


def _day(name: str, value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    raise _unusable(name, value, "a date")


def _moment(name: str, value: object) -> datetime:
    """Read a UTC time; a bare date is its 00:00:00, a naive time is UTC (spec dbprocessing 3)."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise _unusable(name, value, "a date or datetime")


def _version(value: object) -> Version:
    try:
        return Version.parse(str(value))
    except VersionError as error:
        raise UnusableFactError(f"set an unusable version: {shown(str(error))}") from error


def _number(name: str, value: object) -> float | None:
    if value is None:
        return None
    try:
        number = float(str(value))
    except (TypeError, ValueError) as error:
        raise _unusable(name, value, "a number") from error
    if not math.isfinite(number):
        raise _unusable(name, value, "a finite number")
    return number


def _wrong_order(kind: str, start: object, stop: object) -> UnusableFactError:
    return UnusableFactError(
        f"set a {kind}_start_time ({start}) after its {kind}_stop_time ({stop})"
    )


def _text(value: object) -> str | None:
    return None if value is None else shown_lines(str(value))


def checked(params: Mapping[str, Any]) -> FileFacts:
    """Make facts from the `params` of a match.

    Raises
    ------
    UnusableFactError
        If a value has the wrong type, the version is not usable, or a start is after its stop.
    """
    start = _moment("utc_start_time", params.get("utc_start_time"))
    stop = _moment("utc_stop_time", params.get("utc_stop_time"))
    met_start, met_stop = (_number(name, params.get(name)) for name in _NUMBERS)
    if start > stop:
        raise _wrong_order("utc", start, stop)
    if met_start is not None and met_stop is not None and met_start > met_stop:
        raise _wrong_order("met", met_start, met_stop)
    quality, check = params.get("quality_checked"), params.get("check_date")
    return FileFacts(
        utc_file_date=_day("utc_file_date", params.get("utc_file_date")),
        utc_start_time=start,
        utc_stop_time=stop,
        version=_version(params.get("version")),
        quality_checked=None if quality is None else bool(quality),
        check_date=None if check is None else _moment("check_date", check),
        process_keywords=_text(params.get("process_keywords")),
        quality_comment=_text(params.get("quality_comment")),
        caveats=_text(params.get("caveats")),
        verbose_provenance=_text(params.get("verbose_provenance")),
        met_start_time=met_start,
        met_stop_time=met_stop,
    )


def to_wire(facts: FileFacts) -> dict[str, Any]:
    """Turn `facts` into a JSON object; empty fields are left out."""
    wire: dict[str, Any] = {
        "utc_file_date": facts.utc_file_date.isoformat(),
        "utc_start_time": facts.utc_start_time.isoformat(),
        "utc_stop_time": facts.utc_stop_time.isoformat(),
        "version": str(facts.version),
    }
    for name in (*_TEXTS, *_NUMBERS, "quality_checked"):
        value = getattr(facts, name)
        if value is not None:
            wire[name] = value
    if facts.check_date is not None:
        wire["check_date"] = facts.check_date.isoformat()
    return wire


def from_wire(wire: Mapping[str, Any]) -> FileFacts:
    """Turn the JSON object of :func:`to_wire` into facts again.

    Raises
    ------
    KeyError, ValueError
        If it is no such object.
    """
    values = dict(wire)
    values["utc_file_date"] = date.fromisoformat(values["utc_file_date"])
    for name in ("utc_start_time", "utc_stop_time", "check_date"):
        if name in values:
            values[name] = datetime.fromisoformat(values[name])
    values["version"] = Version.parse(values["version"])
    return FileFacts(**values)
