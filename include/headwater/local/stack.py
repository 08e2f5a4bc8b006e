"""The local stack as others use it: start it, ask how it is, stop it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from headwater.core.errors import StackError
from headwater.flows.airflow_rest import AirflowRest
from headwater.local.airflow_environment import (
    AIRFLOW_DATABASE,
    CATALOG_DATABASE,
    airflow_environment,
)
from headwater.local.home import ADMIN, SERVICE, LocalHome
from headwater.local.launch import Order
from headwater.local.postgres import LocalPostgres
from headwater.local.processes import ProcessRecord, end_all, find
from headwater.local.runner import StackRunner, leftovers
from headwater.local.supervisor import Report


@dataclass(frozen=True)
class StackStatus:
    """How a stack is.

    Attributes
    ----------
    phase : ``absent``, ``starting``, ``ready``, ``stopping``, ``stopped``, ``failed`` or
        ``killed`` (its process is gone without a word).
    pid : of the supervising process; None when it does not run.
    url : of the UI; empty before ports are chosen.
    children : component -> whether its process lives.
    error : the sentence of a failed start.
    """

    phase: str
    pid: int | None = None
    url: str = ""
    ports: Mapping[str, int] = field(default_factory=dict)
    children: Mapping[str, bool] = field(default_factory=dict)
    error: str = ""

    @property
    def is_running(self) -> bool:
        """Whether its supervising process is there."""
        return self.pid is not None


def _silent(line: str) -> None:
    """Report nothing."""


class LocalStack:
    """The stack of one state folder, from any process.

    ``with LocalStack(home)`` starts a stack in the background that ends with this process, and
    stops it at the end.
    """

    def __init__(self, home: LocalHome | None = None) -> None:
        self.home = home or LocalHome()

    def __enter__(self) -> LocalStack:
        self.start(tied=True)
        return self

    def __exit__(self, *unused: object) -> None:
        self.stop()

    def serve(self, port: int | None = None, report: Report = _silent) -> None:
        """Be the stack: run it in this process until SIGTERM or Ctrl-C."""

        def ready() -> None:
            for line in self.sign_in_lines():
                report(line)

        StackRunner(self.home, port, report, ready).serve()

    def start(
        self,
        port: int | None = None,
        wait: bool = True,
        report: Report = _silent,
        *,
        tied: bool = False,
        timeout: float = 330.0,
    ) -> None:
        """Start it in the background; with ``wait`` return when it is ready.

        ``tied`` ends it when this thread ends. Raises `StackError` when it runs already or does
        not become ready within ``timeout`` seconds.
        """
        self.home.create()
        if self.home.is_locked():
            raise StackError(self.home.already_running())
        command = [sys.executable, "-m", "headwater.local.runner", str(self.home.root)]
        command += [str(port)] if port is not None else []
        if tied:
            command = Order(argv=tuple(command), parent=os.getpid()).command()
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        with (self.home.logs / "supervisor.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if wait:
            try:
                self._follow(process, report, timeout)
            except BaseException:
                self.stop()
                raise

    def wait_ready(self, timeout: float = 330.0, report: Report = _silent) -> None:
        """Wait until a stack that was started is ready; raise `StackError` if it does not."""
        self._follow(None, report, timeout)

    def stop(self, report: Report = _silent) -> bool:
        """Stop it, or end what a killed one left; return False when there was nothing to do."""
        state = self.home.read_state()
        runner = find(state.get("record"))
        if runner is not None and self.home.is_locked():
            report(f"stopping process {runner.pid}")
            runner.send_signal(signal.SIGTERM)
            with suppress(Exception):
                runner.wait(60)
        rest = leftovers(self.home)
        if rest:
            report(f"ending {len(rest)} processes that were left")
            end_all(rest, grace=5)
        return bool(rest) or runner is not None

    def status(self) -> StackStatus:
        """Return how it is; starts nothing and asks no server."""
        state = self.home.read_state()
        if not state:
            return StackStatus("absent")
        runner = find(state.get("record"))
        running = runner is not None and self.home.is_locked()
        phase = str(state.get("phase"))
        if not running and phase not in ("stopped", "failed"):
            phase = "killed"
        children: dict[str, ProcessRecord] = state.get("children", {})
        return StackStatus(
            phase=phase,
            pid=runner.pid if running and runner else None,
            url=str(state.get("url", "")),
            ports=state.get("ports", {}),
            children={name: find(record) is not None for name, record in children.items()},
            error=str(state.get("error", "")),
        )

    def sign_in_lines(self) -> list[str]:
        """Return what a person needs to sign in; the password itself only after the first start."""
        state = self.home.read_state()
        lines = [f"UI: {state.get('url')}  user: {ADMIN}"]
        if state.get("first"):
            lines.append(f"password: {self.home.password(ADMIN)}  (shown this once)")
        return [*lines, f"The password is kept in {self.home.passwords_file}"]

    def rest(self) -> AirflowRest:
        """Return a REST client with the service account; raises `StackError` when it is down."""
        status = self.status()
        if not status.is_running or not status.url:
            raise StackError(f"No stack runs from {self.home.root}: `headwater up` starts it.")
        return AirflowRest(status.url, SERVICE, self.home.password(SERVICE))

    def catalog_url(self) -> str:
        """Return the catalog's SQLAlchemy URL in the running stack."""
        return self._database().url(CATALOG_DATABASE)

    def environment(self) -> dict[str, str]:
        """Return the environment of its Airflow processes, for commands that join the stack."""
        database = self._database()
        return airflow_environment(
            self.home,
            dict(self.status().ports),
            airflow_url=database.url(AIRFLOW_DATABASE, "psycopg2"),
            catalog_url=database.url(CATALOG_DATABASE),
        )

    def _database(self) -> LocalPostgres:
        ports = self.status().ports
        if "postgres" not in ports:
            raise StackError(f"No stack runs from {self.home.root}: `headwater up` starts it.")
        password = self.home.secrets().postgres
        return LocalPostgres(self.home.postgres_data, ports["postgres"], password=password)

    def _follow(
        self, process: subprocess.Popen[bytes] | None, report: Report, timeout: float
    ) -> None:
        """Repeat the runner's steps until it is ready or has ended."""
        end, seen = time.monotonic() + timeout, 0
        while time.monotonic() < end:
            gone = process is not None and process.poll() is not None
            state = self._state_of(process)
            steps = state.get("steps", [])
            for line in steps[seen:]:
                report(line)
            seen = len(steps)
            if state.get("phase") == "ready":
                return
            if gone or state.get("phase") in ("failed", "stopped"):
                raise StackError(
                    str(state.get("error") or "")
                    or f"The stack ended while it started: see {self.home.logs}/supervisor.log."
                )
            time.sleep(0.2)
        raise StackError(f"The stack is not ready after {timeout:.0f} s: see {self.home.logs}.")

    def _state_of(self, process: subprocess.Popen[bytes] | None) -> dict[str, Any]:
        """Return the state file, but not that of an earlier run."""
        state = self.home.read_state()
        ours = process is None or state.get("pid") == process.pid
        return state if ours else {}
