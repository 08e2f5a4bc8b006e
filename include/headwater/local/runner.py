"""The process that is the local stack: it starts Postgres and Airflow, watches and stops them.

Run in the foreground by ``headwater up``, or in the background as
``python -m headwater.local.runner HOME [PORT]``.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

import psutil

from headwater.catalog.connection import Catalog
from headwater.catalog.schema import upgrade
from headwater.core.errors import HeadwaterError, StackError
from headwater.flows.airflow_rest import AirflowRest
from headwater.local.airflow_environment import (
    AIRFLOW_DATABASE,
    CATALOG_DATABASE,
    airflow_command,
    airflow_environment,
    write_airflow_files,
)
from headwater.local.airflow_state import AirflowSchema, healthy_since
from headwater.local.home import SERVICE, LocalHome
from headwater.local.ports import LOOPBACK, free_port, given_port, is_free
from headwater.local.postgres import LocalPostgres
from headwater.local.processes import (
    MARK,
    adopt_orphans,
    end_all,
    members,
    reap_orphans,
    record_of,
)
from headwater.local.supervisor import Report, Supervisor

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
"""Airflow's parts, as their commands are named."""

_USUAL_PORT = 8080
_READY_WITHIN = 300.0  # seconds; a loaded machine may need minutes, a broken one never ends


class _StopRequested(Exception):  # noqa: N818 - not an error: somebody asked us to end
    """SIGTERM or SIGINT came."""


