"""What Airflow's own routes tell the catalog, without a scheduler: every mark, by whom and why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from catalog_outage import away
from processing_lab import CHAIN, Lab

from api_server.server import ApiServer, api_server
from headwater.catalog.connection import Catalog
from headwater.catalog.queries.run_tasks import record_tasks
from headwater.flows.airflow_rest import AirflowRefusedError
from headwater.missions.snapshot import write_snapshot
from headwater.processing.planner import plan_due
from headwater_airflow.reconciling import missed_marks

DAG = "lab.make.mk_l1"
DAYS = (date(2020, 1, 1) + timedelta(number) for number in count())


@dataclass
class Run:
    """A run with some builds that nobody has claimed, one a mapped task."""

    server: ApiServer
    lab: Lab
    id: str
    builds: list[int]

    @classmethod
    def of(cls, server: ApiServer, lab: Lab, builds: int = 1, note: str | None = None) -> Run:
        lab.put_many("l0", [next(DAYS) for _ in range(builds)])
        plan = plan_due(lab.catalog, lab.mission, lab.mission.process("mk_l1"), actor=lab.actor)
        ids = [build.build_id for build in plan.builds]
        asked = {"logical_date": None, "note": note}
        status, answer = server.ask("POST", f"/api/v2/dags/{DAG}/dagRuns", asked)
        assert status == 200, answer
        run = cls(server, lab, answer["dag_run_id"], ids)
        with lab.catalog.begin() as connection:
            record_tasks(connection, DAG, run.id, "build", [[build] for build in ids])
        return run

    @property
    def path(self) -> str:
        return f"/api/v2/dags/{DAG}/dagRuns/{self.id}"

    def task(self, index: int, state: str | None) -> None:
        self.server.put_task(DAG, self.id, "build", index, state)

    def mark(self, task: str, state: str, note: str | None = None, **who: str) -> int:
        body = {"new_state": state} | ({} if note is None else {"note": note})
        return self.server.ask("PATCH", f"{self.path}/taskInstances/{task}", body, **who)[0]

    def states(self) -> list[tuple[str, str]]:
        query = "select state, reason from headwater.build where id = any(:ids) order by id"
        return [tuple(row) for row in self.lab.rows(query, ids=self.builds)]

    def told(self) -> list[tuple[str, str]]:
        """Who and what of the events of the run's marks."""
        query = ("select actor, reason from headwater.event where detail ->> 'run_id' = :run "
                 "order by id")  # fmt: skip
        return [tuple(row) for row in self.lab.rows(query, run=self.id)]


