"""The command as a person and a cron job use it: from a mission file to products, no Airflow."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bad_configs import BAD
from command_runner import Command
from dbprocessing_database import ChainLab
from headwater.catalog.connection import Catalog
from headwater.local.demo.synthetic import drop_synthetic_l0, write_synthetic_mission


@pytest.fixture
def mission_file(tmp_path: Path) -> Path:
    """A generated mission, one L0 a day, two levels, with settling switched off."""
    file = write_synthetic_mission(tmp_path / "mission", 0)
    text = file.read_text()
    assert "settle_seconds" in text
    file.write_text(
        "\n".join(
            line.partition("settle_seconds")[0] + "settle_seconds: 0.0"
            if line.strip().startswith("settle_seconds")
            else line
            for line in text.splitlines()
        )
    )
    return file


@pytest.fixture
def made(headwater: Command, mission_file: Path) -> Command:
    """The mission applied, three days ingested and everything made."""
    assert headwater("mission", "apply", str(mission_file)).code == 0
    drop_synthetic_l0(mission_file.parent, 3)
    assert headwater("ingest").code == 0
    assert headwater("process").code == 0
    return headwater


def test_from_a_mission_file_to_every_product(made: Command) -> None:
    files = made("files", "--json").data
    assert len(files) == 9
    assert {(row["version"], row["newest"]) for row in files} == {("1.0.0", True)}
    assert made("process").out.startswith("0 built")


def test_a_newer_file_makes_newer_products(made: Command, mission_file: Path) -> None:
    drop_synthetic_l0(mission_file.parent, 1, version="1.0.1")
    made("ingest")
    made("process")
    newest = made("files", "--newest", "--last", "2020-01-01", "--json").data
    assert [row["version"] for row in newest] == ["1.0.1"] * 3


def test_why_answers_for_what_is_there_and_what_is_not(made: Command) -> None:
    there = made("why", "synth_l2", "2020-01-02")
    missing = made("why", "synth_l2", "2020-05-05")
    assert (there.code, missing.code) == (0, 1)
    assert "synth_l2" in there.out
    assert "synth_l0" in missing.out, "it names the lowest level with the hole"


def test_coverage_shows_each_day_of_a_product(made: Command) -> None:
    days = made("coverage", "synth_l2", "--json").data
    assert {day["state"] for day in days} == {"current"} and len(days) == 3
    assert days[0]["version"] == "1.0.0" and days[0]["build"] is None and not days[0]["is_gap"]
    assert made("coverage", "synth_l2").out.endswith("\nno gap\n")
    before = made("coverage", "synth_l2", "--first", "1999-12-31", "--last", "1999-12-31").out
    assert "not expected" in before and before.endswith("\nno gap\n")
    after = made("coverage", "synth_l2", "--first", "2020-01-04", "--last", "2020-01-05")
    assert after.code == 0
    assert after.out.endswith(
        "gap of 2 days, missing (2020-01-04/2020-01-05): synth_l1 is missing: synth_l0 is missing: "
        "none has arrived\n"
    )
    wrong = made("coverage", "synth_l2", "--first", "2000-01-02", "--last", "2000-01-01")
    assert (wrong.code, wrong.err) == (
        1, "headwater: --first 2000-01-02 is after --last 2000-01-01\n"
    )  # fmt: skip


def test_the_plan_of_a_date_tells_every_product(made: Command, mission_file: Path) -> None:
    drop_synthetic_l0(mission_file.parent, 1, version="1.0.1")
    made("ingest")
    said = made("plan", "--first", "2020-01-01", "--last", "2020-01-01", "--json")
    assert said.code == 0
    assert [
        (row["product"], row["status"], row["action"], row["version"]) for row in said.data
    ] == [
        ("synth_l0", "current", "nothing", None),
        ("synth_l1", "stale", "make", "1.0.1"),
        ("synth_l2", "waiting", "nothing", None),
    ]
    [_, _, last] = said.data
    assert set(last) == {
        "product", "process", "interval", "date", "keywords", "status", "reason", "action",
        "version", "file", "file_version", "needs", "waits_for",
    }  # fmt: skip
    assert last["reason"] == f"waits for {last['waits_for']}"
    table = made("plan", "--first", "2020-01-01", "--last", "2020-01-01").out
    assert "synth_l1" in table
    assert "stale" in table


def test_the_check_ends_with_1_until_all_is_mended(made: Command, catalog: Catalog) -> None:
    assert made("check").out.startswith("the rows of synthetic agree")
    with catalog.begin() as connection:
        connection.exec_driver_sql(
            "update headwater.file set newest = false where name like 'synth_l2_20200101%%'"
        )
    found = made("check", "--json")
    assert (found.code, [row["state"] for row in found.data]) == (1, ["--fix mends it"])
    fixed = made("check", "--fix", "--json")
    assert (fixed.code, [row["state"] for row in fixed.data]) == (0, ["mended"])
    assert made("check").code == 0
    assert "two newest" in made("check", "--rules").out


def test_the_log_of_passes_tells_who_ran_when_and_where(
    made: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DBPROCESSING_LOG_DIR", str(tmp_path / "logs"))
    assert made("passes").out == "there has been no pass\n"
    assert made("dbprocessing", "ProcessQueue.py", "-p", "-m", "synthetic").code == 0
    [row] = made("passes", "--json").data
    assert row["kind"] == "process"
    assert row["host"]
    assert row["started_at"] <= row["ended_at"]
    assert made("passes", "nowhere").code == 1


def test_provenance_goes_down_to_the_file_that_arrived(made: Command) -> None:
    rows = made("provenance", "synth_l2_20200101_v1.0.0.dat", "--json").data
    assert [row["product"] for row in rows] == ["synth_l2", "synth_l1", "synth_l0"]
    assert [row["code"] is None for row in rows] == [False, False, True]


def test_what_cannot_be_identified_is_quarantined_with_its_reason(
    made: Command, mission_file: Path
) -> None:
    (mission_file.parent / "incoming" / "what is this.bin").write_bytes(b"?")
    assert made("ingest").code == 1
    [row] = made("arrivals", "--disposition", "quarantined", "--json").data
    assert row["name"] == "what is this.bin"
    assert row["reason"]


def test_applying_twice_changes_nothing_and_a_dry_run_writes_nothing(
    headwater: Command, mission_file: Path
) -> None:
    assert headwater("mission", "apply", str(mission_file), "--dry-run").code == 0
    assert headwater("mission", "list", "--json").data == []
    headwater("mission", "apply", str(mission_file))
    [first] = headwater("mission", "list", "--json").data
    headwater("mission", "apply", str(mission_file))
    assert headwater("mission", "list", "--json").data == [first]
    assert headwater("mission", "diff", str(mission_file)).code == 0


def test_an_exported_mission_is_the_same_mission(
    headwater: Command, mission_file: Path, tmp_path: Path
) -> None:
    headwater("mission", "apply", str(mission_file))
    exported = tmp_path / "exported.yaml"
    exported.write_text(headwater("mission", "export").out)
    assert headwater("mission", "diff", str(exported)).code == 0


def test_a_backup_is_restored_into_an_empty_database_only(made: Command, tmp_path: Path) -> None:
    backup = tmp_path / "catalog.dump"
    assert made("catalog", "backup", str(backup)).code == 0
    assert backup.stat().st_mode & 0o077 == 0
    again = made("catalog", "backup", str(backup))
    assert (again.code, "exists" in again.err) == (1, True)
    refused = made("catalog", "restore", str(backup))
    assert (refused.code, "holds a catalog already" in refused.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("files",), 0, ""),
        (("ingest",), 1, "no mission yet"),
        (("why", "x", "2020-01-01"), 1, "no mission yet"),
        (("why", "x", "soon"), 2, "does not match the format"),
        (("mission", "apply", "/nowhere.yaml"), 1, "cannot be read"),
        (("provenance", "none.dat"), 1, "there is no file"),
        (("plan", "--first", "2020-01-01"), 1, "give both"),
        (("nonsense",), 2, "No such command"),
        (("mission", "import", "/nowhere.sqlite"), 1, "there is no file /nowhere.sqlite"),
        (("mission", "export", "--form", "xml"), 2, "Invalid value"),
    ],
)
def test_a_problem_is_one_sentence_and_no_traceback(
    headwater: Command, words: tuple[str, ...], code: int, says: str
) -> None:
    said = headwater(*words)
    assert said.code == code
    assert says in said.err
    assert "Traceback" not in said.err


def test_a_wrong_config_is_told_with_its_place_and_nothing_is_applied(
    headwater: Command, tmp_path: Path
) -> None:
    bad, path = BAD["an undefined input"], tmp_path / "lab.conf"
    path.write_text(bad.text)
    for flags in ([], ["--dry-run"]):
        said = headwater("mission", "apply", str(path), *flags)
        assert (said.code, said.out) == (1, "")
        assert said.err == f"headwater: {bad.message.replace('@FILE@', str(path))}\n"
    assert headwater("mission", "list", "--json").data == []


def test_a_catalog_that_is_down_is_one_sentence(
    headwater: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CATALOG_URL", "postgresql://nobody@127.0.0.1:1/none")
    said = headwater("status")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "does not answer" in said.err


def test_there_is_help_and_a_version(headwater: Command) -> None:
    assert "mission" in headwater("--help").out
    assert headwater("--version").out.startswith("headwater ")


def test_orbits_are_loaded_and_listed(
    headwater: Command, mission_file: Path, tmp_path: Path
) -> None:
    assert headwater("mission", "apply", str(mission_file)).code == 0
    table = tmp_path / "orbits.csv"
    table.write_text(
        "orbit,start,stop\n1,2020-01-01T00:00Z,2020-01-01T02:00Z\n"
        "2,2020-01-01T03:00Z,2020-01-01T04:00Z\n"
    )
    tried = headwater("mission", "orbits", str(table), "--dry-run")
    assert tried.out == "2 orbits would be added, 0 would be changed, 0 as before\n"
    assert headwater("mission", "orbits", "--json").data == []
    done = headwater("mission", "orbits", str(table))
    assert done.out == "2 orbits added, 0 changed, 0 as before\n"
    assert "between orbits 1 and 2: a gap from 2020-01-01T02:00:00Z" in done.err
    rows = headwater("mission", "orbits", "--json").data
    assert [(row["orbit"], row["start"]) for row in rows] == [
        (1, "2020-01-01T00:00:00Z"),
        (2, "2020-01-01T03:00:00Z"),
    ]
    table.write_text("orbit,start,stop\n1,now,then\n2,2020\n")
    bad = headwater("mission", "orbits", str(table))
    assert (bad.code, bad.out) == (1, "")
    assert "line 2: 'now' is not a time" in bad.err and "line 3: expected 3 values" in bad.err
    assert headwater("mission", "orbits", str(tmp_path / "none.csv")).code == 1


def test_a_dbprocessing_database_is_imported_and_exported(
    headwater: Command, tmp_path: Path
) -> None:
    old = ChainLab(tmp_path / "root")
    old.day(date(2020, 1, 1))
    old.file("l0", date(2020, 1, 1), name="l0_20200101_zz_v1.0.0.dat")
    would = headwater("mission", "import", str(old.path), "--dry-run")
    assert (would.code, "would be imported" in would.out) == (0, True)
    assert headwater("mission", "list", "--json").data == []
    said = headwater("mission", "import", str(old.path))
    assert said.code == 0
    assert "mission lab is imported" in said.out
    assert "files of one product, date and version" in said.out
    assert "l0_20200101_zz_v1.0.0.dat" in said.out
    assert "reading files: 4 of 4" in said.err
    assert "3 files are taken to be on disk" in said.err
    again = headwater("mission", "import", str(old.path), "--json").data
    assert (again["changed"], again["oddities"][0]["count"]) == (False, 1)
    assert "has all of" in headwater("mission", "import", str(old.path)).out
    [event] = headwater("events", "--kind", "mission imported", "--json").data
    assert "3 files" in str(event["reason"])
    assert "not verified" in headwater("provenance", "l2_20200101_v1.0.0.dat").out
    exported = tmp_path / "lab.conf"
    written = headwater("mission", "export", "--form", "conf")
    assert (written.code, written.err) == (0, "")
    exported.write_text(written.out)
    assert headwater("mission", "diff", str(exported)).code == 0
