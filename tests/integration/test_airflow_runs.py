"""From a dropped file to its last product, on a real Airflow with its real scheduler."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.local.demo.synthetic import drop_synthetic_l0, write_synthetic_mission
from headwater.local.home import LocalHome
from headwater.local.stack import LocalStack
from headwater.missions.apply import apply
from headwater.missions.reading import read_mission_files
from headwater.missions.snapshot import read_snapshots, write_snapshot
from headwater_airflow.pools_and_files import ensure_pools, reparse_missions

pytestmark = pytest.mark.airflow

INCOMING, L1, L2 = "synthetic.incoming", "synthetic.make.make_l1", "synthetic.make.make_l2"

CODE = """#!/bin/sh
# Fails or hangs for the inputs whose names hold a word of the file "fail" or "hang" beside it.
here=$(dirname "$0")
for word in $(cat "$here/fail" 2>/dev/null); do
    case "$1" in *"$word"*) echo "no calibration for $word" >&2; exit 1 ;; esac
done
for word in $(cat "$here/hang" 2>/dev/null); do
    case "$1" in *"$word"*) echo $$ > "$here/pid"; sleep 600 ;; esac
done
exec cat -- "$1" > "$2"
"""


@dataclass
class Site:
    """A running stack with the generated mission."""

    stack: LocalStack
    catalog: Catalog
    folder: Path

    def drop(self, first: str, days: int = 1) -> None:
        drop_synthetic_l0(self.folder, days, start=date.fromisoformat(first))

    def say(self, what: str, *words: str) -> None:
        (self.folder / "codes" / what).write_text("\n".join(words))

    def rows(self, query: str, **values: object) -> list[Any]:
        with self.catalog.read() as connection:
            return list(connection.execute(text(query), values))

    def products(self, first: str, last: str) -> dict[str, int]:
        found = self.rows(
            "select p.name, count(*) from headwater.file f join headwater.product p "
            "on p.id = f.product_id where f.utc_file_date between :first and :last group by 1",
            first=first,
            last=last,
        )
        return {row[0]: row[1] for row in found}

    def runs(self, dag_id: str, key: str) -> list[dict[str, Any]]:
        return [run for run in self.rest(lambda r: r.runs(dag_id)) if run["partition_key"] == key]

    def tasks(self, run: dict[str, Any]) -> dict[tuple[str, int], str]:
        found = self.rest(lambda r: r.task_instances(run["dag_id"], run["dag_run_id"]))
        return {(task["task_id"], task["map_index"]): task["state"] for task in found}

    def send(self, method: str, path: str, body: dict[str, Any]) -> None:
        self.rest(lambda r: r._send(method, path, json=body))

    def rest(self, ask: Callable[[Any], Any]) -> Any:
        with self.stack.rest() as rest:
            return ask(rest)


def until(condition: Callable[[], Any], seconds: float = 90) -> Any:
    """What the condition gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.3)
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = LocalHome(tmp_path_factory.mktemp("stack"))
    folder = tmp_path_factory.mktemp("synthetic")
    with LocalStack(home) as stack:
        catalog = Catalog(stack.catalog_url())
        definitions = read_mission_files([write_synthetic_mission(folder, 0)])
        code = folder / "codes" / "copy.sh"
        code.write_text(CODE)
        apply(catalog, definitions, Actor("test"))
        write_snapshot(catalog, "synthetic", home.snapshots)
        with stack.rest() as rest:
            ensure_pools(rest, read_snapshots(home.snapshots))
            reparse_missions(rest)
            until(lambda: {INCOMING, L1, L2} <= {dag["dag_id"] for dag in rest.dags()})
        yield Site(stack, catalog, folder)
        catalog.close()


def ended(site: Site, dag_id: str, key: str, state: str) -> dict[str, Any]:
    """The run of that key, once it has ended in `state`."""
    return until(
        lambda: next((run for run in site.runs(dag_id, key) if run["state"] == state), None)
    )


def test_dropped_files_become_every_product_in_runs_that_show_their_dates(site: Site) -> None:
    site.drop("2026-01-01", 2)
    site.drop("2026-03-01", 1)
    until(lambda: site.products("2026-01-01", "2026-12-31") == dict.fromkeys(
        ("synth_l0", "synth_l1", "synth_l2"), 3
    ))  # fmt: skip
    for key in ("2026-01-01/2026-01-02", "2026-03-01"):
        ended(site, L1, key, "success")
    for key in ("2026-01-01", "2026-01-02", "2026-03-01"):
        ended(site, L2, key, "success")
    events = site.rest(lambda rest: rest.asset_events())
    told = {(event["name"], event["partition_key"]) for event in events}
    assert ("synthetic/synth_l0", "2026-01-01/2026-01-02") in told
    assert ("synthetic/synth_l2", "2026-03-01") in told
    assert {name for name, key in told if key is None} <= {"synthetic: incoming"}
    runs = site.rows("select distinct airflow_dag_id from headwater.build where state = 'built'")
    assert {row[0] for row in runs} == {L1, L2}


