"""A person marks a run or a task of Airflow: what becomes of its builds, and who is named."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from processing_lab import CHAIN, COPY, Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.run_tasks import record_tasks, run_builds
from headwater.core.actor import Actor
from headwater.core.errors import CatalogBusyError
from headwater.core.states import BuildState, MarkKind
from headwater.processing import adopt
from headwater.processing.outcome import BuildResult
from headwater.processing.planner import plan_due
from headwater.processing.run import BuildRunner
from headwater.processing.run_marks import Marked, RunMark, end_marked, who_cleared
from headwater.processing.service import reap_expired_leases, retry_builds, take_back

D1 = date(2020, 1, 1)
DAG, RUN = "lab.make.mk_l1", "manual__1"
TASK = Actor.task(DAG, RUN, "build", 0)
OWN = Marked(DAG, RUN, "build", 0, ("build",))
WHOLE = Marked(DAG, RUN)
PLAN = Marked(DAG, RUN, "plan", None, None, running=False)


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Iterator[Lab]:
    yield Lab(catalog, tmp_path, CHAIN)
    (tmp_path / "go").touch()  # a code that waits ends before its catalog does
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


def test_what_nobody_has_claimed_has_failed_with_the_persons_name_and_note(lab: Lab) -> None:
    planned(lab)
    assert mark(lab, OWN, note="wrong calibration") == "3 not begun"
    said = "marked failed by ana: wrong calibration"
    assert states(lab) == [("failed", said)] * 3
    assert events(lab, "build failed") == [("build failed", "ana", said)] * 3
    assert events(lab, "task marked") == [
        ("task marked", "ana", f"build[0] of {DAG} {said}; its builds: 3 not begun")
    ]


def test_nothing_tries_by_itself_what_a_person_marked_failed_and_a_retry_makes_it(
    lab: Lab,
) -> None:
    builds = planned(lab)
    mark(lab, OWN)
    assert lab.process().results == []
    retry_builds(lab.catalog, lab.mission, builds[:1], Actor("ben"))
    lab.process()
    assert sorted(state for state, _ in states(lab)) == ["built", "failed", "failed"]


def test_marked_success_they_are_held_until_a_person_asks_even_if_their_inputs_change(
    lab: Lab,
) -> None:
    builds = planned(lab, 1)
    assert mark(lab, OWN, "success") == "1 not begun"
    lab.put("l0", D1, "1.0.1")
    assert lab.process().results == []
    assert states(lab) == [("held", "marked success by ana")]
    retry_builds(lab.catalog, lab.mission, builds, Actor("ben"))
    lab.process()
    assert [state for state, _ in states(lab)] == ["built"]


def test_a_failed_build_whose_retry_would_come_is_not_tried_any_more(lab: Lab) -> None:
    lab.settings(retry_delay_seconds=0)
    lab.code("copy.sh", "#!/bin/sh\nexit 1\n")
    builds = planned(lab, 1)
    BuildRunner(lab.catalog, lab.mission, TASK).run(builds)
    assert states(lab)[0][0] == "failed"
    assert mark(lab, OWN) == "1 not begun"
    lab.code("copy.sh", COPY)
    assert lab.process().results == []
    assert states(lab) == [("failed", "marked failed by ana")]


def test_what_is_built_stays_built_and_the_event_says_so(lab: Lab) -> None:
    builds = planned(lab, 3)
    BuildRunner(lab.catalog, lab.mission, TASK).run(builds[:1])
    assert mark(lab, OWN) == "2 not begun, 1 built and left so"
    assert [state for state, _ in states(lab)] == ["built", "failed", "failed"]
    assert mark(lab, OWN, "success", "ben") == "2 not begun, 1 built and left so"
    assert [state for state, _ in states(lab)] == ["built", "held", "held"]


@pytest.mark.parametrize(("kind", "state"), [("failed", "failed"), ("success", "held")])
def test_what_runs_is_ended_and_becomes_what_the_person_asked_for(
    lab: Lab, kind: str, state: str
) -> None:
    making = Making(lab, planned(lab, 2)[:1])
    assert mark(lab, OWN, kind, note="why not") == "1 running, 1 not begun"
    making.join()
    said = f"marked {kind} by ana: why not"
    assert states(lab) == [(state, said)] * 2
    assert [(who, why) for _, who, why in events(lab, f"build {state}")] == [("ana", said)] * 2
    assert lab.newest("l1") == {}
    assert lab.leftovers() == []


def test_the_last_person_is_obeyed_while_the_code_still_runs(lab: Lab) -> None:
    builds = planned(lab, 1)
    claimed(lab, builds[0])
    mark(lab, OWN, "failed", "ana")
    mark(lab, OWN, "success", "ben")
    reap_expired_leases(lab.catalog)
    assert states(lab) == [("running", "not made yet")]
    lose(lab)
    reap_expired_leases(lab.catalog)
    assert states(lab) == [("held", "marked success by ben")]


def test_a_build_that_another_run_makes_runs_on(lab: Lab) -> None:
    builds = planned(lab, 2)
    making = Making(lab, builds[:1], Actor.task(DAG, "other run", "build", 0))
    assert mark(lab, WHOLE) == "1 not begun"
    making.goes_on()
    assert [state for state, _ in states(lab)] == ["built", "failed"]


def test_one_mapped_task_is_marked_and_the_others_are_not_touched(lab: Lab) -> None:
    builds = planned(lab, 4, chunks=2)
    assert mark(lab, OWN) == "2 not begun"
    left = lab.rows("select id from headwater.build where state = 'pending' order by id")
    assert [row[0] for row in left] == builds[1::2]
    assert mark(lab, Marked(DAG, RUN, "build", None, ("build",))) == "2 not begun"


def test_a_marked_plan_ends_what_nobody_has_claimed_and_lets_run_what_runs(lab: Lab) -> None:
    making = Making(lab, planned(lab, 3)[:1])
    assert mark(lab, PLAN) == "2 not begun"
    making.goes_on()
    assert [state for state, _ in states(lab)] == ["built", "failed", "failed"]


def test_a_marked_run_ends_everything_of_it(lab: Lab) -> None:
    making = Making(lab, planned(lab, 4, chunks=2)[:1])
    assert mark(lab, WHOLE, note="no") == "1 running, 3 not begun"
    making.join()
    assert {state for state, _ in states(lab)} == {"failed"}
    [(_, who, why)] = events(lab, "run marked")
    assert (who, why) == (
        "ana",
        f"the run {RUN} of {DAG} marked failed by ana: no; its builds: 1 running, 3 not begun",
    )


def test_a_build_that_is_being_claimed_at_that_moment_is_found_running(lab: Lab) -> None:
    builds = planned(lab, 1)
    said: list[str] = []
    marking = threading.Thread(target=lambda: said.append(mark(lab, OWN)))
    with lab.catalog.begin() as connection:
        connection.execute(CLAIM, {"dag": DAG, "run": RUN, "id": builds[0]})
        marking.start()
        time.sleep(0.5)
        assert said == []
    marking.join(10)
    assert said == ["1 running"]


def test_a_mark_between_the_end_of_the_code_and_the_commit_wins_and_nothing_is_adopted(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds = planned(lab, 1)
    identify = adopt.identify

    def marked_first(*args: object) -> None:
        mark(lab, OWN)
        identify(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(adopt, "identify", marked_first)
    [result] = BuildRunner(lab.catalog, lab.mission, TASK).run(builds)
    assert (result.state, result.reason) == (BuildState.FAILED, "marked failed by ana")
    assert lab.newest("l1") == {}
    assert list((lab.root / "l1").glob("*.dat")) == []
    assert lab.leftovers() == []


def test_a_mark_that_comes_after_the_commit_has_begun_finds_the_build_built(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds = planned(lab, 1)
    said: list[str] = []
    marking = threading.Thread(target=lambda: said.append(mark(lab, OWN)))
    file_new = adopt.file_new

    def marked_meanwhile(*args: object) -> object:
        marking.start()
        time.sleep(0.5)
        assert said == []
        return file_new(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(adopt, "file_new", marked_meanwhile)
    [result] = BuildRunner(lab.catalog, lab.mission, TASK).run(builds)
    marking.join(10)
    assert said == ["1 built and left so"]
    assert result.state is BuildState.BUILT
    assert lab.newest("l1") == {"2020-01-01": "1.0.0"}


@pytest.mark.parametrize(("kind", "state"), [("failed", "failed"), ("success", "held")])
def test_where_the_task_dies_first_its_lease_ends_in_what_the_person_asked_for(
    lab: Lab, kind: str, state: str
) -> None:
    claimed(lab, planned(lab, 1)[0])
    assert mark(lab, OWN, kind) == "1 running"
    lose(lab)
    reap_expired_leases(lab.catalog)
    assert states(lab) == [(state, f"marked {kind} by ana")]
    assert [(who, why) for _, who, why in events(lab, f"build {state}")] == [
        ("ana", f"marked {kind} by ana")
    ]
    assert lab.process().results == []


def test_a_cleared_task_takes_back_what_was_to_end_and_makes_it(lab: Lab) -> None:
    builds = planned(lab, 1)
    claimed(lab, builds[0])
    mark(lab, OWN)
    take_back(lab.catalog, lab.mission, builds, TASK)
    retry_builds(lab.catalog, lab.mission, builds, Actor("ben"))
    lab.process()
    assert [state for state, _ in states(lab)] == ["built"]


def test_the_same_mark_told_twice_is_done_once(lab: Lab) -> None:
    planned(lab, 1)
    one = RunMark(OWN, MarkKind.FAILED, "ana")
    assert end_marked(lab.catalog, one) is not None
    lab.rows("select 1")
    builds = [row[0] for row in lab.rows("select id from headwater.build")]
    retry_builds(lab.catalog, lab.mission, builds, Actor("ben"))
    assert end_marked(lab.catalog, one) is None
    assert states(lab) == [("pending", "to be made again: asked for by ben")]
    assert len(events(lab, "task marked")) == 1


def test_a_run_that_is_none_of_ours_leaves_no_trace(lab: Lab) -> None:
    planned(lab, 1)
    assert mark(lab, Marked("somebody.elses", RUN)) == "nothing of ours"
    assert lab.rows("select * from headwater.run_mark") == []
    assert states(lab)[0][0] == "pending"


def test_what_waits_for_a_marked_build_is_planned_again(lab: Lab) -> None:
    planned(lab, 1)
    lab.put("l1", D1, "1.0.0")
    plan_due(lab.catalog, lab.mission, lab.mission.process("mk_l2"), actor=lab.actor)
    [(_, state, reason)] = lab.builds("mk_l2")
    assert (state, "waits for mk_l1" in reason) == ("waiting", True)
    mark(lab, OWN)
    lab.process()
    assert [state for _, state, _ in lab.builds("mk_l2")] == ["built"]


def test_a_mark_waits_two_seconds_for_others_then_only_what_runs_is_asked_to_end(
    lab: Lab,
) -> None:
    making = Making(lab, planned(lab, 2)[:1])
    lock = text("select pg_advisory_xact_lock(hashtextextended('headwater work ' || :id, 0))")
    began = time.monotonic()
    with lab.catalog.begin() as connection:
        connection.execute(lock, {"id": str(lab.mission.id)})
        with pytest.raises(CatalogBusyError):
            mark(lab, OWN)
        assert time.monotonic() - began < 5
        asked = lab.rows("select cancel_reason from headwater.build order by id")
        assert [row[0] for row in asked] == ["marked failed by ana", None]
        assert lab.rows("select * from headwater.run_mark") == []
    making.join()


def test_who_cleared_a_task_or_its_run_last_is_known(lab: Lab) -> None:
    assert who_cleared(lab.catalog, DAG, RUN, "build") is None
    mark(lab, Marked(DAG, RUN, None, None, ()), "cleared", "ana", "try again")
    mark(lab, Marked(DAG, RUN, "plan", None, ()), "cleared", "ben")
    assert who_cleared(lab.catalog, DAG, RUN, "build") == ("ana", "try again")
    assert who_cleared(lab.catalog, DAG, RUN, "plan") == ("ben", "")
    assert [(who, why) for _, who, why in events(lab, "run marked")] == [
        ("ana", f"the run {RUN} of {DAG} cleared by ana: try again")
    ]


def test_the_builds_of_a_run_are_listed_as_they_stand_also_those_never_claimed(lab: Lab) -> None:
    builds = planned(lab, 3, chunks=2)
    BuildRunner(lab.catalog, lab.mission, TASK).run(builds[:1])
    loose = Actor.task(DAG, RUN, "redo", 0)  # claimed by a task that no list names
    BuildRunner(lab.catalog, lab.mission, loose).run(builds[1:2])
    with lab.catalog.read() as connection:
        found = run_builds(connection, DAG, RUN)
        one = run_builds(connection, DAG, RUN, task_id="build", map_index=0)
        other = run_builds(connection, DAG, "other run")
    listed = [(each.task_id, each.map_index, each.build_id, each.state, each.claimed_here)
              for each in found]  # fmt: skip
    assert listed == [
        ("build", 0, builds[0], "built", True),
        ("build", 0, builds[2], "pending", False),
        ("build", 1, builds[1], "built", False),
        ("redo", 0, builds[1], "built", True),
    ]
    assert [each.build_id for each in one] == [builds[0], builds[2]]
    assert (found[0].process, found[0].interval_key, found[0].version) == (
        "mk_l1",
        "2020-01-01",
        "1.0.0",
    )
    assert other == []


def test_a_plan_that_is_made_again_replaces_the_list_of_its_run(lab: Lab) -> None:
    builds = planned(lab, 4, chunks=3)
    with lab.catalog.begin() as connection:
        record_tasks(connection, DAG, RUN, "build", [builds[:1]])
    with lab.catalog.read() as connection:
        assert [each.build_id for each in run_builds(connection, DAG, RUN)] == builds[:1]
    with lab.catalog.begin() as connection:
        record_tasks(connection, DAG, RUN, "build", [])
    with lab.catalog.read() as connection:
        assert run_builds(connection, DAG, RUN) == []
