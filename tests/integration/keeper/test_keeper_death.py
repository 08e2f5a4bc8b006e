"""What dies when something is cancelled or killed: everything below it, within seconds."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from keeper_trials import MakeCommand, eventually, is_dead, marked_processes, run_one, wait_for_file

from headwater.processing.keeper.client import EndedBy, Keeper

STUBBORN = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
with open("pids", "a") as pids:
    print(os.getpid(), file=pids, flush=True)
    for step in range(6):
        if os.fork() == 0:
            if step % 2: os.setsid()
            if step > 3 and os.fork(): os._exit(0)
            print(os.getpid(), file=pids, flush=True)
            break
while True:
    if os.getsid(0) == os.getpid():
        if os.fork() == 0: os._exit(0)
        os.wait()
    time.sleep(0.005)
"""
"""Ignores SIGTERM, forks children, some in sessions of their own, which go on forking."""

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print(os.getpid(), file=open("pids", "w"), flush=True)
        time.sleep(600)
    os._exit(0)
os.wait()
while not os.path.exists("pids") or not open("pids").read().endswith("\\n"): time.sleep(0.01)
"""


def pids_of(path: Path, count: int) -> list[int]:
    return [int(word) for word in wait_for_file(path, count)]


def warden_of(pid: int) -> psutil.Process:
    parent = psutil.Process(pid).parent()
    assert parent is not None
    return parent


@pytest.mark.fault(11, 59)
def test_cancel_kills_a_code_that_ignores_sigterm_and_forks(
    keeper: Keeper, command: MakeCommand, script: Callable[..., str], tmp_path: Path
) -> None:
    keeper.start(command(script(STUBBORN)))
    pids = pids_of(tmp_path / "pids", 7)
    started = time.monotonic()
    keeper.cancel("1", "marked failed by anna")
    (ended,) = keeper.ended(10)
    assert time.monotonic() - started < 5  # the promise of DESIGN 8, not a measure of speed
    assert (ended.ended_by, ended.reason) == (EndedBy.CANCEL, "marked failed by anna")
    assert ended.signal == signal.SIGKILL
    assert all(map(is_dead, pids))


@pytest.mark.fault(45)
def test_a_time_limit_kills_the_descendants_too(
    keeper: Keeper, command: MakeCommand, script: Callable[..., str], tmp_path: Path
) -> None:
    ended = run_one(keeper, command(script(STUBBORN), time_limit=1.0))
    assert ended.ended_by is EndedBy.TIME_LIMIT
    assert all(map(is_dead, pids_of(tmp_path / "pids", 1)))


def test_a_code_may_clean_up_on_sigterm(
    keeper: Keeper, command: MakeCommand, tmp_path: Path
) -> None:
    text = "trap 'echo cleaned > clean; exit 4' TERM; touch up; while :; do sleep 0.05; done"
    keeper.start(command("/bin/sh", "-c", text))
    assert eventually((tmp_path / "up").exists)
    keeper.cancel("1")
    (ended,) = keeper.ended(10)
    assert (ended.ended_by, ended.exit_code) == (EndedBy.CANCEL, 4)
    assert (tmp_path / "clean").read_text() == "cleaned\n"


@pytest.mark.fault(49)
def test_a_daemon_left_behind_is_killed_and_counted(
    keeper: Keeper, command: MakeCommand, script: Callable[..., str], tmp_path: Path
) -> None:
    ended = run_one(keeper, command(script(DAEMON)))
    assert (ended.ended_by, ended.exit_code, ended.left_behind) == (EndedBy.EXIT, 0, 1)
    assert "1 process(es) that it left behind were killed" in ended.reason
    assert all(map(is_dead, pids_of(tmp_path / "pids", 1)))


def test_a_child_that_ends_a_moment_later_is_not_left_behind(
    keeper: Keeper, command: MakeCommand, tmp_path: Path
) -> None:
    ended = run_one(keeper, command("/bin/sh", "-c", "(sleep 0.05; echo last) & exit 0"))
    assert ended.left_behind == 0
    assert (tmp_path / "1.prob").read_text().endswith("last\n")


def test_cancel_of_one_code_leaves_the_other(keeper: Keeper, command: MakeCommand) -> None:
    keeper.start(command("sleep", "60", key="1"))
    keeper.start(command("sleep", "0.5", key="2"))
    keeper.cancel("1")
    keeper.cancel("no such key")
    ended = keeper.ended(10)
    while keeper.running:
        ended += keeper.ended(10)
    assert {record.key: record.ended_by for record in ended} == {
        "1": EndedBy.CANCEL,
        "2": EndedBy.EXIT,
    }


def test_cancel_all_from_a_signal_handler(
    keeper: Keeper, command: MakeCommand, script: Callable[..., str], tmp_path: Path
) -> None:
    keeper.start(command(script(STUBBORN), key="1"))
    keeper.start(command("sleep", "60", key="2"))
    pids = pids_of(tmp_path / "pids", 7)
    former = signal.signal(signal.SIGUSR2, lambda number, frame: keeper.cancel_all())
    try:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR2)).start()
        ended = keeper.ended(10)
        while keeper.running:
            ended += keeper.ended(10)
    finally:
        signal.signal(signal.SIGUSR2, former)
    assert {record.key: record.ended_by for record in ended} == {
        "1": EndedBy.CANCEL,
        "2": EndedBy.CANCEL,
    }
    assert all(map(is_dead, pids))
    assert run_one(keeper, command("/bin/true")).ended_by is EndedBy.CANCEL


def test_leaving_the_keeper_kills_what_runs(
    command: MakeCommand, script: Callable[..., str], tmp_path: Path
) -> None:
    with Keeper() as keeper:
        keeper.start(command(script(STUBBORN)))
        pids = pids_of(tmp_path / "pids", 7)
    assert all(map(is_dead, pids))


PARENT = """
import os, sys, time
from headwater.processing.keeper.client import CodeCommand, Keeper
with Keeper() as keeper:
    for key in sys.argv[1:]:
        keeper.start(CodeCommand(key, (key,), os.getcwd(), key + ".prob", None, dict(os.environ)))
    sibling = os.fork()  # it keeps our end of the socket open
    if sibling:
        print(sibling, file=open("sibling", "w"), flush=True)
    time.sleep(600)