def test_a_run_by_hand_that_has_nothing_to_do_is_skipped(site: Site) -> None:
    site.rest(lambda rest: rest.trigger(L1, conf={"first_date": "2027-01-01"}))

    def skipped() -> bool:
        runs = site.rest(lambda rest: rest.runs(L1, ["success"]))
        mine = [run for run in runs if run["conf"].get("first_date") == "2027-01-01"]
        return bool(mine) and site.tasks(mine[0])["plan", -1] == "skipped"

    until(skipped)


def test_a_key_and_dates_together_fail_with_a_sentence(site: Site) -> None:
    conf = {"first_date": "2027-02-01"}
    site.rest(lambda rest: rest.trigger(L1, conf=conf, partition_key="2027-02-01"))
    run = ended(site, L1, "2027-02-01", "failed")
    assert site.tasks(run)["plan", -1] == "failed"


def test_a_failed_code_is_red_and_retrying_its_task_makes_the_product(site: Site) -> None:
    site.say("fail", "20260501")
    site.drop("2026-05-01")
    run = ended(site, L1, "2026-05-01", "failed")
    tasks = site.tasks(run)
    assert (tasks["build", 0], tasks["outcome", -1]) == ("failed", "upstream_failed")
    query = "select state, reason from headwater.build where utc_date = '2026-05-01'"
    state, reason = site.rows(query)[0]
    assert state == "failed"
    assert "no calibration" in reason

    site.say("fail")
    body = {"dag_run_id": run["dag_run_id"], "task_ids": [["build", 0]], "dry_run": False,
            "include_downstream": True, "reset_dag_runs": True}  # fmt: skip
    site.send("POST", f"/api/v2/dags/{L1}/clearTaskInstances", body)
    until(lambda: site.products("2026-05-01", "2026-05-01").get("synth_l2") == 1)
    ended(site, L1, "2026-05-01", "success")


def test_what_fails_in_a_chunk_gets_its_own_task_and_the_rest_is_made(site: Site) -> None:
    site.say("fail", "20250710")
    site.drop("2025-07-01", 30)
    run = ended(site, L1, "2025-07-01/2025-07-30", "failed")
    tasks = site.tasks(run)
    builds = [state for (task, _), state in tasks.items() if task == "build"]
    assert builds == ["success", "success"]
    assert (tasks["redo", 0], tasks["outcome", -1]) == ("failed", "upstream_failed")
    until(lambda: site.products("2025-07-01", "2025-07-30").get("synth_l2") == 29)
    site.say("fail")


def test_what_came_while_a_dag_was_paused_is_made_once_it_is_not(site: Site) -> None:
    site.send("PATCH", f"/api/v2/dags/{L1}", {"is_paused": True})
    site.drop("2026-07-01")
    site.drop("2026-07-15")
    until(lambda: site.products("2026-07-01", "2026-07-31").get("synth_l0") == 2)
    assert site.runs(L1, "2026-07-01") == []
    site.send("PATCH", f"/api/v2/dags/{L1}", {"is_paused": False})
    # Airflow has forgotten the events; headwater.system finds the wake rows.
    until(lambda: site.products("2026-07-01", "2026-07-31").get("synth_l1") == 2)
    assert site.runs(L1, "2026-07-01")[0]["note"].startswith("2026-07-01: ")


def test_marked_failed_its_code_dies_and_nothing_is_adopted(site: Site) -> None:
    site.say("hang", "20260601")
    site.drop("2026-06-01")
    pid = int(until(lambda: _text(site.folder / "codes" / "pid")))
    run = until(lambda: site.runs(L1, "2026-06-01"))[0]
    path = f"/api/v2/dags/{L1}/dagRuns/{run['dag_run_id']}/taskInstances/build/0"
    site.send("PATCH", path, {"new_state": "failed"})
    until(lambda: not _alive(pid), 10)
    query = "select state, reason from headwater.build where utc_date = '2026-06-01'"
    until(lambda: site.rows(query)[0][0] == "failed", 10)
    assert "marked failed" in site.rows(query)[0][1]
    assert site.products("2026-06-01", "2026-06-01") == {"synth_l0": 1}


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
