"""Two of what there should be one: the same task twice, and two schedulers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import pytest
from aftermath import Drop, all_well, runs_end
from on_airflow.site import L1, L2, Site, until

from headwater.core.actor import Actor
from headwater.core.interval import DateSpan
from headwater.local.airflow_environment import airflow_command
from headwater.local.ports import free_port
from headwater.missions.loaded import load_mission
from headwater.processing.planner import plan_due
from headwater.processing.service import pending_builds
from headwater_airflow.factories.system import DAG_ID as SYSTEM

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

TASK = Path(__file__).with_name("task_process.py")


@pytest.mark.fault(56)
def test_the_same_task_runs_twice_at_the_same_time(site: Site) -> None:
    with site.paused(L1), site.paused(SYSTEM):
        drop, builds = _planned(site, "2043-01-01")
        both = [_task(site, builds) for _ in range(2)]
        said = [_said(task) for task in both]
    assert sum(each["built"] for each in said) == drop.days
    assert all(each["built"] > 0 for each in said), said
    all_well(drop)


@pytest.mark.fault(56, 19)
def test_a_task_that_froze_wakes_after_another_has_done_its_work(site: Site) -> None:
    """Its leases are over; each of its late writes is refused by its token."""
    with site.paused(L1), site.paused(SYSTEM):
        drop, builds = _planned(site, "2044-01-01")
        frozen = _task(site, builds)
        drop.halfway()
        processes = [psutil.Process(frozen.pid), *psutil.Process(frozen.pid).children(True)]
        for process in processes:
            process.suspend()
        owned = _end_the_leases(drop)
        assert owned > 0
    until(lambda: drop.made("synth_l1") == drop.days, 240)
    for process in processes:
        process.resume()
    assert 0 < _said(frozen)["built"] < drop.days
    all_well(drop)


def _planned(site: Site, first: str) -> tuple[Drop, list[int]]:
    """A drop whose level 1 builds are planned and not begun."""
    drop = Drop.of(site, first)
    until(lambda: drop.made("synth_l0") == drop.days, 120)
    mission = load_mission(site.catalog, "synthetic")
    process = mission.process("make_l1")
    span = DateSpan(date.fromisoformat(drop.first), date.fromisoformat(drop.last))
    plan_due(site.catalog, mission, process, actor=Actor("test"), span=span)
    builds = [number for number, _ in pending_builds(site.catalog, mission, process, span=span)]
    assert len(builds) == drop.days
    return drop, builds


def _task(site: Site, builds: list[int]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(TASK), "synthetic", *map(str, builds)],
        env=site.stack.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )


def _said(task: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = task.communicate(timeout=240)
    return dict(json.loads(output.splitlines()[-1]))


def _end_the_leases(drop: Drop) -> int:
    """As if the time of the leases had passed; how many builds that concerns."""
    with drop.site.catalog.begin() as connection:
        return connection.exec_driver_sql(
            "update headwater.build set lease_until = now() - interval '1 s' "
            "where state = 'running' and airflow_dag_id = 'delivered'"
        ).rowcount


@pytest.mark.fault(57)
def test_two_schedulers_share_200_files(site: Site) -> None:
    with second_scheduler(site) as second:
        drop = Drop.of(site, "2045-01-01")
        all_well(drop)
        runs_end(drop)
        assert second.poll() is None
    begun = {run["dag_run_id"] for dag_id in (L1, L2) for run in drop.runs(dag_id)}
    assert begun


@contextmanager
def second_scheduler(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    """Another scheduler on the same stack, with workers of its own."""
    environment = site.stack.environment()
    environment["AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT"] = str(free_port())
    log = site.stack.home.logs / "second-scheduler.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            airflow_command("scheduler"), env=environment, stdout=output, stderr=output
        )
    try:
        until(lambda: "Starting the scheduler" in log.read_text(), 60)
        yield process
    finally:
        tree = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGTERM)
        process.wait(60)
        for child in psutil.wait_procs(tree, timeout=10)[1]:
            child.kill()
