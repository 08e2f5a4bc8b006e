"""A person marks a task success: what it has not made is held, and no failure."""

from __future__ import annotations

import pytest

from on_airflow.persons import Person, all_are, builds, codes, gone, stubborn, told
from on_airflow.site import L1, Site, ended, until

pytestmark = [pytest.mark.airflow, pytest.mark.slow]


def test_running_its_code_is_dead_in_5_s_and_its_build_held_until_a_person_asks(
    site: Site,
) -> None:
    day = "2029-01-01"
    said = "marked success by ana: not worth it"
    with stubborn(site, day) as run:
        running = codes(site, "202901")
        assert Person(site, "ana").marks(run, "success", "build", 0, "not worth it") == 200
        gone(running)
    until(lambda: all_are(site, day, day, "held", said), 15)
    run = ended(site, L1, day, "success")
    assert told(site, run, "build held") == [("ana", said)]
    assert told(site, run, "build failed") == []
    assert site.products(day, day) == {"synth_l0": 1}

    assert Person(site, "ben").clears(run, ["build", 0]) == 200
    until(lambda: site.products(day, day).get("synth_l2") == 1)
    until(lambda: told(site, run, "build retried"))
    assert told(site, run, "build retried")[-1] == (
        "ben",
        "to be made again: asked for by ben",
    )


def test_failed_its_build_is_held_and_triggering_its_date_makes_it(site: Site) -> None:
    day = "2029-02-01"
    site.say("fail", "20290201")
    site.drop(day)
    run = ended(site, L1, day, "failed")
    site.say("fail")
    assert Person(site, "ana").marks(run, "success", "build", 0) == 200
    assert builds(site, day, day) == [("held", "marked success by ana")]
    body = {"logical_date": None, "conf": {}, "partition_key": day}
    assert Person(site, "uli", "user").asks("POST", f"/api/v2/dags/{L1}/dagRuns", body) == 200
    until(lambda: site.products(day, day).get("synth_l1") == 1)
    assert "asked for by uli" in [why for _, why in told(site, run, "build retried")][-1]


def test_finished_it_stays_as_it_is(site: Site) -> None:
    day = "2029-03-01"
    site.drop(day)
    run = ended(site, L1, day, "success")
    assert Person(site, "ana").marks(run, "success", "build", 0) == 409  # it is that already
    assert Person(site, "ana").marks(run, "skipped", "build", 0) == 200
    assert [state for state, _ in builds(site, day, day)] == ["built"]
    assert told(site, run, "task marked")[0][1].endswith("1 built and left so")


def test_the_outcome_marked_success_changes_the_run_and_no_build(site: Site) -> None:
    day = "2029-04-01"
    site.say("fail", "20290401")
    site.drop(day)
    run = ended(site, L1, day, "failed")
    before = builds(site, day, day)
    assert Person(site, "ana").marks(run, "success", "outcome", note="seen") == 200
    assert builds(site, day, day) == before
    assert told(site, run, "task marked") == [
        ("ana", f"outcome of {L1} marked success by ana: seen")
    ]
    site.say("fail")
