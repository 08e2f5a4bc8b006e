"""A person marks what is claimed, filed, lost, cleared or marked by another at that moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from processing_lab import Lab
from run_marks_lab import (
    CLAIM,
    DAG,
    OWN,
    RUN,
    TASK,
    WHOLE,
    Making,
    claimed,
    events,
    lose,
    mark,
    opened,
    planned,
    states,
)
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import CatalogBusyError
from headwater.core.states import BuildState, MarkKind
from headwater.processing import adopt
from headwater.processing.run import BuildRunner
from headwater.processing.run_marks import RunMark, end_marked
from headwater.processing.service import reap_expired_leases, retry_builds, take_back


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Iterator[Lab]:
    with opened(catalog, tmp_path) as lab:
        yield lab


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
