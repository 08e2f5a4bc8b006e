"""The local stack: its state folder, its supervisor, and one real boot of Airflow."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import typer
from typer.testing import CliRunner

from headwater.cli import stack_commands
from headwater.core.errors import StackError
from headwater.flows.airflow_rest import AirflowRefusedError, AirflowRest, AirflowUnavailableError
from headwater.local import doctor
from headwater.local.airflow_environment import airflow_environment
from headwater.local.finding import Check, Verdict
from headwater.local.home import ADMIN, SERVICE, LocalHome
from headwater.local.ports import free_port
from headwater.local.processes import MARK, end_all, find, members, record_of
from headwater.local.stack import LocalStack
from headwater.local.supervisor import Supervisor

DAG = """
from airflow.sdk import DAG, task

with DAG("greet", schedule=None):

    @task
    def hello():
        return 1

    @task
    def sleep():
        import subprocess

        subprocess.run(["sleep", "597"], start_new_session=True)

    hello() >> sleep()
"""
_PR_SET_CHILD_SUBREAPER = 36
PORTS = {"api": 1, "worker_logs": 2, "trigger_logs": 3}

app = typer.Typer()
for command in (stack_commands.up, stack_commands.down, stack_commands.doctor):
    app.command(command.__name__)(command)
cli = CliRunner()


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def adopt_nobody_after() -> Iterator[None]:
    """What runs the stack in this process adopts orphans; tests of other files count children."""
    yield
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture
def home(tmp_path: Path) -> LocalHome:
    home = LocalHome(tmp_path / "state")
    home.create()
    return home


# -- the state folder ------------------------------------------------------------------------


def test_secrets_are_made_once_and_closed_to_others(home: LocalHome) -> None:
    first = home.secrets()
    assert home.write_passwords() is True
    assert (LocalHome(home.root).secrets(), home.write_passwords()) == (first, False)
    assert mode(home.root) == 0o700
    assert (mode(home.secrets_file), mode(home.passwords_file)) == (0o600, 0o600)
    home.secrets_file.chmod(0o644)
    assert home.secrets() == first
    assert mode(home.secrets_file) == 0o600


def test_a_password_that_a_person_changed_is_kept(home: LocalHome) -> None:
    home.write_passwords()
    home.passwords_file.write_text(json.dumps({ADMIN: "mine"}))
    home.write_passwords()
    assert home.password(ADMIN) == "mine"
    assert home.password(SERVICE) == home.secrets().service


def test_a_damaged_secrets_file_is_one_sentence_and_is_not_replaced(home: LocalHome) -> None:
    home.secrets_file.write_text('{"jwt": ')
    with pytest.raises(StackError, match="is damaged: put a copy of it back"):
        home.secrets()
    assert home.secrets_file.read_text() == '{"jwt": '


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match="HEADWATER_HOME"):
        LocalHome(tmp_path / "file" / "state").create()


def test_the_folder_is_chosen_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWATER_HOME", str(tmp_path / "chosen"))
    assert LocalHome().root == tmp_path / "chosen"
    monkeypatch.delenv("HEADWATER_HOME")
    monkeypatch.chdir(tmp_path)
    assert LocalHome().root == tmp_path / ".headwater"


def test_starting_twice_names_the_process_and_the_address(home: LocalHome) -> None:
    home.write_state({"pid": 4711, "url": "http://127.0.0.1:9"})
    with home.lock():
        for start in (LocalStack(home).start, LocalStack(home).serve):
            with pytest.raises(StackError, match=r"process 4711, UI http://127\.0\.0\.1:9"):
                start()
    assert not home.is_locked()


def test_the_airflow_environment_is_this_stacks_and_keeps_bytecode(
    home: LocalHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "16")
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(home.root))
    home.write_passwords()
    made = airflow_environment(
        home, PORTS, airflow_url="postgresql+psycopg2://a", catalog_url="postgresql+psycopg://c"
    )
    assert "PYTHONDONTWRITEBYTECODE" not in made
    assert made["AIRFLOW__CORE__PARALLELISM"] == "16"
    assert made["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert made["AIRFLOW_CONN_HEADWATER_CATALOG"] == "postgresql://c"
    account = json.loads(made["AIRFLOW_CONN_HEADWATER_AIRFLOW"])
    assert (account["login"], account["port"]) == (SERVICE, 1)


# -- the supervisor --------------------------------------------------------------------------


@pytest.fixture
def supervised(home: LocalHome) -> Iterator[tuple[Supervisor, list[str]]]:
    lines: list[str] = []
    supervisor = Supervisor({**os.environ, MARK: str(home.root)}, lines.append)
    yield supervisor, lines
    supervisor.stop(tuple(supervisor.children), grace=2)
    end_all(members(home.root), grace=1)


def test_a_dead_child_is_started_again_and_what_it_forked_is_ended(
    supervised: tuple[Supervisor, list[str]], home: LocalHome
) -> None:
    supervisor, lines = supervised
    child = supervisor.start("two", ["sh", "-c", "sleep 601 & sleep 602"], home.logs / "two.log")
    assert wait_until(lambda: len(members(home.root)) == 3)
    assert child.process is not None
    former = [process.pid for process in members(home.root)]
    child.process.kill()
    assert wait_until(lambda: supervisor.check() and child.restarts == 1)
    assert wait_until(lambda: len(members(home.root)) == 3)
    assert not set(former) & {process.pid for process in members(home.root)}
    assert "two ended (signal 9)" in lines[0]
    assert "restart 1" in lines[1]


def test_a_child_that_does_not_stay_up_is_named_with_its_log(
    supervised: tuple[Supervisor, list[str]], home: LocalHome
) -> None:
    supervisor, lines = supervised
    supervisor.start("broken", ["false"], home.logs / "broken.log")
    with pytest.raises(StackError, match=r"broken does not stay up: .*broken\.log"):
        while len(lines) < 20:
            supervisor.check()
            supervisor.give_up_on(1)
            time.sleep(0.05)


def test_a_child_that_ignores_the_wish_to_end_is_killed(
    supervised: tuple[Supervisor, list[str]], home: LocalHome
) -> None:
    supervisor, lines = supervised
    supervisor.start("deaf", ["sh", "-c", "trap '' TERM; sleep 603"], home.logs / "deaf.log")
    assert wait_until(lambda: len(members(home.root)) == 2)
    supervisor.stop(("deaf",), grace=0.5)
    assert lines[-1] == "deaf does not end by itself: killed"
    assert wait_until(lambda: members(home.root) == [])


def test_a_pid_that_was_given_to_another_program_is_not_ours() -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        record = record_of(other.pid)
        assert find(record) is not None
        assert find({**record, "started": record["started"] - 60}) is None
    finally:
        other.kill()
        other.wait()


def test_what_left_its_session_is_still_found_and_ended(home: LocalHome) -> None:
    # the marked child ends at once; its grandchild has a session of its own
    subprocess.run(
        ["sh", "-c", "setsid sleep 604 >/dev/null 2>&1 &"],
        env={**os.environ, MARK: str(home.root)},
        check=True,
    )
    assert wait_until(lambda: len(members(home.root)) == 1)
    assert LocalStack(home).stop() is True
    assert members(home.root) == []
    assert LocalStack(home).stop() is False


# -- what can be said without a stack -----------------------------------------------------------


def test_a_given_port_that_is_taken_is_one_sentence_and_nothing_is_left(home: LocalHome) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = cli.invoke(app, ["up", "--home", str(home.root), "--port", str(port)])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Port {port} for the UI cannot be used")
    assert "Traceback" not in done.output
    assert LocalStack(home).status().phase == "failed"
    assert not home.is_locked()


def test_down_without_a_stack_says_so(home: LocalHome) -> None:
    done = cli.invoke(app, ["down", "--home", str(home.root)])
    assert (done.exit_code, done.stdout) == (0, "nothing was running\n")


def test_an_unknown_option_is_wrong_use() -> None:
    assert cli.invoke(app, ["doctor", "--nonsense"]).exit_code == 2


def verdict(found: list[Check], name: str) -> Verdict:
    return next(check.verdict for check in found if check.name == name)


def test_doctor_names_what_is_wrong_and_what_mends_it(
    home: LocalHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HEADWATER_CATALOG_URL", raising=False)
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    home.secrets()
    assert verdict(doctor.examine(home), "home") is Verdict.OK
    home.root.chmod(0o755)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("HEADWATER_CATALOG_URL", f"postgresql://u:p@127.0.0.1:{free_port()}/none")
    done = cli.invoke(app, ["doctor", "--home", str(home.root), "--json"])
    found = {check["name"]: check for check in json.loads(done.stdout)}
    assert done.exit_code == 1
    assert found["home"]["fix"] == f"chmod go-rwx {home.root}"
    assert found["bytecode"]["verdict"] == "warning"
    assert "does not answer" in found["catalog"]["text"]
    assert found["stack"]["fix"] == "headwater up"
    assert found["postgres"]["verdict"] == "ok"
    assert "PostgreSQL" in found["postgres"]["text"]


def test_doctor_says_when_a_stack_was_killed(home: LocalHome) -> None:
    gone = subprocess.Popen(["sleep", "0"])
    record = record_of(gone.pid)
    gone.wait()
    home.write_state({"pid": gone.pid, "record": record, "phase": "ready"})
    check = doctor.check_stack(LocalStack(home))
    assert (check.verdict, check.fix) == (Verdict.PROBLEM, "headwater down; headwater up")


@pytest.mark.parametrize(
    ("names", "expected", "text"),
    [
        (["headwater"], Verdict.OK, "loaded once"),
        (["other"], Verdict.PROBLEM, "not loaded"),
        (["headwater", "headwater"], Verdict.PROBLEM, "loaded 2 times"),
    ],
)
def test_doctor_counts_the_plug_in(
    names: list[str], expected: Verdict, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = AirflowRest("http://127.0.0.1:1", "a", "b")
    monkeypatch.setattr(rest, "plugins", lambda: [{"name": name} for name in names])
    check = doctor.check_plugin(rest)
    assert check.verdict is expected
    assert text in check.text


def test_doctor_names_a_dag_file_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = AirflowRest("http://127.0.0.1:1", "a", "b")
    error = {"filename": "missions.py", "stack_trace": "Traceback\n  line 1\nKeyError: 'x'\n"}
    monkeypatch.setattr(rest, "import_errors", lambda: [error])
    check = doctor.check_dags(rest)
    assert (check.verdict, check.text) == (Verdict.PROBLEM, "missions.py: KeyError: 'x'")


def test_no_answer_from_airflow_is_one_sentence() -> None:
    with AirflowRest(f"http://127.0.0.1:{free_port()}", "a", "b") as rest:
        with pytest.raises(AirflowUnavailableError, match="headwater doctor"):
            rest.health()
        with pytest.raises(AirflowUnavailableError, match="headwater doctor"):
            rest.dag("any")


# -- one real boot -------------------------------------------------------------------------------


@pytest.mark.airflow
@pytest.mark.fault(14, 53)
def test_boot_trouble_and_end_of_a_real_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One boot serves for many questions: it costs half a minute of both cores."""
    dags = tmp_path / "dags"
    dags.mkdir()
    (dags / "greet.py").write_text(DAG)
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(dags))
    monkeypatch.delenv("HEADWATER_CATALOG_URL", raising=False)
    home = LocalHome(tmp_path / "state")
    stack, lines = LocalStack(home), list[str]()
    try:
        stack.start(free_port(), report=lines.append, tied=True)
        with capsys.disabled():
            print(f"\n{lines[-1]}")
        assert all(
            any(f"{n} healthy" in line for line in lines) for n in ("scheduler", "triggerer")
        )
        password = f"password: {home.password(ADMIN)}"
        assert any(line.startswith(password) for line in stack.sign_in_lines())
        assert all(home.password(ADMIN) not in p.read_text() for p in home.logs.glob("*.log"))
        again = cli.invoke(app, ["up", "--home", str(home.root)])
        assert again.exit_code == 1
        assert f"process {stack.status().pid}" in again.stderr
        _rest_speaks_to_this_airflow(stack)
        _doctor_looks_into_the_running_stack(stack)
        _a_killed_scheduler_comes_back(stack)
        _a_killed_postgres_comes_back(stack)
        _down_leaves_no_process(stack)
        _the_second_start_survives_a_killed_supervisor(stack)
    finally:
        stack.stop()
    assert members(home.root, home.postgres_data) == []


