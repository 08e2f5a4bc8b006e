"""Killed codes, guards and tasks: no process is left, the archive holds nothing, work goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psutil
import pytest
from processing_lab import CHAIN, COPY, Lab

from headwater.catalog.connection import Catalog
from headwater.core.states import BuildState
from headwater.processing.outcome import BuildResult
from headwater.processing.planner import plan_due
from headwater.processing.service import reap_expired_leases

D1 = date(2020, 1, 1)
OUTPUT = "l1_20200101_v1.0.0.dat"
MARK = "HW_RUN_MARK"
PARK = (
    f"#!{sys.executable}\n"
    + '''
"""Writes its whole output, leaves four kinds of process behind, then does what it is told."""
import os, signal, sys, time
work = os.getcwd()
def leave(step):
    if os.fork():
        return
    if step > 0: os.setsid()
    if step > 1 and os.fork(): os._exit(0)
    if step > 2: signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open(os.environ["PIDS"], "a") as pids: print(os.getpid(), file=pids)
    while True:
        with open(sys.argv[2], "a") as output: print("late", file=output)
        time.sleep(0.002)
open(sys.argv[2], "w").write("whole\\n")
with open(os.environ["PIDS"], "a") as pids: print(os.getpid(), file=pids)
for step in range(4): leave(step)
while len(open(os.environ["PIDS"]).read().split()) < 5: time.sleep(0.01)
os.rename(os.environ["PIDS"], os.environ["PIDS"] + ".all")
'''
)
"""A child, one in a session of its own, a daemon, and a daemon that ignores SIGTERM, all of which
hold stdout and go on writing to the output."""
RUN = """
import os, sys
from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.missions.loaded import load_mission
from headwater.processing.run import BuildRunner
catalog = Catalog(sys.argv[1])
mission = load_mission(catalog, "lab")
runner = BuildRunner(catalog, mission, Actor("task"), lease_seconds=float(sys.argv[3]))
print(runner.run([int(sys.argv[2])])[0].reason, flush=True)
"""


@pytest.fixture
def lab(catalog: Catalog, tmp_path: Path) -> Lab:
    lab = Lab(catalog, tmp_path / "lab", CHAIN[:4])
    lab.settings(retry_delay_seconds=0)
    return lab


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Every process of the test inherits it."""
    value = uuid.uuid4().hex
    monkeypatch.setenv(MARK, value)
    monkeypatch.setenv("PIDS", str(tmp_path / "pids"))
    yield value
    for process in marked(value):
        process.kill()


