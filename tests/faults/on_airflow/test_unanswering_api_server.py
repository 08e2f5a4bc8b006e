"""The API server hangs for more than a minute, then dies: running codes live on."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aftermath import Drop, all_well, runs_end
from on_airflow.site import L1, Site, until
from stack_processes import build_tasks, component, kill, replaced, silent

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

OUTAGE_SECONDS = 70
"""Airflow's own setting, three failed heartbeats, would end every task in it."""
DAYS = 24
CODE_SECONDS = 7
"""Twelve codes one after the other in each of two tasks: longer than the outage."""


@pytest.mark.fault(55)
def test_codes_live_through_a_long_outage_and_their_products_are_adopted_once(site: Site) -> None:
    site.rest(lambda rest: rest.ensure_pool("synthetic.cpu", 3))
    site.say("pace", str(CODE_SECONDS))
    drop = Drop.of(site, "2036-01-01", DAYS)
    until(lambda: len(build_tasks(site)) == 2, 120)
    short = Drop.of(site, "2036-12-01", 1)  # its code and its task end in the outage
    until(lambda: len(build_tasks(site)) == 3, 120)
    tasks = build_tasks(site)
    server = component(site, "api-server")
    with silent(server):
        made = drop.made("synth_l1")
        time.sleep(OUTAGE_SECONDS)
        assert [task.process.is_running() for task in tasks[:2]] == [True, True]
        assert drop.made("synth_l1") >= made + 2 * (OUTAGE_SECONDS // CODE_SECONDS - 2)
        assert short.made("synth_l1") == 1
        kill(server)
    site.say("pace")
    replaced(site, "api-server", server)
    all_well(drop)
    all_well(short)
    runs_end(drop)
    runs_end(short)
    site.rest(lambda rest: rest.ensure_pool("synthetic.cpu", 2))
    for each in (drop, short):  # nobody had to try again to say how it ended
        assert [_tries(site, run) for run in each.runs(L1)] == [{1}]


def _tries(site: Site, run: dict[str, Any]) -> set[int]:
    """How often the tasks that built something were begun."""
    found = site.rest(lambda rest: rest.task_instances(run["dag_id"], run["dag_run_id"]))
    return {task["try_number"] for task in found if task["task_id"] == "build"}
