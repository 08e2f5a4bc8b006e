"""How codes are run and reported: ends, logs, what cannot be started, odd names."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from keeper_trials import MakeCommand, eventually, run_one

from headwater.core.errors import ProcessingError
from headwater.processing.keeper.client import CodeCommand, EndedBy, Keeper


@pytest.mark.fault(43)
@pytest.mark.parametrize("code", [0, 1, 75, 255])
def test_an_exit_code_is_reported(keeper: Keeper, command: MakeCommand, code: int) -> None:
    ended = run_one(keeper, command("/bin/sh", "-c", f"exit {code}"))
    assert (ended.ended_by, ended.exit_code, ended.signal) == (EndedBy.EXIT, code, None)
    assert ended.reason == f"code /bin/sh ended with exit code {code}"
    assert ended.left_behind == 0
    assert not keeper.running


@pytest.mark.fault(44)
def test_a_signal_is_named(keeper: Keeper, command: MakeCommand) -> None:
    ended = run_one(keeper, command("/bin/sh", "-c", "kill -9 $$"))
    assert (ended.ended_by, ended.exit_code, ended.signal) == (EndedBy.SIGNAL, None, 9)
    assert ended.reason == "killed by signal 9 (SIGKILL)"


def test_time_memory_and_cpu_are_measured(
    keeper: Keeper, command: MakeCommand, script: Callable[..., str]
) -> None:
    before = datetime.now(UTC)
    burn = "import time\nb = bytearray(90_000_000)\nwhile time.process_time() < 0.3: pass\n"
    ended = run_one(keeper, command(script(burn)))
    assert before <= ended.started_at <= datetime.now(UTC)
    assert ended.wall_seconds >= 0.3
    assert ended.cpu_seconds >= 0.3
    assert ended.max_rss_bytes > 90_000_000


def test_the_log_is_command_line_dashes_and_output(
    keeper: Keeper, command: MakeCommand, tmp_path: Path
) -> None:
    text = "echo out; echo err >&2; read x || echo no input"
    run_one(keeper, command("/bin/sh", "-c", text))
    head, dashes, *output = (tmp_path / "1.prob").read_text().splitlines()
    assert head == f"/bin/sh -c '{text}'"
    assert dashes == "-" * 80
    assert output == ["out", "err", "no input"]


@pytest.mark.fault(24)
def test_a_log_is_capped_and_says_so(keeper: Keeper, command: MakeCommand, tmp_path: Path) -> None:
    text = "head -c 50000000 /dev/zero | tr '\\0' x >&2"
    ended = run_one(keeper, command("/bin/sh", "-c", text, log_limit=1_000_000))
    assert ended.exit_code == 0
    log = (tmp_path / "1.prob").read_bytes()
    assert log.count(b"x" * 1000) == 1000
    assert log.splitlines()[-1] == (
        b"-- 49000000 bytes of output were dropped: this log keeps 1000000 bytes"
    )
    assert len(log) < 1_001_000


def test_a_log_that_cannot_be_made_is_the_reason(
    keeper: Keeper, command: MakeCommand, tmp_path: Path
) -> None:
    made = command("/bin/true")
    log = str(tmp_path / "absent" / "x.prob")
    ended = run_one(keeper, CodeCommand("1", made.argv, made.cwd, log, None, made.environment))
    assert ended.ended_by is EndedBy.NOT_STARTED
    assert ended.reason == f"log {log} cannot be written: No such file or directory"


@pytest.mark.fault(45)
def test_a_time_limit_ends_the_code(keeper: Keeper, command: MakeCommand) -> None:
    ended = run_one(keeper, command("sleep", "60", time_limit=0.3))
    assert ended.ended_by is EndedBy.TIME_LIMIT
    assert ended.reason == "ran longer than its limit of 0.3 s"
    assert ended.signal == signal.SIGTERM


def test_a_missing_code_does_not_start(keeper: Keeper, command: MakeCommand) -> None:
    ended = run_one(keeper, command("/absent/code.py"))
    assert ended.ended_by is EndedBy.NOT_STARTED
    assert (ended.exit_code, ended.signal) == (None, None)
    assert ended.reason == "code /absent/code.py does not exist"


def test_a_code_without_permission_to_execute(
    keeper: Keeper, command: MakeCommand, script: Callable[..., str]
) -> None:
    path = script("", mode=0o600)
    ended = run_one(keeper, command(path))
    assert ended.ended_by is EndedBy.NOT_STARTED
    assert ended.reason == f"code {path} is not executable: Permission denied, chmod +x"


@pytest.mark.parametrize("first", ["#!/absent/python", "#!/bin/sh\r"])
def test_a_bad_interpreter_line(
    keeper: Keeper, command: MakeCommand, tmp_path: Path, first: str
) -> None:
    path = tmp_path / "code"
    path.write_text(f"{first}\n", newline="")
    path.chmod(0o700)
    ended = run_one(keeper, command(str(path)))
    assert ended.ended_by is EndedBy.NOT_STARTED
    assert f"names the interpreter {first[2:]!r}" in ended.reason


def test_a_text_without_interpreter_line(
    keeper: Keeper, command: MakeCommand, tmp_path: Path
) -> None:
    path = tmp_path / "code"
    path.write_text("echo no first line\n")
    path.chmod(0o700)
    ended = run_one(keeper, command(str(path)))
    assert ended.ended_by is EndedBy.NOT_STARTED
    assert "is not a program: its first line must name its interpreter" in ended.reason


def test_a_directory_as_code(keeper: Keeper, command: MakeCommand, tmp_path: Path) -> None:
    ended = run_one(keeper, command(str(tmp_path)))
    assert ended.ended_by is EndedBy.NOT_STARTED
    assert ended.reason == f"code {tmp_path} is a directory, not a program"


def test_a_missing_work_directory(keeper: Keeper, command: MakeCommand, tmp_path: Path) -> None:
    made = command("/bin/true")
    cwd = str(tmp_path / "absent")
    ended = run_one(keeper, CodeCommand("1", made.argv, cwd, made.log_path, None, made.environment))
    assert ended.ended_by is EndedBy.NOT_STARTED
    assert f"its work directory {cwd} does not exist" in ended.reason


def test_a_command_line_that_is_too_long(keeper: Keeper, command: MakeCommand) -> None:
    ended = run_one(keeper, command("/bin/true", *["x" * 100_000] * 40))
    assert ended.ended_by is EndedBy.NOT_STARTED
    assert "too long" in ended.reason


def test_a_zero_byte_in_an_argument(keeper: Keeper, command: MakeCommand) -> None:
    ended = run_one(keeper, command("/bin/true", "a\0b"))
    assert ended.ended_by is EndedBy.NOT_STARTED
    assert "its command line is unusable" in ended.reason
    assert run_one(keeper, command("/bin/true")).exit_code == 0


@pytest.mark.fault(70)
def test_odd_names_arrive_as_they_are(
    keeper: Keeper, command: MakeCommand, tmp_path: Path, script: Callable[..., str]
) -> None:
    odd = [" two  words ", "new\nline", os.fsdecode(b"not \xff UTF-8"), "üñ😀", "", "$HOME *"]
    text = "import os, sys\nopen('got', 'wb').write(b'\\0'.join(map(os.fsencode, sys.argv[1:])))"
    ended = run_one(keeper, command(script(text, name="odd code\n.py"), *odd))
    assert ended.exit_code == 0
    assert (tmp_path / "got").read_bytes() == b"\0".join(map(os.fsencode, odd))


@pytest.mark.fault(71)
def test_a_code_inherits_no_descriptor_and_no_blocked_signal(
    keeper: Keeper, command: MakeCommand, tmp_path: Path
) -> None:
    text = "ls /proc/self/fd | tr '\\n' ' '; grep -E 'SigBlk|SigIgn' /proc/self/status"
    run_one(keeper, command("/bin/sh", "-c", text))
    output = (tmp_path / "1.prob").read_text().splitlines()[2:]
    descriptors = output[0].split("Sig")[0].split()
    assert set(descriptors) <= {"0", "1", "2", "3"}  # 3 is the listing itself
    assert "0000000000000000" in output[0]
    of_the_c_library = 0b11 << 31  # 32 and 33, which posix_spawn itself leaves ignored
    assert int(output[1].split()[1], 16) & ~of_the_c_library == 0


@pytest.mark.fault(71)
def test_the_environment_is_the_commands_own(
    keeper: Keeper, command: MakeCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_CATALOG_URL", "postgresql://u:hidden@h/d")
    run_one(keeper, command("/usr/bin/env", extra={"MISSION": "demo"}))
    output = (tmp_path / "1.prob").read_text()
    assert "MISSION=demo" in output
    assert "hidden" not in output


@pytest.mark.fault(71)
def test_the_keepers_own_environment_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_CATALOG_URL", "postgresql://u:hidden@h/d")
    with Keeper() as keeper:
        assert keeper.pid is not None
        environ = Path(f"/proc/{keeper.pid}/environ")
        if os.access(environ, os.R_OK):
            assert eventually(lambda: b"keeper" in Path(f"/proc/{keeper.pid}/cmdline").read_bytes())
            assert b"hidden" not in environ.read_bytes()


def test_two_codes_run_at_the_same_time(
    keeper: Keeper, command: MakeCommand, tmp_path: Path
) -> None:
    wait = "touch {0}; while [ ! -e {1} ]; do sleep 0.05; done"
    keeper.start(command("/bin/sh", "-c", wait.format("a", "b"), key="1"))
    keeper.start(command("/bin/sh", "-c", wait.format("b", "a"), key="2"))
    assert keeper.running == {"1", "2"}
    ended = keeper.ended(10)
    while keeper.running:
        ended += keeper.ended(10)
    assert sorted(record.key for record in ended) == ["1", "2"]
    assert all(record.exit_code == 0 for record in ended)


def test_a_key_cannot_run_twice(keeper: Keeper, command: MakeCommand) -> None:
    keeper.start(command("sleep", "60"))
    with pytest.raises(ProcessingError, match="is running already"):
        keeper.start(command("sleep", "60"))


def test_waiting_ends_at_its_timeout_and_when_nothing_runs(
    keeper: Keeper, command: MakeCommand
) -> None:
    assert keeper.ended(None) == []
    keeper.start(command("sleep", "60"))
    assert keeper.ended(0.1) == []
    assert keeper.running == {"1"}


def test_a_hundred_codes_leave_no_descriptor_and_no_zombie(
    keeper: Keeper, command: MakeCommand
) -> None:
    def counts() -> tuple[int, int, int]:
        assert keeper.pid is not None
        process = psutil.Process(keeper.pid)
        children = process.children(recursive=True)
        return process.num_fds(), len(children), sum(child.num_fds() for child in children)

    for key in range(3):
        run_one(keeper, command("/bin/true", key=str(key)))
    before = counts()
    for key in range(100):
        assert run_one(keeper, command("/bin/true", key=str(key))).exit_code == 0
    assert counts() == before
