"""Campaigns: what a new code or a person wants made again, approved, made and ended."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from processing_lab import COPY, Lab

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import campaigns as queries
from headwater.catalog.queries.campaign_dates import FileChoice
from headwater.catalog.queries.campaigns import CampaignRow
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError, SettingError
from headwater.core.version import Bump
from headwater.missions.codes import add_code, switch_code
from headwater.missions.definition import CodeDefinition
from headwater.missions.loaded import load_mission
from headwater.processing import campaigns
from headwater.processing.campaign_plan import campaign_plan
from headwater.processing.planner import Plan, plan_due
from headwater.processing.service import hold_builds, pending_builds

ANA = Actor("ana")
DAYS = [date(2020, 1, day) for day in (1, 2, 3)]


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    """A chain of three levels, made for three days."""
    found = Lab(catalog, tmp_path)
    found.put_many("l0", DAYS)
    found.process()
    return found


def one(lab: Lab, number: int) -> CampaignRow:
    with lab.catalog.read() as connection:
        return campaigns.campaign(connection, lab.mission, number)


def versions(lab: Lab, product: str) -> list[str]:
    return list(lab.newest(product).values())


def code(version: str, filename: str = "copy.sh") -> CodeDefinition:
    return CodeDefinition(filename=filename, version=version)


def test_a_new_code_makes_its_outputs_again_at_once_and_what_follows_from_them(lab: Lab) -> None:
    change = add_code(
        lab.catalog, "lab", "mk_l1", code("1.0.1"), ANA, deactivate=["1.0.0"], reason="calibrated"
    )
    assert (change.stale.dates, change.stale.approved) == (3, True)
    lab.process()
    assert versions(lab, "l1") == ["1.0.1"] * 3
    assert versions(lab, "l2") == ["1.0.1"] * 3
    assert campaigns.finish(lab.catalog, lab.mission, ANA) == [change.stale.campaign]
    row = one(lab, change.stale.campaign or 0)
    assert (row.state, row.dates, row.builds) == ("done", 3, {"built": 3})


def test_above_the_missions_limit_it_waits_for_a_person(lab: Lab) -> None:
    lab.settings(campaign_limit=2)
    change = add_code(lab.catalog, "lab", "mk_l1", code("1.0.1"), ANA, deactivate=["1.0.0"])
    assert (change.stale.dates, change.stale.approved) == (3, False)
    assert change.stale.note is not None
    assert "headwater campaign show" in change.stale.note
    number = change.stale.campaign or 0
    lab.process()
    assert versions(lab, "l1") == ["1.0.0"] * 3
    plans = campaign_plan(lab.catalog, lab.mission, number)
    assert said(plans) == {"mk_l1": ["code 1.0.0 -> 1.0.1"] * 3}
    campaigns.approve(lab.catalog, lab.mission, number, ANA)
    lab.process()
    assert versions(lab, "l1") == ["1.0.1"] * 3
    assert one(lab, number).approved_by == "ana"


def said(plans: list[Plan]) -> dict[str, list[str]]:
    return {plan.process: [entry.reason for entry in plan.entries] for plan in plans}


@pytest.mark.fault(68)
def test_an_aborted_one_makes_nothing(lab: Lab) -> None:
    lab.settings(campaign_limit=0)
    change = add_code(lab.catalog, "lab", "mk_l1", code("1.0.1"), ANA, deactivate=["1.0.0"])
    number = change.stale.campaign or 0
    assert campaigns.abort(lab.catalog, lab.mission, number, ANA, "not now") == 0
    lab.process()
    assert versions(lab, "l1") == ["1.0.0"] * 3
    with pytest.raises(SettingError, match=f"campaign {number} is aborted"):
        campaigns.approve(lab.catalog, lab.mission, number, ANA)
    with pytest.raises(SettingError, match="is aborted already"):
        campaigns.abort(lab.catalog, lab.mission, number, ANA, "again")


@pytest.mark.fault(67)
def test_two_over_the_same_dates_make_each_once(lab: Lab) -> None:
    """The second finds what the first has planned, or what it has made."""
    l0 = lab.mission.product("l0")
    numbers = [
        campaigns.propose(
            lab.catalog, lab.mission, ANA, f"wish {number}",
            files=FileChoice(l0.id, first=DAYS[number], last=DAYS[number + 1]),
            forced=Bump.REVISION,
        ).number
        for number in (0, 1)
    ]  # fmt: skip
    for number in numbers:
        campaigns.approve(lab.catalog, lab.mission, number or 0, ANA)
    results = lab.process().results
    made = [result.utc_date for result in results if result.process == "mk_l1"]
    assert sorted(filter(None, made)) == DAYS
    assert versions(lab, "l1") == ["1.0.1"] * 3
    assert campaigns.finish(lab.catalog, lab.mission, ANA) == numbers
    assert lab.process().results == []


@pytest.mark.parametrize(
    ("forced", "version"),
    [(Bump.INTERFACE, "2.0.0"), (Bump.QUALITY, "1.1.0"), (Bump.REVISION, "1.0.1")],
)
def test_by_force_what_is_up_to_date_is_made_again(lab: Lab, forced: Bump, version: str) -> None:
    l0 = lab.mission.product("l0")
    chosen = FileChoice(l0.id, first=date(2020, 1, 2), last=date(2020, 1, 2))
    proposed = campaigns.propose(
        lab.catalog, lab.mission, ANA, "sun shade", files=chosen, forced=forced
    )
    assert (proposed.dates, proposed.files) == (1, 1)
    campaigns.approve(lab.catalog, lab.mission, proposed.number or 0, ANA)
    lab.process()
    assert versions(lab, "l1") == ["1.0.0", version, "1.0.0"]


def test_without_force_nothing_that_is_up_to_date_is_made(lab: Lab) -> None:
    proposed = campaigns.propose(
        lab.catalog, lab.mission, ANA, "to be sure", processes={"mk_l1": True, "mk_l2": True}
    )
    assert proposed.dates == 6
    campaigns.approve(lab.catalog, lab.mission, proposed.number or 0, ANA)
    assert lab.process().results == []
    assert campaigns.finish(lab.catalog, lab.mission, ANA) == [proposed.number]


def test_it_tries_again_what_failed_but_not_what_a_person_holds(lab: Lab) -> None:
    lab.code("mended.sh", "#!/bin/sh\nexit 1\n")
    change = add_code(
        lab.catalog, "lab", "mk_l1", code("1.0.1", "mended.sh"), ANA, deactivate=["1.0.0"]
    )
    lab.process()
    assert {state for _, state, _ in lab.builds("mk_l1")[3:]} == {"failed"}
    lab.code("mended.sh", COPY)
    held = lab.rows("select id from headwater.build where state = 'failed' order by utc_date")[1].id
    hold_builds(lab.catalog, lab.mission, [held], ANA, "wait for Ana")
    chosen = FileChoice(product_id=lab.mission.product("l0").id)
    proposed = campaigns.propose(lab.catalog, lab.mission, ANA, "mended", files=chosen)
    campaigns.approve(lab.catalog, lab.mission, proposed.number or 0, ANA)
    lab.process()
    assert versions(lab, "l1") == ["1.0.1", "1.0.0", "1.0.1"]
    assert change.stale.dates == 3


def test_files_are_chosen_by_instrument_level_and_code(lab: Lab) -> None:
    l1 = lab.mission.product("l1")
    (maker,) = lab.mission.process("mk_l1").codes
    for chosen, files in (
        (FileChoice(instrument_id=l1.instrument_id), 9),
        (FileChoice(level=1), 3),
        (FileChoice(code_ids=(maker.id,)), 3),
        (FileChoice(level=7), 0),
    ):
        found = campaigns.propose(lab.catalog, lab.mission, ANA, "look", files=chosen)
        assert found.files == files
    assert found.number is None  # of no date there is no campaign


def test_two_active_codes_of_a_date_are_told_and_a_version_stands_for_one_code(lab: Lab) -> None:
    change = add_code(lab.catalog, "lab", "mk_l1", code("1.1.0"), ANA)
    (warning,) = change.warnings
    assert "two active codes from 1970-01-01 to 2049-12-31" in warning
    with pytest.raises(SettingError, match=r"has a code 1\.1\.0 already \(copy\.sh\)"):
        add_code(lab.catalog, "lab", "mk_l1", code("1.1.0"), ANA, deactivate=["1.0.0"])
    off = switch_code(lab.catalog, "lab", "mk_l1", "1.0.0", ANA, on=False)
    assert off.warnings == ()
    lab.process()
    assert versions(lab, "l1") == ["1.1.0"] * 3


@pytest.mark.parametrize(
    ("process_name", "version", "off", "said"),
    [
        ("mk_l9", "1.1.0", [], "no process 'mk_l9'"),
        ("mk_l1", "1.1.0", ["3.0.0"], r"mk_l1 has no code 3\.0\.0; it has: 1\.0\.0"),
    ],
)
def test_a_code_of_an_unknown_process_or_in_place_of_an_unknown_one_is_refused(
    lab: Lab, process_name: str, version: str, off: list[str], said: str
) -> None:
    with pytest.raises(NotFoundError, match=said):
        add_code(lab.catalog, "lab", process_name, code(version), ANA, deactivate=off)
    assert len(load_mission(lab.catalog, "lab").process("mk_l1").codes) == 1


def test_an_unknown_campaign_is_one_sentence(lab: Lab) -> None:
    with pytest.raises(NotFoundError, match="has no campaign 99: see 'headwater campaign list'"):
        campaigns.approve(lab.catalog, lab.mission, 99, ANA)


def test_live_data_come_before_a_campaign(lab: Lab) -> None:
    add_code(lab.catalog, "lab", "mk_l1", code("1.0.1"), ANA, deactivate=["1.0.0"])
    lab.put("l0", date(2020, 2, 1))
    mission = lab.mission
    process = mission.process("mk_l1")
    plan_due(lab.catalog, mission, process, actor=ANA)
    due = [day for _, day in pending_builds(lab.catalog, mission, process)]
    assert due == [date(2020, 2, 1), *DAYS]
    with lab.catalog.read() as connection:
        (row,) = queries.campaigns(connection, lab.mission.id)
    assert row.builds == {"pending": 3}
