"""Kill -9 of a task's own processes in the middle of 200 files."""

from __future__ import annotations

from typing import Any

import psutil
import pytest
from aftermath import Drop, all_well, runs_end
from on_airflow.site import L1, Site, until
from stack_processes import build_tasks, ingest_task, kill

from headwater_airflow.factories.system import DAG_ID as SYSTEM

pytestmark = [pytest.mark.airflow, pytest.mark.slow]


@pytest.mark.fault(3, 5)
def test_an_ingest_process_dies(site: Site) -> None:
    """Airflow tries it again; it goes on with its claim, also where it had promised paths."""
    drop = Drop.of(site, "2046-01-01")
    task = until(lambda: ingest_task(site), 60)
    promised = "select id from headwater.intent where final_path like 'L0/2046/%'"
    until(lambda: site.rows(promised) or drop.made("synth_l0"), 30, pause=0.005)
    kill(task)
    left = len(site.rows(promised))
    all_well(drop)
    runs_end(drop)
    print(f"\n{left} promises were left")


@pytest.mark.fault(3, 12)
def test_a_task_process_dies(site: Site) -> None:
    """Its supervisor sees it, and Airflow tries the task again."""
    drop = Drop.of(site, "2034-01-01")
    drop.halfway()
    task = build_tasks(site)[0]
    below = task.below()
    kill(task.process)
    gone, alive = psutil.wait_procs(below, timeout=10)
    assert alive == []
    assert gone
    all_well(drop, 420)
    runs_end(drop)


@pytest.mark.fault(3)
def test_the_supervisor_of_a_task_dies_and_a_person_marks_and_clears_the_task(site: Site) -> None:
    """Airflow sees by itself after five minutes that nobody speaks for the task any more."""
    with site.paused(SYSTEM):
        drop = Drop.of(site, "2035-01-01")
        run = drop.one_run_halfway()
    task = build_tasks(site)[0]
    below = [task.process, *task.below()]
    kill(task.supervisor)
    gone, alive = psutil.wait_procs(below, timeout=15)
    assert alive == []
    assert gone
    until(lambda: len(_builds(site, run, "running")) == 1 and not _builds(site, run, None), 120)
    (index,) = _builds(site, run, "running")
    task_path = f"/api/v2/dags/{L1}/dagRuns/{run['dag_run_id']}/taskInstances/build/{index}"
    site.send("PATCH", task_path, {"new_state": "failed"})
    body = {"dag_run_id": run["dag_run_id"], "task_ids": [["build", index]], "dry_run": False,
            "include_downstream": True, "reset_dag_runs": True}  # fmt: skip
    site.send("POST", f"/api/v2/dags/{L1}/clearTaskInstances", body)
    all_well(drop)
    runs_end(drop)


def _builds(site: Site, run: dict[str, Any], state: str | None) -> list[int]:
    """The build tasks of a run that are in this state; with none, those that wait to begin."""
    wanted = {state} if state else {None, "scheduled", "queued"}
    return [
        index
        for (name, index), found in site.tasks(run).items()
        if name == "build" and found in wanted
    ]
