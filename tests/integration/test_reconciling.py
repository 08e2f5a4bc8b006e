"""What did not reach the catalog is found again from what Airflow has committed."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from processing_lab import CHAIN, Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.run_tasks import record_tasks
from headwater.core.actor import Actor
from headwater.flows.airflow_rest import AirflowRefusedError
from headwater.processing.planner import plan_due
from headwater.processing.service import reap_expired_leases, retry_builds
from headwater_airflow.reconciling import end_lost_leases, missed_marks

DAG, RUN = "lab.make.mk_l1", "manual__1"
NOW = datetime.now(UTC)


@dataclass
class Airflow:
    """What Airflow has committed: its log, its tasks and runs; it counts what it is asked."""

    log: list[dict[str, Any]] = field(default_factory=list)
    tasks: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    run_now: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def marks(
        self, kind: str, task: str | None = "build", index: int | None = 0, **extra: Any
    ) -> None:
        said = {"mark": str(uuid.uuid4()), "kind": kind, "note": "",
                "tasks": None if task is None else [task], "running": True, **extra}  # fmt: skip
        self.log.append(
            {
                "when": NOW.isoformat(),
                "dag_id": DAG,
                "run_id": RUN,
                "task_id": task,
                "map_index": index,
                "owner": "ana",
                "extra": json.dumps(said),
            }
        )

    def event_logs(self, event: str, after: datetime) -> list[dict[str, Any]]:
        self.asked.append("log")
        return [row for row in self.log if datetime.fromisoformat(row["when"]) > after]

    def task_instances(self, states: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        self.asked.append("tasks")
        return [
            {"dag_id": DAG, "dag_run_id": RUN, "task_id": name, "map_index": index, **task}
            for (name, index), task in self.tasks.items()
            if task["state"] in states
        ]

    def task_instance(self, dag_id: str, run_id: str, name: str, index: int) -> dict[str, Any]:
        self.asked.append("task")
        if (name, index) not in self.tasks:
            raise AirflowRefusedError("it is gone", 404)
        return self.tasks[name, index]

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        return self.run_now


def task(state: str, began: float = -60, ended: float | None = -30) -> dict[str, Any]:
    """A task instance; times in seconds from now."""

    def at(seconds: float | None) -> str | None:
        return None if seconds is None else (NOW + timedelta(seconds=seconds)).isoformat()

    return {"state": state, "start_date": at(began), "end_date": at(ended)}


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    lab = Lab(catalog, tmp_path, CHAIN)
    lab.put_many("l0", [date(2020, 1, 1), date(2020, 1, 2)])
    plan_due(catalog, lab.mission, lab.mission.process("mk_l1"), actor=lab.actor)
    with catalog.begin() as connection:
        record_tasks(connection, DAG, RUN, "build", [builds(lab)])
    return lab


def builds(lab: Lab) -> list[int]:
    return [row[0] for row in lab.rows("select id from headwater.build order by id")]


def states(lab: Lab) -> list[tuple[str, str]]:
    return [(state, reason) for _, state, reason in lab.builds("mk_l1")]


def runs_in(lab: Lab, index: int) -> None:
    """Both builds run in this mapped task, as far as the catalog knows."""
    with lab.catalog.begin() as connection:
        connection.execute(
            text(
                "update headwater.build set state = 'running', token = gen_random_uuid(),"
                " lease_until = now() + interval '60 s', airflow_dag_id = :dag, attempts = 1,"
                " airflow_run_id = :run, airflow_task_id = 'build', airflow_map_index = :index"
            ),
            {"dag": DAG, "run": RUN, "index": index},
        )


def test_where_nothing_happened_it_is_one_request(lab: Lab) -> None:
    airflow = Airflow()
    assert missed_marks(lab.catalog, airflow) == []
    assert end_lost_leases(lab.catalog, airflow) == []
    assert airflow.asked == ["log"]


def test_a_mark_that_the_catalog_missed_is_done_with_its_name_and_only_once(lab: Lab) -> None:
    airflow = Airflow(tasks={("build", 0): task("failed")})
    airflow.marks("failed", note="bad day")
    [said] = missed_marks(lab.catalog, airflow)
    assert said == f"build[0] of {DAG} marked failed by ana: bad day: 2 not begun"
    assert states(lab) == [("failed", "marked failed by ana: bad day")] * 2
    retry_builds(lab.catalog, lab.mission, builds(lab), Actor("ben"))
    assert missed_marks(lab.catalog, airflow) == []
    assert {state for state, _ in states(lab)} == {"pending"}


def test_a_missed_mark_of_a_run_ends_all_its_builds(lab: Lab) -> None:
    airflow = Airflow(run_now=task("success"))
    airflow.marks("success", task=None, index=None)
    missed_marks(lab.catalog, airflow)
    assert states(lab) == [("held", "marked success by ana")] * 2


@pytest.mark.parametrize(
    "now",
    [
        {},  # the run was deleted
        {("build", 0): task("running")},
        {("build", 0): task("success")},
        {("build", 0): task("failed", began=5, ended=9)},  # cleared, and failed by itself
    ],
    ids=["deleted", "cleared", "marked otherwise", "cleared and failed"],
)
def test_a_missed_mark_that_was_undone_since_does_nothing(lab: Lab, now: Any) -> None:
    airflow = Airflow(tasks=now)
    airflow.marks("failed")
    [said] = missed_marks(lab.catalog, airflow)
    assert said.endswith("undone since")
    assert {state for state, _ in states(lab)} == {"pending"}
    assert missed_marks(lab.catalog, airflow) == []


@pytest.mark.parametrize("extra", ["", "null", "[]", '{"mark": "x", "kind": "failed"}', "{"])
def test_what_others_write_into_airflows_log_under_our_name_is_left_out(
    lab: Lab, extra: str
) -> None:
    airflow = Airflow(tasks={("build", 0): task("failed")})
    airflow.marks("failed")
    airflow.log[0]["extra"] = extra
    assert missed_marks(lab.catalog, airflow) == []
    assert {state for state, _ in states(lab)} == {"pending"}


@pytest.mark.parametrize(
    ("now", "freed"),
    [
        ({}, 2),
        ({("build", 0): task("failed")}, 2),
        # It may still end its builds itself, whenever in a long run of tests this one runs.
        ({("build", 0): task("failed", ended=86_400)}, 0),
        ({("build", 0): task("running", ended=None)}, 0),
        ({("build", 0): task("queued", ended=None)}, 0),
    ],
    ids=["gone", "failed", "just failed", "running", "to be tried again"],
)
def test_builds_are_freed_whose_task_is_no_more(lab: Lab, now: Any, freed: int) -> None:
    runs_in(lab, 0)
    assert len(end_lost_leases(lab.catalog, Airflow(tasks=now))) == freed
    assert len(reap_expired_leases(lab.catalog)) == freed
    wanted = {"pending"} if freed else {"running"}
    assert {state for state, _ in states(lab)} == wanted


def test_builds_of_running_tasks_cost_one_request(lab: Lab) -> None:
    runs_in(lab, 0)
    airflow = Airflow(tasks={("build", 0): task("running", ended=None)})
    end_lost_leases(lab.catalog, airflow)
    assert airflow.asked == ["tasks"]
