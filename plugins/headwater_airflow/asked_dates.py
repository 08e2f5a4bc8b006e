"""Which dates a run of a process DAG is for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from headwater.core.errors import IntervalError, SettingError
from headwater.core.interval import DateSpan


def asked_span(partition_key: str | None, params: Mapping[str, Any]) -> DateSpan | None:
    """The dates that a run was started for; none means all that is due.

    Parameters
    ----------
    partition_key
        The run's partition key, a date or an interval of dates.
    params
        The run's params ``key``, ``first_date`` and ``last_date``, each empty or given by hand.

    Raises
    ------
    SettingError
        If a key and dates are given together, two keys differ, or only the last date is given.
    IntervalError
        If a key or date cannot be read.
    """
    key = _text(params.get("key"))
    first, last = _text(params.get("first_date")), _text(params.get("last_date"))
    if key and partition_key and key != partition_key:
        raise SettingError(
            f"the run has the partition key {partition_key!r} and the param key {key!r}: "
            "give only one"
        )
    key = key or partition_key
    if key and (first or last):
        raise SettingError(
            f"the run has the key {key!r} and the dates {first or '-'} to {last or '-'}: give "
            "either a key or dates"
        )
    if key:
        return DateSpan.parse(key)
    if last and not first:
        raise SettingError(f"last_date is {last}, but first_date is missing: give both, or a key")
    if not first:
        return None
    return DateSpan(_date("first_date", first), _date("last_date", last or first))


def _text(value: object) -> str | None:
    text = "" if value is None else str(value).strip()
    return text or None


def _date(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise IntervalError(f"{name} is {text!r}: expected a date such as 2026-01-31") from error
