"""A planned run of the lab's first process, at work or not, and a person who marks it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from processing_lab import CHAIN, COPY, Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.run_tasks import record_tasks
from headwater.core.actor import Actor
from headwater.core.states import MarkKind
from headwater.processing.outcome import BuildResult
from headwater.processing.planner import plan_due
from headwater.processing.run import BuildRunner
from headwater.processing.run_marks import Marked, RunMark, end_marked

D1 = date(2020, 1, 1)
DAG, RUN = "lab.make.mk_l1", "manual__1"
TASK = Actor.task(DAG, RUN, "build", 0)
OWN = Marked(DAG, RUN, "build", 0, ("build",))
WHOLE = Marked(DAG, RUN)
PLAN = Marked(DAG, RUN, "plan", None, None, running=False)


@contextmanager
def opened(catalog: Catalog, folder: Path) -> Iterator[Lab]:
    """The lab; a code that waits ends before its catalog does."""
    yield Lab(catalog, folder, CHAIN)
    (folder / "go").touch()
    for thread in threading.enumerate():
        if thread.name == "making":
            thread.join(30)


def planned(lab: Lab, days: int = 3, chunks: int = 1) -> list[int]:
    """Builds of so many days, in so many mapped tasks of one run."""
    lab.put_many("l0", [D1 + timedelta(n) for n in range(days)])
    plan = plan_due(lab.catalog, lab.mission, lab.mission.process("mk_l1"), actor=TASK)
    builds = [build.build_id for build in plan.builds]
    with lab.catalog.begin() as connection:
        record_tasks(connection, DAG, RUN, "build", [builds[n::chunks] for n in range(chunks)])
    return builds


def mark(lab: Lab, of: Marked, kind: str = "failed", person: str = "ana", note: str = "") -> str:
    """What one mark did, in words."""
    done = end_marked(lab.catalog, RunMark(of, MarkKind(kind), person, note))
    return "nothing of ours" if done is None else done.sentence


CLAIM = text(
    "update headwater.build set state = 'running', token = gen_random_uuid(),"
    " lease_until = now() + interval '60 s', airflow_dag_id = :dag, airflow_run_id = :run,"
    " airflow_task_id = 'build', airflow_map_index = 0 where id = :id"
)


def claimed(lab: Lab, build: int) -> None:
    """A build is running, in a task of which no process is left."""
    with lab.catalog.begin() as connection:
        connection.execute(CLAIM, {"dag": DAG, "run": RUN, "id": build})


def lose(lab: Lab) -> None:
    """All leases are over."""
    with lab.catalog.begin() as connection:
        over = "update headwater.build set lease_until = now() - interval '1 s'"
        connection.execute(text(f"{over} where state = 'running'"))


def states(lab: Lab) -> list[tuple[str, str]]:
    return [(state, reason) for _, state, reason in lab.builds("mk_l1")]


def events(lab: Lab, *kinds: str) -> list[tuple[str, str, str]]:
    found = lab.rows(
        "select kind, actor, reason from headwater.event where kind = any(:kinds) order by id",
        kinds=list(kinds),
    )
    return [tuple(row) for row in found]


class Making:
    """A task at work, in the code of its first build, until it may `go`."""

    def __init__(self, lab: Lab, builds: list[int], actor: Actor = TASK) -> None:
        self.go = lab.root / "go"
        lab.code(
            "copy.sh",
            f"#!/bin/sh\ntrap '' TERM\nwhile [ ! -e {self.go} ]; do sleep 0.05; done\n{COPY[10:]}",
        )
        self.said: list[BuildResult] = []
        runner = BuildRunner(lab.catalog, lab.mission, actor)
        self.thread = threading.Thread(
            target=lambda: self.said.extend(runner.run(builds)), name="making"
        )
        self.thread.start()
        while not any(state == "running" for state, _ in states(lab)):
            time.sleep(0.02)

    def join(self) -> None:
        self.thread.join(30)
        assert not self.thread.is_alive()

    def goes_on(self) -> None:
        self.go.touch()
        self.join()
