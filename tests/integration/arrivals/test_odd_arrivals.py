"""Arrivals of odd times, names and kinds: each ends with a reason, and none stops the others."""

from __future__ import annotations

import os
import stat

import pytest
from sqlalchemy import text

from headwater.archive.paths import LONGEST_NAME
from headwater.catalog.connection import Catalog
from headwater.core.states import Disposition
from headwater.ingest import scan as scanning
from headwater.ingest.scan import Intake, scan
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import LoadedMission, load_mission
from ingest_mission import ACTOR, drop, rows

ADOPTED, SUPERSEDED, DUPLICATE, QUARANTINED, IGNORED = Disposition
GOOD = "l0_20200101_v1.0.0.dat"


@pytest.mark.fault(40)
def test_a_file_of_any_age_is_taken_with_its_own_time(catalog, mission, ingest) -> None:
    years = {0: 1970, -86_400: 1969, 4_102_444_800: 2100, 2**33: 2242, -(2**31): 1901}
    for number, mtime in enumerate(years):
        os.utime(drop(mission, f"l0_2020010{number + 1}_v1.0.0.dat"), (mtime, mtime))
    assert {one.disposition for one in ingest().values()} == {ADOPTED}
    files = rows(catalog, "select path, file_create_date at time zone 'UTC' as made from file")
    assert len(files) == len(years)
    for file in files:
        mtime = (mission.rootdir / file.path).stat().st_mtime
        assert file.made.year == years[int(mtime)]


@pytest.mark.fault(29, 40)
def test_a_sender_cannot_make_a_file_look_settled_by_its_mtime(mission) -> None:
    path = drop(mission, GOOD)
    os.utime(path, (0, 0))
    assert scan(mission.incoming_dir, Intake(3600)).ready == []


@pytest.mark.fault(40, 64)
def test_a_file_from_before_the_clock_was_put_back_is_not_waited_for_until_then(
    mission, monkeypatch
) -> None:
    drop(mission, GOOD)
    clock = scanning._clock
    monkeypatch.setattr(scanning, "_clock", lambda incoming: clock(incoming) - 3600)
    assert [one.name for one in scan(mission.incoming_dir, Intake(60)).ready] == [GOOD]


ODD_NAMES = [
    b"x" * 255,
    b"\xc3\xa9" * 127 + b"x",
    b"\xff" * 255,
    b"new\nline.dat",
    b"'; drop table file; --.dat",
    b"$(touch pwned).dat",
    b"-rf",
    b"~root",
    b"%2e%2e%2fetc",
    b"back\\slash.dat",
    b" ",
    b"\xe2\x80\xae.dat",
    b"l0_20200101_v1.0.0.dat\n",
]


@pytest.mark.fault(38)
def test_any_name_that_a_disk_can_hold_ends_once_and_is_kept(catalog, mission, ingest) -> None:
    for raw in ODD_NAMES:
        (mission.incoming_dir / os.fsdecode(raw)).write_bytes(raw)
    drop(mission, GOOD)
    ended = ingest()
    assert ended[GOOD].disposition is ADOPTED
    assert [one.disposition for one in ended.values()].count(QUARANTINED) == len(ODD_NAMES)
    kept = {
        os.fsencode(path.name): path.read_bytes()
        for path in mission.errordir.iterdir()
        if not path.name.endswith(".reason.json")
    }
    longest = LONGEST_NAME - len(".999999.reason.json")
    assert kept == {raw[:longest]: raw for raw in ODD_NAMES}
    found = rows(catalog, "select raw_name from arrival where disposition = 'quarantined'")
    assert sorted(bytes(row.raw_name) for row in found) == sorted(ODD_NAMES)


@pytest.mark.fault(38)
def test_names_that_differ_only_in_case_are_two_arrivals_and_both_are_kept(mission, ingest) -> None:
    drop(mission, "Unknown.dat", b"large")
    drop(mission, "unknown.dat", b"small")
    drop(mission, GOOD)
    drop(mission, GOOD.upper(), b"not the same")
    ended = ingest()
    assert ended[GOOD].disposition is ADOPTED
    assert ended[GOOD.upper()].disposition is QUARANTINED
    assert (mission.errordir / "Unknown.dat").read_bytes() == b"large"
    assert (mission.errordir / "unknown.dat").read_bytes() == b"small"


