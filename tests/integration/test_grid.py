"""The grid: the state of each product and day, and what comes first where several are so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from processing_lab import CHAIN, Lab, process, product

from headwater.catalog.connection import Catalog
from headwater.core.errors import IntervalError, NotFoundError, SelectionTooLargeError
from headwater.core.output_interval import Orbit
from headwater.core.states import BuildState, CellState
from headwater.missions.orbits import load_orbits
from headwater.processing.cell import cell
from headwater.processing.coverage import coverage
from headwater.processing.grid import LEGEND, Grid, GridUnit, grid
from headwater.processing.planner import plan_due

FIRST = date(2020, 1, 6)  # a Monday
DAYS = [FIRST + timedelta(days=number) for number in range(7)]


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    return Lab(catalog, tmp_path / "lab")


def shown(
    lab: Lab, first: date = FIRST, last: date = DAYS[2], unit: GridUnit = GridUnit.DAY
) -> Grid:
    return grid(lab.catalog, lab.mission, None, first, last, unit)


def states(lab: Lab, first: date = FIRST, last: date = DAYS[2]) -> dict[str, str]:
    """Product -> its letters."""
    return {row.name: row.states for row in shown(lab, first, last).products}


def plan(lab: Lab, name: str) -> None:
    plan_due(lab.catalog, lab.mission, lab.mission.process(name), actor=lab.actor)


def quarantine(lab: Lab, name: str, product_id: int | None = None) -> None:
    """An arrival that was not taken."""
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "insert into headwater.arrival (mission_id, name, raw_name, size, modified_at, inode,"
            " token, state, disposition, reason, product_id, claimed_by, lease_until) values"
            " (%s, %s, 'x', 1, now(), 1, gen_random_uuid(), 'ended', 'quarantined', 'too short',"
            " %s, 'tester', now())",
            (lab.mission.id, name, product_id),
        )


def test_each_state_has_its_own_letter_and_the_legend_is_in_the_order_of_precedence() -> None:
    assert list(LEGEND) == list("flqmhbwscn")
    assert LEGEND["n"] is CellState.NOT_EXPECTED
    assert [state.rank for state in LEGEND.values()] == list(range(10))


def test_what_was_made_is_current_and_what_did_not_come_is_missing_at_every_level(
    lab: Lab,
) -> None:
    lab.put_many("l0", [FIRST, DAYS[2]])
    lab.process()
    assert states(lab) == {"l0": "cmc", "l1": "cmc", "l2": "cmc"}
    found = shown(lab)
    assert [(row.name, row.level, row.made_by) for row in found.products] == [
        ("l0", 0.0, ()), ("l1", 1.0, ("mk_l1",)), ("l2", 2.0, ("mk_l2",)),
    ]  # fmt: skip
    assert (found.mission, found.unit, found.first, found.last) == ("lab", "day", FIRST, DAYS[2])
    assert found.periods == tuple(DAYS[:3]) and found.products[0].counts is None


def test_nothing_is_expected_before_the_first_file_or_of_a_day_that_is_not_over(lab: Lab) -> None:
    assert states(lab) == {"l0": "nnn", "l1": "nnn", "l2": "nnn"}, "nothing has ever come"
    today = datetime.now(UTC).date()
    yesterday = today - timedelta(days=1)
    lab.put("l0", yesterday - timedelta(days=1))
    lab.process()
    before = yesterday - timedelta(days=2)
    assert states(lab, before, today + timedelta(days=1)) == {
        name: "ncmnn" for name in ("l0", "l1", "l2")
    }


def test_a_product_waits_for_its_process_from_the_arrival_of_its_input_on(lab: Lab) -> None:
    lab.put("l0", FIRST)
    assert states(lab, FIRST, FIRST) == {"l0": "c", "l1": "w", "l2": "m"}, "to be planned"
    plan(lab, "mk_l1")
    assert states(lab, FIRST, FIRST)["l1"] == "w", "pending"
    lab.process()
    assert states(lab, FIRST, FIRST) == {"l0": "c", "l1": "c", "l2": "c"}
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "insert into headwater.wake (process_id, utc_date, reason)"
            " select id, %s, 'tested' from headwater.process",
            (FIRST,),
        )
    assert states(lab, FIRST, FIRST)["l1"] == "c", "a date to look at does not tell that it changes"


def test_a_build_that_runs_is_building_and_its_lease_says_so(lab: Lab) -> None:
    lab.put("l0", FIRST)
    plan(lab, "mk_l1")
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.build set state = 'running', token = gen_random_uuid(),"
            " lease_until = now() + interval '1 minute'"
        )
    assert states(lab, FIRST, FIRST)["l1"] == "b"


def test_a_failed_build_is_failed_with_its_reason(lab: Lab) -> None:
    lab.code("copy.sh", "#!/bin/sh\nexit 3\n")
    lab.put("l0", FIRST)
    lab.process()
    assert states(lab, FIRST, FIRST) == {"l0": "c", "l1": "f", "l2": "m"}
    found = cell(lab.catalog, lab.mission, "l1", FIRST)
    assert found.state is CellState.FAILED and "3" in found.reason
    [build] = found.builds
    assert (build.process, build.state, build.attempts) == ("mk_l1", BuildState.FAILED, 1)
    assert (build.code, build.code_version) == ("copy.sh", "1.0.0")
    below = cell(lab.catalog, lab.mission, "l2", FIRST)
    assert below.state is CellState.MISSING
    assert below.reason.startswith(f"l2 of {FIRST} is missing: l1 is failed: ")


def test_a_newer_input_makes_what_is_made_from_it_stale_before_anything_is_planned(
    lab: Lab,
) -> None:
    lab.put_many("l0", DAYS[:2])
    lab.process()
    lab.put("l0", FIRST, "1.1.0")
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql("delete from headwater.wake")
    assert states(lab, FIRST, DAYS[1]) == {"l0": "cc", "l1": "sc", "l2": "cc"}
    [day, _] = coverage(lab.catalog, lab.mission, "l1")
    assert (day.reason, day.build) == ("made from files that are no longer the newest", None)


def test_another_code_makes_its_outputs_stale_for_its_own_dates(lab: Lab) -> None:
    lab.put_many("l0", DAYS[:3])
    lab.process()
    newer = process("mk_l1", "l1", "required_input1 = product_l0", timebase="FILE",
                    version="1.1.0")  # fmt: skip
    newer = newer.replace("code_start_date = 1970-01-01", f"code_start_date = {DAYS[1]}")
    lab.change([*CHAIN[:3], newer, CHAIN[4]])
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql("delete from headwater.wake")
    assert states(lab)["l1"] == "css"
    reasons = [day.reason for day in coverage(lab.catalog, lab.mission, "l1")]
    assert reasons == [None, *["made by another code than the one in use"] * 2]


def test_a_newer_file_of_an_input_that_triggers_nothing_leaves_its_readers_current(
    catalog: Catalog, tmp_path: Path
) -> None:
    lab = Lab(catalog, tmp_path / "lab", None)
    lab.change_yaml(
        {"l0": 0, "cal": 0, "l1": 1},
        {"mk": {"timebase": "DAILY", "output": "l1",
                "inputs": ["l0", {"product": "cal", "kind": "no_trigger"}]}},
    )  # fmt: skip
    lab.put("l0", FIRST)
    lab.put("cal", FIRST)
    lab.process()
    assert len(lab.parents("l1_20200106_v1.0.0.dat")) == 2
    lab.put("cal", FIRST, "1.1.0")
    assert states(lab, FIRST, FIRST)["l1"] == "c"


def test_open_work_for_what_is_there_makes_it_stale(lab: Lab) -> None:
    lab.put("l0", FIRST)
    lab.process()
    lab.put("l0", FIRST, "1.1.0")
    plan(lab, "mk_l1")
    [day] = coverage(lab.catalog, lab.mission, "l1")
    assert (day.state, day.build) == (CellState.STALE, BuildState.PENDING)
    assert day.reason and "1.1.0" in day.reason


def test_a_file_that_is_not_on_disk_is_lost(lab: Lab) -> None:
    number = lab.put("l0", FIRST)
    lab.process()
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.file set exists_on_disk = false where id = %s", (number,)
        )
    assert states(lab, FIRST, FIRST)["l0"] == "l"
    [day] = coverage(lab.catalog, lab.mission, "l0")
    assert day.is_gap and day.reason == "its file is not on disk"


def test_a_hole_with_a_look_alike_in_quarantine_is_quarantined(lab: Lab) -> None:
    lab.put("l0", FIRST)
    for name in (f"l0_{DAYS[1]:%Y%m%d}_v1.0.0.dat", f"l9_{DAYS[2]:%Y%m%d}_v1.0.0.dat",
                 f"l0_{FIRST:%Y%m%d}_v1.1.0.dat"):  # fmt: skip
        quarantine(lab, name)
    lab.process()
    assert states(lab) == {"l0": "cqm", "l1": "cmm", "l2": "cmm"}
    found = cell(lab.catalog, lab.mission, "l0", DAYS[1])
    assert [(one.name, one.reason) for one in found.quarantined] == [
        ("l0_20200107_v1.0.0.dat", "too short")
    ]
    assert "l0_20200107_v1.0.0.dat" in found.reason
    # It comes before the work that waits for it.
    lab.put("l0", DAYS[1], "1.1.0")
    quarantine(lab, f"l1_{DAYS[1]:%Y%m%d}_v1.0.0.dat")
    assert states(lab, DAYS[1], DAYS[1]) == {"l0": "c", "l1": "q", "l2": "m"}
    # An inspector knew its product, and its name tells the day.
    quarantine(lab, f"odd name {DAYS[2]}", lab.mission.product("l0").id)
    assert states(lab)["l0"] == "ccq"


def test_of_a_week_the_most_pressing_day_is_shown_and_all_are_counted(lab: Lab) -> None:
    lab.put_many("l0", [*DAYS[:3], *DAYS[4:]])
    lab.process()
    lab.put("l0", FIRST, "1.1.0")
    plan(lab, "mk_l1")
    found = shown(lab, DAYS[3], DAYS[3] + timedelta(days=7), GridUnit.WEEK)
    assert (found.first, found.last) == (FIRST, DAYS[6] + timedelta(days=7)), "whole weeks"
    assert found.periods == (FIRST, FIRST + timedelta(days=7))
    rows = {row.name: row for row in found.products}
    assert rows["l1"].states == "mm"
    assert rows["l1"].counts == ({"m": 1, "s": 1, "c": 5}, {"m": 7})
    month = shown(lab, FIRST, FIRST, GridUnit.MONTH)
    assert month.periods == (date(2020, 1, 1),)
    assert month.products[0].counts == ({"m": 20, "c": 6, "n": 5},)


def test_a_weekly_product_stands_at_each_day_of_its_week(lab: Lab) -> None:
    weekly = process("mk_l2", "l2", "required_input1 = product_l1", timebase="WEEKLY")
    lab.change([*CHAIN[:4], weekly])
    lab.put_many("l0", DAYS[:3])
    lab.process()
    assert states(lab, FIRST - timedelta(days=1), DAYS[6]) == {
        "l0": "nccc" + "mmmm", "l1": "nccc" + "mmmm", "l2": "n" + "ccccccc",
    }  # fmt: skip
    found = cell(lab.catalog, lab.mission, "l2", DAYS[5])
    assert found.state is CellState.CURRENT
    assert [(file.name, str(file.version)) for file in found.files] == [
        ("l2_20200106_v1.0.0.dat", "1.0.0")
    ]
    assert [build.interval_key for build in found.builds] == ["2020-W02"]


def test_a_product_of_an_orbit_stands_at_its_start_and_at_the_days_that_it_fills(
    lab: Lab,
) -> None:
    orbit_files = {
        "level": 2,
        "format": "orb_{Y}{m}{d}_o{ORBIT}_v{VERSION}.dat",
        "inspector": {"filename": "generic.py", "arguments": "stem=orb days=3"},
    }
    lab.change_yaml({"l0": 0, "orb": orbit_files},
                    {"mk": {"timebase": "ORBIT", "output": "orb", "inputs": ["l0"]}})  # fmt: skip
    begin = datetime(2020, 1, 6, 22, tzinfo=UTC)
    # One of three days less four hours, then one that has not been made.
    orbits = [Orbit(begin, begin + timedelta(hours=50), 7),
              Orbit(begin + timedelta(hours=50), begin + timedelta(hours=60), 8)]  # fmt: skip
    load_orbits(lab.catalog, lab.mission, orbits, lab.actor, source="test")
    lab.put("l0", FIRST)
    lab.process()
    assert [build[:2] for build in lab.builds("mk")] == [("orbit-00007", "built")]
    assert states(lab, FIRST, DAYS[3])["orb"] == "cccm"
    lab.put("l0", DAYS[3])
    plan(lab, "mk")
    assert states(lab, FIRST, DAYS[3])["orb"] == "cccw"
    found = cell(lab.catalog, lab.mission, "orb", DAYS[2])
    assert [file.name for file in found.files] == ["orb_20200106_o00007_v1.0.0.dat"]


def test_several_files_of_a_day_are_one_cell_and_the_worst_of_them_counts(lab: Lab) -> None:
    lab.put("l0", FIRST, keywords="nn=1", name="l0_20200106_p1_v1.0.0.dat")
    number = lab.put("l0", FIRST, "1.1.0", keywords="nn=2", name="l0_20200106_p2_v1.1.0.dat")
    [day] = coverage(lab.catalog, lab.mission, "l0")
    assert (day.state, day.files, str(day.version)) == (CellState.CURRENT, 2, "1.1.0")
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.file set exists_on_disk = false where id = %s", (number,)
        )
    assert states(lab, FIRST, FIRST)["l0"] == "l"


def test_a_cell_has_all_versions_of_its_files_and_says_why(lab: Lab) -> None:
    lab.put("l0", FIRST)
    lab.put("l0", FIRST, "1.1.0")
    lab.process()
    found = cell(lab.catalog, lab.mission, "l0", FIRST)
    assert [(file.name, file.newest, file.on_disk) for file in found.files] == [
        ("l0_20200106_v1.1.0.dat", True, True), ("l0_20200106_v1.0.0.dat", False, True),
    ]  # fmt: skip
    assert found.reason == "l0 of 2020-01-06 is current"
    assert found.lines[0] == "l0 of 2020-01-06 is there: l0_20200106_v1.1.0.dat"


def test_as_of_is_the_last_event_and_grows_with_each_change(lab: Lab) -> None:
    before = shown(lab).as_of
    lab.put("l0", FIRST)
    after = shown(lab).as_of
    assert after > before
    assert cell(lab.catalog, lab.mission, "l0", FIRST).as_of == after


def test_wrong_selections_are_refused_by_name_and_number(lab: Lab) -> None:
    with pytest.raises(NotFoundError, match="no product 'l7'"):
        grid(lab.catalog, lab.mission, ["l7"], FIRST, FIRST)
    with pytest.raises(IntervalError, match="ends before it starts"):
        grid(lab.catalog, lab.mission, None, DAYS[1], FIRST)
    with pytest.raises(SelectionTooLargeError, match=r"3 products .* more than 400000"):
        grid(lab.catalog, lab.mission, None, date(1600, 1, 1), FIRST)
    only = grid(lab.catalog, lab.mission, ["l2", "l0", "l0"], FIRST, FIRST)
    assert [row.name for row in only.products] == ["l0", "l2"]


def test_a_product_of_two_processes_shows_the_work_of_both(lab: Lab) -> None:
    other = process("also_l1", "l1", "required_input1 = product_lx", timebase="FILE")
    lab.change([*CHAIN, product("lx", 0), other])
    lab.put("l0", FIRST)
    lab.process()
    lab.put("lx", DAYS[1])
    plan(lab, "also_l1")
    assert states(lab, FIRST, DAYS[1])["l1"] == "cw"
    [row] = [row for row in shown(lab).products if row.name == "l1"]
    assert row.made_by == ("also_l1", "mk_l1")
