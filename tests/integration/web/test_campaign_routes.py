"""Campaigns by the native API: listed, looked at, approved, aborted."""

from __future__ import annotations

from datetime import date

import pytest
from processing_lab import Lab

from headwater.processing.campaigns import propose
from web.api_lab import API, Api

DAY = date(2020, 1, 1)


@pytest.fixture
def number(lab: Lab) -> int:
    """A campaign that waits for approval."""
    lab.put("l0", DAY)
    found = propose(
        lab.catalog, lab.mission, lab.actor, "new gains", processes={"mk_l1": True}
    ).number
    assert found is not None
    return found


def post(api: Api, path: str, reason: str = "it is time", role: str = "op"):  # type: ignore[no-untyped-def]
    return api.ask("POST", f"{API}/campaigns/{path}", json={"reason": reason}, role=role)


def test_a_campaign_is_listed_and_has_its_plan(number: int, api: Api) -> None:
    [line] = api.get("/campaigns")
    assert (line["id"], line["state"], line["dates"]) == (number, "proposed", 1)
    page = api.get(f"/campaigns/{number}")
    assert page["plan"] == [
        {"process": "mk_l1", "action": "make", "builds": 1, "reason": "not made yet"}
    ]
    assert not page["more"]


def test_a_campaign_is_approved_once_and_the_reason_is_logged(
    lab: Lab, number: int, api: Api
) -> None:
    answer = post(api, f"{number}/approve", "the board said yes")
    assert (answer.status_code, answer.json()["state"]) == (200, "running")
    [event] = api.get("/events?kind=campaign%20approved")
    assert event["actor"] == "ann"
    assert event["reason"].endswith("approved: the board said yes")
    assert "is running" in api.sentence(409, post(api, f"{number}/approve"))
    lab.process()
    assert lab.newest("l1").keys() == {"2020-01-01"}


def test_a_campaign_is_aborted_once(number: int, api: Api) -> None:
    answer = post(api, f"{number}/abort", "wrong gains")
    assert answer.json() == {"campaign": number, "dropped": 0}
    assert "is aborted already" in api.sentence(409, post(api, f"{number}/abort"))
    assert "is aborted" in api.sentence(409, post(api, f"{number}/approve"))


def test_approval_and_abort_need_a_reason_and_an_operator(number: int, api: Api) -> None:
    for what in ("approve", "abort"):
        assert "reason" in api.sentence(400, post(api, f"{number}/{what}", ""))
        assert "may not operate" in api.sentence(403, post(api, f"{number}/{what}", role="user"))
        assert "no campaign 99" in api.sentence(404, post(api, f"99/{what}"))
    assert api.get("/campaigns")[0]["state"] == "proposed"
