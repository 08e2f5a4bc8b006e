"""Builds whose task was lost: who may take them, and when."""

from __future__ import annotations

import threading
import time
from datetime import date, timedelta
from pathlib import Path

import pytest
from processing_lab import CHAIN, COPY, Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.states import BuildState
from headwater.processing.claim import LEASE_SECONDS
from headwater.processing.outcome import BuildResult
from headwater.processing.planner import plan_due
from headwater.processing.run import BuildRunner, run_builds
from headwater.processing.service import take_back

D1 = date(2020, 1, 1)
LONGEST_LEASE = """
select max(extract(epoch from lease_until - now())) as left
from headwater.build where state = 'running'
"""
PROMISE_OF_THE_LOST = text("""
insert into headwater.intent (mission_id, token, state, source_path, part_path, final_path, owner,
                              lease_until)
values (:mission, gen_random_uuid(), 'open', '', 'l1/.part', 'l1/l1_20200101_v1.0.0.dat', :owner,
        now() + interval '300 s')
""")
TASK = Actor.task("m.make.mk_l1", "run", "build", 0)


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    lab = Lab(catalog, tmp_path, CHAIN)
    wait = f"while [ ! -e {lab.root}/go ]; do sleep 0.05; done"
    lab.code("copy.sh", f"#!/bin/sh\n{wait}\n{COPY[10:]}")
    return lab


@pytest.fixture
def begun(lab: Lab) -> tuple[list[int], threading.Thread, list[BuildResult]]:
    """A task that waits in its first code: its builds, its thread, and what it will say."""
    lab.put_many("l0", [D1 + timedelta(n) for n in range(3)])
    plan = plan_due(lab.catalog, lab.mission, lab.mission.process("mk_l1"), actor=TASK)
    builds = [build.build_id for build in plan.builds]
    said: list[BuildResult] = []
    runner = BuildRunner(lab.catalog, lab.mission, TASK)
    thread = threading.Thread(target=lambda: said.extend(runner.run(builds)))
    thread.start()
    while running(lab) == 0:
        time.sleep(0.02)
    return builds, thread, said


def running(lab: Lab) -> int:
    return sum(state == "running" for _, state, _ in lab.builds("mk_l1"))


@pytest.mark.fault(56)
def test_a_retried_task_takes_back_its_own_builds_at_once_and_the_lost_try_writes_nothing(
    lab: Lab, begun: tuple[list[int], threading.Thread, list[BuildResult]]
) -> None:
    builds, lost, said = begun
    try:
        taken = take_back(lab.catalog, lab.mission, builds, TASK)
        assert taken  # one that runs, and perhaps one that stands ready
    finally:
        (lab.root / "go").touch()
        lost.join(30)
    assert all(each.state is not BuildState.BUILT for each in said if each.build_id in taken)
    made = run_builds(lab.catalog, lab.mission, taken, TASK)
    assert [each.state for each in made] == [BuildState.BUILT] * len(taken)
    assert set(lab.newest("l1").values()) == {"1.0.0"}
    assert len(lab.newest("l1")) == len(builds)
    assert lab.leftovers() == []


@pytest.mark.parametrize(
    "other",
    [
        Actor.task("m.make.mk_l1", "run", "build", 1),
        Actor.task("m.make.mk_l1", "other run", "build", 0),
        Actor.task("m.make.mk_l1", "run", "redo", 0),
    ],
    ids=str,
)
def test_another_task_takes_nothing(
    lab: Lab, begun: tuple[list[int], threading.Thread, list[BuildResult]], other: Actor
) -> None:
    builds, thread, said = begun
    try:
        assert take_back(lab.catalog, lab.mission, builds, other) == []
    finally:
        (lab.root / "go").touch()
        thread.join(30)
    assert [each.state for each in said] == [BuildState.BUILT] * len(builds)


@pytest.mark.fault(5)
def test_a_path_that_a_lost_try_had_promised_puts_the_build_off_and_is_taken_back_by_the_next(
    lab: Lab,
) -> None:
    (lab.root / "go").touch()
    lab.put("l0", D1)
    plan = plan_due(lab.catalog, lab.mission, lab.mission.process("mk_l1"), actor=TASK)
    builds = [build.build_id for build in plan.builds]
    with lab.catalog.begin() as connection:
        connection.execute(PROMISE_OF_THE_LOST, {"mission": lab.mission.id, "owner": TASK.name})
    (put_off,) = run_builds(lab.catalog, lab.mission, builds, TASK)
    assert put_off.state is BuildState.PENDING
    assert put_off.reason.startswith("its place in the archive is not free yet: ")
    assert [row.attempts for row in lab.rows("select attempts from headwater.build")] == [0]

    take_back(lab.catalog, lab.mission, builds, TASK)
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.build set not_before = null"))
    (made,) = run_builds(lab.catalog, lab.mission, builds, TASK)
    assert made.state is BuildState.BUILT
    assert lab.leftovers() == []


def test_what_is_claimed_ahead_is_free_a_minute_after_its_task_was_lost(lab: Lab) -> None:
    """Not after the long lease of an adoption: that ends with the adoption."""
    lab.code("copy.sh", f"#!/bin/sh\nsleep 0.05\n{COPY[10:]}")
    lab.put_many("l0", [D1 + timedelta(n) for n in range(60)])
    plan = plan_due(lab.catalog, lab.mission, lab.mission.process("mk_l1"), actor=TASK)
    adopted = threading.Event()
    runner = BuildRunner(lab.catalog, lab.mission, TASK, report=lambda result: adopted.set())
    builds = [build.build_id for build in plan.builds]
    thread = threading.Thread(target=lambda: runner.run(builds))
    thread.start()
    adopted.wait(30)
    leases = []
    while thread.is_alive():
        leases += [row.left for row in lab.rows(LONGEST_LEASE) if row.left is not None]
        time.sleep(0.02)
    assert leases
    assert min(leases) <= LEASE_SECONDS
