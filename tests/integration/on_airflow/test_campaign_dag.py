"""A campaign as a run of Airflow: asked for, approved by a person, made, reported; or not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from headwater.catalog.queries import campaigns as queries
from headwater.catalog.queries.campaigns import CampaignRow
from headwater.core.actor import Actor
from headwater.flows.airflow_rest import AirflowRest
from headwater.local.home import ADMIN
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.processing import campaigns
from on_airflow.site import Site, until

pytestmark = [pytest.mark.airflow, pytest.mark.slow]

CAMPAIGN, SYSTEM = "synthetic.campaign", "headwater.system"
ANA = Actor("ana")


@pytest.fixture(autouse=True)
def always_asks(site: Site) -> None:
    """No campaign is so small that it runs without approval."""
    until(lambda: CAMPAIGN in {dag["dag_id"] for dag in site.rest(lambda rest: rest.dags())})
    with site.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.mission set settings = settings || '{\"campaign_limit\": 0}'"
        )


def made(site: Site, first: str, days: int) -> str:
    """Days of data at both levels; the last of them."""
    last = str(date.fromisoformat(first) + timedelta(days=days - 1))
    site.drop(first, days)
    until(lambda: site.products(first, last).get("synth_l2") == days, 180)
    return last


def person(site: Site) -> AirflowRest:
    """The REST interface as the person at the UI uses it."""
    url = site.stack.status().url
    assert url is not None
    return AirflowRest(url, ADMIN, site.stack.home.password(ADMIN))


def asked_for(site: Site, first: str, last: str, **more: object) -> dict[str, Any]:
    """A run that a person starts by the form."""
    form = {"products": ["synth_l1"], "first_date": first, "last_date": last,
            "reason": "new calibration", "force": "quality", **more}  # fmt: skip
    with person(site) as rest:
        return rest.trigger(CAMPAIGN, conf=form)


def state(site: Site, run: dict[str, Any], task: str) -> str | None:
    return site.tasks(run).get((task, -1))


def question(site: Site, run: dict[str, Any]) -> dict[str, Any]:
    """The question of the approval, once it is asked."""
    until(lambda: state(site, run, "approval") == "awaiting_input")
    path = f"/api/v2/dags/{CAMPAIGN}/dagRuns/{run['dag_run_id']}/taskInstances/approval/-1"
    return dict(site.rest(lambda rest: rest._send("GET", f"{path}/hitlDetails")))


def answer(site: Site, run: dict[str, Any], option: str) -> None:
    with person(site) as rest:
        (task,) = rest.task_instances(CAMPAIGN, run["dag_run_id"], ["awaiting_input"])
        rest.answer(task, option)


def mission(site: Site) -> LoadedMission:
    return load_mission(site.catalog, "synthetic")


def campaign(site: Site, run: dict[str, Any]) -> CampaignRow | None:
    """The campaign of a run, once there is one."""
    with site.catalog.read() as connection:
        found = queries.campaigns(connection, run=(CAMPAIGN, run["dag_run_id"]))
    return found[0] if found else None


def number(site: Site, run: dict[str, Any]) -> int:
    return int(until(lambda: campaign(site, run)).id)


def is_in(site: Site, run: dict[str, Any], wanted: str) -> bool:
    found = campaign(site, run)
    return found is not None and found.state == wanted


def ended(site: Site, run: dict[str, Any]) -> str:
    """How the run ended."""
    found = until(
        lambda: next(
            (
                one["state"]
                for one in site.rest(lambda rest: rest.runs(CAMPAIGN, ("success", "failed")))
                if one["dag_run_id"] == run["dag_run_id"]
            ),
            None,
        ),
        240,
    )
    return str(found)


def versions(site: Site, first: str, last: str) -> list[str]:
    return [
        f"{row.interface_version}.{row.quality_version}.{row.revision_version}"
        for row in site.rows(
            "select f.* from headwater.file f join headwater.product p on p.id = f.product_id"
            " where p.name = 'synth_l1' and newest and utc_file_date between :first and :last"
            " order by utc_file_date",
            first=first,
            last=last,
        )
    ]


def test_a_campaign_is_asked_for_approved_made_and_reported(site: Site) -> None:
    first = "2023-01-01"
    last = made(site, first, 3)
    run = asked_for(site, first, last)
    asked = question(site, run)
    assert "3 builds on 3 dates, 2023-01-01 to 2023-01-03" in asked["body"]
    assert "new calibration" in asked["body"]
    assert versions(site, first, last) == ["1.0.0"] * 3  # nothing is made while it waits
    answer(site, run, "Approve")
    assert ended(site, run) == "success"
    assert versions(site, first, last) == ["1.1.0"] * 3
    found = campaign(site, run)
    assert found is not None
    assert (found.created_by, found.approved_by, found.state) == (ADMIN, ADMIN, "done")
    events = site.rest(lambda rest: rest.asset_events())
    (told,) = (one["extra"] for one in events if one["name"] == "synthetic: campaign")
    assert (told["campaign"], told["counts"], told["wrong"]) == (found.id, {"made": 3}, 0)


def test_a_rejected_campaign_is_aborted_with_the_name_of_who_rejected_it(site: Site) -> None:
    first = "2023-02-01"
    last = made(site, first, 1)
    run = asked_for(site, first, last)
    question(site, run)
    answer(site, run, "Reject")
    assert ended(site, run) == "success"
    assert site.tasks(run) == {
        ("plan", -1): "success", ("approval", -1): "success", ("run", -1): "skipped",
        ("wait", -1): "skipped", ("report", -1): "skipped", ("verdict", -1): "skipped",
    }  # fmt: skip
    found = campaign(site, run)
    assert found is not None
    assert (found.state, found.ended_by) == ("aborted", ADMIN)
    assert versions(site, first, last) == ["1.0.0"]


def test_marked_failed_in_the_middle_it_is_paused_and_cleared_it_is_made_to_its_end(
    site: Site,
) -> None:
    first = "2023-03-01"
    last = made(site, first, 4)
    site.say("pace", "4")
    try:
        run = asked_for(site, first, last, throttle=1)
        question(site, run)
        answer(site, run, "Approve")
        until(lambda: "1.1.0" in versions(site, first, last), 180)
        until(lambda: state(site, run, "wait") in ("up_for_reschedule", "running"))
        path = f"/api/v2/dags/{CAMPAIGN}/dagRuns/{run['dag_run_id']}/taskInstances/wait"
        site.send("PATCH", path, {"new_state": "failed"})
        until(lambda: is_in(site, run, "paused"))
        until(lambda: not site.rows("select 1 from headwater.build where state = 'running'"))
        before = versions(site, first, last)
        assert "1.0.0" in before
        rested = len(site.rest(lambda rest: rest.runs(SYSTEM)))
        until(lambda: len(site.rest(lambda rest: rest.runs(SYSTEM))) >= rested + 2, 120)
        assert versions(site, first, last) == before  # nothing of it is begun meanwhile
    finally:
        site.say("pace")
    site.send("POST", f"/api/v2/dags/{CAMPAIGN}/clearTaskInstances", {
        "dag_run_id": run["dag_run_id"], "task_ids": ["wait"], "include_downstream": True,
        "only_failed": False, "dry_run": False,
    })  # fmt: skip
    assert ended(site, run) == "success"
    assert versions(site, first, last) == ["1.1.0"] * 4
    assert is_in(site, run, "done")


def test_a_proposal_of_the_command_line_is_shown_in_airflow_and_may_be_approved_on_either_side(
    site: Site,
) -> None:
    first = "2023-04-01"
    last = made(site, first, 2)
    numbers = [
        campaigns.propose(
            site.catalog, mission(site), ANA, "by the command line",
            processes={"make_l1": True}, first=day, last=day,
        ).number
        for day in (date.fromisoformat(first), date.fromisoformat(last))
    ]  # fmt: skip

    def shown() -> list[dict[str, Any]] | None:
        found = [
            {"dag_id": CAMPAIGN, "dag_run_id": row.airflow_run_id}
            for row in site.rows(
                "select airflow_run_id from headwater.campaign where id = any(:ids)"
                " and airflow_run_id is not null order by id", ids=numbers,
            )
        ]  # fmt: skip
        return found if len(found) == 2 else None

    here, there = until(shown, 120)
    question(site, here)
    question(site, there)
    answer(site, here, "Approve")
    campaigns.approve(site.catalog, mission(site), numbers[1] or 0, ANA)
    assert ended(site, here) == "success"
    assert ended(site, there) == "success"
    found = [campaign(site, run) for run in (here, there)]
    assert [one and (one.approved_by, one.state) for one in found] == [
        (ADMIN, "done"), ("ana", "done"),
    ]  # fmt: skip
