"""Which dates a run is for, and which runs are started."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from headwater.core.errors import IntervalError, SettingError
from headwater.core.interval import DateSpan, few_spans
from headwater.flows.airflow_rest import AirflowRefusedError
from headwater_airflow.asked_dates import asked_span
from headwater_airflow.due_runs import start_due_runs


def span(first: str, last: str | None = None) -> DateSpan:
    return DateSpan(date.fromisoformat(first), date.fromisoformat(last or first))


def test_the_partition_key_names_the_dates() -> None:
    asked = asked_span("2026-01-01/2026-03-31", {"key": None})
    assert asked == span("2026-01-01", "2026-03-31")


def test_a_key_or_dates_given_by_hand_name_them_too() -> None:
    assert asked_span(None, {"key": "2026-01-01"}) == span("2026-01-01")
    assert asked_span(None, {"first_date": "2026-01-01"}) == span("2026-01-01")
    both = {"first_date": "2026-01-01", "last_date": "2026-01-05"}
    assert asked_span(None, both) == span("2026-01-01", "2026-01-05")


def test_neither_means_all_that_is_due() -> None:
    assert asked_span(None, {"key": "", "first_date": None, "last_date": None}) is None


@pytest.mark.parametrize(
    ("key", "params", "said"),
    [
        ("2026-01-01", {"first_date": "2026-01-02"}, "either a key or dates"),
        (None, {"key": "2026-01-01", "last_date": "2026-01-02"}, "either a key or dates"),
        ("2026-01-01", {"key": "2026-01-02"}, "give only one"),
        (None, {"last_date": "2026-01-02"}, "first_date is missing"),
    ],
)
def test_what_contradicts_itself_is_refused(
    key: str | None, params: dict[str, Any], said: str
) -> None:
    with pytest.raises(SettingError, match=said):
        asked_span(key, params)


@pytest.mark.parametrize("params", [{"key": "January"}, {"first_date": "01/02/2026"}])
def test_what_is_no_date_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(IntervalError, match="expected"):
        asked_span(None, params)


def test_an_interval_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(IntervalError, match="ends before it starts"):
        asked_span(None, {"first_date": "2026-01-05", "last_date": "2026-01-01"})


def test_many_spans_are_joined_across_the_smallest_gaps() -> None:
    spans = [span("2026-01-01"), span("2026-01-03"), span("2026-02-01"), span("2026-06-01")]
    assert few_spans(spans, 3) == [span("2026-01-01", "2026-01-03"), *spans[2:]]
    assert few_spans(spans, 1) == [span("2026-01-01", "2026-06-01")]
    assert few_spans(spans, 9) == spans


class Airflow:
    """An Airflow with three DAGs; it remembers what was triggered."""

    def __init__(self) -> None:
        self.triggered: list[tuple[str, str]] = []

    def dag(self, dag_id: str) -> dict[str, Any]:
        if dag_id == "new":
            raise AirflowRefusedError("no such DAG", 404)
        return {"is_paused": dag_id == "paused"}

    def runs(self, dag_id: str, states: tuple[str, ...]) -> list[dict[str, Any]]:
        return [{}] if dag_id == "busy" else []

    def trigger(self, dag_id: str, *, partition_key: str, **_rest: Any) -> None:
        self.triggered.append((dag_id, partition_key))


def test_a_run_is_started_only_where_none_lives_and_the_dag_is_there_and_not_paused() -> None:
    airflow = Airflow()
    work = SimpleNamespace(process="p", reason="file adopted", spans=(span("2026-01-01"),))
    due = [(dag_id, work) for dag_id in ("paused", "busy", "new", "idle")]
    started = start_due_runs(airflow, due)  # type: ignore[arg-type]  # a stand-in of the client
    assert airflow.triggered == [("idle", "2026-01-01")]
    assert [str(each) for each in started] == ["idle for 2026-01-01"]


def test_one_look_starts_a_bounded_number_of_runs() -> None:
    airflow = Airflow()
    work = SimpleNamespace(process="p", reason="", spans=(span("2026-01-01"),))
    start_due_runs(airflow, [(f"dag{n}", work) for n in range(50)])  # type: ignore[arg-type]  # as above
    assert len(airflow.triggered) == 10