@pytest.fixture(scope="module")
def lab(module_catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(module_catalog, tmp_path_factory.mktemp("lab"), CHAIN)


@pytest.fixture(scope="module")
def server(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    snapshots = tmp_path_factory.mktemp("snapshots")
    write_snapshot(lab.catalog, "lab", snapshots)
    url = lab.catalog.url.render_as_string(hide_password=False)
    with api_server(tmp_path_factory.mktemp("airflow"), url, snapshots) as server:
        yield server


STATES = [None, "scheduled", "queued", "running", "deferred", "up_for_retry", "up_for_reschedule"]


@pytest.mark.parametrize("state", [*STATES, "success"])
def test_marked_failed_in_any_state_what_is_not_made_has_failed_with_name_and_note(
    server: ApiServer, lab: Lab, state: str | None
) -> None:
    run = Run.of(server, lab)
    run.task(0, state)
    assert run.mark("build/0", "failed", "bad pointing") == 200
    assert run.states() == [("failed", "marked failed by ana: bad pointing")]
    assert run.told() == [
        ("ana", f"build[0] of {DAG} marked failed by ana: bad pointing; its builds: 1 not begun")
    ]


@pytest.mark.parametrize("state", [*STATES, "failed", "upstream_failed"])
@pytest.mark.parametrize("mark", ["success", "skipped"])
def test_marked_success_or_skipped_in_any_state_what_is_not_made_is_held(
    server: ApiServer, lab: Lab, state: str | None, mark: str
) -> None:
    run = Run.of(server, lab)
    run.task(0, state)
    assert run.mark("build/0", mark) == 200
    assert run.states() == [("held", f"marked {mark} by ana")]


def test_a_mark_by_the_cookie_of_the_ui_has_its_person(server: ApiServer, lab: Lab) -> None:
    run = Run.of(server, lab)
    run.task(0, "running")
    assert run.mark("build/0", "failed", user="ben", by="cookie") == 200
    assert run.states() == [("failed", "marked failed by ben")]


def test_one_of_several_is_marked_and_all_of_them_at_once(server: ApiServer, lab: Lab) -> None:
    run = Run.of(server, lab, 3)
    for index in range(3):
        run.task(index, "queued")
    assert run.mark("build/1", "failed") == 200
    assert [state for state, _ in run.states()] == ["pending", "failed", "pending"]
    assert run.mark("build", "success", "all of it") == 200
    assert [state for state, _ in run.states()] == ["held"] * 3


def test_several_are_marked_in_one_request_of_which_airflows_own_log_says_nothing(
    server: ApiServer, lab: Lab
) -> None:
    run = Run.of(server, lab, 2)
    entities = []
    for index in range(2):
        run.task(index, "running")
        entities.append({"task_id": "build", "map_index": index, "new_state": "failed",
                         "note": f"number {index}"})  # fmt: skip
    body = {"actions": [{"action": "update", "entities": entities}]}
    assert server.ask("PATCH", f"{run.path}/taskInstances", body)[0] == 200
    assert [reason for _, reason in run.states()] == [
        f"marked failed by ana: number {index}" for index in range(2)
    ]
    log = server.ask("GET", f"/api/v2/eventLogs?run_id={run.id.replace('+', '%2B')}")[1]
    ours = [row["owner"] for row in log["event_logs"] if row["event"] == "headwater_mark"]
    assert ours == ["ana", "ana"]


def test_a_marked_plan_ends_what_nobody_has_claimed(server: ApiServer, lab: Lab) -> None:
    run = Run.of(server, lab, 2)
    assert run.mark("plan", "failed", "not today") == 200
    assert run.states() == [("failed", "marked failed by ana: not today")] * 2


def test_marked_failures_ends_what_the_redo_tasks_are_to_make(server: ApiServer, lab: Lab) -> None:
    run = Run.of(server, lab, 2)
    with lab.catalog.begin() as connection:
        record_tasks(connection, DAG, run.id, "redo", [run.builds[1:]])
    assert run.mark("failures", "success") == 200
    assert [state for state, _ in run.states()] == ["pending", "held"]


def test_a_marked_outcome_is_named_and_changes_no_build(server: ApiServer, lab: Lab) -> None:
    run = Run.of(server, lab)
    assert run.mark("outcome", "success", "seen") == 200
    assert [state for state, _ in run.states()] == ["pending"]
    assert run.told() == [("ana", f"outcome of {DAG} marked success by ana: seen")]


@pytest.mark.parametrize(("state", "becomes"), [("failed", "failed"), ("success", "held")])
def test_a_marked_run_ends_all_its_builds_also_of_tasks_that_have_not_run(
    server: ApiServer, lab: Lab, state: str, becomes: str
) -> None:
    run = Run.of(server, lab, 3)
    run.task(0, "running")
    assert server.ask("PATCH", run.path, {"state": state, "note": "wrong month"})[0] == 200
    assert set(run.states()) == {(becomes, f"marked {state} by ana: wrong month")}
    assert run.told()[-1] == (
        "ana",
        f"the run {run.id} of {DAG} marked {state} by ana: wrong month; its builds: 2 not begun",
    )


def test_a_note_that_stood_there_before_is_no_reason(server: ApiServer, lab: Lab) -> None:
    run = Run.of(server, lab, note="2020-01-01: a file is new")
    assert server.ask("PATCH", run.path, {"state": "failed"})[0] == 200
    assert run.states() == [("failed", "marked failed by ana")]


def test_several_runs_are_marked_in_one_request(server: ApiServer, lab: Lab) -> None:
    runs = [Run.of(server, lab) for _ in range(2)]
    entities = [{"dag_run_id": run.id, "state": "failed"} for run in runs]
    body = {"actions": [{"action": "update", "entities": entities}]}
    assert server.ask("PATCH", f"/api/v2/dags/{DAG}/dagRuns", body)[0] == 200
    assert [run.states()[0] for run in runs] == [("failed", "marked failed by ana")] * 2


@pytest.mark.parametrize("task", ["arrived", "ingest"])
def test_a_marked_ingest_is_named(server: ApiServer, lab: Lab, task: str) -> None:
    asked = {"logical_date": None}
    _, made = server.ask("POST", "/api/v2/dags/lab.incoming/dagRuns", asked)
    path = f"/api/v2/dags/lab.incoming/dagRuns/{made['dag_run_id']}/taskInstances/{task}"
    assert server.ask("PATCH", path, {"new_state": "failed", "note": "odd"})[0] == 200
    run = Run(server, lab, made["dag_run_id"], [])
    assert run.told() == [("ana", f"{task} of lab.incoming marked failed by ana: odd")]


def test_a_viewer_may_not_and_a_dry_run_does_not(server: ApiServer, lab: Lab) -> None:
    run = Run.of(server, lab)
    run.task(0, "running")
    vera = {"user": "vera", "role": "viewer"}
    clear = {"dag_run_id": run.id, "task_ids": [["build", 0]], "dry_run": False}
    assert run.mark("build/0", "failed", **vera) == 403
    assert server.ask("PATCH", run.path, {"state": "failed"}, **vera)[0] == 403
    assert server.ask("POST", f"/api/v2/dags/{DAG}/clearTaskInstances", clear, **vera)[0] == 403
    assert run.mark("build/0/dry_run", "failed") == 200
    assert [state for state, _ in run.states()] == ["pending"]
    assert run.told() == []


def test_who_clears_is_named_once_airflow_has_done_it(server: ApiServer, lab: Lab) -> None:
    run = Run.of(server, lab)
    run.task(0, "failed")
    clear = {"dag_run_id": run.id, "task_ids": [["build", 0]], "note": "mended"}
    path = f"/api/v2/dags/{DAG}/clearTaskInstances"
    assert server.ask("POST", path, {**clear, "dry_run": True})[0] == 200
    assert run.told() == []
    assert server.ask("POST", path, {**clear, "dry_run": False})[0] == 200
    assert run.told() == [("ana", f"build[0] of {DAG} cleared by ana: mended")]
    assert server.ask("POST", f"{run.path}/clear", {"dry_run": False}, user="ben")[0] == 200
    assert run.told()[-1] == ("ben", f"the run {run.id} of {DAG} cleared by ben")


def test_a_deleted_run_changes_nothing(server: ApiServer, lab: Lab) -> None:
    run = Run.of(server, lab)
    server.ask("PATCH", run.path, {"state": "failed"})
    before, told = run.states(), run.told()
    assert server.ask("DELETE", run.path)[0] == 204
    assert (run.states(), run.told()) == (before, told)


@dataclass
class _Rest:
    """Airflow's REST interface as ``headwater.system`` reads it, answered by the real routes."""

    server: ApiServer

    def _get(self, path: str) -> Any:
        status, answer = self.server.ask("GET", path.replace("+", "%2B"))
        if status != 200:
            raise AirflowRefusedError(str(answer), status)
        return answer

    def event_logs(self, event: str, after: datetime) -> list[Any]:
        query = f"event={event}&after={after.isoformat()}&order_by=event_log_id&limit=100"
        return list(self._get(f"/api/v2/eventLogs?{query}")["event_logs"])

    def task_instance(self, dag_id: str, run_id: str, task_id: str, index: int) -> Any:
        place = task_id if index < 0 else f"{task_id}/{index}"
        return self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{place}")

    def run(self, dag_id: str, run_id: str) -> Any:
        return self._get(f"/api/v2/dags/{dag_id}/dagRuns/{run_id}")


@pytest.mark.fault(14)
def test_marked_while_the_catalog_is_away_nobody_waits_and_it_is_done_later(
    server: ApiServer, lab: Lab
) -> None:
    runs = [Run.of(server, lab, 2), Run.of(server, lab), Run.of(server, lab)]
    for run in runs:
        run.task(0, "running")
    with away(lab.catalog.url):
        began = time.monotonic()
        assert runs[0].mark("build/0", "failed", "away") == 200
        assert server.ask("PATCH", runs[1].path, {"state": "success"}, user="ben")[0] == 200
        assert runs[2].mark("build/0", "failed") == 200
        assert time.monotonic() - began < 6
    runs[2].task(0, "running")  # somebody has cleared it since
    said = missed_marks(lab.catalog, _Rest(server))  # type: ignore[arg-type]
    assert len(said) == 4  # the run, its running task, and two tasks
    assert runs[0].states() == [
        ("failed", "marked failed by ana: away"),
        ("pending", "not made yet"),
    ]
    assert runs[1].states() == [("held", "marked success by ben")]
    assert runs[2].states() == [("pending", "not made yet")]
    assert missed_marks(lab.catalog, _Rest(server)) == []  # type: ignore[arg-type]
