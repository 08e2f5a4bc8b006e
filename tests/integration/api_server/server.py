"""Airflow's API application in a process of its own, asked by tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROCESS = Path(__file__).with_name("process.py")
DAGS = Path(__file__).resolve().parents[3] / "dags"


class ApiServer:
    """The process, and what persons ask of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert self._answer() == "ready"

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str = "ana",
        role: str = "op",
        by: str = "bearer",
    ) -> tuple[int, Any]:
        """Status and body of the answer to a request, made as a program does or by ``cookie``."""
        status, answer = self._say([method, path, body, user, role, by])
        return status, answer

    def put_task(self, dag_id: str, run_id: str, task: str, index: int, state: str | None) -> None:
        """Have a task instance in a state."""
        self._say(["task", dag_id, run_id, task, index, state])

    def _say(self, what: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("@"):
                return json.loads(line[1:])
        raise AssertionError(f"the API server has ended with {self._process.wait()}")


@contextmanager
def api_server(folder: Path, catalog_url: str, snapshots: Path) -> Iterator[ApiServer]:
    """An API application with an Airflow database of its own in `folder`."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "ana:op,vera:viewer",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of this test alone, long enough for HS512" * 2,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
        "AIRFLOW_CONN_HEADWATER_CATALOG": catalog_url.replace("+psycopg", "", 1),
        "HEADWATER_SNAPSHOTS": str(snapshots),
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, str(PROCESS), str(DAGS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
        )
        try:
            yield ApiServer(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
