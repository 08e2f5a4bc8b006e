"""A dbprocessing database is imported: all of it, once or again, and the mission goes on."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from processing_lab import COPY, INSPECTOR
from sqlalchemy import Row, text
from sqlalchemy.engine import make_url

from dbprocessing_database import ChainLab, OldLab
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.core.errors import OldDatabaseError
from headwater.ingest.service import ingest_pending
from headwater.missions.dbprocessing_import.service import Imported, import_database
from headwater.missions.loaded import LoadedMission, load_mission
from headwater.processing.service import process_pending

ACTOR = Actor("tester")
DAYS = [date(2020, 1, day) for day in (1, 2, 3)]


@pytest.fixture
def old(tmp_path: Path) -> ChainLab:
    """Three days of a chain, all made, as today's dbprocessing leaves them."""
    return filled(ChainLab(tmp_path / "root"))


def filled(lab: ChainLab) -> ChainLab:
    (lab.root / "inspectors" / "generic.py").write_text(INSPECTOR)
    code = lab.root / "codes" / "copy.sh"
    code.write_text(COPY)
    code.chmod(0o755)
    for day in DAYS:
        lab.day(day)
    return lab


def imported(catalog: Catalog, old: OldLab, **options: object) -> Imported:
    return import_database(catalog, str(old.path), ACTOR, **options)


def rows(catalog: Catalog, query: str, **values: object) -> list[Row[tuple[object, ...]]]:
    with catalog.read() as connection:
        return list(connection.execute(text(query), values))


def names(catalog: Catalog, query: str) -> list[object]:
    return [row[0] for row in rows(catalog, query)]


def versions(catalog: Catalog, product: str) -> list[str]:
    """Of the newest files, by date."""
    return [
        str(row.version)
        for row in rows(
            catalog,
            "select concat_ws('.', interface_version, quality_version, revision_version) as version"
            " from headwater.file f join headwater.product p on p.id = f.product_id"
            " where p.name = :p and newest order by utc_file_date, keywords",
            p=product,
        )
    ]


def everything(catalog: Catalog) -> dict[str, list[Row[tuple[object, ...]]]]:
    """All rows that an import may write."""
    tables = names(
        catalog,
        "select table_name::text from information_schema.tables"
        " where table_schema = 'headwater' order by 1",
    )
    return {
        str(table): rows(catalog, f"select * from headwater.{table} order by 1::text, 2::text")
        for table in tables
    }


def odd(result: Imported) -> dict[str, list[str]]:
    return {one.what: one.rows for one in result.oddities}


def loaded(catalog: Catalog) -> LoadedMission:
    return load_mission(catalog, "lab")


def look_at_all(catalog: Catalog) -> None:
    """Let every process look at every date, as if all of it had changed."""
    with catalog.begin() as connection:
        connection.execute(
            text(
                "insert into headwater.wake (process_id, utc_date, reason)"
                " select p.id, d::date, 'test' from headwater.process p, generate_series("
                "timestamp '2019-12-30', timestamp '2020-01-06', interval '1 day') d"
                " on conflict do nothing"
            )
        )


def made(catalog: Catalog) -> list[str]:
    """Make all that is due; what was built, by process and interval, with its reason."""
    report = process_pending(catalog, loaded(catalog), ACTOR)
    assert not [one for one in report.results if one.state.value != "built"], report.results
    return [f"{one.process} {one.interval_key}: {one.reason}" for one in report.results]


def arrive(catalog: Catalog, old: OldLab, files: dict[str, str]) -> dict[str, str]:
    """Let files arrive, and take them at once; name -> disposition."""
    for name, content in files.items():
        (old.root / "incoming" / name).write_text(content)
    with catalog.begin() as connection:
        settled = """update headwater.mission set settings = settings || '{"settle_seconds": 0}'"""
        connection.execute(text(settled))
    report = ingest_pending(catalog, loaded(catalog), ACTOR)
    return {one.name: one.disposition.value for one in report.ended}


# All of it


