"""The web app in Airflow's API server: its logins, its rules, and runs in the person's name."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from on_airflow.people import PEOPLE, somebody
from on_airflow.site import L1, Site, until

pytestmark = pytest.mark.airflow

API = "/headwater/api"
MISSION = f"{API}/missions/synthetic"


def action(client: httpx.Client, name: str, key: str, **more: Any) -> httpx.Response:
    body = {"action": name, "products": ["synth_l1"], "first": "2019-06-01",
            "last": "2019-06-01", "reason": "a test", **more}  # fmt: skip
    headers = {"Idempotency-Key": key}
    return client.post(f"{MISSION}/actions", json=body, headers=headers)


def test_airflows_own_logins_and_roles_hold_at_every_door(site: Site) -> None:
    """The mount, token and cookie, and one route of each right, for each role."""
    with somebody(site, None) as nobody:
        for path in (f"{API}/missions", f"{API}/openapi.json", "/headwater/", MISSION):
            assert nobody.get(path).status_code == 401, path
        assert action(nobody, "hold", "n").status_code == 401
        nobody.headers["Authorization"] = "Bearer made.up.token"
        assert nobody.get(f"{API}/missions").status_code == 401
    every_mission = "select name from headwater.mission order by name"
    passed = {}
    for role, name in PEOPLE.items():
        with somebody(site, role) as person:
            assert person.get(f"{API}/me").json()["name"] == name
            told = [one["name"] for one in person.get(f"{API}/missions").json()]
            assert told == [row[0] for row in site.rows(every_mission)]
            passed[role] = [
                what
                for what in ("plan", "retry", "lift")
                if action(person, what, what).status_code != 403
            ]
    assert passed == {
        "viewer": ["plan"],
        "user": ["plan", "retry"],
        "op": ["plan", "retry", "lift"],
        "admin": ["plan", "retry", "lift"],
    }
    with somebody(site, "op", by_cookie=True) as browser:
        assert browser.get(f"{API}/me").json()["name"] == "ola"
        assert action(browser, "lift", "c").status_code == 403
        browser.headers["X-Headwater"] = "1"
        assert action(browser, "lift", "c").status_code == 200


@pytest.mark.slow
def test_what_a_person_asks_for_runs_in_their_name(site: Site) -> None:
    """A build that failed is retried by a user: Airflow's run and its audit log name her."""
    day = "2019-08-01"
    site.say("fail", day.replace("-", ""))
    site.drop(day)
    until(lambda: _state(site, day) == "failed", 120)
    site.say("fail")
    with somebody(site, "user") as person:
        [run] = action(person, "retry", "again", first=day, last=day).json()["runs"]
        until(lambda: site.products(day, day).get("synth_l1") == 1)
        path = f"{API}/runs/{L1}/{run['run_id']}/builds"
        [build] = person.get(path).json()
        log = person.get(f"{MISSION}/builds/{build['id']}/log")
    assert (build["state"], build["date"]) == ("built", day)
    assert log.status_code == 200
    started = site.rest(lambda rest: rest.run(L1, run["run_id"]))
    assert started["triggering_user_name"] == "uma"
    rows = site.rest(lambda rest: rest._pages("/api/v2/eventLogs", "event_logs", {"dag_id": L1}))
    assert "uma" in {row["owner"] for row in rows if "trigger" in row["event"]}


@pytest.mark.slow
def test_a_paused_dag_is_told_and_gets_no_run(site: Site) -> None:
    day = "2019-07-01"
    with site.paused(L1):
        site.drop(day)
        until(lambda: site.products(day, day).get("synth_l0"))
        before = len(site.rest(lambda rest: rest.runs(L1)))
        with somebody(site, "user") as person:
            answer = action(person, "build", "paused", first=day, last=day).json()
        assert answer["runs"] == []
        assert "paused" in answer["not_started"][0]["reason"]
        assert len(site.rest(lambda rest: rest.runs(L1))) == before
    until(lambda: site.products(day, day).get("synth_l1") == 1)


def _state(site: Site, day: str) -> str:
    rows = site.rows(
        "select b.state from headwater.build b join headwater.process p on p.id = b.process_id"
        " where p.name = 'make_l1' and b.utc_date = :day order by b.id desc limit 1",
        day=day,
    )
    return str(rows[0].state) if rows else ""
