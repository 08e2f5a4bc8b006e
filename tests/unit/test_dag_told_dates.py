"""Which dates a task tells when it ends."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from airflow.sdk import Asset

from headwater_airflow.assets import MOST_KEYS, emit_dates

ASSET = Asset(name="m/l0", uri="headwater://m/l0")
FIRST = date(2026, 1, 1)


def told(days: list[date]) -> list[str]:
    keys: list[str] = []
    task = SimpleNamespace(outlets=[ASSET])
    context: Any = {
        "ti": SimpleNamespace(task=task),
        "outlet_events": {ASSET: SimpleNamespace(add_partitions=keys.extend)},
    }
    emit_dates(context, [ASSET], {"m/l0": days})
    return keys


def test_a_few_separate_dates_have_a_key_each_so_that_each_run_shows_its_day() -> None:
    assert told([FIRST, FIRST + timedelta(9)]) == ["2026-01-01", "2026-01-10"]


def test_many_scattered_dates_are_told_as_few_spans_that_hold_them_all() -> None:
    days = [FIRST + timedelta(2 * n) for n in range(60)]
    keys = told(days)
    assert len(keys) == MOST_KEYS
    spans = [key.split("/") for key in keys]
    assert all(any(span[0] <= str(day) <= span[-1] for span in spans) for day in days)