def _rest_speaks_to_this_airflow(stack: LocalStack) -> None:
    with stack.rest() as rest:
        assert wait_until(lambda: [dag["dag_id"] for dag in rest.dags()] == ["greet"])
        for slots in (2, 3):
            rest.ensure_pool("m.cpu", slots, "cores")
        assert {pool["name"]: pool["slots"] for pool in rest.pools()}["m.cpu"] == 3
        with pytest.raises(AirflowRefusedError, match=r"404.*'absent' not found") as refused:
            rest.trigger("absent")
        assert refused.value.status == 404
        with pytest.raises(AirflowRefusedError, match="not a partitioned"):
            rest.trigger("greet", partition_key="2026-01-01")
        run = rest.trigger("greet", conf={"a": 1}, note="by a test")
        for _ in range(2):
            rest.reparse(rest.dag("greet")["file_token"])
        rest._token = "of an earlier secret"
        wanted = {"hello": "success", "sleep": "running"}

        def states() -> dict[str, str]:
            found = rest.task_instances("greet", run["dag_run_id"])
            return {task["task_id"]: task["state"] for task in found}

        assert wait_until(lambda: states() == wanted)
        assert rest.run("greet", run["dag_run_id"])["note"] == "by a test"
        assert len(rest.runs("greet", ["running"])) == 1
        assert rest.runs("greet", ["failed"]) == []
        assert (rest.import_errors(), rest.asset_events()) == ([], [])
    with (
        AirflowRest(stack.status().url, ADMIN, "wrong") as stranger,
        pytest.raises(AirflowRefusedError, match="does not let 'admin' in"),
    ):
        stranger.dags()


