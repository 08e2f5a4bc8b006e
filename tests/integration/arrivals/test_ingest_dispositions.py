"""Each arrival ends in one disposition, with a reason that a person can read."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from datetime import date
from pathlib import Path

import pytest

from headwater.core.interval import DateSpan
from headwater.core.states import Disposition
from headwater.ingest.service import ingest_pending
from headwater.missions.loaded import LoadedMission, load_mission
from ingest_mission import ACTOR, drop, rows

ADOPTED, SUPERSEDED, DUPLICATE, QUARANTINED, IGNORED = Disposition


def quarantined(mission: LoadedMission) -> dict[str, str]:
    """Names in the error folder and their sidecars' reasons."""
    return {
        path.name.removesuffix(".reason.json"): json.loads(path.read_text())["reason"]
        for path in mission.errordir.glob("*.reason.json")
    }


def left_in_incoming(mission: LoadedMission) -> list[str]:
    files = (path for path in mission.incoming_dir.rglob("*") if not path.is_dir())
    return sorted(path.name for path in files if path.name != ".clock")


def test_a_file_is_adopted_into_its_place_with_its_row(catalog, mission, ingest) -> None:
    drop(mission, "l0_20200101_v1.0.0.dat", b"bytes")
    ended = ingest()["l0_20200101_v1.0.0.dat"]
    assert (ended.disposition, ended.reason) == (ADOPTED, "version 1.0.0 of l0, 2020-01-01")
    placed = mission.rootdir / "l0/2020/l0_20200101_v1.0.0.dat"
    assert placed.read_bytes() == b"bytes"
    [file] = rows(catalog, "select * from file")
    assert (file.path, file.size, file.newest) == ("l0/2020/l0_20200101_v1.0.0.dat", 5, True)
    assert file.sha256 == hashlib.sha256(b"bytes").hexdigest()
    assert file.sha1 == hashlib.sha1(b"bytes").hexdigest()
    assert abs(file.file_create_date.timestamp() - placed.stat().st_mtime) < 1e-3
    assert left_in_incoming(mission) == []
    assert not rows(catalog, "select * from intent")
    kinds = [row.kind for row in rows(catalog, "select kind from event order by id")]
    assert kinds == ["arrival claimed", "file adopted", "arrival ended"]


def test_the_report_names_the_days_of_what_was_adopted(catalog, mission, host) -> None:
    for day in ("20200101", "20200102", "20200105"):
        drop(mission, f"l0_{day}_v1.0.0.dat")
    report = ingest_pending(catalog, mission, ACTOR, host=host)
    assert report.adopted_spans() == {
        "l0": [
            DateSpan(date(2020, 1, 1), date(2020, 1, 2)),
            DateSpan(date(2020, 1, 5), date(2020, 1, 5)),
        ]
    }


def test_an_older_version_is_filed_but_superseded(catalog, mission, ingest) -> None:
    drop(mission, "l0_20200101_v1.1.0.dat")
    ingest()
    drop(mission, "l0_20200101_v1.0.0.dat")
    ended = ingest()["l0_20200101_v1.0.0.dat"]
    assert ended.disposition is SUPERSEDED
    assert ended.reason == "version 1.0.0 is older than 1.1.0 of l0, 2020-01-01"
    newest = rows(catalog, "select name from file where newest")
    assert [row.name for row in newest] == ["l0_20200101_v1.1.0.dat"]
    assert (mission.rootdir / "l0/2020/l0_20200101_v1.0.0.dat").exists()


def test_a_newer_version_takes_the_mark_from_the_older_one(catalog, mission, ingest) -> None:
    for version in ("1.0.0", "1.0.1", "1.0.10"):
        drop(mission, f"l0_20200101_v{version}.dat")
    ended = ingest()
    assert ended["l0_20200101_v1.0.10.dat"].disposition is ADOPTED
    assert ended["l0_20200101_v1.0.1.dat"].disposition is SUPERSEDED
    drop(mission, "l0_20200101_v1.2.0.dat")
    assert ingest()["l0_20200101_v1.2.0.dat"].disposition is ADOPTED
    newest = rows(catalog, "select name from file where newest")
    assert [row.name for row in newest] == ["l0_20200101_v1.2.0.dat"]


