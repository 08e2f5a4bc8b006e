"""What a product has for each day: the newest version, what is missing and why, the open work."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from processing_lab import Lab

from headwater.catalog.connection import Catalog
from headwater.core.interval import DateSpan
from headwater.core.states import BuildState, CellState
from headwater.core.version import Version
from headwater.processing.coverage import Gap, coverage, gaps_by_cause
from headwater.processing.explained_cells import DayCell
from headwater.processing.grid import grid
from headwater.processing.planner import plan_due

FIRST, SECOND, THIRD = (date(2020, 1, day) for day in (1, 2, 3))


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    return Lab(catalog, tmp_path / "lab")


def covered(lab: Lab, product: str, *days: date) -> list[DayCell]:
    return coverage(lab.catalog, lab.mission, product, *days)


def test_each_day_has_its_newest_version_and_a_gap_is_missing(lab: Lab) -> None:
    lab.put_many("l0", [FIRST, THIRD])
    lab.put("l0", THIRD, "1.2.10")
    lab.put("l0", THIRD, "1.2.9")
    assert covered(lab, "l0") == [
        DayCell(FIRST, CellState.CURRENT, 1, Version(1, 0, 0), None, None, False),
        DayCell(SECOND, CellState.MISSING, 0, None, None, "none has arrived", True),
        DayCell(THIRD, CellState.CURRENT, 1, Version(1, 2, 10), None, None, False),
    ]


def test_asked_for_days_are_all_there_also_outside_of_the_files(lab: Lab) -> None:
    lab.put("l0", SECOND)
    states = {day.date: day.state for day in covered(lab, "l0", FIRST, THIRD)}
    assert states == {FIRST: "not expected", SECOND: "current", THIRD: "missing"}
    assert [day.date for day in covered(lab, "l0", FIRST)] == [FIRST, SECOND]
    assert covered(lab, "l1") == [], "a product without files has no first and last day"
    assert [day.state for day in covered(lab, "l1", FIRST, FIRST)] == ["not expected"]


def test_work_that_is_open_stands_beside_what_is_there(lab: Lab) -> None:
    lab.put("l0", FIRST)
    lab.process()
    lab.put("l0", FIRST, "1.1.0")
    plan_due(lab.catalog, lab.mission, lab.mission.process("mk_l1"), actor=lab.actor)
    (day,) = covered(lab, "l1")
    assert (day.state, day.version) == (CellState.STALE, Version(1, 0, 0))
    assert day.build is BuildState.PENDING and day.reason and not day.is_gap
    lab.process()
    (day,) = covered(lab, "l1")
    assert (day.version, day.build, day.reason) == (Version(1, 1, 0), None, None)


def test_a_failed_build_is_the_reason_for_a_gap(lab: Lab) -> None:
    lab.code("copy.sh", "#!/bin/sh\nexit 3\n")
    lab.put("l0", FIRST)
    lab.process()
    (day,) = covered(lab, "l1", FIRST, FIRST)
    assert (day.state, day.build, day.is_gap) == (CellState.FAILED, BuildState.FAILED, True)
    assert "3" in (day.reason or "")


def test_a_file_that_is_not_on_disk_is_lost(lab: Lab) -> None:
    number = lab.put("l0", FIRST)
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.file set exists_on_disk = false where id = %s", (number,)
        )
    (day,) = covered(lab, "l0")
    assert (day.state, day.version) == (CellState.LOST, Version(1, 0, 0))


def test_files_of_one_day_that_keywords_tell_apart_are_counted(lab: Lab) -> None:
    lab.put("l0", FIRST, keywords="nn=1", name="l0_20200101_p1_v1.0.0.dat")
    lab.put("l0", FIRST, "1.1.0", keywords="nn=2", name="l0_20200101_p2_v1.1.0.dat")
    (day,) = covered(lab, "l0")
    assert (day.files, day.version) == (2, Version(1, 1, 0))


def test_gaps_are_gathered_by_their_cause_at_the_lowest_level(lab: Lab) -> None:
    days = [FIRST + timedelta(days=number) for number in range(8)]
    lab.put_many("l0", [days[0], days[3], days[7]])
    lab.process()
    lab.code("copy.sh", "#!/bin/sh\nexit 3\n")
    lab.put("l0", days[5])
    lab.process()
    no_l0 = (DateSpan(days[1], days[2]), DateSpan(days[4], days[4]), DateSpan(days[6], days[6]))
    failed, missing = gaps_by_cause(covered(lab, "l1"))
    assert (failed.state, failed.spans) == (CellState.FAILED, (DateSpan(days[5], days[5]),))
    assert missing == Gap(CellState.MISSING, "l0 is missing: none has arrived", no_l0, 4)
    upper = gaps_by_cause(covered(lab, "l2"))
    assert [(gap.state, gap.days) for gap in upper] == [(CellState.MISSING, 4),
                                                       (CellState.MISSING, 1)]  # fmt: skip
    assert upper[0].reason == "l1 is missing: l0 is missing: none has arrived"
    assert (upper[1].reason or "").startswith("l1 is failed: ")


def test_coverage_and_the_grid_say_the_same_of_every_day(lab: Lab) -> None:
    days = [FIRST + timedelta(days=number) for number in range(6)]
    lab.put_many("l0", days[:2])
    lab.process()
    lab.put("l0", FIRST, "1.1.0")
    lab.put("l0", days[4])
    for row in grid(lab.catalog, lab.mission, None, days[0], days[-1]).products:
        said = [day.state.letter for day in covered(lab, row.name, days[0], days[-1])]
        assert "".join(said) == row.states, row.name


def test_the_hole_below_a_weekly_product_is_found_in_its_week_and_its_window(
    catalog: Catalog, tmp_path: Path
) -> None:
    lab = Lab(catalog, tmp_path / "lab", None)
    lab.change_yaml(
        {"l0": {"expected": "always"}, "week": 1, "next": 2},
        {"mk_week": {"timebase": "WEEKLY", "output": "week", "inputs": ["l0"]},
         "mk_next": {"timebase": "DAILY", "output": "next",
                     "inputs": [{"product": "week", "days_before": 3}]}},
    )  # fmt: skip
    monday = date(2020, 1, 6)
    lab.put("l0", monday)
    lab.process()
    friday, after = monday + timedelta(days=11), monday + timedelta(days=7)
    [day] = covered(lab, "week", friday, friday)
    assert day.reason == "l0 is missing: none has arrived"
    [day] = covered(lab, "next", friday, friday)
    assert day.reason == "week is missing: l0 is missing: none has arrived"
    lab.put("l0", after)
    with catalog.begin() as connection:
        connection.exec_driver_sql("delete from headwater.wake")
    [day] = covered(lab, "week", friday, friday)
    assert day.reason == "nothing is planned; 'headwater why' tells more", "its Monday came"
    lab.code("copy.sh", "#!/bin/sh\nexit 3\n")
    lab.put("l0", after, "1.1.0")
    lab.process()
    [day] = covered(lab, "next", friday, friday)
    assert (day.reason or "").startswith("week is failed: code ")
    [day] = covered(lab, "week", friday, friday)
    assert day.build is BuildState.FAILED


def test_an_input_that_is_in_its_window_is_not_the_hole(catalog: Catalog, tmp_path: Path) -> None:
    lab = Lab(catalog, tmp_path / "lab", None)
    lab.change_yaml(
        {"a": 0, "b": 0, "out": 1},
        {"mk": {"timebase": "DAILY", "output": "out",
                "inputs": [{"product": "a", "days_before": 1}, "b"]}},
    )  # fmt: skip
    lab.put("a", FIRST)
    lab.put("b", FIRST)
    lab.process()
    first, second, third = covered(lab, "out", FIRST, THIRD)
    assert (first.state, second.reason) == (CellState.CURRENT, "b is missing: none has arrived")
    assert third.reason == "a is missing: none has arrived"