"""


@pytest.mark.fault(11, 49)
def test_kill_of_the_parent_kills_everything(
    script: Callable[..., str], tmp_path: Path, mark: str
) -> None:
    daemon = DAEMON.replace('"pids"', '"daemon pids"')
    codes = [script(STUBBORN, name="stubborn"), script(f"{daemon}time.sleep(600)", name="daemon")]
    (tmp_path / "parent.py").write_text(PARENT)
    parent = subprocess.Popen([sys.executable, "parent.py", *codes], cwd=tmp_path)
    try:
        pids = pids_of(tmp_path / "pids", 7) + pids_of(tmp_path / "daemon pids", 1)
    finally:
        parent.kill()
        parent.wait()
    (sibling,) = pids_of(tmp_path / "sibling", 1)
    try:
        assert eventually(lambda: all(map(is_dead, pids)), 5)
        assert eventually(lambda: [left.pid for left in marked_processes(mark)] == [sibling], 5)
    finally:
        os.kill(sibling, signal.SIGKILL)


@pytest.mark.fault(44)
def test_kill_of_the_keeper_kills_the_codes_and_is_told(
    keeper: Keeper, command: MakeCommand, script: Callable[..., str], tmp_path: Path
) -> None:
    keeper.start(command(script(STUBBORN), key="1"))
    keeper.start(command("sleep", "60", key="2"))
    pids = pids_of(tmp_path / "pids", 7)
    former = keeper.pid
    assert former is not None
    os.kill(former, signal.SIGKILL)
    ended = keeper.ended(10)
    assert sorted(record.key for record in ended) == ["1", "2"]
    for record in ended:
        assert record.ended_by is EndedBy.SIGNAL
        assert record.reason == "the keeper died (signal 9 (SIGKILL)), the code was killed"
    assert all(map(is_dead, pids))  # dead when it is told, not some time later
    assert run_one(keeper, command("/bin/true", key="3")).exit_code == 0
    assert keeper.pid != former


@pytest.mark.fault(44)
def test_kill_of_a_warden_kills_its_code_only(
    keeper: Keeper, command: MakeCommand, script: Callable[..., str], tmp_path: Path
) -> None:
    keeper.start(command(script(STUBBORN), key="1"))
    pids = pids_of(tmp_path / "pids", 7)
    keeper.start(command("sleep", "1", key="2"))
    warden_of(pids[0]).kill()
    (first,) = keeper.ended(10)
    assert (first.key, first.ended_by, first.signal) == ("1", EndedBy.SIGNAL, 9)
    assert "the process that guards the code died" in first.reason
    assert all(map(is_dead, pids))
    (second,) = keeper.ended(10)
    assert (second.key, second.exit_code) == ("2", 0)
    assert run_one(keeper, command("/bin/true", key="3")).exit_code == 0


def test_kill_of_an_idle_warden_that_the_keeper_has_noticed_costs_nothing(
    keeper: Keeper, command: MakeCommand, tmp_path: Path
) -> None:
    run_one(keeper, command("/bin/sh", "-c", "echo $PPID > pids"))
    (warden,) = pids_of(tmp_path / "pids", 1)
    os.kill(warden, signal.SIGKILL)
    assert eventually(lambda: not psutil.pid_exists(warden)), "the keeper reaps it"
    assert run_one(keeper, command("/bin/true")).exit_code == 0


def test_a_cancel_that_comes_before_the_code_is_started(
    keeper: Keeper, command: MakeCommand, tmp_path: Path
) -> None:
    run_one(keeper, command("/bin/sh", "-c", "echo $PPID > pids"))
    (warden,) = pids_of(tmp_path / "pids", 1)
    os.kill(warden, signal.SIGSTOP)
    keeper.start(command("touch", "started"))
    keeper.cancel("1")
    assert keeper.ended(0.3) == []
    os.kill(warden, signal.SIGCONT)
    (ended,) = keeper.ended(10)
    assert ended.ended_by is EndedBy.CANCEL
    assert not (tmp_path / "started").exists()


def test_a_keeper_that_is_told_to_stop_ends_its_codes(keeper: Keeper, command: MakeCommand) -> None:
    keeper.start(command("sleep", "60"))
    assert keeper.ended(0.3) == []
    assert keeper.pid is not None
    os.kill(keeper.pid, signal.SIGTERM)
    (ended,) = keeper.ended(10)
    assert (ended.ended_by, ended.reason) == (EndedBy.CANCEL, "the keeper was told to stop")


def test_a_keeper_outlives_the_thread_that_made_it(command: MakeCommand) -> None:
    made: list[Keeper] = []
    maker = threading.Thread(target=lambda: made.append(Keeper().__enter__()))
    maker.start()
    maker.join()
    (keeper,) = made
    try:
        ended = run_one(keeper, command("sleep", "0.3"))
        assert ended.exit_code == 0
    finally:
        keeper.close()
