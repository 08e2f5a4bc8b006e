"""ProcessQueue.py and its kin under their old flags, on a real catalog."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from processing_lab import COPY, Lab

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import passes as pass_queries
from headwater.cli.dbprocessing.launchers import install_launchers
from headwater.cli.dbprocessing.scripts import SCRIPTS, run_script
from headwater.core.actor import Actor
from headwater.core.errors import NotFoundError, SettingError
from headwater.core.states import PassKind
from headwater.flows.passes import PassRunningError, one_pass

Call = Callable[..., str]
DAY = "20200101"


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("HEADWATER_CATALOG_URL", catalog.url.render_as_string(hide_password=False))
    monkeypatch.setenv("DBPROCESSING_LOG_DIR", str(tmp_path / "logs"))
    return Lab(catalog, tmp_path)


@pytest.fixture
def call(lab: Lab, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a script, and give what it printed; any other exit code than `code` is a failure."""

    def run(*arguments: str, code: int = 0) -> str:
        assert run_script(arguments[0], arguments[1:]) == code
        return capsys.readouterr().out

    return run


def drop(lab: Lab, name: str, content: str = "x\n") -> None:
    (lab.root / "incoming" / name).write_text(content)


def log_lines(lab: Lab) -> list[str]:
    return (lab.root / "logs" / "dbprocessing_log.log").read_text().splitlines()


# Ingest


def test_ingest_takes_what_lies_there_at_once_and_says_what_became_of_it(
    lab: Lab, call: Call
) -> None:
    lab.settings(settle_seconds=3600)
    drop(lab, f"l0_{DAY}_v1.0.0.dat")
    drop(lab, "junk.bin")
    said = call("ProcessQueue.py", "-i", "-m", "lab")
    assert f"Removed from incoming: l0_{DAY}_v1.0.0.dat - ingested" in said
    assert "junk.bin - quarantined: unidentified" in said
    assert "Import finished: 1 files added" in said
    assert lab.newest("l0") == {"2020-01-01": "1.0.0"}


def test_only_dot_files_and_what_the_glob_misses_are_left(lab: Lab, call: Call) -> None:
    for name in (".l0_20200101_v1.0.0.dat", "l0_20200102_v1.0.0.dat", "x.part", "other.dat"):
        drop(lab, name)
    call("ProcessQueue.py", "-i", "-m", "lab", "--glb", "[lx]*")
    left = {path.name for path in (lab.root / "incoming").iterdir() if path.is_file()}
    assert left == {".l0_20200101_v1.0.0.dat", "other.dat"}


def test_a_dry_run_of_ingest_moves_nothing(lab: Lab, call: Call) -> None:
    drop(lab, f"l0_{DAY}_v1.0.0.dat")
    assert f"would ingest l0_{DAY}_v1.0.0.dat" in call("ProcessQueue.py", "-i", "-d", "-m", "lab")
    assert (lab.root / "incoming" / f"l0_{DAY}_v1.0.0.dat").exists()
    assert lab.rows("select 1 from headwater.pass") == []


# Processing


def test_processing_makes_all_levels_and_its_log_tells_how_long_each_code_took(
    lab: Lab, call: Call
) -> None:
    lab.put("l0", date(2020, 1, 1))
    said = call("ProcessQueue.py", "-p", "-m", "lab", "-n", "1")
    assert "2 of 2 processes were successful" in said
    assert said.count("FINISHED") == 2
    assert lab.newest("l2") == {"2020-01-01": "1.0.0"}
    took = [line for line in log_lines(lab) if "INFO - Command: copy.sh took " in line]
    assert len(took) == 2
    assert all(line.endswith(" seconds") for line in took)


def test_a_dry_run_of_processing_says_what_would_be_made_and_makes_nothing(
    lab: Lab, call: Call
) -> None:
    lab.put("l0", date(2020, 1, 1))
    assert "mk_l1 2020-01-01 1.0.0: make, not made yet" in call(
        "ProcessQueue.py", "-p", "-d", "-m", "lab"
    )
    assert lab.newest("l1") == {}
    call("ProcessQueue.py", "-p", "-m", "lab")
    assert lab.newest("l1") == {"2020-01-01": "1.0.0"}