class StackRunner:
    """One run of the stack, from lock to clean end.

    Parameters
    ----------
    home : the state folder.
    port : of the UI; None keeps the last one, else 8080, else a free one.
    report : told of each step, with the seconds since the start.
    on_ready : called once, when everything is healthy.
    """

    def __init__(
        self,
        home: LocalHome,
        port: int | None,
        report: Report,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._home, self._wanted_port = home, port
        self._tell, self._on_ready = report, on_ready
        self._begin = time.monotonic()
        self._stopping = False
        self._ports: dict[str, int] = {}
        self._state: dict[str, Any] = {"phase": "starting", "steps": [], "children": {}}
        self._postgres: LocalPostgres | None = None
        self._supervisor: Supervisor | None = None

    def serve(self) -> None:
        """Run until SIGTERM or SIGINT, then leave no process; raises `HeadwaterError`."""
        self._home.create()
        with self._home.lock(), self._signals():
            adopt_orphans()
            former = leftovers(self._home)
            self._publish(pid=os.getpid(), record=record_of(os.getpid()))
            error = ""
            try:
                if former:
                    self._step(f"ending {len(former)} processes of a stack that was killed")
                    end_all(former, grace=5)
                self._start()
                self._watch()
            except _StopRequested:
                self._step("stopping")
            except HeadwaterError as reason:
                error = str(reason)
                raise
            finally:
                self._stop(error)

    # -- start ---------------------------------------------------------------------------------

    def _start(self) -> None:
        self._choose_ports()
        first = self._home.write_passwords()
        write_airflow_files(self._home)
        self._start_postgres()
        database = self._postgres
        assert database is not None  # noqa: S101 - made two lines above
        environment = airflow_environment(
            self._home,
            self._ports,
            airflow_url=database.url(AIRFLOW_DATABASE, "psycopg2"),
            catalog_url=database.url(CATALOG_DATABASE),
        )
        self._supervisor = Supervisor(environment, self._step)
        self._publish(url=self._url, ports=self._ports, first=first)
        self._migrate(database, self._supervisor)
        for name in COMPONENTS:
            self._supervisor.start(name, airflow_command(name), self._log(name))
        self._publish_children()
        self._step(f"Airflow started: waiting for {', '.join(COMPONENTS)}")
        self._wait_until_healthy()
        self._publish(phase="ready")
        self._step(f"ready: {self._url}")
        self._on_ready()

    @property
    def _url(self) -> str:
        return f"http://{LOOPBACK}:{self._ports['api']}"

    def _log(self, name: str) -> Path:
        return self._home.logs / f"{name}.log"

    def _choose_ports(self) -> None:
        last = self._home.read_ports()
        usual = {"api": last.get("api", _USUAL_PORT), **last}
        if self._wanted_port is not None:
            self._ports["api"] = given_port(self._wanted_port, "the UI")
        for name in ("api", "postgres", "worker_logs", "trigger_logs"):
            port = usual.get(name, 0)
            if name not in self._ports:
                good = port and is_free(port) and port not in self._ports.values()
                self._ports[name] = port if good else free_port(self._ports.values())
        self._home.write_ports(self._ports)

    def _start_postgres(self) -> None:
        self._postgres = LocalPostgres(
            self._home.postgres_data,
            self._ports["postgres"],
            password=self._home.secrets().postgres,
            log=self._log("postgres"),
            environment={**os.environ, MARK: str(self._home.root)},
        )
        self._postgres.start()
        self._publish_children()
        self._postgres.ensure_database(CATALOG_DATABASE)
        self._step(f"Postgres ready on port {self._postgres.port}")

    def _migrate(self, database: LocalPostgres, supervisor: Supervisor) -> None:
        """Bring both databases to their schema, Airflow's in a process beside ours."""
        log = self._log("airflow-migrate")
        airflow = AirflowSchema(database, self._home.airflow / "migrated.json")
        airflow.make_database()
        process = None
        if airflow.is_old():
            process = supervisor.run_once(airflow_command("db migrate"), log)
        catalog = Catalog(database.url(CATALOG_DATABASE))
        upgrade(catalog)
        catalog.close()
        self._step("catalog schema ready")
        while process is not None and process.poll() is None:
            self._pause()
        if process is not None and process.returncode != 0:
            raise StackError(f"Airflow's database could not be brought up to date: see {log}.")
        airflow.note()
        self._step("Airflow schema ready")

    def _wait_until_healthy(self) -> None:
        started, end = datetime.now(UTC).timestamp(), time.monotonic() + _READY_WITHIN
        waiting = set(COMPONENTS)
        account = self._home.password(SERVICE)
        with AirflowRest(self._url, SERVICE, account, timeout=5) as rest:
            while waiting:
                self._pause(0.25)
                self._check_children(give_up=3)
                for name in sorted(waiting & healthy_since(rest, started)):
                    waiting.discard(name)
                    self._step(f"{name} healthy")
                if time.monotonic() > end:
                    raise StackError(
                        f"Not healthy after {_READY_WITHIN:.0f} s: {', '.join(sorted(waiting))}. "
                        f"See the logs in {self._home.logs}."
                    )

    # -- run -----------------------------------------------------------------------------------

    def _watch(self) -> None:
        while True:
            self._pause(0.5)
            self._check_children()

    def _check_children(self, give_up: int | None = None) -> None:
        database, supervisor = self._postgres, self._supervisor
        if database is not None and not database.is_running:
            self._step("Postgres ended; it is started again")
            database.start()
            self._publish_children()
        if supervisor is not None:
            if supervisor.check():
                self._publish_children()
            if give_up is not None:
                supervisor.give_up_on(give_up)
        reap_orphans(self._own_pids())

    def _own_pids(self) -> Iterator[int]:
        if self._postgres is not None and self._postgres.pid:
            yield self._postgres.pid
        if self._supervisor is not None:
            for child in self._supervisor.children.values():
                if child.process is not None:
                    yield child.process.pid

    def _pause(self, seconds: float = 0.1) -> None:
        """Sleep; raise `_StopRequested` when a signal has come."""
        if not self._stopping:
            time.sleep(seconds)
        if self._stopping:
            raise _StopRequested

    # -- stop ----------------------------------------------------------------------------------

    def _stop(self, error: str) -> None:
        """End everything: first who starts work, then who serves it, then the database."""
        self._publish(phase="stopping")
        if self._supervisor is not None:
            self._supervisor.stop(("scheduler", "dag-processor", "triggerer"), grace=15)
            self._supervisor.stop(("api-server",), grace=8)
        database_pid = self._postgres.pid if self._postgres else None
        rest = [
            process
            for process in members(self._home.root)
            if process.pid != database_pid and process.ppid() != database_pid
        ]
        end_all(rest, grace=3)
        if self._postgres is not None:
            self._postgres.stop()
        reap_orphans(())
        self._publish(phase="failed" if error else "stopped", error=error, children={})
        self._tell(f"{self._seconds():6.1f} s  stopped")

    # -- what others see -----------------------------------------------------------------------

    def _seconds(self) -> float:
        return time.monotonic() - self._begin

    def _step(self, text: str) -> None:
        line = f"{self._seconds():6.1f} s  {text}"
        self._state["steps"] = [*self._state["steps"][-200:], line]
        self._publish()
        self._tell(line)

    def _publish(self, **changes: object) -> None:
        self._state.update(changes)
        self._home.write_state(self._state)

    def _publish_children(self) -> None:
        children: dict[str, Any] = {}
        if self._postgres is not None and self._postgres.pid:
            children["postgres"] = record_of(self._postgres.pid)
        if self._supervisor is not None:
            children.update(self._supervisor.records())
        self._publish(children=children)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def ask(number: int, frame: FrameType | None) -> None:
            self._stopping = True

        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        former = {number: signal.signal(number, ask) for number in numbers}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


def leftovers(home: LocalHome) -> list[psutil.Process]:
    """Return the living processes of the stack that last ran from ``home``."""
    records = list(home.read_state().get("children", {}).values())
    return members(home.root, home.postgres_data, records)


def main() -> None:
    """Run a background stack: ``HOME [PORT]``; messages go to standard output, which is a log."""
    home, port = LocalHome(Path(sys.argv[1])), int(sys.argv[2]) if len(sys.argv) > 2 else None
    try:
        StackRunner(home, port, lambda line: print(line, flush=True)).serve()  # noqa: T201 - a log
    except HeadwaterError as error:
        print(error, flush=True)  # noqa: T201 - as above
        sys.exit(1)


if __name__ == "__main__":
    main()
