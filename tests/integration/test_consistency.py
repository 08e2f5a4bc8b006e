"""The consistency check: each rule finds its fault, and mends it or holds it for a person."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from processing_lab import Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.consistency import RULES
from headwater.core.errors import NotFoundError
from headwater.processing.consistency import find_faults, mend_faults

D1, D2 = date(2020, 1, 1), date(2020, 1, 2)


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    """Two days of l0, and all that is made from them."""
    lab = Lab(catalog, tmp_path)
    lab.put_many("l0", [D1, D2])
    lab.process()
    return lab


def run(lab: Lab, *statements: str, unguarded: bool = False) -> None:
    """Change the catalog behind the program's back; `unguarded` without foreign keys."""
    with lab.catalog.begin() as connection:
        connection.execute(text("set local search_path to headwater"))
        if unguarded:
            connection.execute(text("set local session_replication_role to replica"))
        for statement in statements:
            connection.execute(text(statement))


def faults(lab: Lab) -> dict[str, str]:
    """Rule -> subject and problem of what is wrong."""
    return {
        one.rule.name: f"{one.subject} {one.problem}" for one in find_faults(lab.catalog, "lab")
    }


def mended(lab: Lab) -> list[tuple[str, bool]]:
    return [(one.rule.name, one.mended) for one in mend_faults(lab.catalog, "lab", lab.actor)]


def newer_l0(lab: Lab) -> None:
    """A newer l0 of the first day, from which nothing has been made yet."""
    lab.put("l0", D1, "1.0.1")


def l1(version: str, day: date = D1) -> str:
    return f"l1_{day:%Y%m%d}_v{version}.dat"


def test_nothing_is_wrong_with_what_the_program_has_made(lab: Lab) -> None:
    newer_l0(lab)
    lab.process()
    assert faults(lab) == {}
    assert mended(lab) == []


def test_an_unknown_mission_is_refused(lab: Lab) -> None:
    with pytest.raises(NotFoundError, match="no mission 'moon'"):
        find_faults(lab.catalog, "moon")


# Which file is the newest


@pytest.fixture
def two_versions(lab: Lab) -> Lab:
    newer_l0(lab)
    lab.process()
    return lab


def test_an_interval_without_a_newest_file_gets_it_again(two_versions: Lab) -> None:
    run(two_versions, "update file set newest = false where name like 'l1_20200101%'")
    assert faults(two_versions)["no newest"] == (
        "l1 of 2020-01-01 has 2 files and none is the newest"
    )
    assert ("no newest", True) in mended(two_versions)
    assert two_versions.newest("l1")["2020-01-01"] == "1.0.1"
    assert faults(two_versions) == {}


def test_a_newest_file_below_another_version_gives_way(two_versions: Lab) -> None:
    run(
        two_versions,
        f"update file set newest = false where name = '{l1('1.0.1')}'",
        f"update file set newest = true where name = '{l1('1.0.0')}'",
    )
    assert faults(two_versions)["newest not highest"] == (
        f"{l1('1.0.0')} is the newest, but {l1('1.0.1')} has a higher version"
    )
    assert ("newest not highest", True) in mended(two_versions)
    assert two_versions.newest("l1")["2020-01-01"] == "1.0.1"


def test_of_two_newest_files_the_highest_stays(two_versions: Lab) -> None:
    run(
        two_versions,
        "drop index uq_file_newest",
        f"update file set newest = true where name = '{l1('1.0.0')}'",
    )
    assert l1("1.0.0") in faults(two_versions)["two newest"]
    assert ("two newest", True) in mended(two_versions)
    assert two_versions.newest("l1")["2020-01-01"] == "1.0.1"


def test_what_reads_a_file_that_is_the_newest_now_is_looked_at_again(two_versions: Lab) -> None:
    run(two_versions, f"update file set newest = false where name = '{l1('1.0.1')}'")
    mend_faults(two_versions.catalog, "lab", two_versions.actor)
    woken = two_versions.rows(
        "select p.name from headwater.wake w join headwater.process p on p.id = w.process_id"
    )
    assert [row.name for row in woken] == ["mk_l2"]