@pytest.mark.parametrize("only", ["mk_l1", "{id}"])
def test_what_is_not_listed_stays_due(lab: Lab, call: Call, only: str) -> None:
    lab.put("l0", date(2020, 1, 1))
    listed = only.format(id=lab.mission.process("mk_l1").id)
    call("ProcessQueue.py", "-p", "-o", listed, "-m", "lab")
    assert (lab.newest("l1"), lab.newest("l2")) == ({"2020-01-01": "1.0.0"}, {})
    call("ProcessQueue.py", "-p", "-m", "lab")
    assert lab.newest("l2") == {"2020-01-01": "1.0.0"}


def test_a_failure_is_told_and_stops_nothing_else(lab: Lab, call: Call) -> None:
    lab.code("copy.sh", "#!/bin/sh\ncase $1 in *20200102*) echo no dark frame >&2; exit 3;; esac\n"
             + COPY.partition("\n")[2])  # fmt: skip
    lab.put_many("l0", [date(2020, 1, 1), date(2020, 1, 2)])
    said = call("ProcessQueue.py", "-p", "-m", "lab")
    assert "2 of 3 processes were successful" in said
    assert "exit code 3: no dark frame" in said
    assert any("ERROR - Command: " in line and "no dark frame" in line for line in log_lines(lab))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-m", "lab"], "one of the arguments -i -p is required"),
        (["-i", "-s", "-m", "lab"], "-s requires -p"),
        (["-i", "-o", "mk_l1", "-m", "lab"], "-o requires -p"),
        (["-p", "-n", "0", "-m", "lab"], "-n needs at least one code"),
        (["-p"], "required: -m/--mission"),
        (["-i", "-p", "-m", "lab"], "not allowed with argument"),
    ],
)
def test_wrong_use_is_told_as_it_always_was(
    lab: Lab, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_script("ProcessQueue.py", arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_an_unknown_mission_or_process_or_script_is_one_sentence(lab: Lab) -> None:
    with pytest.raises(NotFoundError, match=r"no mission is named 'nowhere'.*known are: lab"):
        run_script("ProcessQueue.py", ["-p", "-m", "nowhere"])
    with pytest.raises(NotFoundError, match="has no process 'mk_l9'"):
        run_script("ProcessQueue.py", ["-p", "-o", "mk_l9", "-m", "lab"])
    with pytest.raises(NotFoundError, match=r"has no script 'Process\.py'"):
        run_script("Process.py", [])


# One pass at a time


def test_a_second_pass_says_who_runs_the_first_and_does_nothing(lab: Lab) -> None:
    drop(lab, f"l0_{DAY}_v1.0.0.dat")
    expected = rf"There is a process running.*PID: {os.getpid()} on \S+, since"
    with (
        one_pass(lab.catalog, lab.mission, PassKind.PROCESS),
        pytest.raises(PassRunningError, match=expected),
    ):
        run_script("ProcessQueue.py", ["-i", "-m", "lab"])
    assert lab.newest("l0") == {}


def test_each_pass_is_logged_with_who_where_and_how_it_ended(lab: Lab, call: Call) -> None:
    call("ProcessQueue.py", "-i", "-m", "lab")
    with pytest.raises(SettingError), one_pass(lab.catalog, lab.mission, PassKind.PROCESS):
        raise SettingError("broken")
    with lab.catalog.read() as connection:
        last, first = pass_queries.passes(connection, lab.mission.id)
    assert (first.kind, first.comment, first.pid) == ("ingest", "Nominal Exit", os.getpid())
    assert (last.kind, last.comment) == ("process", "Abnormal exit on exception")
    assert last.ended_at is not None


DYING = """
import os, signal, sys
from headwater.catalog.connection import Catalog
from headwater.core.states import PassKind
from headwater.flows.passes import one_pass
from headwater.ingest.claim import claim_arrivals
from headwater.ingest.scan import Intake
from headwater.missions.loaded import load_mission

catalog = Catalog()
mission = load_mission(catalog, "lab")
with one_pass(catalog, mission, PassKind.INGEST) as opened:
    claim_arrivals(catalog, mission, opened.actor, intake=Intake(0))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def die_holding_an_arrival(lab: Lab) -> None:
    drop(lab, f"l0_{DAY}_v1.0.0.dat")
    subprocess.run([sys.executable, "-c", DYING], check=False)
    assert lab.rows("select 1 from headwater.pass where ended_at is null")


def test_a_pass_that_died_is_known_and_what_it_held_is_free_at_once(lab: Lab, call: Call) -> None:
    die_holding_an_arrival(lab)
    said = call("ProcessQueue.py", "-i", "-m", "lab")
    assert "died: what it held is free again" in said
    assert lab.newest("l0") == {"2020-01-01": "1.0.0"}
    comments = [row.comment for row in lab.rows("select comment from headwater.pass order by id")]
    assert comments[0].startswith("died; found by ProcessQueue.py:")
    assert comments[1] == "Nominal Exit"


def test_clearing_the_flag_frees_what_the_dead_hold_and_keeps_the_message(
    lab: Lab, call: Call
) -> None:
    die_holding_an_arrival(lab)
    said = call("clearProcessingFlag.py", "lab", "power cut")
    assert said.splitlines()[-1] == "Database lock removed"
    (row,) = lab.rows("select comment from headwater.pass")
    assert row.comment == "Overridden: power cut"
    assert lab.rows("select 1 from headwater.arrival where lease_until > now()") == []


def test_a_living_pass_cannot_be_cleared(lab: Lab) -> None:
    with (
        one_pass(lab.catalog, lab.mission, PassKind.PROCESS),
        pytest.raises(PassRunningError, match="There is a process running"),
    ):
        run_script("clearProcessingFlag.py", ["lab", "hurry"])


# The queue


def test_the_queue_is_printed_counted_and_flushed(lab: Lab, call: Call) -> None:
    lab.put_many("l0", [date(2020, 1, 2), date(2020, 1, 1)])
    lines = call("printProcessQueue.py", "lab", "-s").splitlines()
    assert lines[0] == "lab"
    assert lines[2:5] == [
        "ProcessQueue",
        "0\tl0_20200101_v1.0.0.dat\tl0",
        "1\tl0_20200102_v1.0.0.dat\tl0",
    ]
    assert call("printProcessQueue.py", "lab", "-q", "-c", code=2) == ""
    assert call("printProcessQueue.py", "lab", "-q", "-c", "-p", "l1") == ""
    assert call("printProcessQueue.py", "lab", "-q", "-e") == ""
    assert "Flushed 2 items from queue" in call("flushProcessQueue.py", "lab")
    assert call("printProcessQueue.py", "lab", "-q", "-e", code=1) == ""
    call("ProcessQueue.py", "-p", "-m", "lab")
    assert lab.newest("l1") == {}


def test_the_queue_as_a_page_escapes_what_it_names(lab: Lab, call: Call, tmp_path: Path) -> None:
    lab.put("l0", date(2020, 1, 1), name="l0_20200101_<b>_v1.0.0.dat")
    call("printProcessQueue.py", "lab", "--html", "-o", str(tmp_path / "queue.html"))
    page = (tmp_path / "queue.html").read_text()
    assert "l0_20200101_&lt;b&gt;_v1.0.0.dat" in page
    assert "<b>" not in page


def test_reprocessing_queues_the_newest_files_of_a_product_date_or_code(
    lab: Lab, call: Call
) -> None:
    lab.put_many("l0", [date(2020, 1, 1), date(2020, 1, 2), date(2020, 2, 1)])
    call("ProcessQueue.py", "-p", "-m", "lab")
    for arguments, files in (
        (["reprocessByProduct.py", "-m", "lab", "l0"], 3),
        (["reprocessByProduct.py", "-m", "lab", "-s", "2020-01-02", "-e", "202001", "l0"], 1),
        (["reprocessByDate.py", "-m", "lab", "-s", "2020-01-01", "-e", "20200102"], 6),
        (["reprocessByDate.py", "-m", "lab", "-s", "1 Jan 2020", "-e", "2020-01-02",
          "--level", "0"], 2),
        (["reprocessByCode.py", "-m", "lab", "copy.sh"], 6),
        (["reprocessByInstrument.py", "-m", "lab", "-l", "1", "i1"], 3),
    ):  # fmt: skip
        assert f"Added {files} files to be reprocessed" in call(*arguments)
    call("ProcessQueue.py", "-p", "-m", "lab")
    assert set(lab.newest("l1").values()) == {"1.0.0"}


def test_reprocessing_by_force_makes_a_new_version_once(lab: Lab, call: Call) -> None:
    lab.put("l0", date(2020, 1, 1))
    call("ProcessQueue.py", "-p", "-m", "lab")
    call("reprocessByProduct.py", "-m", "lab", "--force", "1", "l0")
    call("ProcessQueue.py", "-p", "-m", "lab")
    call("ProcessQueue.py", "-p", "-m", "lab")
    assert lab.newest("l1") == {"2020-01-01": "1.1.0"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reprocessByProduct.py", "-m", "lab", "-s", "yesteryear", "l0"], "is not a date"),
        (["reprocessByProduct.py", "-m", "lab", "--force", "3", "l0"], "invalid choice: 3"),
        (["reprocessByProduct.py", "-m", "lab", "-s", "2021", "-e", "20200101", "l0"],
         "startDate > endDate"),
        (["DBRunner.py", "-m", "lab", "-i", "mk_l1"], "requires --force or --update"),
        (["DBRunner.py", "-m", "lab", "-u", "--force", "1", "mk_l1"], "not allowed with"),
    ],
)  # fmt: skip
def test_bad_arguments_of_the_others_are_refused(
    lab: Lab, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        run_script(arguments[0], arguments[1:])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


# DBRunner


def test_dbrunner_without_ingest_leaves_its_outputs_here_and_files_nothing(
    lab: Lab, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.put_many("l0", [date(2020, 1, 1), date(2020, 1, 2)])
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    span = ["-s", "2020-01-01", "-e", "2020-01-02"]
    said = call("DBRunner.py", "-m", "lab", *span, "mk_l1")
    assert said.count("FINISHED") == 2
    assert (here / "l1_20200101_v1.0.0.dat").exists()
    assert lab.newest("l1") == {}
    call("DBRunner.py", "-m", "lab", *span, "-u", "-i", "mk_l1")
    assert lab.newest("l1") == {"2020-01-01": "1.0.0", "2020-01-02": "1.0.0"}
    assert "Up to date, not running." in call("DBRunner.py", "-m", "lab", *span, "-u", "mk_l1")
    assert "up to date" in call("DBRunner.py", "-m", "lab", "-d", *span, "mk_l1")


# The mission and its names


def test_a_config_is_added_under_the_old_databases_name_and_found_by_it(
    lab: Lab, call: Call, tmp_path: Path
) -> None:
    config, database = tmp_path / "lab.conf", tmp_path / "lab.sqlite"
    said = call("addFromConfig.py", "-m", str(database), str(config))
    assert "mission lab is as the config says already" in said
    database.write_text("")
    for name in (str(database), os.path.relpath(database)):
        call("ProcessQueue.py", "-p", "-m", name)
    with pytest.raises(SystemExit):
        run_script("CreateDB.py", [str(database)])
    assert "the catalog is ready" in call("CreateDB.py", "other")


def test_what_differs_is_shown_and_changed_only_when_asked(
    lab: Lab, call: Call, tmp_path: Path
) -> None:
    config = tmp_path / "lab.conf"
    config.write_text(config.read_text().replace("level = 2", "level = 2.5"))
    said = call("addFromConfig.py", "-m", "lab", str(config))
    assert "Found product l2: level stays 2.0, the config says 2.5" in said
    assert lab.mission.product("l2").level == 2.0
    assert "Changed product l2: level 2.0 -> 2.5" in call(
        "addFromConfig.py", "-m", "lab", "--update", str(config)
    )
    assert lab.mission.product("l2").level == 2.5


def test_a_config_of_another_mission_is_refused(lab: Lab, tmp_path: Path) -> None:
    config = tmp_path / "lab.conf"
    config.write_text(config.read_text().replace("mission_name = lab", "mission_name = moon"))
    with pytest.raises(SettingError, match="is for mission moon, but -m lab is mission lab"):
        run_script("addFromConfig.py", ["-m", "lab", str(config)])


def test_launchers_run_under_the_old_names(lab: Lab, tmp_path: Path) -> None:
    paths = install_launchers(tmp_path / "bin")
    assert {path.name for path in paths} == set(SCRIPTS)
    drop(lab, f"l0_{DAY}_v1.0.0.dat")
    done = subprocess.run(
        [tmp_path / "bin" / "ProcessQueue.py", "-i", "-m", "lab"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Import finished: 1 files added" in done.stdout
    assert install_launchers(tmp_path / "bin") == paths
    (tmp_path / "bin" / "CreateDB.py").write_text("mine")
    with pytest.raises(SettingError, match=r"holds CreateDB\.py of another origin"):
        install_launchers(tmp_path / "bin")


def test_an_actor_of_a_pass_is_this_process(lab: Lab) -> None:
    with one_pass(lab.catalog, lab.mission, PassKind.INGEST) as opened:
        assert isinstance(opened.actor, Actor)
        assert opened.actor.name.endswith(f":{os.getpid()}")
