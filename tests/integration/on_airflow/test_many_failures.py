"""Many failures in one run: at most twenty tasks for them, and one that counts the rest."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from headwater_airflow.factories.system import DAG_ID as SYSTEM
from on_airflow.site import L1, L2, Site, ended

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

FIRST, DAYS = "2024-03-12", 40
KEY = "2024-03-12/2024-04-20"
MARCH, APRIL = ("2024-03-12", "2024-03-31"), ("2024-04-01", "2024-04-20")
EQUAL_FAILURES, MOST_REDONE = 5, 20
SLACK = 5
"""So many builds may have been begun when the last of the equal failures is seen."""


def test_a_broken_code_makes_a_few_red_tasks_and_clearing_them_makes_every_product(
    site: Site,
) -> None:
    # In March one reason for all days, in April never the same one twice in a row.
    april = (f"202404{day:02}{'_v' * (day % 2)}" for day in range(1, 21))
    site.say("fail", "202403", *april)
    with site.paused(SYSTEM), site.paused(L2):  # they would go on with what is left
        site.drop(FIRST, DAYS)
        run = ended(site, L1, KEY, "failed")
        _tasks_are_bounded_and_named(site, run)
        _what_was_not_tried_stays_pending(site)
        site.say("fail")
        _clear_what_failed(site, run)
        run = ended(site, L1, KEY, "success")
        assert site.products(*MARCH)["synth_l1"] == 20
        assert site.products(*APRIL)["synth_l1"] == 20
    assert site.tasks(run)["outcome", -1] == "success"


def _tasks_are_bounded_and_named(site: Site, run: dict[str, Any]) -> None:
    found = site.rest(lambda rest: rest.task_instances(L1, run["dag_run_id"]))
    tasks = {(task["task_id"], task["map_index"]): task for task in found}
    chunks = [tasks["build", index] for index in (0, 1)]
    assert [chunk["state"] for chunk in chunks] == ["success", "success"]
    assert [chunk["rendered_map_index"] for chunk in chunks] == [
        f"{first}/{last} (20 builds)" for first, last in (MARCH, APRIL)
    ]
    redo = [task for (task_id, _), task in sorted(tasks.items()) if task_id == "redo"]
    assert [task["state"] for task in redo] == ["failed"] * (MOST_REDONE + 1)
    names = [task["rendered_map_index"] for task in redo]
    assert names[0] == f"{FIRST} v1.0.0"
    assert "2024-04-01 v1.0.0" in names
    assert names[-1] == f"and {DAYS - MOST_REDONE} more"
    assert tasks["outcome", -1]["state"] == "upstream_failed"


def _what_was_not_tried_stays_pending(site: Site) -> None:
    march, april = _states(site, *MARCH), _states(site, *APRIL)
    assert april == {"failed": 20}
    assert EQUAL_FAILURES <= march["failed"] <= EQUAL_FAILURES + SLACK
    assert march["pending"] == 20 - march["failed"]


def _states(site: Site, first: str, last: str) -> Counter[str]:
    """How many level 1 builds of these days are in each state."""
    found = site.rows(
        "select b.state from headwater.build b join headwater.process p on p.id = b.process_id "
        "where p.name = 'make_l1' and b.utc_date between :first and :last",
        first=first,
        last=last,
    )
    return Counter(row[0] for row in found)


def _clear_what_failed(site: Site, run: dict[str, Any]) -> None:
    body = {"dry_run": False, "only_failed": True}
    site.send("POST", f"/api/v2/dags/{L1}/dagRuns/{run['dag_run_id']}/clear", body)
