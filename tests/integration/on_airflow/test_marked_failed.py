"""A person marks a task failed, in whatever state it is."""

from __future__ import annotations

import psutil
import pytest
from catalog_outage import away

from headwater_airflow.factories.system import DAG_ID as SYSTEM
from on_airflow.persons import (
    Person,
    all_are,
    builds,
    codes,
    gone,
    nothing_left,
    run_of,
    slots,
    stubborn,
    told,
)
from on_airflow.site import L1, Site, ended, until

pytestmark = pytest.mark.airflow


@pytest.mark.fault(59)
def test_running_its_stubborn_code_is_dead_in_5_s_and_nothing_is_adopted(site: Site) -> None:
    day = "2028-01-01"
    with stubborn(site, day) as run:
        running = codes(site, "202801")
        assert Person(site, "ana").marks(run, "failed", "build", 0, "wrong calibration") == 200
        gone(running)
    said = "marked failed by ana: wrong calibration"
    until(lambda: all_are(site, day, day, "failed", said), 15)
    assert site.products(day, day) == {"synth_l0": 1}
    until(lambda: nothing_left(site, "202801"), 30)
    assert told(site, run, "build failed") == [("ana", said)]
    assert told(site, run, "task marked") == [
        ("ana", f"build[0] of {L1} {said}; its builds: 1 running")
    ]
    assert site.tasks(ended(site, L1, day, "failed"))["build", 0] == "failed"


@pytest.mark.slow
def test_not_yet_running_its_build_fails_at_once_and_the_others_go_on(site: Site) -> None:
    site.say("pace", "4")
    first, last = "2028-02-01", "2028-02-28"
    try:
        days = slots(site) + 4
        site.drop(first, days)
        run = run_of(site, first)
        waits = days - 1
        until(lambda: ("build", waits) in site.tasks(run))
        assert site.tasks(run)["build", waits] in ("scheduled", "queued", None)
        assert Person(site, "ana").marks(run, "failed", "build", waits, cookie=True) == 200
        assert builds(site, first, last)[waits] == ("failed", "marked failed by ana")
    finally:
        site.say("pace")
    until(lambda: site.products(first, last).get("synth_l1") == days - 1)
    assert builds(site, first, last)[waits] == ("failed", "marked failed by ana")
    until(lambda: site.tasks(run)["outcome", -1] == "upstream_failed")


@pytest.mark.slow
def test_finished_what_is_built_stays_built_and_the_event_says_so(site: Site) -> None:
    day = "2028-03-01"
    site.drop(day)
    run = ended(site, L1, day, "success")
    assert Person(site, "ana").marks(run, "failed", "build", 0) == 200
    assert [state for state, _ in builds(site, day, day)] == ["built"]
    assert told(site, run, "task marked") == [
        ("ana", f"build[0] of {L1} marked failed by ana; its builds: 1 built and left so")
    ]
    assert site.products(day, day)["synth_l1"] == 1


@pytest.mark.slow
def test_failed_with_a_retry_to_come_it_is_not_tried_again(site: Site) -> None:
    day = "2028-04-01"
    site.say("fail", "20280401")
    site.drop(day)
    run = ended(site, L1, day, "failed")
    query = "select not_before from headwater.build where utc_date = :day"
    assert site.rows(query, day=day)[0][0] is not None
    # Airflow refuses to mark failed what has failed; by way of success a person may.
    ana = Person(site, "ana")
    assert ana.marks(run, "failed", "build", 0) == 409
    assert ana.marks(run, "success", "build", 0) == 200
    assert builds(site, day, day) == [("held", "marked success by ana")]
    assert site.rows(query, day=day)[0][0] is None
    site.say("fail")


@pytest.mark.slow
def test_a_plan_that_is_marked_ends_what_nobody_has_claimed(site: Site) -> None:
    first, last = "2028-05-01", "2028-05-28"
    running = slots(site)
    with site.paused(SYSTEM), stubborn(site, first, running + 2) as run:
        until(lambda: len(codes(site, "202805")) >= 3 * running)
        assert Person(site, "ana").marks(run, "failed", "plan", note="not now") == 200
        states = [state for state, _ in builds(site, first, last)]
        assert states == ["running"] * running + ["failed"] * 2
        at_work = codes(site, "202805")
        assert Person(site, "ben").marks(run, "failed") == 200
        gone(at_work)
    until(lambda: all(state == "failed" for state, _ in builds(site, first, last)), 15)
    names = {reason for _, reason in builds(site, first, last)}
    assert names == {"marked failed by ana: not now", "marked failed by ben"}


@pytest.mark.slow
def test_several_at_once_are_each_told_though_airflows_own_log_says_nothing(site: Site) -> None:
    first, last = "2028-06-01", "2028-06-02"
    site.say("pace", "20")
    try:
        site.drop(first, 2)
        run = run_of(site, first)
        until(lambda: ("build", 1) in site.tasks(run))
        entities = [{"task_id": "build", "map_index": index, "new_state": "failed",
                     "note": "both"} for index in (0, 1)]  # fmt: skip
        body = {"actions": [{"action": "update", "entities": entities}]}
        path = f"/api/v2/dags/{L1}/dagRuns/{run['dag_run_id']}/taskInstances"
        assert Person(site, "ana").asks("PATCH", path, body) == 200
        until(lambda: all_are(site, first, last, "failed", "marked failed by ana: both"), 20)
    finally:
        site.say("pace")
    rows = site.rest(lambda rest: rest._send("GET", "/api/v2/eventLogs", params={
        "event": "headwater_mark", "run_id": run["dag_run_id"]}))  # fmt: skip
    assert {row["owner"] for row in rows["event_logs"]} == {"ana"}
    assert rows["total_entries"] == 2


@pytest.mark.slow
def test_a_viewer_may_not_mark_and_nothing_changes(site: Site) -> None:
    day = "2028-07-01"
    with stubborn(site, day) as run:
        running = codes(site, "202807")
        vera = Person(site, "vera", "viewer")
        assert vera.marks(run, "failed", "build", 0) == 403
        assert vera.marks(run, "success") == 403
        assert vera.clears(run, "plan") == 403
        assert builds(site, day, day)[0][0] == "running"
        assert running[0].is_running()
        found = site.rows("select 1 from headwater.run_mark where person = 'vera'")
        assert found == []
        Person(site, "ana").marks(run, "failed")
        gone(running)


@pytest.mark.slow
@pytest.mark.fault(14)
def test_marked_while_the_catalog_is_away_it_is_done_when_the_catalog_is_back(site: Site) -> None:
    day = "2028-08-01"
    with stubborn(site, day) as run:
        running = codes(site, "202808")
        with away(site.stack.catalog_url()):
            assert Person(site, "ana").marks(run, "failed", "build", 0, "away") == 200
            _, alive = psutil.wait_procs(
                running, timeout=15
            )  # the keeper hears nothing; its task is ended by Airflow
            assert alive == []
    until(lambda: all_are(site, day, day, "failed", "marked failed by ana: away"), 120)
    assert site.products(day, day) == {"synth_l0": 1}
    assert ("ana", f"build[0] of {L1} marked failed by ana: away") in [
        (who, why.partition("; its")[0]) for who, why in told(site, run, "task marked")
    ]
