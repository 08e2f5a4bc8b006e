"""A person marks a whole run: its tasks that have not run yet tell nobody, but their builds end."""

from __future__ import annotations

import pytest

from headwater_airflow.factories.system import DAG_ID as SYSTEM
from on_airflow.persons import (
    Person,
    all_are,
    builds,
    codes,
    gone,
    nothing_left,
    slots,
    stubborn,
    told,
)
from on_airflow.site import L1, Site, until

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize(
    ("state", "becomes", "first"),
    [
        ("failed", "failed", "2030-01-01"),
        pytest.param("success", "held", "2030-02-01", marks=pytest.mark.slow),
    ],
)
def test_what_runs_is_dead_in_5_s_and_what_never_began_ends_too(
    site: Site, state: str, becomes: str, first: str
) -> None:
    word, last = first.replace("-", "")[:6], f"{first[:8]}28"
    running = slots(site)
    said = f"marked {state} by ana: wrong month"
    with stubborn(site, first, running + 3) as run:
        until(lambda: len(codes(site, word)) >= 3 * running)
        at_work = codes(site, word)
        assert Person(site, "ana").marks(run, state, note="wrong month") == 200
        gone(at_work)
    until(lambda: all_are(site, first, last, becomes, said), 15)
    assert len(builds(site, first, last)) == running + 3
    assert site.products(first, last) == {"synth_l0": running + 3}
    assert set(told(site, run, f"build {becomes}")) == {("ana", said)}
    [(who, why)] = told(site, run, "run marked")
    assert (who, why.partition(";")[0]) == (
        "ana",
        f"the run {run['dag_run_id']} of {L1} {said}",
    )
    until(lambda: nothing_left(site, word), 30)


@pytest.mark.slow
def test_marked_before_its_plan_has_run_what_is_due_stays_due(site: Site) -> None:
    day = "2030-03-01"
    with site.paused(SYSTEM):
        site.send("PATCH", f"/api/v2/dags/{L1}", {"is_paused": True})
        site.drop(day)
        until(lambda: site.products(day, day).get("synth_l0") == 1)
        body = {"logical_date": None, "conf": {}, "partition_key": day}
        assert Person(site, "ana").asks("POST", f"/api/v2/dags/{L1}/dagRuns", body) == 200
        run = until(lambda: site.runs(L1, day))[0]
        assert Person(site, "ana").marks(run, "failed") == 200
        site.send("PATCH", f"/api/v2/dags/{L1}", {"is_paused": False})
        assert builds(site, day, day) == []
    until(lambda: site.products(day, day).get("synth_l1") == 1)
    assert len(told(site, run, "run marked")) == 1


@pytest.mark.slow
def test_a_note_that_stood_there_before_is_no_reason(site: Site) -> None:
    day = "2030-04-01"
    with stubborn(site, day) as run:
        ana = Person(site, "ana")
        path = f"/api/v2/dags/{L1}/dagRuns/{run['dag_run_id']}"
        assert ana.asks("PATCH", path, {"note": "looks odd"}) == 200
        at_work = codes(site, "203004")
        assert Person(site, "ben").marks(run, "failed") == 200
        gone(at_work)
    until(lambda: all_are(site, day, day, "failed", "marked failed by ben"), 15)
