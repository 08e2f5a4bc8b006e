"""Products of weeks, months, years and orbits, made by real codes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from processing_lab import Lab
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.interval import DateSpan, day_start
from headwater.core.output_interval import Orbit
from headwater.core.states import BuildState
from headwater.core.version import Bump
from headwater.missions.orbits import load_orbits
from headwater.processing.explain import explain
from headwater.processing.planner import plan_due, preview
from headwater.processing.process_facts import upstream_of
from headwater.processing.service import due_processes, pending_builds

D1, D2 = date(2020, 1, 1), date(2020, 1, 2)
ORB = {"level": 2, "format": "orb_{Y}{m}{d}_o{ORBIT}_v{VERSION}.dat"}


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    return Lab(catalog, tmp_path / "lab", None)


def by(timebase: str, **others: object) -> dict[str, object]:
    return {"timebase": timebase, "output": "out", "inputs": ["l0"], **others}


@pytest.mark.parametrize(
    ("timebase", "first", "key", "neighbour"),
    [
        ("WEEKLY", "2019-12-30", "2020-W01", date(2020, 1, 6)),
        ("MONTHLY", "2020-01-01", "2020-01", date(2020, 2, 1)),
        ("YEARLY", "2020-01-01", "2020", date(2021, 1, 1)),
    ],
)
def test_an_interval_is_made_once_from_all_its_days_and_again_when_one_changes(
    lab: Lab, timebase: str, first: str, key: str, neighbour: date
) -> None:
    lab.change_yaml({"l0": 0, "out": 1}, {"mk": by(timebase)})
    lab.put_many("l0", [D1, D2, neighbour])
    report = lab.process()
    assert [r.interval_key for r in report.results] == [key, report.results[1].interval_key]
    assert lab.newest("out") == {first: "1.0.0", f"{neighbour}": "1.0.0"}
    name = f"out_{first.replace('-', '')}_v1.0.0.dat"
    assert lab.parents(name) == ["l0_20200101_v1.0.0.dat", "l0_20200102_v1.0.0.dat"]
    assert lab.process().results == []
    lab.put("l0", D2, "1.0.1")
    lab.process()
    assert lab.newest("out") == {first: "1.0.1", f"{neighbour}": "1.0.0"}
    assert lab.leftovers() == [] and lab.rows("select * from headwater.wake") == []


def test_a_window_of_days_makes_the_neighbouring_month_again(lab: Lab) -> None:
    wide = by("MONTHLY", inputs=[{"product": "l0", "days_before": 1}])
    lab.change_yaml({"l0": 0, "out": 1}, {"mk": wide})
    lab.put("l0", date(2020, 2, 10))
    lab.process()
    lab.put("l0", date(2020, 1, 31))
    lab.process()
    assert lab.newest("out") == {"2020-01-01": "1.0.0", "2020-02-01": "1.1.0"}
    lab.put("l0", date(2020, 1, 30))
    lab.process()
    assert lab.newest("out") == {"2020-01-01": "1.1.0", "2020-02-01": "1.1.0"}


def test_an_output_of_another_date_than_its_interval_fails(lab: Lab) -> None:
    other = {"level": 1, "format": "out_{Y}{m}15_v{VERSION}.dat"}
    lab.change_yaml({"l0": 0, "out": other}, {"mk": by("MONTHLY")})
    lab.put("l0", D1)
    [result] = lab.process().results
    assert result.state is BuildState.FAILED
    assert result.reason.endswith("is of 2020-01-15, not 2020-01-01")


def test_a_change_is_one_build_a_level_also_through_a_month(lab: Lab) -> None:
    """l0 -> day (DAILY) -> month (MONTHLY) -> day2 (DAILY, reads both, the month by overlap)."""
    january = {"inspector": {"filename": "generic.py", "arguments": "stem=month days=31"}}
    lab.change_yaml(
        {"l0": 0, "day": 1, "month": january, "day2": 3},
        {
            "a_day2": {"timebase": "DAILY", "output": "day2", "inputs": ["day", "month"]},
            "b_month": {"timebase": "MONTHLY", "output": "month", "inputs": ["day"]},
            "c_day": {"timebase": "DAILY", "output": "day", "inputs": ["l0"]},
        },
    )
    days = [D1 + timedelta(days=n) for n in range(5)]
    mission = lab.mission
    reach = upstream_of(mission, mission.process("a_day2"))[mission.process("c_day").id]
    assert (reach.days_before, reach.days_after) == (30, 30), "any day of the month is in it"
    lab.put_many("l0", days)
    report = lab.process()
    assert report.count(BuildState.BUILT) == len(report.results) == 11
    lab.put("l0", days[2], "1.0.1")
    made = [r.process for r in lab.process().results if r.state is BuildState.BUILT]
    assert sorted(made) == ["a_day2"] * 5 + ["b_month", "c_day"]
    assert set(lab.newest("day2").values()) == {"1.0.1"}


def test_a_plan_and_a_question_take_any_day_of_the_interval(lab: Lab) -> None:
    mission = lab.change_yaml({"l0": 0, "out": 1}, {"mk": by("MONTHLY")})
    lab.put("l0", D2)
    process, day = mission.process("mk"), date(2020, 1, 20)
    seen = preview(lab.catalog, mission, process, span=DateSpan(day, date(2020, 2, 3)))
    assert [(e.interval_key, str(e.action)) for e in seen.entries] == [
        ("2020-01", "make"),
        ("2020-02", "nothing"),
    ]
    assert "no out of 2020-01-20: process mk is about to make" in " ".join(
        explain(lab.catalog, mission, "out", day).headline.split()
    )
    done = plan_due(lab.catalog, mission, process, actor=lab.actor, span=DateSpan(day, day))
    assert done.reach == DateSpan(D1, date(2020, 1, 31))
    assert [day for _, day in pending_builds(lab.catalog, mission, process, span=done.reach)] == [
        D1
    ]
    assert lab.rows("select * from headwater.wake") == [], "the day's wake was taken with it"
    lab.process()
    assert explain(lab.catalog, mission, "out", day).headline == (
        "out of 2020-01-20 is there: out_20200101_v1.0.0.dat"
    )


def test_a_forced_date_makes_its_week_again(lab: Lab) -> None:
    mission = lab.change_yaml({"l0": 0, "out": 1}, {"mk": by("WEEKLY")})
    lab.put("l0", D1)
    lab.process()
    span = DateSpan(D2, D2)
    plan_due(lab.catalog, mission, mission.process("mk"), actor=lab.actor, span=span,
             forced=Bump.QUALITY)  # fmt: skip
    lab.process()
    assert lab.newest("out") == {"2019-12-30": "1.1.0"}


# Until the interval is over


def test_what_waits_for_its_end_is_made_then_and_keeps_nobody_waiting(lab: Lab) -> None:
    month = by("MONTHLY", wait_for_end=True)
    daily = {"timebase": "DAILY", "output": "l2",
             "inputs": ["l0", {"product": "out", "kind": "soft"}]}  # fmt: skip
    lab.change_yaml({"l0": 0, "out": 1, "l2": 2}, {"mk": month, "mk_l2": daily})
    today = datetime.now(UTC).date()
    lab.put("l0", today)
    report = lab.process()
    assert [(r.process, r.state) for r in report.results] == [("mk_l2", BuildState.BUILT)]
    [(key, state, reason)] = lab.builds("mk")
    assert (key, state) == (f"{today:%Y-%m}", "waiting")
    end = (day_start(today).replace(day=1) + timedelta(days=32)).replace(day=1)
    assert reason == f"its interval ends {end:%Y-%m-%d} 00:00:00 UTC"
    [wake] = lab.rows("select utc_date, due_at, reason from headwater.wake")
    assert (wake.utc_date, wake.due_at) == (today.replace(day=1), end)
    assert due_processes(lab.catalog) == []
    lab.put("l0", today, "1.0.1")
    lab.process()
    assert [state for _, state, _ in lab.builds("mk")] == ["waiting"]


def test_who_waited_for_it_goes_on_when_it_begins_to_wait_itself(lab: Lab) -> None:
    """The month is looked at after the day that reads it, which waits for that look."""
    day = {"timebase": "DAILY", "output": "l2", "inputs": ["l0", "out"]}
    mission = lab.change_yaml(
        {"l0": 0, "out": 1, "l2": 2}, {"mk": by("MONTHLY", wait_for_end=True), "mk_l2": day}
    )
    today = datetime.now(UTC).date()
    lab.put("out", today.replace(day=1), stop=day_start(today) + timedelta(days=40))
    lab.put("l0", today)
    (wait,) = [
        build
        for build in plan_due(
            lab.catalog, mission, mission.process("mk_l2"), actor=lab.actor
        ).builds
        if build.utc_date == today
    ]
    assert (wait.state, wait.reason) == (
        BuildState.WAITING,
        f"waits for mk of {today} (to be planned)",
    )
    plan_due(lab.catalog, mission, mission.process("mk"), actor=lab.actor)
    assert [one.state for one in plan_due(
        lab.catalog, mission, mission.process("mk_l2"), actor=lab.actor
    ).builds] == [BuildState.PENDING]  # fmt: skip


def test_its_wake_makes_it(lab: Lab) -> None:
    lab.change_yaml({"l0": 0, "out": 1}, {"mk": by("DAILY", wait_for_end=True)})
    today = datetime.now(UTC).date()
    lab.put("l0", today)
    lab.process()
    with lab.catalog.begin() as connection:  # a day passes
        for table, columns in {"wake": ["utc_date"], "file": ["utc_file_date"],
                               "build": ["utc_date"]}.items():  # fmt: skip
            changes = ", ".join(f"{column} = {column} - 1" for column in columns)
            connection.execute(text(f"update headwater.{table} set {changes}"))
        connection.execute(
            text("update headwater.file set utc_start_time = utc_start_time - interval '1 day',"
                 " utc_stop_time = utc_stop_time - interval '1 day',"
                 " interval_key = utc_file_date::text")
        )  # fmt: skip
        connection.execute(
            text("update headwater.build set interval_key = utc_date::text,"
                 " interval_start = interval_start - interval '1 day',"
                 " interval_stop = interval_stop - interval '1 day'")
        )  # fmt: skip
        connection.execute(text("update headwater.wake set due_at = due_at - interval '1 day'"))
    [result] = lab.process().results
    assert (result.state, result.utc_date) == (BuildState.BUILT, today - timedelta(days=1))


# Orbits


def orbit(number: int, hour: int, hours: int = 2) -> Orbit:
    start = day_start(D1) + timedelta(hours=hour)
    return Orbit(start, start + timedelta(hours=hours), number)


def load(lab: Lab, *orbits: Orbit, **others: str) -> object:
    return load_orbits(lab.catalog, lab.mission, orbits, lab.actor, source="test", **others)


def put_hours(lab: Lab, hour: int, until: int, version: str = "1.0.0", day: date = D1) -> int:
    start = day_start(day)
    return lab.put(
        "l0", day, version, name=f"l0_{hour}_{day:%Y%m%d}_v{version}.dat",
        start=start + timedelta(hours=hour), stop=start + timedelta(hours=until),
    )  # fmt: skip


@pytest.fixture
def orbit_lab(lab: Lab) -> Lab:
    passes = {"level": 0, "several_per_day": True}
    lab.change_yaml(
        {"l0": passes, "orb": ORB, "day": 3},
        {
            "mk": {"timebase": "ORBIT", "output": "orb", "inputs": ["l0"]},
            "mk_day": {"timebase": "DAILY", "output": "day", "inputs": ["orb"]},
        },
    )
    return lab


def orbit_files(lab: Lab) -> list[str]:
    return [
        row.name
        for row in lab.rows(
            "select f.name from headwater.file f join headwater.product p on p.id = f.product_id"
            " where p.name = 'orb' and newest order by f.name"
        )
    ]


def test_orbits_of_one_day_are_made_each_and_what_follows_from_them(orbit_lab: Lab) -> None:
    load(orbit_lab, orbit(7, 0), orbit(8, 2), orbit(9, 22, 4))
    put_hours(orbit_lab, 0, 1)
    put_hours(orbit_lab, 3, 4)
    put_hours(orbit_lab, 1, 2, day=D2)
    report = orbit_lab.process()
    assert report.count(BuildState.BUILT) == 4, [r.reason for r in report.results]
    assert orbit_files(orbit_lab) == [
        "orb_20200101_o00007_v1.0.0.dat",
        "orb_20200101_o00008_v1.0.0.dat",
        "orb_20200101_o00009_v1.0.0.dat",
    ]
    assert len(orbit_lab.parents("day_20200101_v1.0.0.dat")) == 3
    assert orbit_lab.process().results == []
    put_hours(orbit_lab, 3, 4, "1.1.0")
    orbit_lab.process()
    assert orbit_files(orbit_lab)[1] == "orb_20200101_o00008_v1.1.0.dat"


def test_without_orbits_it_is_told_and_others_go_on(orbit_lab: Lab) -> None:
    mission = orbit_lab.change_yaml(
        {"l0": {"several_per_day": True}, "orb": ORB, "day": 3},
        {
            "mk": {"timebase": "ORBIT", "output": "orb", "inputs": ["l0"]},
            "other": {"timebase": "DAILY", "output": "day",
                      "inputs": ["l0", {"product": "orb", "kind": "soft"}]},
        },
    )  # fmt: skip
    put_hours(orbit_lab, 0, 1)
    assert [r.process for r in orbit_lab.process().results] == ["other"]
    why = explain(orbit_lab.catalog, mission, "orb", D1)
    assert "no orbit of 2020-01-01 is known" in why.headline
    assert orbit_lab.builds("mk") == []
    load(orbit_lab, orbit(7, 0))
    orbit_lab.process()
    assert orbit_files(orbit_lab) == ["orb_20200101_o00007_v1.0.0.dat"]
    assert explain(orbit_lab.catalog, mission, "orb", D1).made


def test_an_orbit_that_moved_is_made_again_above_its_last_version(orbit_lab: Lab) -> None:
    load(orbit_lab, orbit(7, 0), orbit(8, 2))
    put_hours(orbit_lab, 0, 1)
    put_hours(orbit_lab, 3, 4)
    orbit_lab.process()
    did = load(orbit_lab, orbit(7, -4, 8), orbit(8, 3))  # now from the day before, with both files
    assert (did.added, did.changed, did.same) == (0, 2, 0)
    orbit_lab.process()
    assert orbit_files(orbit_lab) == [
        "orb_20191231_o00007_v1.1.0.dat",
        "orb_20200101_o00008_v1.0.1.dat",
    ]
    assert load(orbit_lab, orbit(7, -4, 8)).same == 1
    assert orbit_lab.process().results == []


def test_an_orbit_that_moved_far_is_known_by_its_number(orbit_lab: Lab) -> None:
    load(orbit_lab, orbit(7, 0))
    put_hours(orbit_lab, 0, 1)
    orbit_lab.process()
    later = date(2020, 1, 11)
    load(orbit_lab, orbit(7, 240))
    put_hours(orbit_lab, 0, 1, day=later)
    plan_due(orbit_lab.catalog, orbit_lab.mission, orbit_lab.mission.process("mk"),
             actor=orbit_lab.actor, span=DateSpan(later, later))  # fmt: skip
    orbit_lab.process()
    assert orbit_files(orbit_lab) == ["orb_20200111_o00007_v1.1.0.dat"]
    states = [state for _, state, _ in orbit_lab.builds("mk")]
    assert states == ["superseded", "built"]


def test_a_waiting_orbit_build_follows_its_orbit(orbit_lab: Lab) -> None:
    """The row is the same while the date of the orbit changes, so no second one is opened."""
    orbit_lab.code("copy.sh", "#!/bin/sh\nexit 75\n")
    load(orbit_lab, orbit(7, 0))
    put_hours(orbit_lab, 0, 1)
    orbit_lab.process()
    load(orbit_lab, orbit(7, -4, 7))
    plan_due(orbit_lab.catalog, orbit_lab.mission, orbit_lab.mission.process("mk"),
             actor=orbit_lab.actor)  # fmt: skip
    [row] = orbit_lab.rows("select utc_date, state, interval_key from headwater.build")
    assert (row.utc_date, row.state) == (date(2019, 12, 31), "pending")


def test_orbits_of_a_satellite_count_for_its_products_alone(orbit_lab: Lab) -> None:
    load(orbit_lab, orbit(7, 0))
    load(orbit_lab, orbit(70, 0, 1), orbit(71, 1, 1), satellite="lab-a")
    put_hours(orbit_lab, 0, 1)
    orbit_lab.process()
    assert [name.split("_")[2] for name in orbit_files(orbit_lab)] == ["o00070", "o00071"]


TABLE = "orbit,start,stop\n7,2020-01-01T00:00:00Z,2020-01-01T02:00:00Z\n"


def with_orbit_product(lab: Lab) -> None:
    lab.change_yaml(
        {"l0": {"several_per_day": True}, "orb": ORB, "table": 0},
        {"mk": {"timebase": "ORBIT", "output": "orb", "inputs": ["l0"]}},
        orbit_product="table",
    )


def test_orbits_come_from_the_newest_files_of_a_product(lab: Lab) -> None:
    with_orbit_product(lab)
    put_hours(lab, 0, 1)
    assert lab.process().results == []
    lab.put("table", D1, content=TABLE)
    lab.process()
    assert orbit_files(lab) == ["orb_20200101_o00007_v1.0.0.dat"]
    lab.put("table", D1, "1.0.1", content=TABLE.replace("02:00:00Z", "02:10:00Z"))
    lab.process()
    assert orbit_files(lab) == ["orb_20200101_o00007_v1.0.1.dat"]


def test_orbits_that_are_there_count_once_the_mission_names_their_product(lab: Lab) -> None:
    products = {"l0": {"several_per_day": True}, "orb": ORB, "table": 0}
    process = {"mk": {"timebase": "ORBIT", "output": "orb", "inputs": ["l0"]}}
    lab.change_yaml(products, process)
    put_hours(lab, 0, 1)
    lab.put("table", D1, content=TABLE)
    lab.process()
    lab.change_yaml(products, process, orbit_product="table")
    assert [due.process for due in due_processes(lab.catalog)] == ["mk"]
    lab.process()
    assert len(orbit_files(lab)) == 1


def test_a_bad_table_of_a_product_changes_nothing_and_is_told(lab: Lab) -> None:
    from headwater.missions.orbit_files import unusable_orbit_files

    with_orbit_product(lab)
    lab.put("table", D1, content=TABLE + "8,never,never\n")
    put_hours(lab, 0, 1)
    assert lab.process().results == []
    assert lab.rows("select * from headwater.orbit") == []
    with lab.catalog.read() as connection:
        [problem] = unusable_orbit_files(connection, lab.mission.id)
    assert problem.startswith("table_20200101_v1.0.0.dat, line 3: 'never' is not a time")
    lab.put("table", D1, "1.0.1", content=TABLE)
    lab.process()
    assert len(orbit_files(lab)) == 1