def _doctor_looks_into_the_running_stack(stack: LocalStack) -> None:
    pools = [{"name": "m.cpu", "slots": 3}, {"name": "m.site", "slots": 1}]
    (stack.home.snapshots / "m.json").write_text(json.dumps({"pools": pools}))
    found = {check.name: check for check in doctor.examine(stack.home)}
    for name in ("stack", "catalog", "airflow", "dags", "home"):
        assert found[name].verdict is Verdict.OK, found[name]
    assert found["pools"].verdict is Verdict.PROBLEM
    assert "m.site" in found["pools"].text
    assert "m.cpu" not in found["pools"].text


def _a_killed_scheduler_comes_back(stack: LocalStack) -> None:
    killed_at = time.time()
    former = stack.home.read_state()["children"]["scheduler"]["pid"]
    workers = psutil.Process(former).children(recursive=True)
    os.kill(former, signal.SIGKILL)
    children = lambda: stack.home.read_state()["children"]  # noqa: E731 - read anew each time
    assert wait_until(lambda: children().get("scheduler", {}).get("pid", former) != former)
    with stack.rest() as rest:

        def beats() -> bool:
            beat = rest.health()["scheduler"].heartbeat
            return beat is not None and beat.timestamp() > killed_at + 1

        assert wait_until(beats)
    assert [worker for worker in workers if worker.is_running()] == []
    assert any("scheduler ended (signal 9)" in s for s in stack.home.read_state()["steps"])


