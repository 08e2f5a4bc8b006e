"""Arrivals by the native API: counts that sum, pages, and why one lies in quarantine."""

from __future__ import annotations

from processing_lab import Lab
from sqlalchemy import text

from web.api_lab import Api


def arrive(lab: Lab, *states: str) -> None:
    for number, state in enumerate(states):
        ended = state != "claimed"
        with lab.catalog.begin() as connection:
            connection.execute(
                text(
                    "insert into headwater.arrival (mission_id, name, raw_name, size, modified_at,"
                    " inode, token, state, disposition, reason, quarantine_path, claimed_by,"
                    " lease_until, ended_at) values (:m, :n, 'x', 5, now(), 1, gen_random_uuid(),"
                    " :s, :d, 'said', :q, 'me', now(), case when :e then now() end)"
                ),
                {"m": lab.mission.id, "n": f"A_{number}.dat", "s": "ended" if ended else state,
                 "d": state if ended else None, "e": ended,
                 "q": "/x" if state == "quarantined" else None},
            )  # fmt: skip


def test_the_counts_of_arrivals_sum_to_the_arrivals(lab: Lab, api: Api) -> None:
    arrive(lab, "adopted", "adopted", "quarantined", "claimed", "ignored")
    found = api.get("/arrivals/counts")
    assert found["counts"] == {"adopted": 2, "quarantined": 1, "claimed": 1, "ignored": 1}
    assert found["total"] == sum(found["counts"].values()) == len(api.get("/arrivals"))
    for became, number in found["counts"].items():
        assert len(api.get(f"/arrivals?became={became}")) == number


def test_arrivals_are_found_by_name_and_day_and_come_in_pages(lab: Lab, api: Api) -> None:
    arrive(lab, "adopted", "adopted", "quarantined")
    assert [one["name"] for one in api.get("/arrivals?name=a_1")] == ["A_1.dat"]
    assert api.get("/arrivals?name=%25") == []  # the pattern's own sign is a letter like others
    assert api.get("/arrivals?last=2020-01-01") == []
    first = api.get("/arrivals?limit=2")
    [last] = api.get(f"/arrivals?before={first[-1]['id']}")
    assert last["name"] == "A_0.dat"


def test_a_quarantined_arrival_tells_why_and_where(lab: Lab, api: Api) -> None:
    arrive(lab, "quarantined")
    [line] = api.get("/arrivals")
    page = api.get(f"/arrivals/{line['id']}")
    assert (page["reason"], page["quarantine_path"]) == ("said", "/x")