def test_versions_out_of_order_are_made_right_by_a_higher_one(lab: Lab) -> None:
    """As dbprocessing leaves them when its walk ends below the newest (scenario s08)."""
    run(
        lab,
        f"update file set quality_version = 1, file_create_date = '2019-01-01' "
        f"where name = '{l1('1.0.0')}'",
    )
    newer_l0(lab)
    run(lab, "delete from wake")
    _file_made_by_hand(lab, "1.0.1")
    assert faults(lab)["versions out of order"] == (
        f"{l1('1.0.1')} was made after {l1('1.0.0')}, and has a lower version"
    )
    assert ("versions out of order", True) in mended(lab)
    lab.process()
    assert lab.newest("l1")["2020-01-01"] == "1.1.1"
    assert "versions out of order" not in faults(lab)


def _file_made_by_hand(lab: Lab, version: str) -> None:
    number = lab.put("l1", D1, version)
    code = "select id from code where filename = 'copy.sh' order by id limit 1"
    run(
        lab,
        f"insert into file_code (resulting_file, source_code) select {number}, ({code})",
        "delete from wake",
    )


def test_a_version_that_names_do_not_sort_by_is_held(lab: Lab) -> None:
    run(lab, "update file set revision_version = 1000 where name like 'l0_20200102%'")
    assert faults(lab)["version too large"].endswith("has version 1.0.1000")
    assert ("version too large", False) in mended(lab)


# What a row says of itself


def test_an_interval_key_follows_from_the_date(lab: Lab) -> None:
    run(lab, f"update file set interval_key = '2020-01-05' where name = '{l1('1.0.0')}'")
    assert faults(lab)["interval key"] == (
        f"{l1('1.0.0')} has the interval key 2020-01-05, but should have 2020-01-01"
    )
    assert ("interval key", True) in mended(lab)
    assert lab.newest("l1") == {"2020-01-01": "1.0.0", "2020-01-02": "1.0.0"}


def test_a_key_whose_place_another_file_has_is_held(two_versions: Lab) -> None:
    """Both would be version 1.0.1 of one day: a person decides."""
    run(
        two_versions,
        f"update file set revision_version = 1, interval_key = '2020-01-05', newest = true "
        f"where name = '{l1('1.0.0')}'",
    )
    assert ("interval key", False) in mended(two_versions)


def test_a_product_with_several_files_a_day_is_told_apart_by_start(lab: Lab) -> None:
    run(lab, "update product set several_per_day = true where name = 'l0'")
    assert ("interval key", True) in mended(lab)
    keys = lab.rows("select interval_key from headwater.file where name like 'l0%' order by 1")
    assert keys[0].interval_key == "2020-01-01T00:00:00.000000Z"


def test_other_forms_of_keys_are_left_alone(lab: Lab) -> None:
    run(lab, f"update file set interval_key = '2020-W01' where name = '{l1('1.0.0')}'")
    assert faults(lab) == {}


@pytest.mark.parametrize(
    ("rule", "change", "says"),
    [
        ("date outside its time", "utc_file_date = '2020-03-01', interval_key = '2020-03-01'",
         "has the date 2020-03-01, but lasts from 2020-01-01 to 2020-01-01"),
        ("odd duration", "utc_stop_time = '2020-01-01 00:10:00+00'", "lasts 0.01 days"),
        ("odd duration", "utc_stop_time = '2020-01-04 12:00:00+00'", "lasts 3.50 days"),
        ("odd duration", "utc_stop_time = '2020-01-15 00:00:00+00'", "lasts 14.00 days"),
        ("odd duration", "utc_stop_time = '2020-04-01 00:00:00+00'", "lasts 91.00 days"),
        ("odd duration", "utc_stop_time = '2022-01-01 00:00:00+00'", "lasts 731.00 days"),
    ],
)  # fmt: skip
def test_what_an_inspector_may_have_said_wrongly_is_held(
    lab: Lab, rule: str, change: str, says: str
) -> None:
    run(lab, f"update file set {change} where name = 'l0_20200101_v1.0.0.dat'")
    assert says in faults(lab)[rule]
    assert (rule, False) in mended(lab)


@pytest.mark.parametrize("stop", ["2020-01-08", "2020-01-31", "2020-12-31"])
def test_a_week_a_month_and_a_year_are_no_odd_durations(lab: Lab, stop: str) -> None:
    run(lab, f"update file set utc_stop_time = '{stop}' where name = 'l0_20200101_v1.0.0.dat'")
    assert faults(lab) == {}


def test_a_file_has_the_level_of_its_product(lab: Lab) -> None:
    run(lab, "update product set level = 1.5 where name = 'l1'")
    assert faults(lab)["level"].endswith("has level 1, its product l1 has 1.5")
    assert set(mended(lab)) == {("level", True)}
    assert faults(lab) == {}