def test_the_same_file_again_is_a_duplicate(catalog, mission, ingest) -> None:
    drop(mission, "l0_20200101_v1.0.0.dat", b"same")
    ingest()
    drop(mission, "l0_20200101_v1.0.0.dat", b"same")
    ended = ingest()["l0_20200101_v1.0.0.dat"]
    assert ended.disposition is DUPLICATE
    assert "l0/2020/l0_20200101_v1.0.0.dat" in ended.reason
    assert left_in_incoming(mission) == []
    assert len(rows(catalog, "select * from file")) == 1


@pytest.mark.fault(33, 34)
def test_a_duplicate_of_a_file_that_was_damaged_is_kept(catalog, mission, ingest) -> None:
    """It may be the only good copy: a duplicate is removed only for bytes that are right."""
    drop(mission, "l0_20200101_v1.0.0.dat", b"same")
    ingest()
    placed = mission.rootdir / "l0/2020/l0_20200101_v1.0.0.dat"
    placed.write_bytes(b"sane")
    drop(mission, "l0_20200101_v1.0.0.dat", b"same")
    ended = ingest()["l0_20200101_v1.0.0.dat"]
    assert ended.disposition is QUARANTINED
    assert "what lies there now has other bytes than were filed" in ended.reason
    assert (mission.errordir / "l0_20200101_v1.0.0.dat").read_bytes() == b"same"
    placed.rename(mission.errordir / "bad")
    (mission.errordir / "l0_20200101_v1.0.0.dat").rename(
        mission.incoming_dir / "l0_20200101_v1.0.0.dat"
    )
    assert ingest()["l0_20200101_v1.0.0.dat"].disposition is ADOPTED
    assert placed.read_bytes() == b"same"


@pytest.mark.fault(35)
def test_a_duplicate_gives_a_lost_file_its_bytes_again(catalog, mission, ingest) -> None:
    drop(mission, "l0_20200101_v1.0.0.dat", b"same")
    ingest()
    placed = mission.rootdir / "l0/2020/l0_20200101_v1.0.0.dat"
    placed.unlink()
    rows(catalog, "update file set exists_on_disk = false returning id")
    drop(mission, "l0_20200101_v1.0.0.dat", b"same")
    ended = ingest()["l0_20200101_v1.0.0.dat"]
    assert (ended.disposition, ended.reason) == (
        ADOPTED,
        "its copy in the archive was lost: put back",
    )
    assert placed.read_bytes() == b"same"
    assert rows(catalog, "select exists_on_disk from file")[0].exists_on_disk


@pytest.mark.fault(32)
def test_the_same_name_with_other_bytes_is_quarantined_and_nothing_overwritten(
    catalog, mission, ingest
) -> None:
    drop(mission, "l0_20200101_v1.0.0.dat", b"first")
    ingest()
    drop(mission, "l0_20200101_v1.0.0.dat", b"other")
    ended = ingest()["l0_20200101_v1.0.0.dat"]
    assert ended.disposition is QUARANTINED
    assert "other bytes" in ended.reason
    assert (mission.rootdir / "l0/2020/l0_20200101_v1.0.0.dat").read_bytes() == b"first"
    assert (mission.errordir / "l0_20200101_v1.0.0.dat").read_bytes() == b"other"


@pytest.mark.fault(32, 36)
def test_a_name_that_lies_in_the_archive_without_a_row_is_never_overwritten(
    catalog, mission, ingest
) -> None:
    folder = mission.rootdir / "l0/2020"
    folder.mkdir(parents=True)
    (folder / "l0_20200101_v1.0.0.dat").write_bytes(b"dark")
    (folder / "l0_20200102_v1.0.0.dat").write_bytes(b"equal")
    drop(mission, "l0_20200101_v1.0.0.dat", b"other")
    drop(mission, "l0_20200102_v1.0.0.dat", b"equal")
    ended = ingest()
    assert ended["l0_20200101_v1.0.0.dat"].disposition is QUARANTINED
    assert ended["l0_20200102_v1.0.0.dat"].disposition is ADOPTED
    assert (folder / "l0_20200101_v1.0.0.dat").read_bytes() == b"dark"
    assert len(rows(catalog, "select * from file")) == 1


