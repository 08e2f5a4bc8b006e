"""Inputs from afar, through real codes: what is read, and which outputs a new file makes again."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from processing_lab import Lab
from sqlalchemy import event

from headwater.catalog.connection import Catalog
from headwater.core.interval import DateSpan, day_start, day_stop
from headwater.core.states import BuildState
from headwater.processing.explain import explain
from headwater.processing.planner import preview

DAYS = [date(2020, 1, n) for n in range(1, 11)]
FOREVER = date(2099, 12, 31)


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    return Lab(catalog, tmp_path / "lab", None)


def with_calibration(lab: Lab, timebase: str = "DAILY", **cal: object) -> None:
    inputs = ["l0", {"product": "cal", "latest_valid": True, **cal}]
    lab.change_yaml(
        {"l0": 0, "cal": 0, "l1": 1},
        {"mk": {"timebase": timebase, "output": "l1", "inputs": inputs}},
    )


def calibrate(lab: Lab, first: date, last: date, version: str = "1.0.0") -> int:
    return lab.put("cal", first, version, stop=day_stop(last))


def wakes(lab: Lab) -> list[str]:
    rows = lab.rows("select utc_date from headwater.wake order by 1")
    return [str(row.utc_date) for row in rows]


@pytest.mark.parametrize("timebase", ["DAILY", "FILE"])
def test_a_new_calibration_makes_again_what_it_bears_on_and_nothing_else(
    lab: Lab, timebase: str
) -> None:
    with_calibration(lab, timebase)
    calibrate(lab, date(1970, 1, 1), FOREVER)
    lab.put_many("l0", DAYS[:4])
    assert lab.process().count(BuildState.BUILT) == 4
    assert lab.parents("l1_20200101_v1.0.0.dat") == [
        "cal_19700101_v1.0.0.dat",
        "l0_20200101_v1.0.0.dat",
    ]
    calibrate(lab, DAYS[2], FOREVER)
    assert wakes(lab) == ["2020-01-03", "2020-01-04"], "a row for each date with files, no more"
    lab.process()
    assert list(lab.newest("l1").values()) == ["1.0.0", "1.0.0", "1.1.0", "1.1.0"]
    assert lab.process().results == []


def test_a_calibration_that_is_valid_for_less_time_gives_its_dates_back(lab: Lab) -> None:
    with_calibration(lab)
    calibrate(lab, date(1970, 1, 1), FOREVER)
    calibrate(lab, DAYS[0], DAYS[3])
    lab.put_many("l0", DAYS[:4])
    lab.process()
    calibrate(lab, DAYS[0], DAYS[1], "1.0.1")
    lab.process()
    assert list(lab.newest("l1").values()) == ["1.0.1", "1.0.1", "1.1.0", "1.1.0"]
    assert "cal_19700101_v1.0.0.dat" in lab.parents("l1_20200104_v1.1.0.dat")


def test_a_calibration_that_comes_late_makes_what_waited_for_it(lab: Lab) -> None:
    with_calibration(lab)
    lab.put_many("l0", DAYS[:2])
    assert lab.process().results == []
    why = explain(lab.catalog, lab.mission, "l1", DAYS[0])
    assert why.headline.endswith("needs cal that is valid at 2020-01-01 00:00:00 UTC: none")
    calibrate(lab, DAYS[0], FOREVER)
    lab.process()
    assert list(lab.newest("l1")) == ["2020-01-01", "2020-01-02"]


def test_a_validity_of_decades_is_no_row_a_day(lab: Lab) -> None:
    with_calibration(lab)
    calibrate(lab, date(1970, 1, 1), FOREVER)
    assert wakes(lab) == []
    lab.put("l0", DAYS[0])
    lab.process()
    calibrate(lab, date(1970, 1, 1), FOREVER, "1.0.1")
    assert wakes(lab) == ["2020-01-01"]


def test_a_no_trigger_calibration_wakes_nobody_and_is_read(lab: Lab) -> None:
    with_calibration(lab, kind="no_trigger")
    calibrate(lab, date(1970, 1, 1), FOREVER)
    lab.put("l0", DAYS[0])
    lab.process()
    calibrate(lab, DAYS[0], FOREVER)
    assert lab.process().results == []
    lab.put("l0", DAYS[0], "1.0.1")
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.0.1"}
    assert "cal_20200101_v1.0.0.dat" in lab.parents("l1_20200101_v1.0.1.dat")


def test_a_new_process_with_a_calibration_is_made_for_the_dates_of_its_data_alone(
    lab: Lab,
) -> None:
    lab.change_yaml({"l0": 0, "cal": 0, "l1": 1}, {})
    calibrate(lab, date(1970, 1, 1), FOREVER)
    lab.put_many("l0", DAYS[:3])
    with_calibration(lab)
    assert wakes(lab) == ["2020-01-01", "2020-01-02", "2020-01-03"]
    assert lab.process().count(BuildState.BUILT) == 3


def test_a_new_calibration_reaches_the_months_that_begin_in_it(lab: Lab) -> None:
    with_calibration(lab, "MONTHLY")
    calibrate(lab, date(1970, 1, 1), FOREVER)
    lab.put_many("l0", [date(2020, 1, 20), date(2020, 2, 20)])
    lab.process()
    calibrate(lab, date(2020, 1, 15), FOREVER)
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.0.0", "2020-02-01": "1.1.0"}


# Windows in files


def with_neighbours(lab: Lab, **window: int) -> None:
    lab.change_yaml(
        {"l0": 0, "l1": 1},
        {"mk": {"timebase": "DAILY", "output": "l1",
                "inputs": [{"product": "l0", **window}]}},
    )  # fmt: skip


def inputs_of(lab: Lab, name: str) -> list[int]:
    """The days of January from which an output was made."""
    return sorted(int(parent[9:11]) for parent in lab.parents(name))


def test_the_nearest_files_are_read_across_gaps(lab: Lab) -> None:
    with_neighbours(lab, files_before=2, files_after=1)
    lab.put_many("l0", [DAYS[n - 1] for n in (1, 2, 5, 9)])
    lab.process()
    assert inputs_of(lab, "l1_20200109_v1.0.0.dat") == [2, 5, 9]
    assert inputs_of(lab, "l1_20200102_v1.0.0.dat") == [1, 2, 5]


def test_a_file_over_midnight_is_in_both_days_and_no_neighbour_of_them(lab: Lab) -> None:
    lab.change_yaml(
        {"l0": {"several_per_day": True}, "l1": 1},
        {"mk": {"timebase": "DAILY", "output": "l1",
                "inputs": [{"product": "l0", "files_before": 1}]}},
    )  # fmt: skip
    midnight = day_start(DAYS[4])
    lab.put("l0", DAYS[0])
    lab.put("l0", DAYS[4])
    over = (midnight - timedelta(hours=1), midnight + timedelta(hours=1))
    lab.put("l0", DAYS[3], start=over[0], stop=over[1])
    lab.process()
    assert inputs_of(lab, "l1_20200105_v1.0.0.dat") == [1, 4, 5]
    lab.put("l0", DAYS[1])
    lab.process()
    assert inputs_of(lab, "l1_20200105_v1.1.0.dat") == [2, 4, 5]
    assert inputs_of(lab, "l1_20200104_v1.1.0.dat") == [2, 4]


def test_a_file_between_makes_again_those_that_have_it_as_a_neighbour(lab: Lab) -> None:
    with_neighbours(lab, files_before=2)
    lab.put_many("l0", [DAYS[n - 1] for n in (1, 2, 5, 8, 9)])
    lab.process()
    lab.put("l0", DAYS[2])  # the 3rd: a neighbour of the 5th and 8th, no longer of the 9th
    lab.process()
    assert lab.newest("l1") == {
        "2020-01-01": "1.0.0",
        "2020-01-02": "1.0.0",
        "2020-01-03": "1.0.0",
        "2020-01-05": "1.1.0",
        "2020-01-08": "1.1.0",
        "2020-01-09": "1.0.0",
    }
    assert inputs_of(lab, "l1_20200108_v1.1.0.dat") == [3, 5, 8]


def test_a_file_behind_makes_again_those_before_it(lab: Lab) -> None:
    with_neighbours(lab, files_after=1)
    lab.put_many("l0", [DAYS[0], DAYS[1], DAYS[7]])
    lab.process()
    lab.put("l0", DAYS[4])
    lab.process()
    assert lab.newest("l1") == {
        "2020-01-01": "1.0.0",
        "2020-01-02": "1.1.0",
        "2020-01-05": "1.0.0",
        "2020-01-08": "1.0.0",
    }
    lab.put("l0", DAYS[4], "1.0.1")
    lab.process()
    assert lab.newest("l1")["2020-01-02"] == "1.1.1"
    assert lab.process().results == []


def test_neighbours_in_files_widen_a_month(lab: Lab) -> None:
    lab.change_yaml(
        {"l0": 0, "l1": 1},
        {"mk": {"timebase": "MONTHLY", "output": "l1",
                "inputs": [{"product": "l0", "files_before": 1, "files_after": 1}]}},
    )  # fmt: skip
    days = [date(2020, 1, 10), date(2020, 2, 10), date(2020, 5, 10)]
    lab.put_many("l0", days)
    lab.process()
    assert len(lab.parents("l1_20200201_v1.0.0.dat")) == 3
    lab.put("l0", date(2020, 3, 3))
    lab.process()
    assert lab.newest("l1") == {
        "2020-01-01": "1.0.0",
        "2020-02-01": "1.1.0",
        "2020-03-01": "1.0.0",
        "2020-05-01": "1.1.0",
    }


def test_a_plan_asks_as_many_questions_for_many_days_as_for_one(lab: Lab) -> None:
    inputs = [
        {"product": "l0", "files_before": 2, "files_after": 2, "days_before": 1},
        {"product": "cal", "latest_valid": True},
    ]
    mission = lab.change_yaml(
        {"l0": 0, "cal": 0, "l1": 1},
        {"mk": {"timebase": "DAILY", "output": "l1", "inputs": inputs}},
    )
    days = [DAYS[0] + timedelta(days=7 * n) for n in range(40)]
    lab.put_many("l0", days)
    for n in range(12):
        lab.put("cal", DAYS[0] + timedelta(days=20 * n), stop=day_start(FOREVER))
    asked: list[str] = []
    event.listen(lab.catalog.engine, "before_cursor_execute", lambda *seen: asked.append(seen[2]))
    counts = []
    for span in (DateSpan(days[5], days[5]), DateSpan(days[0], days[-1])):
        asked.clear()
        seen = preview(lab.catalog, mission, mission.process("mk"), span=span)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    made = [entry for entry in seen.entries if entry.action == "make"]
    assert [len(entry.input_file_ids) for entry in made] == [4, 5] + [6] * 36 + [5, 4]
