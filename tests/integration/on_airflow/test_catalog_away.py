"""The catalog's database goes away while Airflow lives on: nothing is lost."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from catalog_outage import away

from headwater_airflow.pools_and_files import reparse_missions
from on_airflow.people import somebody
from on_airflow.site import INCOMING, L1, L2, Site, until

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

HEADWATER = "from headwater.cli.main import run; run()"


@pytest.mark.fault(14)
def test_what_the_catalog_misses_while_it_is_away_is_made_when_it_is_back(site: Site) -> None:
    site.say("hang", "20240101")
    site.drop("2024-01-01")
    until(lambda: site.hanging("20240101"))
    site.say("hang")
    with away(site.stack.catalog_url()):
        site.drop("2024-02-01")
        arrived = until(lambda: _waiting_for_retry(site, INCOMING))
        build = until(lambda: _waiting_for_retry(site, L1))
        _status_is_one_sentence(site)
        _pages_are_told(site, 503)
        _dags_stay_when_their_file_is_read_again(site)
    _pages_are_told(site, 200)
    assert (arrived["task_id"], build["task_id"]) == ("arrived", "build")
    wanted = dict.fromkeys(("synth_l0", "synth_l1", "synth_l2"), 2)
    until(lambda: site.products("2024-01-01", "2024-02-01") == wanted, 150)
    assert _state(site, arrived) == "success"


def _waiting_for_retry(site: Site, dag_id: str) -> dict[str, Any] | None:
    found = site.rest(lambda rest: rest.task_instances(dag_id, states=["up_for_retry"]))
    return found[0] if found else None


def _state(site: Site, task: dict[str, Any]) -> str:
    run = {"dag_id": task["dag_id"], "dag_run_id": task["dag_run_id"]}
    return site.tasks(run)[task["task_id"], task["map_index"]]


def _pages_are_told(site: Site, status: int) -> None:
    with somebody(site, "viewer") as person:
        answer = person.get("/headwater/api/missions")
        assert answer.status_code == status, answer.text
        if status != 200:
            assert list(answer.json()) == ["error"]


def _status_is_one_sentence(site: Site) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HEADWATER, "status"],
        capture_output=True,
        text=True,
        env={**os.environ, "HEADWATER_CATALOG_URL": site.stack.catalog_url()},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("headwater: the catalog at 127.0.0.1:")
    assert "does not answer" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def _dags_stay_when_their_file_is_read_again(site: Site) -> None:
    def dags() -> dict[str, Any]:
        found = site.rest(lambda rest: rest.dags())
        return {dag["dag_id"]: dag["last_parsed_time"] for dag in found if not dag["is_stale"]}

    before = dags()
    assert {INCOMING, L1, L2, "headwater.system"} <= set(before)
    site.rest(reparse_missions)
    until(lambda: all(dags().get(name, "") > parsed for name, parsed in before.items()))
    assert site.rest(lambda rest: rest.import_errors()) == []