@pytest.mark.fault(33)
def test_two_files_of_one_version_the_lowest_name_wins(catalog, mission, ingest) -> None:
    drop(mission, "l0_20200101_xb_v1.0.0.dat")
    drop(mission, "l0_20200101_xa_v1.0.0.dat")
    ended = ingest()
    assert ended["l0_20200101_xa_v1.0.0.dat"].disposition is ADOPTED
    second = ended["l0_20200101_xb_v1.0.0.dat"]
    assert second.disposition is QUARANTINED
    assert "same product, interval, keywords and version as l0_20200101_xa" in second.reason
    drop(mission, "l0_20200101_xc_v1.0.0.dat")
    assert "l0_20200101_xa" in ingest()["l0_20200101_xc_v1.0.0.dat"].reason


def test_several_a_day_and_keywords_tell_files_apart(catalog, mission, ingest) -> None:
    names = ["many_20200101_01_v1.0.0.dat", "many_20200101_02_v1.0.0.dat"]
    names += ["l0_20200101_ka_v1.0.0.dat", "l0_20200101_kb_v1.0.0.dat"]
    for name in names:
        drop(mission, name)
    assert {one.disposition for one in ingest().values()} == {ADOPTED}
    keys = rows(catalog, "select interval_key, keywords from file order by name")
    assert [tuple(row) for row in keys] == [
        ("2020-01-01", "kind=a"),
        ("2020-01-01", "kind=b"),
        ("2020-01-01T01:00:00.000000Z", ""),
        ("2020-01-01T02:00:00.000000Z", ""),
    ]


def test_an_unidentified_file_is_kept_and_the_earlier_one_of_its_name_too(mission, ingest) -> None:
    for content in (b"one", b"two"):
        drop(mission, "what.dat", content)
        ended = ingest()["what.dat"]
        assert ended.disposition is QUARANTINED
        assert ended.reason.startswith("unidentified: ")
    assert (mission.errordir / "what.dat").read_bytes() == b"one"
    assert (mission.errordir / "what.dat.1").read_bytes() == b"two"
    assert set(quarantined(mission)) == {"what.dat", "what.dat.1"}


@pytest.mark.fault(31)
def test_an_empty_file_is_adopted_with_a_note(catalog, mission, ingest) -> None:
    drop(mission, "l0_20200101_v1.0.0.dat", b"")
    assert ingest()["l0_20200101_v1.0.0.dat"].disposition is ADOPTED
    assert rows(catalog, "select note from file")[0].note == "the file is empty"


@pytest.mark.fault(31)
def test_a_mission_may_refuse_small_files(catalog, mission, host) -> None:
    rows(
        catalog,
        """update mission set settings = settings || '{"smallest_size_bytes": 3}'
                     returning id""",
    )
    strict = load_mission(catalog, mission.name)
    drop(mission, "l0_20200101_v1.0.0.dat", b"ab")
    drop(mission, "l0_20200102_v1.0.0.dat", b"abc")
    ended = ingest_pending(catalog, strict, ACTOR, host=host).ended
    assert [one.disposition for one in ended] == [QUARANTINED, ADOPTED]
    assert "2 bytes" in ended[0].reason


@pytest.mark.fault(29)
def test_names_in_the_making_are_left_alone(catalog, mission, ingest) -> None:
    for name in (".hidden.dat", "l0_20200101_v1.0.0.dat.part", "l0_20200101_v1.0.0.dat.tmp"):
        drop(mission, name)
    assert ingest() == {}
    assert len(left_in_incoming(mission)) == 3
    assert not rows(catalog, "select * from arrival")


@pytest.mark.fault(38)
@pytest.mark.parametrize(
    "name", [b"new\nline.dat", b"tab\there.dat", b"bad\xff\xfename.dat", b"esc\x1b[31m.dat"]
)
def test_a_name_that_no_archive_should_hold_is_quarantined_as_it_is(
    catalog, mission, ingest, name: bytes
) -> None:
    (mission.incoming_dir / os.fsdecode(name)).write_bytes(b"x")
    drop(mission, "l0_20200101_v1.0.0.dat")
    ended = ingest()
    assert sorted(one.disposition for one in ended.values()) == [ADOPTED, QUARANTINED]
    assert os.fsdecode(name) in {path.name for path in mission.errordir.iterdir()}
    [row] = rows(catalog, "select raw_name, name from arrival where disposition = 'quarantined'")
    assert bytes(row.raw_name) == name
    assert row.name.isprintable()


@pytest.mark.fault(70)
def test_a_name_with_spaces_and_quotes_is_only_data(mission, ingest, catalog) -> None:
    for name in ("a file with spaces.dat", "'; drop table file; --.dat", "ünïcödé ☃.dat"):
        drop(mission, name)
    assert {one.disposition for one in ingest().values()} == {QUARANTINED}
    assert (mission.errordir / "a file with spaces.dat").exists()


