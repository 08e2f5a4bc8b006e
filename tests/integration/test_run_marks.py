"""A person marks a run or a task of Airflow: what becomes of its builds, and who is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from processing_lab import COPY, Lab
from run_marks_lab import (
    D1,
    DAG,
    OWN,
    PLAN,
    RUN,
    TASK,
    WHOLE,
    Making,
    events,
    mark,
    opened,
    planned,
    states,
)

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.processing.planner import plan_due
from headwater.processing.run import BuildRunner
from headwater.processing.run_marks import Marked, who_cleared
from headwater.processing.service import retry_builds


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Iterator[Lab]:
    with opened(catalog, tmp_path) as lab:
        yield lab


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


def test_who_cleared_a_task_or_its_run_last_is_known(lab: Lab) -> None:
    assert who_cleared(lab.catalog, DAG, RUN, "build") is None
    mark(lab, Marked(DAG, RUN, None, None, ()), "cleared", "ana", "try again")
    mark(lab, Marked(DAG, RUN, "plan", None, ()), "cleared", "ben")
    assert who_cleared(lab.catalog, DAG, RUN, "build") == ("ana", "try again")
    assert who_cleared(lab.catalog, DAG, RUN, "plan") == ("ben", "")
    assert [(who, why) for _, who, why in events(lab, "run marked")] == [
        ("ana", f"the run {RUN} of {DAG} cleared by ana: try again")
    ]
