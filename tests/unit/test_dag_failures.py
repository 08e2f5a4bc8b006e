"""What becomes of builds that fail inside a chunk, and of errors."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
)

from headwater.core.errors import CatalogUnavailableError, NotFoundError
from headwater.core.states import BuildState
from headwater.processing.outcome import BuildResult
from headwater_airflow.failures import airflow_failures
from headwater_airflow.operators.build import BuildOperator, EqualFailures
from headwater_airflow.operators.failures import MOST_REDONE, chunks_to_redo


def failures(count: int, first: int = 0) -> list[dict[str, object]]:
    return [
        {"build": number, "name": f"day {number}", "state": "failed"}
        for number in range(first, first + count)
    ]


def test_each_failed_build_becomes_a_task_named_by_its_interval() -> None:
    results = [{"built": 3, "failed": failures(1), "left": []}, {"failed": failures(1, first=7)}]
    assert chunks_to_redo(results) == [
        {"name": "day 0", "builds": [0], "state": "failed"},
        {"name": "day 7", "builds": [7], "state": "failed"},
    ]


def test_more_failures_than_tasks_and_builds_not_tried_are_counted_in_one() -> None:
    left = list(range(100, 110))
    chunks = chunks_to_redo([{"failed": failures(MOST_REDONE + 5), "left": left}])
    assert len(chunks) == MOST_REDONE + 1
    assert chunks[-1]["name"] == "and 15 more"
    assert chunks[-1]["builds"] == [*range(MOST_REDONE, MOST_REDONE + 5), *left]
    assert "15 more" in chunks[-1]["trouble"]


def test_no_failure_is_no_task() -> None:
    assert chunks_to_redo([{"built": 3, "failed": [], "left": []}]) == []


def stops_after(reasons: list[str | None]) -> int | None:
    """After how many ends a chunk stops, if it does."""
    stopped: list[int] = []
    seen = 0
    count = EqualFailures(5, lambda: stopped.append(seen))
    for reason in reasons:
        seen += 1
        count.see(reason)
    return stopped[0] if stopped else None


def test_five_equal_failures_in_a_row_stop_a_chunk() -> None:
    assert stops_after([f"exit code 1: no file for 2026-01-0{day}" for day in range(1, 8)]) == 5


def test_other_failures_or_a_success_between_do_not() -> None:
    assert stops_after(["a", "a", "a", "a", "b", "a", "a", "a", "a"]) is None
    assert stops_after(["a", "a", "a", "a", None, "a", "a", "a", "a"]) is None
    assert stops_after([None] * 20) is None


def test_a_catalog_that_does_not_answer_is_tried_again_and_nothing_else_is() -> None:
    with pytest.raises(AirflowException) as again, airflow_failures():
        raise CatalogUnavailableError("the catalog does not answer")
    assert not isinstance(again.value, AirflowFailException)
    with pytest.raises(AirflowFailException, match="no mission"), airflow_failures():
        raise NotFoundError("the catalog has no mission 'x'")


def test_a_task_that_was_stopped_half_way_is_not_green_but_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = BuildOperator(task_id="build", mission="m", chunk=[1, 2, 3])

    def told_to_stop(*unused: object) -> list[BuildResult]:
        task.on_kill()
        return [
            BuildResult(1, BuildState.BUILT, "made"),
            BuildResult(2, BuildState.PENDING, "its run was interrupted"),
            BuildResult(3, None, "not begun: interrupted"),
        ]

    monkeypatch.setattr(task, "_make", told_to_stop)
    with pytest.raises(AirflowException, match="2 of 3 builds not made") as stopped:
        task.execute({})
    assert not isinstance(stopped.value, AirflowFailException)


def test_a_task_that_was_told_to_stop_when_all_was_made_ends_as_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = BuildOperator(task_id="build", mission="m", chunk=[1, 2])

    def told_too_late(*unused: object) -> list[BuildResult]:
        task.on_kill()
        return [BuildResult(number, BuildState.BUILT, "made") for number in (1, 2)]

    monkeypatch.setattr(task, "_make", told_too_late)
    context = {"ti": SimpleNamespace(task=task), "outlet_events": {}}
    assert task.execute(context) == {"built": 2, "failed": [], "left": []}


def test_a_task_that_finds_everything_built_by_another_is_skipped_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = BuildOperator(task_id="build", mission="m", chunk=[1, 2])
    by_another = [
        BuildResult(number, BuildState.BUILT, "new input", "make", ours=False) for number in (1, 2)
    ]
    monkeypatch.setattr(task, "_make", lambda *unused: by_another)
    with pytest.raises(AirflowSkipException, match="nothing was built"):
        task.execute({"ti": SimpleNamespace(task=task), "outlet_events": {}})