def test_files_links_and_codes_come_with_their_numbers(catalog: Catalog, old: ChainLab) -> None:
    old.product("late", 0, product_id=40)
    old.file("late", DAYS[0], file_id=77)
    old.code(old.mk_l1, "0.1.0", code_id=12)
    old.code(old.mk_l1, "2.0.0", code_id=15, active_code=False)
    result = imported(catalog, old)
    assert result.counts["files"] == 10
    assert names(catalog, "select id from headwater.product order by 1") == [1, 2, 3, 40]
    assert names(catalog, "select id from headwater.code order by 1") == [1, 2, 15]
    assert names(catalog, "select max(id) from headwater.file") == [77]
    assert loaded(catalog).product("late").inspector.id == 4
    assert rows(catalog, "select id, name, path from headwater.file order by id")[:2] == [
        (1, "l0_20200101_v1.0.0.dat", "l0/l0_20200101_v1.0.0.dat"),
        (2, "l1_20200101_v1.0.0.dat", "l1/l1_20200101_v1.0.0.dat"),
    ]
    assert rows(catalog, "select * from headwater.file_link order by 2")[:2] == [(1, 2), (2, 3)]
    assert rows(catalog, "select * from headwater.file_code order by 1")[:2] == [(2, 1), (3, 2)]
    assert rows(catalog, "select id, name from headwater.process order by 1") == [
        (1, "mk_l1"),
        (2, "mk_l2"),
    ]
    assert versions(catalog, "l2") == ["1.0.0"] * 3
    assert list(odd(result)) == ["a code whose version is below 1, or that ends before it starts"]
    arrive(catalog, old, {"l0_20200109_v1.0.0.dat": "next"})
    assert names(catalog, "select max(id) from headwater.file") > [77]


def test_an_older_database_is_read_too(catalog: Catalog, tmp_path: Path) -> None:
    old = filled(ChainLab(tmp_path / "root", older=True))
    assert imported(catalog, old).counts["files"] == 9
    mission = loaded(catalog)
    assert mission.codedir == mission.inspectordir == old.root
    assert mission.errordir == old.root / "errors"
    assert [one.days_before for one in mission.process("mk_l2").inputs] == [0]


