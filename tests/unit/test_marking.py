"""What the mark of a task reaches, and that nobody waits for a catalog that does not answer."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from headwater.core.errors import CatalogBusyError, CatalogUnavailableError
from headwater_airflow import marking

WHERE = ("m.make.p", "r")


@pytest.mark.parametrize(
    ("operator", "task", "index", "reaches"),
    [
        ("BuildOperator", "build", 3, (("build",), 3, True)),
        ("BuildOperator", "redo", 0, (("redo",), 0, True)),
        ("BuildOperator", "build", -1, (("build",), None, True)),  # not expanded yet
        ("PlanOperator", "plan", -1, (None, None, False)),
        ("FailuresOperator", "failures", -1, (("redo",), None, False)),
        ("EmptyOperator", "outcome", -1, ((), None, False)),
        ("IngestOperator", "ingest", 1, ((), 1, False)),
        ("IncomingSensor", "arrived", -1, ((), None, False)),
        ("AuditOperator", "audit", -1, ((), None, False)),
        ("PythonOperator", "anything", -1, None),
        ("", "anything", -1, None),
    ],
)
def test_what_the_mark_of_a_task_reaches(
    operator: str, task: str, index: int, reaches: Any
) -> None:
    of = marking.of_task(operator, *WHERE, task, index)
    assert (of and (of.tasks, of.map_index, of.running)) == reaches


@pytest.mark.parametrize(
    ("error", "tried"),
    [(CatalogUnavailableError("the catalog is away"), [1, 1, 2]),
     (CatalogBusyError("the catalog is busy"), [1, 2, 3])],
    ids=["away", "busy"],
)  # fmt: skip
def test_a_catalog_that_is_away_is_tried_once_in_ten_seconds_and_never_fails_the_request(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    tried: list[int],
) -> None:
    calls: list[object] = []

    def obey(_catalog: object, mark: object) -> str:
        calls.append(mark)
        raise error

    now = [1000.0]
    monkeypatch.setattr(marking, "_door", [object(), 0.0])
    monkeypatch.setattr(marking, "obey", obey)
    monkeypatch.setattr(marking.time, "monotonic", lambda: now[0])
    counts = []
    with caplog.at_level(logging.WARNING):
        for wait in (1, 10, 0):
            marking.tell_cleared(*WHERE, "build", 0, "ana", "")
            counts.append(len(calls))
            now[0] += wait
    assert counts == tried
    assert f"build[0] of m.make.p cleared by ana: {error}" in caplog.text