@pytest.mark.fault(38)
def test_what_is_not_a_file_is_quarantined_as_it_is(mission, ingest) -> None:
    folder = mission.incoming_dir / "l0_20200101_v1.0.0.dat"
    folder.mkdir()
    (folder / "inside").write_text("kept")
    os.mkfifo(mission.incoming_dir / "pipe.dat")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(mission.incoming_dir / "sock.dat"))
    listener.close()
    drop(mission, "l0_20200102_v1.0.0.dat")
    ended = ingest()
    assert "folder" in ended["l0_20200101_v1.0.0.dat"].reason
    assert "FIFO" in ended["pipe.dat"].reason
    assert "socket" in ended["sock.dat"].reason
    assert ended["l0_20200102_v1.0.0.dat"].disposition is ADOPTED
    kept = mission.errordir / "l0_20200101_v1.0.0.dat/inside"
    assert kept.read_text() == "kept"


@pytest.mark.fault(38)
def test_links_are_followed_only_into_the_archive(catalog, mission, ingest, tmp_path) -> None:
    outside = tmp_path / "outside.dat"
    outside.write_bytes(b"secret")
    right = mission.rootdir / "l0/2020/l0_20200101_v1.0.0.dat"
    right.parent.mkdir(parents=True)
    right.write_bytes(b"in its place")
    wrong = mission.rootdir / "l0_20200102_v1.0.0.dat"
    wrong.write_bytes(b"not in its place")
    for name, target in {
        "out.dat": outside,
        "dangling.dat": mission.rootdir / "nothing",
        "right.dat": right,
        "wrong.dat": wrong,
        "circle.dat": Path("circle.dat"),
    }.items():
        (mission.incoming_dir / name).symlink_to(target)
    ended = ingest()
    assert "not below the mission's rootdir" in ended["out.dat"].reason
    assert "not there" in ended["dangling.dat"].reason
    assert "not there" in ended["circle.dat"].reason
    assert "its place" in ended["wrong.dat"].reason or "place is" in ended["wrong.dat"].reason
    assert ended["right.dat"].disposition is ADOPTED
    assert left_in_incoming(mission) == []
    assert right.read_bytes() == b"in its place"
    assert outside.read_bytes() == b"secret"
    [file] = rows(catalog, "select name, sha256 from file")
    assert file.sha256 == hashlib.sha256(b"in its place").hexdigest()


def test_a_version_that_the_catalog_cannot_hold_stops_nobody_else(mission, ingest) -> None:
    drop(mission, "l0_20200101_v40000.0.0.dat")
    drop(mission, "l0_20200102_v1.0.0.dat")
    ended = ingest()
    assert "40000.0.0" in ended["l0_20200101_v40000.0.0.dat"].reason
    assert ended["l0_20200102_v1.0.0.dat"].disposition is ADOPTED


@pytest.mark.fault(70)
def test_a_folder_that_leads_out_of_the_archive_is_refused(mission, ingest, tmp_path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (mission.rootdir / "l0").symlink_to(elsewhere)
    drop(mission, "l0_20200101_v1.0.0.dat")
    drop(mission, "many_20200101_01_v1.0.0.dat")
    ended = ingest()
    assert "link out" in ended["l0_20200101_v1.0.0.dat"].reason
    assert ended["many_20200101_01_v1.0.0.dat"].disposition is ADOPTED
    assert list(elsewhere.iterdir()) == []


def test_new_files_wake_the_processes_whose_windows_hold_them(catalog, mission, ingest) -> None:
    drop(mission, "l0_20200110_v1.0.0.dat")
    ingest()
    woken = rows(
        catalog,
        """select p.name, w.utc_date from wake w join process p
                             on p.id = w.process_id order by 1, 2""",
    )
    assert [(row.name, row.utc_date.day) for row in woken] == [
        ("daily", 10),
        ("daily", 11),
        ("each", 9),
        ("each", 10),
    ]


def test_a_superseded_file_wakes_nobody(catalog, mission, ingest) -> None:
    drop(mission, "l0_20200110_v1.1.0.dat")
    ingest()
    rows(catalog, "delete from wake returning process_id")
    drop(mission, "l0_20200110_v1.0.0.dat")
    ingest()
    assert not rows(catalog, "select * from wake")
