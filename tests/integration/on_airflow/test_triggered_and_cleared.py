"""A person triggers, clears, deletes: what is made, and who is named."""

from __future__ import annotations

import pytest

from headwater_airflow.factories.system import DAG_ID as SYSTEM
from on_airflow.persons import Person, builds, codes, gone, stubborn, told
from on_airflow.site import L1, Site, ended, until

pytestmark = [pytest.mark.airflow, pytest.mark.slow]


def test_a_triggered_run_plans_and_builds_its_dates_in_the_name_of_who_triggered_it(
    site: Site,
) -> None:
    day = "2031-01-01"
    with site.paused(SYSTEM):
        site.send("PATCH", f"/api/v2/dags/{L1}", {"is_paused": True})
        site.drop(day)
        until(lambda: site.products(day, day).get("synth_l0") == 1)
        body = {"logical_date": None, "conf": {"first_date": day}}
        assert Person(site, "uli", "user").asks("POST", f"/api/v2/dags/{L1}/dagRuns", body) == 200
        site.send("PATCH", f"/api/v2/dags/{L1}", {"is_paused": False})
        until(lambda: site.products(day, day).get("synth_l1") == 1)
    planned = site.rows(
        "select distinct e.actor from headwater.event e "
        "join headwater.build b on b.id = e.build_id "
        "join headwater.process p on p.id = b.process_id "
        "where e.kind = 'build planned' and b.utc_date = :day and p.name = 'make_l1'",
        day=day,
    )
    assert [row[0] for row in planned] == ["uli"]


def test_a_cleared_run_makes_what_is_unfinished_and_not_what_is_built(site: Site) -> None:
    first, last = "2031-02-01", "2031-02-02"
    site.say("fail", "20310202")
    site.drop(first, 2)
    run = ended(site, L1, f"{first}/{last}", "failed")
    site.say("fail")
    ana = Person(site, "ana")
    path = f"/api/v2/dags/{L1}/dagRuns/{run['dag_run_id']}/clear"
    assert ana.asks("POST", path, {"dry_run": False, "only_failed": False, "note": "mended"}) == 200
    ended(site, L1, f"{first}/{last}", "success")
    until(lambda: site.products(first, last).get("synth_l1") == 2)
    versions = site.rows(
        "select revision_version from headwater.file f join headwater.product p "
        "on p.id = f.product_id where p.name = 'synth_l1' "
        "and f.utc_file_date between :first and :last",
        first=first,
        last=last,
    )
    assert {row[0] for row in versions} == {0}  # each once
    assert told(site, run, "run marked") == [
        ("ana", f"the run {run['dag_run_id']} of {L1} cleared by ana: mended")
    ]
    assert ("ana", "to be made again: asked for by ana") in told(site, run, "build retried")


def test_marked_failed_and_cleared_at_once_it_is_made(site: Site) -> None:
    day = "2031-03-01"
    with stubborn(site, day) as run:
        at_work = codes(site, "203103")
        ana = Person(site, "ana")
        assert ana.marks(run, "failed", "build", 0) == 200
        site.say("stubborn")
        assert ana.clears(run, ["build", 0]) == 200
        gone(at_work)
    until(lambda: site.products(day, day).get("synth_l1") == 1)
    assert [state for state, _ in builds(site, day, day)] == ["built"]
    ended(site, L1, day, "success")


def test_a_deleted_run_changes_nothing_in_the_catalog(site: Site) -> None:
    day = "2031-04-01"
    site.drop(day)
    run = ended(site, L1, day, "success")
    until(lambda: site.products(day, day).get("synth_l2") == 1)
    before = (builds(site, day, day), site.products(day, day))
    path = f"/api/v2/dags/{L1}/dagRuns/{run['dag_run_id']}"
    assert Person(site, "ana").asks("DELETE", path, {}) == 204
    assert (builds(site, day, day), site.products(day, day)) == before
    assert told(site, run, "run marked") == []
