"""Codes that do wrong: each ends in a clear reason, nothing of it reaches the archive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest
from processing_lab import CHAIN, COPY, Lab, process, product
from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.states import BuildState
from headwater.processing.claim import ClaimedBuild, NotClaimed, claim_build
from headwater.processing.explain import explain
from headwater.processing.outcome import BuildResult
from headwater.processing.planner import plan_due, preview
from headwater.processing.run import BuildRunner, run_builds
from headwater.processing.service import (
    due_processes,
    hold_builds,
    pending_builds,
    reap_expired_leases,
    retry_builds,
)
from headwater.processing.work_directory import sweep_work_directories

D1 = date(2020, 1, 1)
D2 = date(2020, 1, 2)
OUTPUT = "l1_20200101_v1.0.0.dat"


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    return Lab(catalog, tmp_path / "lab", CHAIN)


def one_run(lab: Lab, script: str, mode: int = 0o755) -> BuildResult:
    """The result of the first attempt at L1 of one day."""
    lab.code("copy.sh", script, mode)
    lab.put("l0", D1)
    [result] = lab.process().results
    return result


def errors(lab: Lab) -> set[str]:
    return {path.name for path in (lab.root / "errors").iterdir()}


def nothing_in_the_archive(lab: Lab) -> bool:
    folder = lab.root / "l1"
    return lab.newest("l1") == {} and not (folder.exists() and any(folder.iterdir()))


@pytest.mark.fault(42)
def test_a_code_that_fails_with_output(lab: Lab) -> None:
    result = one_run(lab, '#!/bin/sh\necho half >"$2"\necho "no calibration" >&2\nexit 3\n')
    assert result.state is BuildState.FAILED
    assert "exit code 3" in result.reason
    assert "no calibration" in result.reason
    assert {OUTPUT, f"{OUTPUT}.prob"} <= errors(lab)
    assert "no calibration" in (lab.root / "errors" / f"{OUTPUT}.prob").read_text()
    assert nothing_in_the_archive(lab)
    assert lab.leftovers() == []


def test_the_reason_is_the_last_line_with_words(lab: Lab) -> None:
    """Toolkits of the field close a message with a line, as SPICE does."""
    rule = "=" * 80
    result = one_run(lab, f"#!/bin/sh\nprintf 'no kernel for the clock\\n\\n{rule}\\n'\nexit 1\n")
    assert result.reason.endswith("exit code 1: no kernel for the clock")


@pytest.mark.fault(41)
def test_a_code_without_output(lab: Lab) -> None:
    result = one_run(lab, "#!/bin/sh\nexit 0\n")
    assert result.state is BuildState.FAILED
    assert f"did not write {OUTPUT}" in result.reason


@pytest.mark.fault(41, 48)
def test_a_code_that_writes_another_version_name(lab: Lab) -> None:
    result = one_run(lab, '#!/bin/sh\necho x >"$(dirname "$2")/l1_20200101_v7.0.0.dat"\n')
    assert result.state is BuildState.FAILED
    assert "it wrote l1_20200101_v7.0.0.dat" in result.reason
    assert nothing_in_the_archive(lab)


@pytest.mark.fault(48)
def test_an_output_that_no_inspector_knows(catalog: Catalog, tmp_path: Path) -> None:
    lab = Lab(
        catalog,
        tmp_path / "lab",
        (product("l0", 0), product("l1", 1, "odd_{DATE}_v{VERSION}.dat"), CHAIN[3]),
    )
    lab.put("l0", D1)
    [result] = lab.process().results
    assert result.state is BuildState.FAILED
    assert "was not identified" in result.reason
    assert nothing_in_the_archive(lab)


@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [("gone.sh", 0o755, "does not exist"), ("copy.sh", 0o644, "is not executable")],
)
def test_a_code_that_cannot_be_started(
    catalog: Catalog, tmp_path: Path, name: str, mode: int, words: str
) -> None:
    code = process("mk_l1", "l1", "required_input1 = product_l0", timebase="FILE", code=name)
    lab = Lab(catalog, tmp_path / "lab", (*CHAIN[:2], code))
    lab.code("copy.sh", COPY, mode)
    lab.put("l0", D1)
    [result] = lab.process().results
    assert result.state is BuildState.FAILED
    assert words in result.reason


@pytest.mark.fault(45)
def test_a_code_that_hangs_is_killed_at_its_time_limit(lab: Lab) -> None:
    lab.settings(code_time_limit_seconds=1)
    result = one_run(lab, "#!/bin/sh\nsleep 600 & sleep 600\n")
    assert result.state is BuildState.FAILED
    assert "limit" in result.reason


def test_a_code_that_writes_megabytes_to_stderr_still_builds(lab: Lab) -> None:
    lab.code("copy.sh", f"#!/bin/sh\nyes noise | head -c 20000000 >&2\n{COPY[10:]}")
    lab.put("l0", D1)
    assert lab.process().count(BuildState.BUILT) == 2
    [row] = lab.rows("select log_path from headwater.build order by id limit 1")
    assert 9_000_000 < Path(row.log_path).stat().st_size < 12_000_000


@pytest.mark.fault(63)
def test_one_bad_day_does_not_stop_the_others(lab: Lab) -> None:
    lab.code("copy.sh", f'#!/bin/sh\ncase "$1" in *20200105*) exit 1;; esac\n{COPY[10:]}')
    lab.put_many("l0", [D1 + timedelta(days=n) for n in range(10)])
    report = lab.process()
    assert report.count(BuildState.FAILED) == 1
    assert len(lab.newest("l2")) == 9


@pytest.mark.fault(63)
def test_a_failed_build_is_tried_again_then_held_and_a_person_can_ask_for_it(lab: Lab) -> None:
    lab.settings(retry_delay_seconds=0)
    lab.code("copy.sh", "#!/bin/sh\nexit 1\n")
    lab.put("l0", D1)
    report = lab.process()
    assert [r.state for r in report.results] == [BuildState.FAILED, BuildState.HELD]
    [(_, state, reason)] = lab.builds("mk_l1")
    assert state == "held"
    assert reason.startswith("failed 2 times with the same inputs and code: ")
    assert lab.process().results == []
    lab.code("copy.sh", COPY)
    assert retry_builds(lab.catalog, lab.mission, [report.results[0].build_id], lab.actor)
    lab.process()
    assert lab.newest("l2") == {"2020-01-01": "1.0.0"}


def test_a_failed_build_waits_before_it_is_tried_again(lab: Lab) -> None:
    one_run(lab, "#!/bin/sh\nexit 1\n")
    assert lab.process().results == []
    assert due_processes(lab.catalog) == []
    [row] = lab.rows("select due_at > now() + interval '4 minutes' as later from headwater.wake")
    assert row.later


def test_a_held_build_is_made_when_its_inputs_change(lab: Lab) -> None:
    lab.settings(automatic_attempts=1)
    one_run(lab, "#!/bin/sh\nexit 1\n")
    lab.code("copy.sh", COPY)
    lab.put("l0", D1, "1.0.1")
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.0.0"}


def test_what_a_person_holds_is_not_made_though_its_inputs_change(lab: Lab) -> None:
    lab.put("l0", D1)
    mission = lab.mission
    plan = plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor)
    held = hold_builds(lab.catalog, mission, [plan.builds[0].build_id], lab.actor, "wait for Ann")
    assert held
    lab.put("l0", D1, "1.0.1")
    assert lab.process().results == []
    assert lab.builds("mk_l1") == [("2020-01-01", "held", "wait for Ann")]


@pytest.mark.fault(43)
def test_exit_75_means_later(lab: Lab) -> None:
    result = one_run(lab, "#!/bin/sh\nexit 75\n")
    assert result.state is BuildState.PENDING
    [row] = lab.rows("select attempts, not_before > now() as later from headwater.build")
    assert (row.attempts, row.later) == (0, True)


@pytest.mark.fault(32, 42)
def test_a_name_that_is_there_with_other_bytes_is_never_overwritten(lab: Lab) -> None:
    (lab.root / "l1").mkdir()
    (lab.root / "l1" / OUTPUT).write_text("precious")
    result = one_run(lab, COPY)
    assert result.state is BuildState.FAILED
    assert "refused" in result.reason
    assert (lab.root / "l1" / OUTPUT).read_text() == "precious"


def test_two_active_codes_stop_only_their_process(lab: Lab) -> None:
    lab.put("l0", D1)
    with lab.catalog.begin() as connection:
        connection.execute(
            text(
                "insert into headwater.code (process_id, filename, interface_version,"
                " quality_version, revision_version, output_interface, start_date, stop_date,"
                " date_written) select process_id, 'other.sh', 1, 1, 0, 1, start_date, stop_date,"
                " date_written from headwater.code where process_id ="
                " (select id from headwater.process where name = 'mk_l1')"
            )
        )
    mission = lab.mission
    plan = preview(lab.catalog, mission, mission.process("mk_l1"))
    assert "2 codes of process mk_l1 are active" in plan.entries[0].reason
    assert lab.process().results == []


@pytest.mark.fault(56)
def test_a_build_is_claimed_once(lab: Lab) -> None:
    lab.put("l0", D1)
    mission = lab.mission
    plan = plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor)
    build_id = plan.builds[0].build_id
    first = claim_build(lab.catalog, mission, build_id, lab.actor)
    second = claim_build(lab.catalog, mission, build_id, lab.actor)
    assert isinstance(first, ClaimedBuild)
    assert isinstance(second, NotClaimed)
    assert second.reason == "is being made by tester"


def test_a_claim_takes_the_newest_input_of_its_moment(lab: Lab) -> None:
    lab.put("l0", D1)
    mission = lab.mission
    plan = plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor)
    newer = lab.put("l0", D1, "1.0.1")
    claimed = claim_build(lab.catalog, mission, plan.builds[0].build_id, lab.actor)
    assert isinstance(claimed, ClaimedBuild)
    assert [file.id for file in claimed.inputs] == [newer]


@pytest.mark.fault(52)
def test_a_claim_of_a_build_whose_input_is_gone_plans_it_again(lab: Lab) -> None:
    lab.put("l0", D1)
    mission = lab.mission
    plan = plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor)
    with lab.catalog.begin() as connection:
        connection.execute(text("update headwater.file set exists_on_disk = false"))
    refused = claim_build(lab.catalog, mission, plan.builds[0].build_id, lab.actor)
    assert isinstance(refused, NotClaimed)
    assert refused.state is BuildState.NOT_NEEDED
    assert "needs l0 of 2020-01-01" in refused.reason


@pytest.mark.fault(56)
def test_a_run_whose_build_was_given_away_writes_nothing(lab: Lab) -> None:
    lab.code(
        "copy.sh", f"#!/bin/sh\nwhile [ ! -e {lab.root}/go ]; do sleep 0.05; done\n{COPY[10:]}"
    )
    lab.put("l0", D1)
    mission = lab.mission
    plan = plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor)
    build_id = plan.builds[0].build_id
    runner = BuildRunner(lab.catalog, mission, lab.actor)
    import threading

    found: list[BuildResult] = []
    thread = threading.Thread(target=lambda: found.extend(runner.run([build_id])))
    thread.start()
    try:
        while lab.builds("mk_l1")[0][1] != "running":
            time.sleep(0.02)
        with lab.catalog.begin() as connection:
            connection.execute(
                text("update headwater.build set token = gen_random_uuid(), claimed_by = 'other'")
            )
    finally:
        (lab.root / "go").touch()
        thread.join(30)
    assert found[0].state is not BuildState.BUILT
    assert nothing_in_the_archive(lab)
    assert lab.builds("mk_l1")[0][1] == "running"


@pytest.mark.fault(19, 44)
def test_a_lease_that_is_over_gives_the_build_back(lab: Lab) -> None:
    lab.put("l0", D1)
    mission = lab.mission
    plan = plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor)
    claim_build(lab.catalog, mission, plan.builds[0].build_id, lab.actor, lease_seconds=-1)
    [(build_id, state, reason)] = reap_expired_leases(lab.catalog)
    assert (build_id, state) == (plan.builds[0].build_id, BuildState.PENDING)
    assert "tester" in reason
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.0.0"}


@pytest.mark.fault(51)
def test_an_input_that_changes_during_a_run_makes_another_run(lab: Lab) -> None:
    lab.code(
        "copy.sh", f"#!/bin/sh\nwhile [ ! -e {lab.root}/go ]; do sleep 0.05; done\n{COPY[10:]}"
    )
    lab.put("l0", D1)
    mission = lab.mission
    process_ = mission.process("mk_l1")
    plan = plan_due(lab.catalog, mission, process_, actor=lab.actor)
    import threading

    ids = [build.build_id for build in plan.builds]
    thread = threading.Thread(target=run_builds, args=(lab.catalog, mission, ids, lab.actor))
    thread.start()
    try:
        while lab.builds("mk_l1")[0][1] != "running":
            time.sleep(0.02)
        lab.put("l0", D1, "1.0.1")
        again = plan_due(lab.catalog, mission, process_, actor=lab.actor)
        assert again.builds == ()
        assert "is being made by tester" in again.entries[0].reason
    finally:
        (lab.root / "go").touch()
        thread.join(30)
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.0.1"}


@pytest.mark.fault(11)
def test_an_interruption_ends_the_codes_and_gives_the_builds_back(lab: Lab, tmp_path: Path) -> None:
    lab.code("copy.sh", f"#!/bin/sh\necho $$ >{tmp_path}/pid\nexec sleep 600\n")
    lab.put_many("l0", [D1, D2])
    program = (
        "import sys\nfrom headwater.catalog.connection import Catalog\n"
        "from headwater.core.actor import Actor\n"
        "from headwater.missions.loaded import load_mission\n"
        "from headwater.processing.service import process_pending\n"
        "catalog = Catalog(sys.argv[1])\n"
        "try:\n    process_pending(catalog, load_mission(catalog, 'lab'), Actor('cli'))\n"
        "except KeyboardInterrupt:\n    sys.exit(130)\n"
    )
    running = subprocess.Popen([sys.executable, "-c", program, lab.catalog.dsn])
    end = time.monotonic() + 30
    while not (tmp_path / "pid").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.1)
    running.send_signal(signal.SIGTERM)
    assert running.wait(30) == 130
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert {state for _, state, _ in lab.builds("mk_l1")} == {"pending"}
    assert lab.leftovers() == []
    assert len(pending_builds(lab.catalog, lab.mission)) == 2


def test_orphaned_work_directories_are_swept_and_young_ones_stay(lab: Lab) -> None:
    lab.settings(code_time_limit_seconds=1)
    old, young = lab.root / ".work" / "old", lab.root / ".work" / "young"
    for path in (old, young):
        path.mkdir(parents=True)
    (old / "locked").mkdir(mode=0o500)
    os.utime(old / "locked", (1, 1))
    os.utime(old, (1, 1))
    assert sweep_work_directories(lab.mission) == ["old"]
    assert young.exists()
    assert not old.exists()


def test_why_says_what_made_a_product(lab: Lab) -> None:
    lab.put("l0", D1)
    lab.process()
    answer = explain(lab.catalog, lab.mission, "l2", D1)
    assert answer.made
    assert answer.headline == "l2 of 2020-01-01 is there: l2_20200101_v1.0.0.dat"
    assert "made by process mk_l2 with copy.sh 1.0.0" in answer.details[0]
    assert answer.details[1] == "  from l1_20200101_v1.0.0.dat (1.0.0)"


def test_why_names_the_lowest_hole(lab: Lab) -> None:
    answer = explain(lab.catalog, lab.mission, "l2", D1)
    assert not answer.made
    assert answer.headline == (
        "there is no l2 of 2020-01-01: process mk_l2 needs l1 of 2020-01-01: none; "
        "there is no l1 of 2020-01-01: process mk_l1 needs l0 of 2020-01-01: none; "
        "there is no l0 of 2020-01-01: no process makes it and none has arrived; none is "
        "expected, since no l0 is expected: there is no file of it yet, and the mission "
        "does not say from when to expect it"
    )


def test_why_tells_of_the_failure_below(lab: Lab) -> None:
    lab.settings(automatic_attempts=1)
    one_run(lab, "#!/bin/sh\necho broken >&2\nexit 1\n")
    answer = explain(lab.catalog, lab.mission, "l2", D1)
    assert "held: failed 1 times" in answer.headline
    assert "broken" in answer.headline


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_run_that_a_person_marks_failed_has_failed_with_that_name(
    lab: Lab, interrupted: bool
) -> None:
    lab.code("copy.sh", "#!/bin/sh\nexec sleep 600\n")
    lab.put("l0", D1)
    mission = lab.mission
    plan = plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor)
    runner = BuildRunner(lab.catalog, mission, lab.actor)
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(runner.run, [plan.builds[0].build_id])
        while lab.builds("mk_l1")[0][1] != "running":
            time.sleep(0.02)
        with lab.catalog.begin() as connection:
            connection.execute(
                text(
                    "update headwater.build set cancel_requested_at = now(),"
                    " cancel_reason = 'marked failed by Ann'"
                )
            )
        if interrupted:
            runner.cancel()
        [result] = found.result(30)
    assert result.state is BuildState.FAILED
    assert "marked failed by Ann" in result.reason
    assert lab.process().results == []
