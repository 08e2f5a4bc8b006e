"""What is odd in an old database is reported, row by row, with what was done about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Row, text

from dbprocessing_database import ChainLab
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import MissionFileError, OldDatabaseError
from headwater.missions.dbprocessing_import.service import Imported, import_database
from headwater.missions.loaded import LoadedMission, load_mission

DAY = date(2020, 1, 1)


@pytest.fixture
def old(tmp_path: Path) -> ChainLab:
    """One day of a chain, in an older database: it has no rule that would keep oddities out."""
    lab = ChainLab(tmp_path / "root", older=True)
    lab.day(DAY)
    return lab


def imported(catalog: Catalog, old: ChainLab, **options: object) -> Imported:
    result = import_database(catalog, str(old.path), Actor("tester"), **options)
    again = import_database(catalog, str(old.path), Actor("tester"))
    assert not again.changed, (again.changes, again.counts)
    return result


def found(result: Imported) -> dict[str, tuple[list[str], str]]:
    """What -> (rows, what was done)."""
    return {one.what: (one.rows, one.done) for one in result.oddities}


def mission(catalog: Catalog) -> LoadedMission:
    return load_mission(catalog, "lab")


def rows(catalog: Catalog, query: str) -> list[Row[tuple[object, ...]]]:
    with catalog.read() as connection:
        return list(connection.execute(text(query)))


def files(catalog: Catalog) -> list[str]:
    return [row.name for row in rows(catalog, "select name from headwater.file order by name")]


ODDITIES: dict[str, tuple[Callable[[ChainLab], object], str, list[str], str]] = {
    "a file whose product is gone": (
        lambda old: old.change("file", {"file_id": 3}, product_id=99),
        "files that cannot be files here",
        ["l2_20200101_v1.0.0.dat: its product is not there"],
        "left out",
    ),
    "a version below 1": (
        lambda old: old.file("l0", date(2020, 1, 2), "0.9.0"),
        "files that cannot be files here",
        ["l0_20200102_v0.9.0.dat: its version 0.9.0 is below 1.0.0, or none"],
        "left out",
    ),
    "no date and no time": (
        lambda old: old.file("l0", DAY, name="x.dat", utc_file_date=None, utc_start_time=None,
                             utc_stop_time=None, met_start_time=1.0, met_stop_time=2.0),
        "files that cannot be files here",
        ["x.dat: it has no date and no time"],
        "left out",
    ),
    "times in the wrong order": (
        lambda old: old.file("l0", DAY, name="x.dat", utc_start_time=datetime(2020, 1, 3)),
        "files that cannot be files here",
        ["x.dat: it starts after it stops"],
        "left out",
    ),
    "a time that is none": (
        lambda old: old.run("update file set utc_start_time = 'noon' where file_id = 3"),
        "files that cannot be files here",
        ["l2_20200101_v1.0.0.dat: 'noon' is not a time"],
        "left out",
    ),
    "no UTC times": (
        lambda old: old.file("l0", date(2020, 1, 2), utc_start_time=None, utc_stop_time=None),
        "files without a UTC start or stop time",
        ["l0_20200102_v1.0.0.dat"],
        "the whole day",
    ),
    "two files of one name": (
        lambda old: old.file("l0", DAY),
        "file names that are not unique",
        ["l0_20200101_v1.0.0.dat: number 4"],
        "the first is taken",
    ),
    "two files of one product, date and version": (
        lambda old: old.file("l0", DAY, name="l0_20200101_other_v1.0.0.dat"),
        "files of one product, date and version",
        ["l0_20200101_v1.0.0.dat: the same product, interval, keywords and version as "
         "l0_20200101_other_v1.0.0.dat"],
        "--several-per-day",
    ),
    "a level that is not the product's": (
        lambda old: old.change("file", {"file_id": 3}, data_level=4.0),
        "files whose level is not that of their product",
        ["l2_20200101_v1.0.0.dat: level 4, l2 has 2"],
        "keep their level",
    ),
    "a made file without a code": (
        lambda old: old.remove("filecodelink", resulting_file=3),
        "files of a made product without the code that made them",
        ["l2_20200101_v1.0.0.dat"],
        "external",
    ),
    "two codes of one file": (
        lambda old: old.add("filecodelink", resulting_file=2, source_code=2),
        "files with several codes that made them",
        ["l1_20200101_v1.0.0.dat: codes 1, 2"],
        "highest version",
    ),
    "a link to a file that is not there": (
        lambda old: old.add("filefilelink", source_file=77, resulting_file=3),
        "links between files of which one is not there",
        ["77 -> 3"],
        "left out",
    ),
    "a code link to a code that is not there": (
        lambda old: old.change("filecodelink", {"resulting_file": 3}, source_code=55),
        "links to a code or a file that is not there",
        ["l2_20200101_v1.0.0.dat: code 55"],
        "has no code",
    ),
    "a release of a missing file": (
        lambda old: old.add("release", file_id=88, release_num="rel01"),
        "releases of a file that is not here",
        ["rel01: file 88"],
        "left out",
    ),
    "a queued file that is missing": (
        lambda old: old.add("processqueue", file_id=88, version_bump=None),
        "queue entries of a file that is not here",
        ["file 88"],
        "left out",
    ),
    "a lock that was left": (
        lambda old: old.add("logging", currently_processing=True, pid=4711, mission_id=1,
                            processing_start_time=datetime(2020, 1, 1), user="u", hostname="box"),
        "the old lock is set: a run is under way, or died",
        ["run 1: pid 4711 on box, since 2020-01-01 00:00:00.000000 UTC"],
        "ignored",
    ),
    "runs without an end": (
        lambda old: old.add("logging", currently_processing=False, pid=1, mission_id=1,
                            processing_start_time=datetime(2020, 1, 1), user="u", hostname="box"),
        "runs in the old log without the time of their end, which is never written",
        [],
        "not imported",
    ),
    "several instruments of a product": (
        lambda old: (old.add("instrument", instrument_name="i2", satellite_id=1),
                     old.add("instrumentproductlink", instrument_id=2, product_id=1)),
        "several instruments linked to a product",
        ["product l0: i1, i2"],
        "its own instrument",
    ),
    "a product of another instrument": (
        lambda old: (old.add("instrument", instrument_name="i2", satellite_id=1),
                     old.change("product", {"product_id": 1}, instrument_id=2)),
        "a product is linked to another instrument than its own",
        ["product l0: i1, i2"],
        "the linked one",
    ),
    "a product without an inspector": (
        lambda old: old.remove("inspector", product=3),
        "a product without an inspector",
        ["product l2"],
        "switched off",
    ),
    "an inspector without a product": (
        lambda old: old.inspector(99),
        "an inspector of a product that is not there",
        ["inspector 4 (generic.py 1.0.0)"],
        "left out",
    ),
    "several inspectors of a product": (
        lambda old: (old.inspector(1, "1.1.0", filename="new.py"),
                     old.inspector(1, "2.0.0", filename="off.py", active_code=False)),
        "several inspectors of a product",
        ["product l0: inspector 1 (generic.py 1.0.0) gives way to inspector 4 (new.py 1.1.0)",
         "product l0: inspector 5 (off.py 2.0.0, switched off) gives way to inspector 4 "
         "(new.py 1.1.0)"],
        "newest active",
    ),
    "product names that are not unique": (
        lambda old: old.product("l0", 0, relative_path="elsewhere"),
        "names that are not unique",
        ["l0: number 4 is called l0-4"],
        "old number added",
    ),
    "processes of one name": (
        lambda old: old.code(old.process("MK L1", old.product("l1b", 1), old.l0) and
                             old.process("mk_l1", old.l2, old.l0)),
        "names that are not unique",
        ["mk_l1: number 4 is called mk_l1-4"],
        "old number added",
    ),
    "a process that could not run": (
        lambda old: old.code(old.process("odd", old.l2, old.l0, timebase="STARTUP")),
        "a process that could not run",
        ["process odd: its timebase is 'STARTUP'"],
        "left out",
    ),
    "a process without a code": (
        lambda old: old.process("odd", old.l2, old.l0),
        "a process that could not run",
        ["process odd: it has no code"],
        "left out",
    ),
    "an input that is not there": (
        lambda old: old.add("productprocesslink", process_id=2, input_product_id=42,
                            optional=False),
        "an input product that is not there",
        ["process mk_l2: product 42"],
        "left out",
    ),
    "a process that reads its output": (
        lambda old: old.add("productprocesslink", process_id=2, input_product_id=3,
                            optional=False),
        "a process reads its own output",
        ["process mk_l2"],
        "triggers nothing",
    ),
    "a code of no process": (
        lambda old: old.code(77),
        "a code of a process that is not there",
        ["code 3 (copy.sh 1.0.0)"],
        "left out",
    ),
    "overlapping codes": (
        lambda old: old.code(1, "1.1.0", code_start_date=date(2015, 1, 1)),
        "codes in use for the same dates",
        ["process mk_l1: code 1 (copy.sh 1.0.0) gives way to code 3 (copy.sh 1.1.0): "
         "used from 1970-01-01 to 2014-12-31"],
        "higher version stays",
    ),
    "codes of one version": (
        lambda old: old.code(1, filename="older.sh", active_code=False),
        "codes of one version",
        ["process mk_l1: code 1 (copy.sh 1.0.0), code 3 (older.sh 1.0.0)"],
        "stands for the version",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", list(ODDITIES))
def test_each_oddity_is_reported_with_its_rows_and_what_was_done(
    catalog: Catalog, old: ChainLab, case: str
) -> None:
    spoil, what, which, done = ODDITIES[case]
    spoil(old)
    result = imported(catalog, old)
    assert what in found(result), found(result)
    assert found(result)[what][0] == which
    assert done in found(result)[what][1]
    [event] = rows(catalog, "select detail from headwater.event where kind = 'mission imported'")
    assert what in {one["what"] for one in event.detail["oddities"]}


def test_an_ordinary_database_has_no_oddity(catalog: Catalog, old: ChainLab) -> None:
    assert imported(catalog, old).oddities == []


def test_rows_of_unixtime_without_a_file_are_ignored(catalog: Catalog, tmp_path: Path) -> None:
    old = ChainLab(tmp_path / "root")
    old.day(DAY)
    old.add("unixtime", file_id=44, unix_start=0, unix_stop=1)
    assert found(imported(catalog, old))["rows of unixtime whose file is not there"][0] == [
        "file 44"
    ]


def test_what_is_left_out_stays_known_with_its_links_and_its_reason(
    catalog: Catalog, old: ChainLab
) -> None:
    other = old.file("l0", DAY, name="l0_20200101_zz_v1.0.0.dat")
    old.add("filefilelink", source_file=other, resulting_file=2)
    result = imported(catalog, old)
    [left] = rows(catalog, "select name, old_id, product, path from headwater.left_out_file")
    assert left == ("l0_20200101_zz_v1.0.0.dat", 4, "l0", "l0/l0_20200101_zz_v1.0.0.dat")
    assert (old.root / "l0" / "l0_20200101_zz_v1.0.0.dat").exists()
    assert found(result)["links between files of which one was left out"][0] == [
        "l0_20200101_zz_v1.0.0.dat -> l1_20200101_v1.0.0.dat"
    ]


def test_of_two_equal_files_the_one_on_disk_is_taken(catalog: Catalog, old: ChainLab) -> None:
    old.file("l0", DAY, name="l0_20200101_a_v1.0.0.dat", on_disk=False)
    imported(catalog, old)
    assert files(catalog)[0] == "l0_20200101_v1.0.0.dat"


def test_several_files_a_day_are_taken_where_that_is_said(catalog: Catalog, old: ChainLab) -> None:
    old.file("l0", DAY, name="l0_20200101_p2_v1.0.0.dat", utc_start_time=datetime(2020, 1, 1, 12))
    result = imported(catalog, old, several_per_day=["l0"])
    assert result.oddities == []
    assert len(files(catalog)) == 4
    with pytest.raises(MissionFileError, match="no product 'l9'"):
        imported(catalog, old, several_per_day=["l9"])


def test_codes_that_gave_way_keep_the_files_that_they_made(catalog: Catalog, old: ChainLab) -> None:
    """s34, s62: two codes in use for one date, and another code of the same version."""
    same = old.code(1, filename="other.sh")
    imported(catalog, old)
    codes = {code.filename: code for code in mission(catalog).process("mk_l1").codes}
    assert (codes["copy.sh"].in_use, codes["other.sh"].in_use) == (False, True)
    [made_by] = rows(catalog, "select source_code from headwater.file_code where resulting_file=2")
    assert made_by.source_code == codes["copy.sh"].id == 1
    assert codes["other.sh"].id == same


def test_a_code_in_the_middle_of_another_takes_all_of_its_dates(
    catalog: Catalog, old: ChainLab
) -> None:
    old.code(1, "1.1.0", code_start_date=date(2015, 1, 1), code_stop_date=date(2016, 1, 1))
    result = imported(catalog, old)
    [row] = found(result)["codes in use for the same dates"][0]
    assert row.endswith("switched off")
    assert [code.in_use for code in mission(catalog).process("mk_l1").codes] == [False, True]


# What cannot be imported


@pytest.mark.parametrize(
    ("database", "says"),
    [
        ("/nowhere/old.sqlite", "there is no file /nowhere/old.sqlite"),
        ("mysql://host/db", "no Postgres address"),
        ("postgresql://nobody@127.0.0.1:1/old", "cannot be read: .*refused"),
        ("://", "cannot be read: expected postgresql://"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_sentence(
    catalog: Catalog, database: str, says: str
) -> None:
    with pytest.raises(OldDatabaseError, match=says) as caught:
        import_database(catalog, database, Actor("tester"))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    junk = tmp_path / "junk.sqlite"
    junk.write_text("no database")
    with pytest.raises(OldDatabaseError, match="cannot be read as a sqlite database"):
        import_database(catalog, str(junk), Actor("tester"))
    junk.write_bytes(b"")
    with pytest.raises(OldDatabaseError, match="not a database of dbprocessing: it has no table"):
        import_database(catalog, str(junk), Actor("tester"))


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda old: old.run("delete from mission"), "holds 0 missions"),
        (lambda old: old.add("mission", mission_name="b", rootdir="/b", incoming_dir="i"),
         r"holds 2 missions \(lab, b\)"),
        (lambda old: old.run("update code set code_start_date = 'x' where code_id = 2"),
         "table code, row 2: code_start_date 'x' is not a date"),
        (lambda old: old.change("product", {"product_id": 1}, relative_path="../out"),
         "without '..'"),
        (lambda old: old.change("code", {"code_id": 1}, filename=""), "code 1 .*filename"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_mission_is_refused_and_nothing_is_written(
    catalog: Catalog, old: ChainLab, spoil: Callable[[ChainLab], object], says: str
) -> None:
    spoil(old)
    with pytest.raises((OldDatabaseError, MissionFileError), match=says):
        import_database(catalog, str(old.path), Actor("tester"))
    assert rows(catalog, "select * from headwater.mission") == []
    assert rows(catalog, "select * from headwater.event") == []


def test_the_report_is_json_too(catalog: Catalog, old: ChainLab) -> None:
    old.change("file", {"file_id": 3}, product_id=99)
    result = imported(catalog, old)
    [one] = [one for one in result.oddities if one.what == "files that cannot be files here"]
    assert json.loads(json.dumps(one.as_dict()))["count"] == 1
