"""What a product has for each day: the newest version, what is missing, and the open work."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from processing_lab import Lab

from headwater.catalog.connection import Catalog
from headwater.catalog.queries.coverage import DayCoverage, DayState, coverage
from headwater.core.states import BuildState
from headwater.core.version import Version
from headwater.processing.planner import plan_due

FIRST, SECOND, THIRD = (date(2020, 1, day) for day in (1, 2, 3))


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    return Lab(catalog, tmp_path / "lab")


def covered(lab: Lab, product: str, *days: date) -> list[DayCoverage]:
    with lab.catalog.read() as connection:
        return coverage(connection, lab.mission.product(product).id, *days)


def test_each_day_has_its_newest_version_and_a_gap_is_missing(lab: Lab) -> None:
    lab.put_many("l0", [FIRST, THIRD])
    lab.put("l0", THIRD, "1.2.10")
    lab.put("l0", THIRD, "1.2.9")
    assert covered(lab, "l0") == [
        DayCoverage(FIRST, DayState.THERE, 1, Version(1, 0, 0), None, None),
        DayCoverage(SECOND, DayState.MISSING, 0, None, None, None),
        DayCoverage(THIRD, DayState.THERE, 1, Version(1, 2, 10), None, None),
    ]


def test_asked_for_days_are_all_there_also_outside_of_the_files(lab: Lab) -> None:
    lab.put("l0", SECOND)
    states = {day.date: day.state for day in covered(lab, "l0", FIRST, THIRD)}
    assert states == {FIRST: "missing", SECOND: "there", THIRD: "missing"}
    assert [day.date for day in covered(lab, "l0", FIRST)] == [FIRST, SECOND]
    assert covered(lab, "l1") == [], "a product without files has no first and last day"
    assert [day.state for day in covered(lab, "l1", FIRST, FIRST)] == ["missing"]


def test_work_that_is_open_stands_beside_what_is_there(lab: Lab) -> None:
    lab.put("l0", FIRST)
    lab.process()
    lab.put("l0", FIRST, "1.1.0")
    plan_due(lab.catalog, lab.mission, lab.mission.process("mk_l1"), actor=lab.actor)
    (day,) = covered(lab, "l1")
    assert (day.state, day.version) == (DayState.THERE, Version(1, 0, 0))
    assert day.build is BuildState.PENDING and day.reason
    lab.process()
    (day,) = covered(lab, "l1")
    assert (day.version, day.build, day.reason) == (Version(1, 1, 0), None, None)


def test_a_failed_build_is_the_reason_for_a_gap(lab: Lab) -> None:
    lab.code("copy.sh", "#!/bin/sh\nexit 3\n")
    lab.put("l0", FIRST)
    lab.process()
    (day,) = covered(lab, "l1", FIRST, FIRST)
    assert (day.state, day.build) == (DayState.MISSING, BuildState.FAILED)
    assert "3" in (day.reason or "")


def test_a_file_that_is_not_on_disk_is_lost(lab: Lab) -> None:
    number = lab.put("l0", FIRST)
    with lab.catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.file set exists_on_disk = false where id = %s", (number,)
        )
    (day,) = covered(lab, "l0")
    assert (day.state, day.version) == (DayState.LOST, Version(1, 0, 0))


def test_files_of_one_day_that_keywords_tell_apart_are_counted(lab: Lab) -> None:
    lab.put("l0", FIRST, keywords="nn=1", name="l0_20200101_p1_v1.0.0.dat")
    lab.put("l0", FIRST, "1.1.0", keywords="nn=2", name="l0_20200101_p2_v1.1.0.dat")
    (day,) = covered(lab, "l0")
    assert (day.files, day.version) == (2, Version(1, 1, 0))