def test_a_released_file_that_is_lost_is_held(lab: Lab) -> None:
    run(
        lab,
        f"insert into release (file_id, release_num) select id, 'R1' from file "
        f"where name = '{l1('1.0.0')}'",
        f"update file set exists_on_disk = false where name = '{l1('1.0.0')}'",
    )
    assert "belongs to release R1, but is not on disk" in faults(lab)["released and lost"]
    assert ("released and lost", False) in mended(lab)


# Links


@pytest.mark.parametrize("table", ["file_link", "file_code", "release", "build_input"])
def test_a_link_to_nothing_is_deleted(lab: Lab, table: str) -> None:
    columns = {
        "file_link": "(source_file, resulting_file) values (99998, 99999)",
        "file_code": "(resulting_file, source_code) values (99998, 99999)",
        "release": "(file_id, release_num) values (99999, 'R1')",
        "build_input": "(build_id, file_id, position) values (99998, 99999, 0)",
    }
    before = lab.rows(f"select * from headwater.{table} order by 1, 2")
    run(lab, f"insert into {table} {columns[table]}", unguarded=True)
    assert faults(lab)["link to nothing"].startswith(table)
    assert all(done for _, done in mended(lab))
    assert lab.rows(f"select * from headwater.{table} order by 1, 2") == before


@pytest.mark.parametrize(
    ("table", "rule"),
    [("file_code", "made without code"), ("file_link", "made without inputs")],
)
def test_links_that_are_gone_are_written_again_from_the_build(
    lab: Lab, table: str, rule: str
) -> None:
    before = lab.rows(f"select * from headwater.{table} order by 1, 2")
    run(lab, f"delete from {table}")
    assert rule in faults(lab)
    assert {done for _, done in mended(lab)} == {True}
    assert lab.rows(f"select * from headwater.{table} order by 1, 2") == before


def test_a_code_that_does_not_make_the_product_is_held(lab: Lab) -> None:
    run(
        lab,
        "update file_code k set source_code = (select c.id from code c join process p "
        "on p.id = c.process_id where p.name = 'mk_l2') from file f "
        f"where f.id = k.resulting_file and f.name = '{l1('1.0.0')}'",
    )
    assert "of process mk_l2, which does not make it" in faults(lab)["code of another process"]
    assert ("code of another process", False) in mended(lab)


def test_what_was_made_from_an_old_parent_is_made_anew(lab: Lab) -> None:
    newer_l0(lab)
    assert "parents not newest" not in faults(lab), "it is to be looked at already"
    run(lab, "delete from wake")
    assert "was made from l0_20200101_v1.0.0.dat" in faults(lab)["parents not newest"]
    assert ("parents not newest", True) in mended(lab)
    lab.process()
    assert lab.newest("l1")["2020-01-01"] == "1.0.1"
    assert lab.newest("l2")["2020-01-01"] == "1.0.1"
    assert faults(lab) == {}


# Work


@pytest.mark.parametrize(
    "gone",
    [
        f"update file set exists_on_disk = false where name = '{l1('1.0.0')}'",
        f"update file set build_id = null where name = '{l1('1.0.0')}'",
    ],
)
def test_a_build_whose_output_is_gone_is_looked_at_again(lab: Lab, gone: str) -> None:
    run(lab, gone)
    assert faults(lab)["output gone"] == "mk_l1 of 2020-01-01 is built, but its l1 is gone"
    assert ("output gone", True) in mended(lab)


def test_a_lost_output_is_made_again_after_the_check(lab: Lab) -> None:
    run(lab, f"update file set exists_on_disk = false where name = '{l1('1.0.0')}'")
    mended(lab)
    lab.process()
    assert lab.newest("l1")["2020-01-01"] == "1.0.1"
    assert faults(lab) == {}


def test_a_build_that_nothing_wakes_is_woken(lab: Lab) -> None:
    run(
        lab,
        "update build set state = 'waiting', reason = 'waits' where interval_key = '2020-01-01'",
        "delete from wake",
    )
    found = faults(lab)["never looked at again"]
    assert "is waiting (waits), and nothing wakes it" in found
    assert ("never looked at again", True) in mended(lab)
    lab.process()
    assert faults(lab) == {}