@pytest.mark.parametrize("by", ["address", "name"])
def test_a_postgres_database_is_read_by_address_or_name(
    catalog: Catalog, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    server = make_url(postgres_url).set(drivername="postgresql+psycopg")
    with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
        admin.execute(text("create database old_lab"))
    try:
        url = server.set(database="old_lab")
        filled(ChainLab(tmp_path / "root", url=url.render_as_string(hide_password=False)))
        database = url.set(drivername="postgresql").render_as_string(hide_password=False)
        if by == "name":
            database = "old_lab"
            host = url.host or url.query.get("host", "")
            for key, value in (("PGHOST", host), ("PGPORT", url.port), ("PGUSER", url.username),
                               ("PGPASSWORD", url.password)):  # fmt: skip
                if value:
                    monkeypatch.setenv(key, str(value))
        assert import_database(catalog, database, ACTOR).counts["files"] == 9
        assert "old_lab" in names(catalog, "select name from headwater.mission_database")
        stored = " ".join(map(str, names(catalog, "select name from headwater.mission_database")))
        assert url.password is None or url.password not in stored
        assert not import_database(catalog, database, ACTOR).changed
    finally:
        with catalog.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
            admin.execute(text("drop database old_lab with (force)"))


def test_times_are_utc_but_for_the_file_date_which_was_local(
    catalog: Catalog, old: ChainLab
) -> None:
    imported(catalog, old)
    [row] = rows(catalog, "select * from headwater.file where id = 1")
    assert row.utc_stop_time.isoformat() == "2020-01-01T23:59:59.999999+00:00"
    assert row.file_create_date == datetime(2020, 6, 1, 12).astimezone()


def test_in_a_catalog_with_missions_numbers_are_new_and_the_old_ones_are_kept(
    catalog: Catalog, old: ChainLab, tmp_path: Path
) -> None:
    imported(catalog, filled(ChainLab(tmp_path / "first" / "root", mission="first")))
    imported(catalog, old)
    mission = loaded(catalog)
    assert min(mission.products) > 3
    kept = rows(
        catalog,
        "select n.old_id, f.name from headwater.imported_id n"
        " join headwater.file f on f.id = n.new_id where n.kind = 'file' and n.mission_id = :m"
        " order by 1",
        m=mission.id,
    )
    assert kept[1] == (2, "l1_20200101_v1.0.0.dat")
    spec = mission.inspector_specs()[1]
    assert spec.product_name == "l1"
    assert [spec.known(noun) for noun in ("product", "inspector", "instrument", "satellite")] == [
        2, 2, 1, 1,
    ]  # fmt: skip
    assert mission.facts().mission_id == 1
    links = rows(
        catalog,
        "select s.name from headwater.file_link l join headwater.file s on s.id = l.source_file"
        " join headwater.file r on r.id = l.resulting_file"
        " where r.name = 'l2_20200102_v1.0.0.dat' and r.mission_id = :m and s.mission_id = :m",
        m=mission.id,
    )
    assert links == [("l1_20200102_v1.0.0.dat",)]


def test_inspectors_ask_by_the_old_numbers(catalog: Catalog, old: ChainLab, tmp_path: Path) -> None:
    imported(catalog, filled(ChainLab(tmp_path / "first" / "root", mission="first")))
    asks = INSPECTOR.replace(
        '        return "mine"',
        '        assert self.dbu.getEntry("Product", 1).product_name == "l0"\n'
        '        assert self.dbu.getTraceback("Product", self.product)["mission"].mission_id == 1\n'
        '        return "mine"',
    )
    (old.root / "inspectors" / "generic.py").write_text(asks)
    imported(catalog, old)
    name = "l0_20200109_v1.0.0.dat"
    assert arrive(catalog, old, {name: "new\n"}) == {name: "adopted"}


def test_the_paths_that_lead_to_the_database_are_kept(
    catalog: Catalog, old: ChainLab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    link = tmp_path / "link.sqlite"
    link.symlink_to(old.path)
    monkeypatch.chdir(tmp_path)
    import_database(catalog, "link.sqlite", ACTOR)
    assert set(names(catalog, "select name from headwater.mission_database")) == {
        "link.sqlite",
        str(link),
        str(old.path.resolve()),
    }


# Again


def test_a_second_import_changes_nothing(catalog: Catalog, old: ChainLab) -> None:
    old.add("processqueue", file_id=1, version_bump=None)
    old.add("release", file_id=1, release_num="rel01")
    imported(catalog, old)
    before = everything(catalog)
    again = imported(catalog, old)
    assert not again.changed
    assert everything(catalog) == before


def test_a_dry_run_writes_nothing_and_says_what_would_be(catalog: Catalog, old: ChainLab) -> None:
    before = everything(catalog)
    would = imported(catalog, old, dry_run=True)
    assert (would.counts["files"], would.dry_run) == (9, True)
    assert everything(catalog) == before
    assert imported(catalog, old).counts["files"] == 9


def test_what_the_old_system_adds_meanwhile_is_added(catalog: Catalog, old: ChainLab) -> None:
    imported(catalog, old)
    old.day(date(2020, 1, 4))
    newer = old.file("l0", DAYS[0], "1.0.1")
    old.change("code", {"code_id": 1}, active_code=False, newest_version=False)
    second = old.code(old.mk_l1, "1.1.0")
    old.file("l1", DAYS[0], "1.1.0", sources=(newer,), code=second)
    result = imported(catalog, old)
    assert (result.counts["files"], result.counts["file links"]) == (5, 3)
    assert versions(catalog, "l0") == ["1.0.1", "1.0.0", "1.0.0", "1.0.0"]
    assert versions(catalog, "l1") == ["1.1.0", "1.0.0", "1.0.0", "1.0.0"]
    codes = loaded(catalog).process("mk_l1").codes
    assert [(str(code.version), code.in_use) for code in codes] == [
        ("1.0.0", False),
        ("1.1.0", True),
    ]
    assert not imported(catalog, old).changed


def test_what_the_old_system_says_later_of_a_file_is_taken_over(
    catalog: Catalog, old: ChainLab
) -> None:
    """It attaches a code to a file that had none (spec 5.4), and notes that a file is gone."""
    old.remove("filecodelink", resulting_file=2)
    imported(catalog, old)
    old.add("filecodelink", resulting_file=2, source_code=1)
    old.change("file", {"file_id": 3}, exists_on_disk=False)
    result = imported(catalog, old)
    assert (result.counts["code links"], result.counts["files brought up to date"]) == (1, 1)
    gone = "select name from headwater.file where not exists_on_disk"
    assert names(catalog, gone) == ["l2_20200101_v1.0.0.dat"]


def test_a_number_that_the_old_database_uses_again_means_the_later_file(
    catalog: Catalog, old: ChainLab
) -> None:
    imported(catalog, old)
    old.remove("filefilelink", resulting_file=9)
    old.remove("filecodelink", resulting_file=9)
    old.remove("unixtime", file_id=9)
    old.remove("file", file_id=9)
    assert old.file("l2", date(2020, 1, 5), sources=(5,), code=2) == 9
    result = imported(catalog, old)
    assert result.counts["files"] == 1
    [row] = rows(
        catalog,
        "select f.name, n.new_id from headwater.imported_id n"
        " join headwater.file f on f.id = n.new_id where n.kind = 'file' and n.old_id = 9",
    )
    assert row.name == "l2_20200105_v1.0.0.dat"
    assert row.new_id > 9


def test_a_mission_of_the_same_name_from_elsewhere_is_not_mixed_in(
    catalog: Catalog, old: ChainLab, tmp_path: Path
) -> None:
    imported(catalog, old)
    other = filled(ChainLab(tmp_path / "other" / "root"))
    with pytest.raises(OldDatabaseError, match="--as lab to bring both together"):
        imported(catalog, other)
    assert imported(catalog, other, name="copy").counts["files"] == 9
    assert loaded(catalog).rootdir == old.root


# It goes on


def test_nothing_that_is_up_to_date_is_made_again(catalog: Catalog, old: ChainLab) -> None:
    imported(catalog, old)
    assert made(catalog) == []
    look_at_all(catalog)
    assert made(catalog) == []
    assert versions(catalog, "l2") == ["1.0.0"] * 3


def test_the_next_level_0_file_makes_the_next_versions(catalog: Catalog, old: ChainLab) -> None:
    imported(catalog, old)
    arrive(catalog, old, {"l0_20200102_v1.0.1.dat": "newer", "l0_20200104_v1.0.0.dat": "next"})
    assert sorted(one.partition(":")[0] for one in made(catalog)) == [
        "mk_l1 2020-01-02",
        "mk_l1 2020-01-04",
        "mk_l2 2020-01-02",
        "mk_l2 2020-01-04",
    ]
    assert versions(catalog, "l1") == ["1.0.0", "1.0.1", "1.0.0", "1.0.0"]
    assert versions(catalog, "l2") == ["1.0.0", "1.0.1", "1.0.0", "1.0.0"]


def test_the_old_queue_becomes_work(catalog: Catalog, old: ChainLab) -> None:
    new = old.file("l0", date(2020, 1, 4))
    old.add("processqueue", file_id=new, version_bump=None)
    old.add("processqueue", file_id=1, version_bump=None)
    result = imported(catalog, old)
    assert result.counts["queue entries"] == 2
    assert sorted(one.partition(":")[0] for one in made(catalog)) == [
        "mk_l1 2020-01-04",
        "mk_l2 2020-01-04",
    ]
    assert not imported(catalog, old).changed, "the entries were taken over already"


@pytest.mark.parametrize(
    ("bump", "l1", "l2"), [(0, "2.0.0", "1.1.0"), (1, "1.1.0", "1.1.0"), (2, "1.0.1", "1.0.1")]
)
def test_a_queued_version_bump_forces_the_outputs(
    catalog: Catalog, old: ChainLab, bump: int, l1: str, l2: str
) -> None:
    old.add("processqueue", file_id=4, version_bump=bump)
    assert imported(catalog, old).counts["forced builds"] == 1
    made(catalog)
    assert versions(catalog, "l1") == ["1.0.0", l1, "1.0.0"]
    assert versions(catalog, "l2") == ["1.0.0", l2, "1.0.0"]


def test_outputs_are_known_by_the_keywords_of_their_inputs(
    catalog: Catalog, tmp_path: Path
) -> None:
    """A FILE process is looked up by the keywords of its input, which its output may lack."""
    old = filled(ChainLab(tmp_path / "root"))
    day, names_of = date(2020, 1, 4), "l0_20200104_p{}_v1.0.0.dat"
    for part in ("1", "2"):
        source = old.file("l0", day, name=names_of.format(part), process_keywords=f"nn={part}")
        old.file("l1", day, name=f"l1_20200104_x{part}_v1.0.0.dat", sources=(source,), code=1)
    own = old.file("l0", date(2020, 1, 5), name="l0_20200105_p3_v1.0.0.dat",
                   process_keywords="nn=3")  # fmt: skip
    old.file("l1", date(2020, 1, 5), sources=(own,), code=1, process_keywords="own=1")
    imported(catalog, old)
    kept = "select keywords from headwater.file where name like 'l1_2020010%' order by name"
    assert names(catalog, kept)[3:] == ["nn=1", "nn=2", "own=1"]
    look_at_all(catalog)
    assert [one for one in made(catalog) if one.startswith("mk_l1")] == []


# Files on disk


def test_folders_that_are_missing_are_made_and_missing_codes_are_named(
    catalog: Catalog, old: ChainLab
) -> None:
    """dbprocessing leaves what it cannot identify in incoming where errors is missing (s17)."""
    (old.root / "codes" / "errors").rmdir()
    (old.root / "codes" / "copy.sh").unlink()
    assert not [one for one in imported(catalog, old, dry_run=True).notes if "made" in one]
    notes = imported(catalog, old).notes
    assert f"made {old.root}/codes/errors" in notes
    assert sum("there is no code file" in one for one in notes) == 2


def test_a_check_where_the_files_are_not_is_refused(catalog: Catalog, old: ChainLab) -> None:
    away = str(old.root.parent / "away")
    with pytest.raises(OldDatabaseError, match=r"is not on this machine.*--rootdir"):
        imported(catalog, old, rootdir=away, read_files=True)
    assert f"rootdir {away} is not on this machine" in imported(catalog, old, rootdir=away).notes


def test_without_a_check_the_old_database_counts_and_the_report_says_so(
    catalog: Catalog, old: ChainLab
) -> None:
    (old.root / "l0" / "l0_20200101_v1.0.0.dat").unlink()
    old.change("file", {"file_id": 4}, exists_on_disk=False)
    result = imported(catalog, old)
    assert names(catalog, "select name from headwater.file where not exists_on_disk") == [
        "l0_20200102_v1.0.0.dat"
    ]
    assert result.notes[0].startswith("8 files are taken to be on disk")
    assert rows(catalog, "select distinct size, sha256 from headwater.file") == [(None, None)]


def test_a_check_reads_every_file(catalog: Catalog, old: ChainLab) -> None:
    (old.root / "l0" / "l0_20200101_v1.0.0.dat").unlink()
    (old.root / "l1" / "l1_20200101_v1.0.0.dat").write_text("other bytes")
    old.change("file", {"file_id": 4}, exists_on_disk=False)
    old.change("file", {"file_id": 5}, shasum=None)
    result = imported(catalog, old, read_files=True)
    found = odd(result)
    assert found["files that the old database has on disk and that are not there"] == [
        "l0/l0_20200101_v1.0.0.dat"
    ]
    [changed] = found["files whose bytes are not those that were recorded"]
    assert changed.startswith("l1/l1_20200101_v1.0.0.dat: sha1 ")
    assert found["files that are there and that the old database has not on disk"] == [
        "l0/l0_20200102_v1.0.0.dat"
    ]
    assert found["files without a recorded checksum"] == ["l1/l1_20200102_v1.0.0.dat"]
    gone = "select name from headwater.file where not exists_on_disk order by id"
    assert names(catalog, gone) == ["l0_20200101_v1.0.0.dat", "l1_20200101_v1.0.0.dat"]
    known = "select count(*) from headwater.file where size = 23 and length(sha256) = 64"
    assert names(catalog, known) == [7]
    assert not imported(catalog, old, read_files=True).changed


def test_a_later_check_reads_what_was_not_read(catalog: Catalog, old: ChainLab) -> None:
    imported(catalog, old)
    result = imported(catalog, old, read_files=True)
    assert result.counts["files brought up to date"] == 9
    assert result.notes == []
    (old.root / "l0" / "l0_20200101_v1.0.0.dat").unlink()
    assert imported(catalog, old, read_files=True).counts["files brought up to date"] == 1


def test_a_file_whose_bytes_were_not_read_is_known_again_by_its_old_checksum(
    catalog: Catalog, old: ChainLab
) -> None:
    imported(catalog, old)
    same, other = "l0_20200101_v1.0.0.dat", "l0_20200102_v1.0.0.dat"
    assert arrive(catalog, old, {same: f"{same}\n", other: "other bytes\n"}) == {
        same: "duplicate",
        other: "quarantined",
    }
