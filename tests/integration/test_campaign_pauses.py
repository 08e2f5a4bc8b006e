"""A campaign that is paused, resumed or throttled: nothing of it is begun, live data go on."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from processing_lab import Lab

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.campaigns import CampaignRow
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError, SettingError
from headwater.core.states import BuildState, CampaignState
from headwater.core.version import Bump
from headwater.processing import campaigns
from headwater.processing.claim import claim_builds
from headwater.processing.explain import explain
from headwater.processing.planner import plan_due
from headwater.processing.service import due_processes, pending_builds

ANA, BEN = Actor("ana"), Actor("ben")
DAYS = [date(2020, 1, day) for day in (1, 2, 3, 4)]
MAKERS = {"mk_l1": True}


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    found = Lab(catalog, tmp_path)
    found.put_many("l0", DAYS)
    found.process()
    return found


def forced(lab: Lab, *, throttle: int | None = None, first: date = DAYS[0]) -> int:
    """A campaign that runs, over all days from the first."""
    proposed = campaigns.propose(
        lab.catalog, lab.mission, ANA, "new calibration", processes=MAKERS, first=first,
        forced=Bump.QUALITY, throttle=throttle,
    )  # fmt: skip
    assert proposed.number is not None
    campaigns.approve(lab.catalog, lab.mission, proposed.number, ANA)
    plan_due(lab.catalog, lab.mission, lab.mission.process("mk_l1"), actor=ANA)
    return proposed.number


def row(lab: Lab, number: int) -> CampaignRow:
    with lab.catalog.read() as connection:
        return campaigns.campaign(connection, lab.mission, number)


def pending(lab: Lab) -> list[int]:
    return [build for build, _ in pending_builds(lab.catalog, lab.mission)]


def versions(lab: Lab, product: str = "l1") -> list[str]:
    return list(lab.newest(product).values())


def test_nothing_of_a_paused_campaign_is_begun_and_all_of_it_once_it_is_resumed(lab: Lab) -> None:
    number = forced(lab)
    listed = pending(lab)
    assert campaigns.pause(lab.catalog, lab.mission, number, BEN, "storage is full") == 4
    found = row(lab, number)
    assert (found.state, found.paused_by, found.pause_reason) == (
        CampaignState.PAUSED, "ben", "storage is full",
    )  # fmt: skip
    assert pending(lab) == []
    assert due_processes(lab.catalog, "lab") == []
    # Whoever has the numbers from before cannot claim them either, and is told why.
    process = lab.mission.process("mk_l1")
    refused = claim_builds(lab.catalog, lab.mission, process, listed, ANA)
    assert {(one.state, one.reason) for one in refused} == {  # type: ignore[union-attr]
        (BuildState.PENDING, f"campaign {number} is paused by ben: storage is full")
    }
    told = explain(lab.catalog, lab.mission, "l1", DAYS[0]).details
    assert told[-1] == (
        f"a newer one: process mk_l1 is held: campaign {number} is paused by ben: storage is full"
    )
    lab.process()
    assert versions(lab) == ["1.0.0"] * 4
    assert campaigns.finish(lab.catalog, lab.mission, ANA) == []

    campaigns.resume(lab.catalog, lab.mission, number, ANA, "there is room again")
    lab.process()
    assert versions(lab) == ["1.1.0"] * 4
    assert campaigns.finish(lab.catalog, lab.mission, ANA) == [number]


def test_new_data_for_a_paused_date_are_made_as_live_data(lab: Lab) -> None:
    number = forced(lab)
    campaigns.pause(lab.catalog, lab.mission, number, BEN, "wait")
    lab.put("l0", DAYS[1], "1.1.0")
    lab.put("l0", date(2020, 2, 1))
    lab.process()
    assert lab.newest("l1") == {
        "2020-01-01": "1.0.0", "2020-01-02": "1.1.0", "2020-01-03": "1.0.0",
        "2020-01-04": "1.0.0", "2020-02-01": "1.0.0",
    }  # fmt: skip
    assert row(lab, number).builds == {"pending": 3}
    assert list(lab.newest("l2")) == [*map(str, DAYS), "2020-02-01"]


def test_what_a_campaign_itself_makes_is_no_live_data_for_its_next_level(lab: Lab) -> None:
    proposed = campaigns.propose(
        lab.catalog, lab.mission, ANA, "both", processes={"mk_l1": True, "mk_l2": True},
        forced=Bump.QUALITY,
    )  # fmt: skip
    number = proposed.number or 0
    campaigns.approve(lab.catalog, lab.mission, number, ANA)
    lab.process()
    assert row(lab, number).builds == {"built": 8}
    assert versions(lab, "l2") == ["1.1.0"] * 4


def test_who_waits_for_a_paused_campaign_waits_no_longer(lab: Lab) -> None:
    lab.put("l0", DAYS[0], "1.1.0")
    number = forced(lab, first=DAYS[1])
    campaigns.pause(lab.catalog, lab.mission, number, BEN, "wait")
    asked = campaigns.propose(
        lab.catalog, lab.mission, ANA, "l2 too", processes={"mk_l2": True}, forced=Bump.REVISION
    )
    campaigns.approve(lab.catalog, lab.mission, asked.number or 0, ANA)
    lab.process()
    assert len(lab.builds("mk_l2")) >= 8
    assert {state for _, state, _ in lab.builds("mk_l2")} == {"built", "superseded"}


def test_a_pause_is_noted_with_who_and_why_like_its_end(lab: Lab) -> None:
    number = forced(lab)
    campaigns.pause(lab.catalog, lab.mission, number, BEN, "storage is full")
    campaigns.resume(lab.catalog, lab.mission, number, ANA)
    events = lab.rows(
        "select kind, actor, reason from headwater.event"
        " where (detail ->> 'campaign')::int = :number order by id", number=number,
    )  # fmt: skip
    assert [(one.kind, one.actor) for one in events] == [
        ("campaign proposed", "ana"), ("campaign approved", "ana"), ("campaign paused", "ben"),
        ("campaign resumed", "ana"),
    ]  # fmt: skip
    assert events[2].reason == f"campaign {number} was paused by ben: storage is full"


def test_only_what_runs_is_paused_and_only_what_is_paused_is_resumed(lab: Lab) -> None:
    number = forced(lab)
    with pytest.raises(SettingError, match=f"campaign {number} is running: only a paused one"):
        campaigns.resume(lab.catalog, lab.mission, number, ANA)
    campaigns.pause(lab.catalog, lab.mission, number, BEN, "wait")
    with pytest.raises(SettingError, match="is paused: only one that runs can pause"):
        campaigns.pause(lab.catalog, lab.mission, number, BEN, "again")
    with pytest.raises(SettingError, match="a throttle of 0 would let nothing through"):
        campaigns.resume(lab.catalog, lab.mission, number, ANA, throttle=0)
    with pytest.raises(NotFoundError, match="has no campaign 99"):
        campaigns.pause(lab.catalog, lab.mission, 99, BEN, "which")
    assert campaigns.abort(lab.catalog, lab.mission, number, ANA, "enough") == 4


@pytest.mark.parametrize("of_mission", [False, True])
def test_a_throttle_lets_only_so_many_builds_through_at_a_time(lab: Lab, of_mission: bool) -> None:
    if of_mission:
        lab.settings(campaign_throttle=2)
    number = forced(lab, throttle=None if of_mission else 2)
    assert row(lab, number).throttle == 2
    first = pending(lab)
    assert len(first) == 2
    claim_builds(lab.catalog, lab.mission, lab.mission.process("mk_l1"), first[:1], ANA)
    assert pending(lab) == first[1:]  # one runs, so one more may begin
    claim_builds(lab.catalog, lab.mission, lab.mission.process("mk_l1"), first[1:], ANA)
    assert pending(lab) == []
    assert due_processes(lab.catalog, "lab") == []


def test_live_data_are_not_throttled_and_all_of_a_throttled_campaign_is_made(lab: Lab) -> None:
    forced(lab, throttle=1)
    later = [date(2020, 2, 1) + timedelta(days=day) for day in range(3)]
    lab.put_many("l0", later)
    process = lab.mission.process("mk_l1")
    plan_due(lab.catalog, lab.mission, process, actor=ANA)
    due = [day for _, day in pending_builds(lab.catalog, lab.mission, process)]
    assert due == [*later, DAYS[0]]
    lab.process()
    assert versions(lab) == ["1.1.0"] * 4 + ["1.0.0"] * 3


def test_what_is_retried_of_a_campaign_that_is_done_is_made_whatever_its_throttle(lab: Lab) -> None:
    number = forced(lab, throttle=1)
    lab.process()
    campaigns.finish(lab.catalog, lab.mission, ANA)
    assert row(lab, number).state is CampaignState.DONE
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.build set state = 'pending' where state = 'built'"
            f" and campaign_id = {number}"
        )
    assert len(pending(lab)) == 4


def test_an_aborted_campaign_leaves_to_another_what_that_one_wants_too(lab: Lab) -> None:
    first, second = forced(lab), forced(lab, first=DAYS[2])
    assert row(lab, first).builds == {"pending": 4}
    assert campaigns.abort(lab.catalog, lab.mission, first, ANA, "too much") == 2
    assert row(lab, second).builds == {"pending": 2}
    lab.process()
    assert versions(lab) == ["1.0.0", "1.0.0", "1.1.0", "1.1.0"]
    assert campaigns.finish(lab.catalog, lab.mission, ANA) == [second]


def test_dates_that_nobody_has_looked_at_yet_are_forgotten_with_their_campaign(lab: Lab) -> None:
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql("update headwater.code set quality_version = 1")
    proposed = campaigns.propose(lab.catalog, lab.mission, ANA, "look", processes=MAKERS)
    number = proposed.number or 0
    campaigns.approve(lab.catalog, lab.mission, number, ANA)
    lab.put("l0", DAYS[1], "1.1.0")
    campaigns.abort(lab.catalog, lab.mission, number, ANA, "no")
    left = lab.rows("select utc_date from headwater.wake")
    assert [one.utc_date for one in left] == [DAYS[1]]  # new data for it have come


def test_a_campaign_is_not_done_while_another_makes_its_dates(lab: Lab) -> None:
    first, second = forced(lab), forced(lab)
    assert row(lab, second).builds == {}
    assert campaigns.finish(lab.catalog, lab.mission, ANA) == []
    lab.process()
    assert campaigns.finish(lab.catalog, lab.mission, ANA) == [first, second]
