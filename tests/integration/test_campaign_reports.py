"""The plan of a campaign before it runs, how far it is, and the record of what it changed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from command_lab import Said
from processing_lab import COPY, Lab

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.states import CampaignOutcome
from headwater.core.version import Bump
from headwater.missions.codes import add_code
from headwater.missions.definition import CodeDefinition
from headwater.missions.releases import tag
from headwater.processing import campaigns
from headwater.processing.campaign_plan import CampaignSummary, campaign_summary
from headwater.processing.campaign_report import CampaignReport, progress, report
from headwater.processing.campaign_text import summary_lines
from headwater.processing.planner import plan_due

ANA, BEN = Actor("ana"), Actor("ben")
DAYS = [date(2020, 1, day) for day in (1, 2, 3)]
Command = Callable[..., Said]


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    found = Lab(catalog, tmp_path)
    found.put_many("l0", DAYS)
    found.process()
    return found


def proposed(lab: Lab, *processes: str, force: Bump | None = Bump.QUALITY) -> int:
    wanted = dict.fromkeys(processes or ("mk_l1",), True)
    found = campaigns.propose(
        lab.catalog, lab.mission, ANA, "new calibration", processes=wanted, forced=force
    )
    return found.number or 0


def summary_of(lab: Lab, number: int) -> CampaignSummary:
    return campaign_summary(lab.catalog, lab.mission, number)


def told(found: CampaignReport) -> list[tuple[str, str | None, str | None, CampaignOutcome]]:
    return [(one.interval_key, one.old_version, one.new_version, one.outcome) for one in found.rows]


def test_the_plan_tells_builds_bytes_and_time_from_past_runs(lab: Lab) -> None:
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql("update headwater.build set wall_seconds = 30")
    found = summary_of(lab, proposed(lab, "mk_l1", "mk_l2"))
    l0, l1 = (sum(path.stat().st_size for path in (lab.root / name).iterdir())
              for name in ("l0", "l1"))  # fmt: skip
    assert [(one.process, one.builds) for one in found.work] == [("mk_l1", 3), ("mk_l2", 3)]
    assert (found.input_bytes, found.output_bytes) == (l0 + l1, l1 + l1)
    assert found.seconds == 6 * 30 / 2  # two slots
    assert (found.first, found.last, found.dates) == (DAYS[0], DAYS[-1], 6)
    assert (
        f"6 builds on 6 dates, 2020-01-01 to 2020-01-03; they read {l0 + l1} B"
        in (summary_lines(found)[0])
    )


def test_the_plan_says_that_the_time_of_a_code_that_never_ran_is_not_known(
    catalog: Catalog, tmp_path: Path
) -> None:
    lab = Lab(catalog, tmp_path)
    lab.put_many("l0", DAYS)
    found = summary_of(lab, proposed(lab, force=None))
    assert (found.work[0].builds, found.work[0].output_bytes, found.seconds) == (3, None, None)
    assert "take not known yet" in summary_lines(found)[0]


def test_the_plan_names_the_releases_of_which_files_get_a_newer_version(lab: Lab) -> None:
    names = [f"l1_{day:%Y%m%d}_v1.0.0.dat" for day in DAYS]
    tag(lab.catalog, lab.mission, "DR1", ANA, "public", files=names)
    assert dict(summary_of(lab, proposed(lab)).released) == {"DR1": 3}
    nothing_to_do = summary_of(lab, proposed(lab, force=None))
    assert (nothing_to_do.builds, dict(nothing_to_do.released)) == (0, {})


def test_the_second_of_two_plans_says_that_the_first_has_the_dates(lab: Lab) -> None:
    first = proposed(lab)
    second = proposed(lab)
    assert [(one.number, one.dates, one.created_by) for one in summary_of(lab, second).others] == [
        (first, 3, "ana")
    ]
    assert summary_of(lab, second).builds == 3  # nobody has approved the first
    campaigns.approve(lab.catalog, lab.mission, first, BEN)
    found = summary_of(lab, second)
    assert found.builds == 0
    (reason,) = found.reasons
    assert (reason.action, reason.builds) == ("other campaign", 3)
    assert reason.reason.startswith(f"campaign {first} has it: ")
    assert any(
        f"Campaign {first} (running, by ben: new calibration) has 3 of these dates too" in line
        for line in summary_lines(found)
    )


def test_the_report_has_old_and_new_version_and_what_changed(lab: Lab) -> None:
    lab.code("better.sh", COPY)
    change = add_code(
        lab.catalog, "lab", "mk_l1", CodeDefinition(filename="better.sh", version="1.1.0"), ANA,
        deactivate=["1.0.0"],
    )  # fmt: skip
    lab.put("l0", DAYS[0], "1.0.1")
    lab.process()
    number = change.stale.campaign or 0
    campaigns.finish(lab.catalog, lab.mission, ANA)
    found = report(lab.catalog, lab.mission, number)
    assert found.kept
    assert told(found) == [
        ("2020-01-01", "1.0.0", "1.1.0", CampaignOutcome.MADE_ELSEWHERE),
        ("2020-01-02", "1.0.0", "1.1.0", CampaignOutcome.MADE),
        ("2020-01-03", "1.0.0", "1.1.0", CampaignOutcome.MADE),
    ]
    assert [one.changed for one in found.rows] == [
        "code 1.0.0 -> 1.1.0; input l0_20200101_v1.0.1.dat is new; "
        "input l0_20200101_v1.0.0.dat is not read",
        "code 1.0.0 -> 1.1.0",
        "code 1.0.0 -> 1.1.0",
    ]
    assert [(one.old_code, one.new_code) for one in found.rows] == [("1.0.0", "1.1.0")] * 3


def test_the_record_of_an_ended_campaign_stays_as_it_is_whatever_comes_later(lab: Lab) -> None:
    number = proposed(lab)
    campaigns.approve(lab.catalog, lab.mission, number, ANA)
    lab.process()
    campaigns.finish(lab.catalog, lab.mission, ANA)
    before = report(lab.catalog, lab.mission, number)
    assert told(before) == [
        (str(day), "1.0.0", "1.1.0", CampaignOutcome.MADE) for day in DAYS
    ]  # fmt: skip
    assert {one.changed for one in before.rows} == {"neither code nor inputs"}
    later = proposed(lab)
    campaigns.approve(lab.catalog, lab.mission, later, ANA)
    lab.put("l0", DAYS[0], "2.0.0")
    lab.process()
    campaigns.finish(lab.catalog, lab.mission, ANA)
    assert report(lab.catalog, lab.mission, number).rows == before.rows
    assert [one.old_version for one in report(lab.catalog, lab.mission, later).rows] == [
        "1.1.0"
    ] * 3


def test_the_report_tells_failures_holds_and_what_was_not_needed(lab: Lab) -> None:
    lab.code("half.sh", COPY + 'case "$*" in *0102*) echo no sun >&2; exit 1;; esac\n')
    add_code(
        lab.catalog, "lab", "mk_l1", CodeDefinition(filename="half.sh", version="1.0.1"), ANA,
        deactivate=["1.0.0"],
    )  # fmt: skip
    lab.process()
    campaigns.finish(lab.catalog, lab.mission, ANA)
    number = proposed(lab, force=None)
    campaigns.approve(lab.catalog, lab.mission, number, ANA)
    lab.process()
    campaigns.finish(lab.catalog, lab.mission, ANA)
    found = report(lab.catalog, lab.mission, number)
    assert told(found)[0] == ("2020-01-01", "1.0.1", None, CampaignOutcome.NOT_NEEDED)
    assert told(found)[1][0:3] == ("2020-01-02", "1.0.0", None)
    assert found.rows[1].outcome in (CampaignOutcome.FAILED, CampaignOutcome.HELD)
    assert "no sun" in found.rows[1].reason


def test_the_report_of_an_aborted_campaign_tells_what_was_dropped(lab: Lab) -> None:
    number = proposed(lab)
    campaigns.approve(lab.catalog, lab.mission, number, ANA)
    campaigns.abort(lab.catalog, lab.mission, number, BEN, "not now")
    found = report(lab.catalog, lab.mission, number)
    assert found.counts == {"dropped": 3}
    said = lab.rows("select actor, reason from headwater.event where kind = 'build not needed'")
    assert {(one.actor, one.reason) for one in said} == {
        ("ben", f"campaign {number} was aborted by ben: not now")
    }
    text = found.as_text()
    assert "Ended by ben, " in text
    assert "mk_l1, dropped: 3\n  2020-01-01 l1: 1.0.0; campaign" in text


def test_outputs_of_a_longer_interval_count_once(catalog: Catalog, tmp_path: Path) -> None:
    from processing_lab import process, product

    lab = Lab(catalog, tmp_path, (
        product("l0", 0), product("w", 1),
        process("mk_w", "w", "required_input1 = product_l0", timebase="WEEKLY"),
    ))  # fmt: skip
    lab.put_many("l0", [date(2020, 1, day) for day in (7, 8, 14)])
    lab.process()
    number = proposed(lab, "mk_w")
    assert (summary_of(lab, number).dates, summary_of(lab, number).builds) == (5, 2)
    campaigns.approve(lab.catalog, lab.mission, number, ANA)
    lab.process()
    campaigns.finish(lab.catalog, lab.mission, ANA)
    assert [(one.utc_date, one.old_version, one.new_version)
            for one in report(lab.catalog, lab.mission, number).rows] == [
        (date(2020, 1, 6), "1.0.0", "1.1.0"), (date(2020, 1, 13), "1.0.0", "1.1.0"),
    ]  # fmt: skip


def test_progress_counts_and_tells_the_rate(lab: Lab) -> None:
    number = proposed(lab)
    campaigns.approve(lab.catalog, lab.mission, number, ANA)
    plan_due(lab.catalog, lab.mission, lab.mission.process("mk_l1"), actor=ANA)
    begun = progress(lab.catalog, lab.mission, number)
    assert (begun.built, begun.open, begun.per_hour, begun.to_look_at) == (0, 3, None, 0)
    lab.process()
    ended = progress(lab.catalog, lab.mission, number)
    assert (ended.built, ended.open, ended.rest_seconds) == (3, 0, 0)
    assert ended.per_hour is not None and ended.per_hour > 0
    assert f"campaign {number} is running: 3 built" in str(ended)


def test_a_dry_run_shows_the_plan_and_writes_nothing(lab: Lab, headwater: Command) -> None:
    words = ("campaign", "new", "-p", "l1", "--reason", "look", "--force", "1", "--dry-run")
    said = headwater(*words)
    assert said.code == 0
    assert "3 builds on 3 dates" in said.out
    assert "nothing was written; the campaign would run at once" in said.out
    plan = json.loads(headwater(*words, "--json").out)
    assert (plan["builds"], plan["needs_approval"]) == (3, False)
    assert lab.rows("select 1 from headwater.campaign") == []
    assert lab.rows("select 1 from headwater.event where kind like 'campaign%'") == []


def test_the_story_of_a_campaign_on_the_command_line(lab: Lab, headwater: Command) -> None:
    lab.settings(campaign_limit=2)
    said = headwater(
        "campaign", "new", "-p", "l1", "--reason", "sun shade", "--force", "1", "--throttle", "2"
    )
    assert "At most 2 of its builds are under way at a time" in said.out
    assert "it waits: 'headwater campaign approve 1' or 'abort 1'" in said.out
    assert headwater("campaign", "approve", "1").out == "campaign 1 runs\n"
    paused = headwater("campaign", "pause", "1", "--reason", "full")
    assert paused.out == "campaign 1 is paused: 3 builds are left for later\n"
    shown = headwater("campaign", "show", "1")
    assert ": full" in shown.out
    assert "it is paused: 'headwater campaign resume 1' or 'abort 1'" in shown.out
    assert headwater("campaign", "resume", "1", "--throttle", "3").code == 0
    lab.process()
    campaigns.finish(lab.catalog, lab.mission, ANA)
    shown = json.loads(headwater("campaign", "show", "1", "--json").out)
    assert (shown["throttle"], shown["progress"]["built"], shown["state"]) == (3, 3, "done")
    rows = list(csv.DictReader(io.StringIO(headwater("campaign", "report", "1", "--csv").out)))
    assert [(one["old_version"], one["new_version"], one["outcome"]) for one in rows] == [
        ("1.0.0", "1.1.0", "made")
    ] * 3
    found = json.loads(headwater("campaign", "report", "1", "--json").out)
    assert (found["counts"], found["kept"]) == ({"made": 3}, True)
    text = headwater("campaign", "report", "1").out
    assert "2020-01-01 l1: 1.0.0 -> 1.1.0; neither code nor inputs" in text


def test_wrong_use_is_one_sentence(lab: Lab, headwater: Command) -> None:
    both = headwater("campaign", "report", "1", "--csv", "--json")
    assert both.is_problem(1, "a report is either JSON or CSV")
    order = headwater("campaign", "new", "-p", "l1", "--reason", "x", "--first", "2020-02-01",
                      "--last", "2020-01-01")  # fmt: skip
    assert order.is_problem(1, "the first date 2020-02-01 is after the last date 2020-01-01")
    none = headwater("campaign", "new", "-p", "l1", "--reason", " ")
    assert none.is_problem(1, "a campaign needs a reason")
    arrives = headwater("campaign", "new", "-p", "l0", "--reason", "x")
    assert arrives.is_problem(1, "no process makes l0")
