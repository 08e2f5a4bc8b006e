"""A person marks or clears tasks in the middle of 200 files."""

from __future__ import annotations

from typing import Any

import psutil
import pytest
from aftermath import Drop, all_well, runs_end
from on_airflow.site import L1, Site, until
from stack_processes import build_tasks

from headwater_airflow.factories.system import DAG_ID as SYSTEM

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

CODES_END_WITHIN = 5.0


@pytest.mark.fault(59)
def test_a_running_task_is_marked_failed_and_later_cleared(site: Site) -> None:
    with site.paused(SYSTEM):
        drop = Drop.of(site, "2041-01-01")
        run = drop.one_run_halfway()
    below = [process for task in build_tasks(site) for process in task.below()]
    for index in (0, 1):
        path = f"/api/v2/dags/{L1}/dagRuns/{run['dag_run_id']}/taskInstances/build/{index}"
        site.send("PATCH", path, {"new_state": "failed"})
    _, alive = psutil.wait_procs(below, timeout=CODES_END_WITHIN)
    assert alive == []
    # What is built stays built; all else has failed, and nobody but a person has it made again.
    until(lambda: drop.made("synth_l1") + len(_failed(drop)) == drop.days, 60)
    failed = _failed(drop)
    assert set(failed) == {"marked failed by headwater"}
    _clear(site, run)
    all_well(drop)
    runs_end(drop)


@pytest.mark.fault(59)
def test_a_running_task_is_cleared(site: Site) -> None:
    with site.paused(SYSTEM):
        drop = Drop.of(site, "2042-01-01")
        run = drop.one_run_halfway()
    _clear(site, run)
    all_well(drop)
    runs_end(drop)


def _clear(site: Site, run: dict[str, Any]) -> None:
    body = {"dag_run_id": run["dag_run_id"], "task_ids": [["build", 0], ["build", 1]],
            "dry_run": False, "include_downstream": True, "reset_dag_runs": True,
            "only_failed": False}  # fmt: skip
    site.send("POST", f"/api/v2/dags/{L1}/clearTaskInstances", body)


def _failed(drop: Drop) -> list[str]:
    found = drop.site.rows(
        "select reason from headwater.build where state = 'failed' "
        "and utc_date between :first and :last",
        **drop.dates,
    )
    return [row[0] for row in found]