def _a_killed_postgres_comes_back(stack: LocalStack) -> None:
    killed_at = time.time()
    former = psutil.Process(stack.home.read_state()["children"]["postgres"]["pid"])
    for process in (former, *former.children(recursive=True)):
        process.kill()
    with stack.rest() as rest:

        def healthy() -> bool:
            try:
                found = rest.health()
            except (AirflowRefusedError, AirflowUnavailableError):
                return False
            beats = [part.heartbeat for part in found.values() if part.heartbeat]
            return len(beats) == 3 and all(beat.timestamp() > killed_at + 1 for beat in beats)

        assert wait_until(healthy, 120)
    assert any("Postgres ended" in step for step in stack.home.read_state()["steps"])


def _down_leaves_no_process(stack: LocalStack) -> None:
    runner = psutil.Process(stack.status().pid)
    tree = [runner, *runner.children(recursive=True)]
    done = cli.invoke(app, ["down", "--home", str(stack.home.root)])
    assert done.exit_code == 0, done.output
    assert [process for process in tree if process.is_running()] == []
    assert members(stack.home.root, stack.home.postgres_data) == []
    assert stack.status().phase == "stopped"


def _the_second_start_survives_a_killed_supervisor(stack: LocalStack) -> None:
    """Kill the supervisor in the middle of a start: `down` ends what is left."""
    url = stack.status().url
    stack.start(wait=False)
    assert wait_until(lambda: len(stack.status().children) == 5)
    assert stack.status().url == url
    assert not any(line.startswith("password:") for line in stack.sign_in_lines())
    pid = stack.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert wait_until(lambda: stack.status().phase == "killed")
    stack.stop()
    assert members(stack.home.root, stack.home.postgres_data) == []


@pytest.mark.airflow
def test_ctrl_c_in_the_middle_of_a_first_start_leaves_no_process_and_can_be_repeated(
    home: LocalHome,
) -> None:
    program = "from headwater.local.stack import LocalStack as S; S().serve(report=print)"
    environment = {
        **os.environ,
        "HEADWATER_HOME": str(home.root),
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PYTHONUNBUFFERED": "1",
    }
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment
        ) as started:
            assert started.stdout is not None
            seen = ""
            while "catalog schema ready" not in seen:  # Airflow's schema is being made now
                seen = started.stdout.readline()
                assert seen, "it ended by itself"
            started.send_signal(signal.SIGINT)
            rest = started.stdout.read()
        assert started.returncode == 0
        assert rest.endswith("stopped\n")
        assert members(home.root, home.postgres_data) == []


def test_the_runner_is_a_program_of_its_own(tmp_path: Path) -> None:
    """It refuses a home that is a file with one sentence, as its caller expects."""
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "headwater.local.runner", str(tmp_path / "file")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 1
    assert "cannot be used" in done.stdout
