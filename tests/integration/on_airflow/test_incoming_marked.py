"""A person marks a task that files arrivals: nothing is lost, nothing filed twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
from sqlalchemy import text

from on_airflow.persons import Person, gone, told
from on_airflow.site import INCOMING, Site, until

pytestmark = [pytest.mark.airflow, pytest.mark.slow]


@contextmanager
def filing(site: Site, first: str, days: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """An ingest task that has placed files and waits for their rows: it and its run."""
    with site.catalog.begin() as connection:
        connection.execute(text("lock table headwater.file in share row exclusive mode"))
        site.drop(first, days)
        task = until(lambda: _running_ingest(site))
        until(lambda: _waits_for_the_lock(site))
        run = {"dag_id": INCOMING, "dag_run_id": task["dag_run_id"]}
        yield task, run


def _running_ingest(site: Site) -> dict[str, Any] | None:
    found = site.rest(lambda rest: rest.task_instances(INCOMING, states=["running"]))
    return next((task for task in found if task["task_id"] == "ingest" and task["pid"]), None)


def _waits_for_the_lock(site: Site) -> bool:
    return bool(
        site.rows(
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' "
            "and datname = current_database() and query like '%headwater.file%'"
        )
    )


@pytest.mark.parametrize(
    ("state", "what", "first"),
    [
        ("failed", "task", "2032-01-01"),
        ("success", "task", "2032-02-01"),
        ("failed", "run", "2032-03-01"),
    ],
)
def test_filing_its_process_is_gone_in_5_s_and_the_next_run_files_each_once(
    site: Site, state: str, what: str, first: str
) -> None:
    last = f"{first[:8]}28"
    ana = Person(site, "ana")
    with filing(site, first, 3) as (task, run):
        process = psutil.Process(task["pid"])
        below = [process, *process.children(recursive=True)]
        if what == "task":
            assert ana.marks(run, state, "ingest", task["map_index"], "stop") == 200
        else:
            assert ana.marks(run, state, note="stop") == 200
        gone(below)
    assert told(site, run, f"{what} marked")[-1][1].endswith(f"marked {state} by ana: stop")
    body = {"logical_date": None, "conf": {}}
    assert ana.asks("POST", f"/api/v2/dags/{INCOMING}/dagRuns", body) == 200
    until(lambda: site.products(first, last).get("synth_l0") == 3, 120)
    ends = site.rows(
        "select disposition, count(*) from headwater.arrival where name like :month group by 1",
        month=f"%{first[:7].replace('-', '')}%",
    )
    assert [tuple(row) for row in ends] == [("adopted", 3)]
    assert not any((site.folder / "incoming").glob("synth*"))
    until(lambda: site.products(first, last).get("synth_l2") == 3, 120)


def test_a_finished_look_that_is_marked_is_named_and_nothing_changes(site: Site) -> None:
    day = "2032-04-01"
    site.drop(day)
    until(lambda: site.products(day, day).get("synth_l2") == 1)
    runs = site.rest(lambda rest: rest.runs(INCOMING, ["success"]))
    run = next(run for run in reversed(runs) if site.tasks(run)["arrived", -1] == "success")
    assert Person(site, "ana").marks(run, "failed", "arrived", note="odd") == 200
    assert told(site, run, "task marked") == [
        ("ana", f"arrived of {INCOMING} marked failed by ana: odd")
    ]
    assert site.products(day, day)["synth_l2"] == 1
