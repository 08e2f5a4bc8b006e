"""The embedded Postgres: a real server, real crashes, real users."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from headwater.core.errors import StackError
from headwater.local import postgres as module
from headwater.local import postgres_user
from headwater.local.postgres import LocalPostgres, processes_in

FAST = {"fsync": "off"}
SOURCES = str(Path(module.__file__).parents[2])
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root must change its user")


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LocalPostgres]:
    with LocalPostgres(tmp_path / "data", settings=FAST) as running:
        yield running


def make_rows(server: LocalPostgres, count: int) -> None:
    with psycopg.connect(server.dsn("postgres")) as connection:
        connection.execute("create table seen (number int)")
        connection.execute("insert into seen select generate_series(1, %s)", (count,))


def rows(server: LocalPostgres) -> int:
    with psycopg.connect(server.dsn("postgres")) as connection:
        found = connection.execute("select count(*) from seen").fetchone()
        assert found is not None
        return int(found[0])


def kill_all(server: LocalPostgres) -> None:
    assert server.pid is not None
    leader = psutil.Process(server.pid)
    group = [leader, *leader.children(recursive=True)]
    for process in group:
        process.kill()
    psutil.wait_procs(group, timeout=10)


def test_stop_leaves_no_process_and_keeps_the_rows(tmp_path: Path) -> None:
    server = LocalPostgres(tmp_path / "data", settings=FAST)
    server.start()
    make_rows(server, 10)
    server.stop()
    assert not server.is_running
    assert processes_in(tmp_path / "data") == []
    server.start()
    assert rows(server) == 10
    server.stop()


def test_committed_rows_survive_a_kill_of_every_process(tmp_path: Path) -> None:
    server = LocalPostgres(tmp_path / "data")  # with fsync: this is about durability
    server.start()
    make_rows(server, 200)
    kill_all(server)
    assert (tmp_path / "data" / "postmaster.pid").exists()
    server.start()
    assert rows(server) == 200
    server.stop()


def test_a_pid_file_that_names_another_program_is_no_obstacle(server: LocalPostgres) -> None:
    make_rows(server, 3)
    kill_all(server)
    pid_file = server.data_dir / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    other = subprocess.Popen(["sleep", "60"])
    try:
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        server.start()
        assert rows(server) == 3
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_second_server_on_the_same_data_is_refused_with_the_pid(
    server: LocalPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FORMER_SECONDS", 0.2)
    with pytest.raises(StackError, match=f"pid {server.pid}"):
        LocalPostgres(server.data_dir, settings=FAST).start()
    assert server.is_running


def test_tcp_and_socket_both_ask_for_the_password(server: LocalPostgres) -> None:
    assert server.socket_dir == server.data_dir
    for host in ("127.0.0.1", str(server.socket_dir)):
        place = {"host": host, "port": server.port, "user": module.USER, "dbname": "postgres"}
        psycopg.connect(make_conninfo(**place, password=server.password)).close()
        for wrong in ({"password": "wrong"}, {}):
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(make_conninfo(**place, **wrong))


def test_it_listens_on_the_loopback_address_only(server: LocalPostgres) -> None:
    assert server.pid is not None
    listening = {
        connection.laddr.ip
        for connection in psutil.Process(server.pid).net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_the_password_is_kept_for_its_owner_alone(server: LocalPostgres) -> None:
    kept = server.data_dir.with_name("data.password")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.read_text() == server.password
    assert server.password not in server.log.read_text()


def test_another_password_than_the_servers_is_one_sentence(server: LocalPostgres) -> None:
    server.stop()
    with pytest.raises(StackError, match="has another password"):
        LocalPostgres(server.data_dir, settings=FAST, password="other").start()
    assert processes_in(server.data_dir) == []


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(StackError, match=f"Port {port} for Postgres"):
            LocalPostgres(tmp_path / "data", port, settings=FAST).start()


def test_data_that_postgres_refuses_is_one_sentence_with_the_log(server: LocalPostgres) -> None:
    server.stop()
    (server.data_dir / "PG_VERSION").write_text("9\n")
    with pytest.raises(StackError, match=r"did not start: .*data\.log"):
        server.start()


def test_a_half_made_data_folder_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "data.new").mkdir()
    (tmp_path / "data.new" / "PG_VERSION").write_text("16\n")
    with LocalPostgres(tmp_path / "data", settings=FAST) as server:
        make_rows(server, 1)
    assert not (tmp_path / "data.new").exists()


def test_a_folder_too_deep_for_a_socket_is_served_by_tcp(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with LocalPostgres(deep / "data", settings=FAST) as server:
        assert server.socket_dir is None
        make_rows(server, 1)


def test_a_database_is_made_once_whatever_its_name(server: LocalPostgres) -> None:
    for _ in range(2):
        server.ensure_database('a "quoted" name')
    with psycopg.connect(server.dsn('a "quoted" name')) as connection:
        found = connection.execute("show timezone").fetchone()
    assert found == ("UTC",)


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from headwater.local.postgres import LocalPostgres\n"
        "server = LocalPostgres(Path(sys.argv[1])); server.start()\n"
        "print(server.pid, flush=True); time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": SOURCES},
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert psutil.pid_exists(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: processes_in(tmp_path / "data") == [])


@as_root
@pytest.mark.parametrize("way", ["namespace", "nobody"])
def test_as_root_below_a_folder_that_only_root_may_enter(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    refusal = postgres_user._refusal(way, closed, module.binaries() / "postgres")
    if refusal:
        pytest.skip(f"this system does not allow it: {refusal}")
    monkeypatch.setattr(module, "user_for", lambda folder, program: way)
    with LocalPostgres(closed / "data", settings=FAST) as server:
        make_rows(server, 5)
        kill_all(server)
        server.start()
        assert rows(server) == 5
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert (closed / "data").stat().st_uid == (65534 if way == "nobody" else 0)


@as_root
def test_data_made_in_one_way_can_be_opened_in_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = [
        w
        for w in ("nobody", "namespace")
        if not postgres_user._refusal(w, tmp_path, module.binaries() / "postgres")
    ]
    if len(ways) < 2:
        pytest.skip("this system allows only one way to run Postgres as root")
    server = LocalPostgres(tmp_path / "data", settings=FAST)
    for count, way in enumerate((*ways, *ways)):
        monkeypatch.setattr(module, "user_for", lambda folder, program, way=way: way)
        server.start()
        if count == 0:
            make_rows(server, 7)
        assert rows(server) == 7
        server.stop()


@as_root
def test_as_root_with_no_way_to_change_user_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_user, "_refusal", lambda way, folder, program: "forbidden")
    with pytest.raises(StackError, match=r"as namespace: forbidden.*ordinary user"):
        LocalPostgres(tmp_path / "data", settings=FAST).start()


@as_root
def test_as_an_ordinary_user() -> None:
    python = _python_of_everybody()
    folder = Path(tempfile.mkdtemp(prefix="headwater-test-"))
    program = (
        "import sys, psycopg; from pathlib import Path\n"
        "from headwater.local.postgres import LocalPostgres\n"
        "with LocalPostgres(Path(sys.argv[1]) / 'data', settings={'fsync': 'off'}) as server:\n"
        "    psycopg.connect(server.dsn('postgres')).close(); print('served')\n"
    )
    try:
        os.chown(folder, 65534, 65534)
        done = subprocess.run(
            [python, "-c", program, str(folder)],
            user=65534,
            group=65534,
            extra_groups=[],
            env={"PYTHONPATH": os.pathsep.join([SOURCES, _packages()]), "HOME": str(folder)},
            capture_output=True,
            text=True,
            cwd=folder,
        )
        assert (done.stdout, done.returncode) == ("served\n", 0), done.stderr
        assert (folder / "data").stat().st_uid == 65534
        assert processes_in(folder / "data") == []
    finally:
        shutil.rmtree(folder)


def _packages() -> str:
    return str(Path(psycopg.__file__).parents[1])


def _python_of_everybody() -> str:
    """A Python of this version that another user can run, with our packages."""
    same = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    candidates = (sys.executable, shutil.which(same, path="/usr/local/bin:/usr/bin:/bin"))
    for python in filter(None, candidates):
        with suppress(PermissionError):
            done = subprocess.run(
                [python, "-c", "import psycopg, psutil, sqlalchemy, headwater"],
                user=65534,
                group=65534,
                extra_groups=[],
                env={"PYTHONPATH": os.pathsep.join([SOURCES, _packages()])},
                capture_output=True,
                cwd="/",
            )
            if done.returncode == 0:
                return str(python)
    pytest.skip(f"no {same} with our packages can be read by another user here")