def test_a_wake_for_a_build_that_is_no_longer_open_is_due_at_once(lab: Lab) -> None:
    run(
        lab,
        "insert into wake (process_id, utc_date, reason, due_at) "
        "select id, '2020-01-01', 'retry', now() + interval '1 year' from process",
    )
    assert "no build of it is open" in faults(lab)["orphan wake"]
    assert ("orphan wake", True) in mended(lab)
    lab.process()
    assert lab.rows("select * from headwater.wake") == []


def test_work_that_nobody_does_is_held(lab: Lab) -> None:
    newer_l0(lab)
    run(lab, "update wake set due_at = now() - interval '2 days'")
    assert faults(lab)["nobody works"].startswith("mk_l1 has had 1 dates to look at")
    assert ("nobody works", False) in mended(lab)


def test_a_lease_that_is_over_and_that_nobody_took_is_held(lab: Lab) -> None:
    run(
        lab,
        "update build set state = 'running', token = gen_random_uuid(), claimed_by = 'ghost',"
        " lease_until = now() - interval '1 hour' where interval_key = '2020-01-01'",
    )
    assert "is held by ghost, whose lease is over" in faults(lab)["lease over"]
    assert ("lease over", False) in mended(lab)


# The mission


def _second_code(lab: Lab, version: int, stop: str) -> None:
    run(
        lab,
        "insert into code (process_id, filename, relative_path, description, interface_version,"
        " quality_version, revision_version, output_interface, start_date, stop_date,"
        " date_written)"
        f" select process_id, 'copy2.sh', '', '', {version}, 0, 0, 1, '1960-01-01', '{stop}',"
        " date_written from code limit 1",
    )


def test_two_codes_for_the_same_dates_are_held(lab: Lab) -> None:
    _second_code(lab, 2, "2049-12-31")
    found = faults(lab)
    assert "are both in use from 1970-01-01 to 2049-12-31" in found["overlapping codes"]
    assert "same code version" not in found
    assert ("overlapping codes", False) in mended(lab)


def test_two_codes_of_one_version_are_held(lab: Lab) -> None:
    _second_code(lab, 1, "1969-12-31")
    found = faults(lab)
    assert "overlapping codes" not in found
    assert found["same code version"].endswith("have the same version")


def test_a_process_without_a_code_in_use_is_held(lab: Lab) -> None:
    run(lab, "update code set newest_version = false where process_id = 1")
    assert faults(lab)["no code"].endswith("has no code that is active and the newest version")


def test_a_mission_that_cannot_be_loaded_can_still_be_checked(lab: Lab) -> None:
    run(lab, "delete from inspector where arguments = 'stem=l2'", unguarded=True)
    assert faults(lab)["no inspector"] == "l2 has no inspector"


def test_an_output_that_its_inspector_is_not_asked_about_is_held(lab: Lab) -> None:
    run(lab, "update inspector set active = false where arguments in ('stem=l0', 'stem=l1')")
    assert faults(lab)["inactive inspector"] == (
        "l1 is made by process mk_l1, but its inspector is not active"
    ), "l0 is made by nobody: to ask no more is a way to end it"


# All of them


def test_a_repair_is_in_the_log_with_who_and_why(lab: Lab) -> None:
    run(lab, "update product set level = 1.5 where name = 'l1'")
    mended(lab)
    rows = lab.rows("select actor, reason from headwater.event where kind = 'catalog repaired'")
    assert len(rows) == 2
    assert rows[0].actor == "tester"
    assert rows[0].reason.startswith("level: l1_2020010")


def test_a_check_changes_nothing(lab: Lab) -> None:
    run(lab, "update product set level = 1.5 where name = 'l1'")
    assert "level" in faults(lab)
    assert "level" in faults(lab)
    assert lab.rows("select * from headwater.event where kind = 'catalog repaired'") == []


def test_other_missions_are_left_alone(lab: Lab) -> None:
    run(
        lab,
        "insert into mission (name, rootdir, incoming_dir, codedir, inspectordir, errordir)"
        " values ('other', '/o', '/o', '/o', '/o', '/o')",
        "update product set level = 1.5 where name = 'l1'",
    )
    assert find_faults(lab.catalog, "other") == []
    assert mend_faults(lab.catalog, "other", lab.actor) == []
    assert "level" in faults(lab)


def test_every_rule_is_in_the_docs_with_what_mends_it() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "consistency.md"
    rows = re.findall(r"^\| `([^`]+)` \| (.*) \| (mended|held): (.*) \|$", page.read_text(), re.M)
    assert rows == [
        (rule.name, rule.wrong, "mended" if rule.mends else "held", rule.remedy) for rule in RULES
    ]