def marked(value: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            ours = process.environ().get(MARK) == value
            if ours and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def until(seen: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def nothing_of_it(lab: Lab) -> None:
    """No row of its output, no file in the archive, no promise."""
    assert lab.newest("l1") == {}
    assert not list((lab.root / "l1").glob("*")) if (lab.root / "l1").exists() else True
    assert not lab.rows("select * from headwater.intent")


def planned(lab: Lab) -> int:
    lab.put("l0", D1)
    mission = lab.mission
    [build] = plan_due(lab.catalog, mission, mission.process("mk_l1"), actor=lab.actor).builds
    return build.build_id


def one_run(lab: Lab, ending: str) -> BuildResult:
    lab.code("copy.sh", PARK + ending)
    lab.put("l0", D1)
    return lab.process().results[0]


@pytest.mark.fault(44, 49)
@pytest.mark.parametrize(
    ("ending", "words"),
    [
        ("sys.exit(3)", "exit code 3"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "signal 11 (SIGSEGV)"),
        pytest.param(
            "os.kill(os.getpid(), signal.SIGKILL)",
            "signal 9 (SIGKILL)",
            marks=pytest.mark.fault(12),
            id="as the kernel does where memory is short",
        ),
        ("sys.exit(75)", "asked to be run later"),
    ],
)
def test_a_code_that_ends_badly_after_its_whole_output_leaves_nothing(
    lab: Lab, mark: str, ending: str, words: str
) -> None:
    result = one_run(lab, ending)
    assert words in result.reason
    assert result.state in (BuildState.FAILED, BuildState.PENDING)
    assert marked(mark) == []
    nothing_of_it(lab)
    assert [path.name for path in (lab.root / ".work").iterdir()] == []


@pytest.mark.fault(49)
def test_processes_that_go_on_writing_after_exit_0_are_dead_before_the_output_is_read(
    lab: Lab, mark: str
) -> None:
    started = time.monotonic()
    result = one_run(lab, "sys.exit(0)")
    assert time.monotonic() - started < 20, "the pipe that they hold must not keep the run"
    assert result.state is BuildState.BUILT
    assert marked(mark) == []
    [row] = lab.rows("select size from headwater.file where name = :n", n=OUTPUT)
    archived = lab.root / "l1" / OUTPUT
    time.sleep(0.1)
    assert archived.stat().st_size == row.size
    assert archived.read_text().startswith("whole\n")


@pytest.mark.fault(11, 45)
def test_a_code_that_hangs_and_ignores_sigterm_is_gone_at_its_time_limit(
    lab: Lab, mark: str
) -> None:
    lab.settings(code_time_limit_seconds=2)
    result = one_run(lab, "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile 1: time.sleep(9)")
    assert result.state is BuildState.FAILED
    assert "limit" in result.reason
    assert marked(mark) == []
    nothing_of_it(lab)


def guards(code: int) -> tuple[psutil.Process, psutil.Process, psutil.Process]:
    """The task, the keeper and the warden of a code."""
    warden = psutil.Process(code).parent()
    assert warden is not None
    keeper = warden.parent()
    assert keeper is not None
    task = keeper.parent()
    assert task is not None
    return task, keeper, warden


@pytest.mark.fault(11, 44, 49)
@pytest.mark.parametrize(
    "victim",
    [
        "task",
        pytest.param("keeper", marks=pytest.mark.slow),
        pytest.param("warden", marks=pytest.mark.slow),
        pytest.param("task and keeper", marks=pytest.mark.slow),
    ],
)
def test_whoever_is_killed_nothing_is_left_and_the_build_is_made_again(
    lab: Lab, mark: str, tmp_path: Path, victim: str
) -> None:
    lab.code("copy.sh", PARK + "time.sleep(600)")
    build = planned(lab)
    command = [sys.executable, "-c", RUN, lab.catalog.dsn, str(build), "2"]
    task = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    pids = tmp_path / "pids.all"
    until(pids.exists)
    code = int(pids.read_text().split()[0])
    found = dict(zip(("task", "keeper", "warden"), guards(code), strict=True))
    for name in victim.split(" and "):
        found[name].kill()
    said, _ = task.communicate(timeout=60)
    until(lambda: marked(mark) == [], 10)
    nothing_of_it(lab)
    if "task" in victim:
        assert task.returncode == -signal.SIGKILL
        until(lambda: reap_expired_leases(lab.catalog), 10)  # known within its lease
    else:
        assert "killed" in said
    pids.unlink()
    lab.code("copy.sh", COPY)
    lab.process()
    assert lab.newest("l1") == {"2020-01-01": "1.0.0"}
    assert [state for _, state, _ in lab.builds("mk_l1")] == ["built"]


@pytest.mark.fault(63)
def test_a_build_that_is_always_killed_is_held_for_a_person_and_the_others_go_on(
    lab: Lab,
) -> None:
    lab.settings(automatic_attempts=3)
    lab.code("copy.sh", f'#!/bin/sh\ncase "$1" in *20200101*) kill -9 $$;; esac\n{COPY[10:]}')
    lab.put_many("l0", [D1, date(2020, 1, 2), date(2020, 1, 3)])
    for _ in range(5):
        lab.process()
    states = {key: state for key, state, _ in lab.builds("mk_l1")}
    assert states == {"2020-01-01": "held", "2020-01-02": "built", "2020-01-03": "built"}
    [(reason, attempts)] = lab.rows(
        "select reason, attempts from headwater.build where state = 'held'"
    )
    assert attempts == 3
    assert str(reason).startswith(
        "failed 3 times with the same inputs and code: killed by signal 9"
    )


@pytest.mark.slow
@pytest.mark.fault(63)
def test_a_build_whose_task_dies_each_time_is_held_too(lab: Lab) -> None:
    """The attempt of a run whose process is gone counts, or it would be begun for ever."""
    lab.settings(automatic_attempts=2)
    build = planned(lab)
    lab.code("copy.sh", "#!/bin/sh\nsleep 60\n")
    command = [sys.executable, "-c", RUN, lab.catalog.dsn, str(build), "1"]
    for _ in range(2):
        task = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        until(lambda: lab.builds("mk_l1")[0][1] == "running")
        task.kill()
        task.wait()
        until(lambda: reap_expired_leases(lab.catalog), 20)
    [(_, state, reason)] = lab.builds("mk_l1")
    assert state == "held", reason