@pytest.mark.fault(38)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK])
def test_a_device_is_quarantined_without_being_opened(mission, ingest, kind: int) -> None:
    try:
        os.mknod(mission.incoming_dir / GOOD, kind | 0o600, os.makedev(1, 3))
    except OSError as error:
        pytest.skip(f"no device can be made here: {error.strerror}")
    ended = ingest()[GOOD]
    assert (ended.disposition, ended.reason) == (QUARANTINED, "it is a device, not a file")
    assert not stat.S_ISREG((mission.errordir / GOOD).lstat().st_mode)


@pytest.mark.fault(33)
def test_the_same_bytes_under_another_name_are_another_version_or_are_quarantined(
    mission, ingest
) -> None:
    drop(mission, GOOD, b"same")
    ingest()
    drop(mission, "l0_20200101_xagain_v1.0.0.dat", b"same")
    drop(mission, "l0_20200101_v1.0.1.dat", b"same")
    ended = ingest()
    again = ended["l0_20200101_xagain_v1.0.0.dat"]
    assert again.disposition is QUARANTINED
    assert f"same product, interval, keywords and version as {GOOD}" in again.reason
    assert ended["l0_20200101_v1.0.1.dat"].disposition is ADOPTED


@pytest.mark.fault(31)
def test_an_empty_file_of_no_product_is_quarantined_like_any_other(mission, ingest) -> None:
    drop(mission, "nothing.dat", b"")
    assert ingest()["nothing.dat"].disposition is QUARANTINED


@pytest.mark.fault(38, 70)
def test_odd_files_with_checks_of_quality_stop_nothing(catalog, mission, host) -> None:
    mission = with_qa_dir(catalog, mission)
    odd = [b"bad\xff%s.qa", b"new\nline%s.qa", b"x" * 245 + b"%s.qa"]
    for raw in odd:
        paths = [
            mission.incoming_dir / os.fsdecode(raw % kind) for kind in (b"a", b"b", b"c", b"d")
        ]
        paths[0].write_text("no check at all\n")
        paths[1].symlink_to("/etc/passwd")
        os.mkfifo(paths[2])
        paths[3].mkdir()
    drop(mission, GOOD)
    ended = ingest_pending(catalog, mission, ACTOR, host=host).ended
    assert sorted(one.disposition for one in ended) == [ADOPTED, *[QUARANTINED] * 12]
    assert list((mission.rootdir / "qa").iterdir()) == []


def with_qa_dir(catalog: Catalog, mission: LoadedMission) -> LoadedMission:
    folder = mission.rootdir / "qa"
    folder.mkdir()
    with catalog.begin() as connection:
        connection.execute(text("update headwater.mission set qa_dir = :f"), {"f": str(folder)})
    return load_mission(catalog, mission.name)


@pytest.mark.fault(65)
@pytest.mark.parametrize("name", ["l0_20200230_v1.0.0.dat", "l0_20201399_v1.0.0.dat",
                                  "many_20200101_61_v1.0.0.dat"])  # fmt: skip
def test_a_time_that_no_calendar_holds_is_its_inspectors_failure_alone(
    mission, ingest, name: str
) -> None:
    drop(mission, name)
    drop(mission, GOOD)
    ended = ingest()
    assert ended[name].disposition is QUARANTINED
    assert ended[name].reason
    assert ended[GOOD].disposition is ADOPTED


@pytest.mark.fault(65)
def test_leap_days_and_the_last_day_of_a_leap_year_are_days_like_others(
    catalog, mission, ingest
) -> None:
    for day in ("20200229", "20201231", "20001231"):
        drop(mission, f"l0_{day}_v1.0.0.dat")
    assert {one.disposition for one in ingest().values()} == {ADOPTED}
    woken = {row.day for row in rows(catalog, "select cast(utc_date as text) as day from wake")}
    assert {"2020-03-01", "2021-01-01", "2001-01-01"} <= woken


@pytest.mark.fault(65, 66)
@pytest.mark.parametrize("day", ["00010101", "99991231", "18991231", "21500101"])
def test_a_date_far_from_any_mission_stops_nobody(catalog, mission, ingest, day: str) -> None:
    """It is filed as its inspector says: Headwater does not know when a mission began."""
    drop(mission, f"l0_{day}_v1.0.0.dat")
    drop(mission, GOOD)
    ended = ingest()
    assert ended[GOOD].disposition is ADOPTED
    assert ended[f"l0_{day}_v1.0.0.dat"].disposition in (ADOPTED, QUARANTINED)
