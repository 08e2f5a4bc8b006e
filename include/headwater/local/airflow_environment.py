"""The environment of every Airflow process of a local stack, and its preload file.

Why each value: measured on Airflow 3.3.2 (two cores): eight forked workers keep short tasks
flowing while pools bound the real work; a scheduler that sleeps 0.2 s instead of 1 s when idle
takes the gap between dependent tasks from 1.1 s to 0.3 s; modules imported before the scheduler
forks save a fifth of a task's CPU; generated DAG files are parsed again on request, so the timer
can be slow. A task whose work ends while the API server is away tries for a minute or two to say
so; with Airflow's five tries it gives up after some ten seconds, and is begun again.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import headwater
from headwater.core.errors import StackError
from headwater.local.home import ADMIN, SERVICE, LocalHome
from headwater.local.ports import LOOPBACK
from headwater.local.processes import MARK

AIRFLOW_DATABASE, CATALOG_DATABASE = "airflow", "headwater"
USERS_VARIABLE = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"

_PRELOAD = '''"""Written by `headwater up`: Airflow imports this file at the start of each process.

LocalExecutor forks its workers from the scheduler; what the scheduler has imported by then, no
task process has to import again.
"""

import importlib
import sys

PRELOADED = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.api.client",
    "airflow.dag_processing.dagbag",
    "airflow.serialization.serialized_objects",
    "airflow.providers.standard.operators.empty",
    "airflow.providers.standard.operators.python",
    "airflow.providers.postgres.hooks.postgres",
    "sqlalchemy.dialects.postgresql",
    "psycopg",
    "pydantic",
    "headwater_airflow.preload",
)

if "scheduler" in sys.argv:
    import airflow.sdk

    for _name in ("DAG", "Asset", "Param", "BaseOperator", "BaseSensorOperator", "task"):
        getattr(airflow.sdk, _name)  # these load when they are first touched
    for _name in PRELOADED:
        try:
            importlib.import_module(_name)
        except ImportError:
            continue
'''


def dags_folder() -> Path:
    """Return the folder of Headwater's DAG files: inside the package, or beside a checkout's.

    Raises `StackError` when neither is there.
    """
    packaged = Path(__file__).parent / "dags"
    checkout = Path(headwater.__file__).resolve().parents[2] / "dags"
    for folder in (packaged, checkout):
        if folder.is_dir():
            return folder
    raise StackError(
        f"The DAG files are neither in {packaged} nor in {checkout}: install headwater again."
    )


def write_airflow_files(home: LocalHome) -> None:
    """Write the preload file and see that the plug-ins folder exists."""
    config = home.airflow / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "airflow_local_settings.py").write_text(_PRELOAD)
    home.plugins.mkdir(exist_ok=True)


def airflow_command(name: str) -> list[str]:
    """Return the command line of an Airflow sub-command, e.g. ``scheduler`` or ``db migrate``."""
    return [sys.executable, "-m", "airflow", *name.split()]


def _tuning() -> dict[str, str]:
    """Settings that a value of the same name in the caller's environment replaces."""
    return {
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
        "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "30",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRIES": "12",
        "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "10",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags_folder()),
    }


def _fixed(home: LocalHome, ports: dict[str, int], database_url: str) -> dict[str, str]:
    """Settings that make it this stack and no other."""
    made = home.secrets()
    base = f"http://{LOOPBACK}:{ports['api']}"
    return {
        "AIRFLOW_HOME": str(home.airflow),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home.plugins),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{base}/execution/",
        "AIRFLOW__CORE__FERNET_KEY": made.fernet,
        USERS_VARIABLE: _users(os.environ.get(USERS_VARIABLE, "")),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home.passwords_file),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database_url,
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": str(ports["api"]),
        "AIRFLOW__API__BASE_URL": base,
        "AIRFLOW__API__SECRET_KEY": made.api,
        "AIRFLOW__API_AUTH__JWT_SECRET": made.jwt,
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home.logs / "airflow"),
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(ports["worker_logs"]),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(ports["trigger_logs"]),
    }


def _users(more: str) -> str:
    """The stack's own accounts, and those that the caller's environment adds to them."""
    own = {ADMIN: "admin", SERVICE: "admin"}
    named = (user.strip() for user in more.split(","))
    others = [user for user in named if user and user.split(":")[0] not in own]
    return ",".join([*(f"{name}:{role}" for name, role in own.items()), *others])


def _headwater(home: LocalHome, ports: dict[str, int], catalog_url: str) -> dict[str, str]:
    """What Headwater's own code finds in each process."""
    connection = {
        "conn_type": "http",
        "host": LOOPBACK,
        "port": ports["api"],
        "schema": "http",
        "login": SERVICE,
        "password": home.password(SERVICE),
    }
    return {
        "HEADWATER_HOME": str(home.root),
        "HEADWATER_SNAPSHOTS": str(home.snapshots),
        "HEADWATER_CATALOG_URL": catalog_url,
        "AIRFLOW_CONN_HEADWATER_CATALOG": catalog_url.replace("+psycopg", "", 1),
        "AIRFLOW_CONN_HEADWATER_AIRFLOW": json.dumps(connection),
        MARK: str(home.root),
    }


def airflow_environment(
    home: LocalHome, ports: dict[str, int], *, airflow_url: str, catalog_url: str
) -> dict[str, str]:
    """Return the whole environment of the stack's Airflow processes.

    Parameters
    ----------
    ports : of the loopback address, by name: ``api``, ``worker_logs``, ``trigger_logs``.
    airflow_url, catalog_url : SQLAlchemy URLs with their passwords.
    """
    ours = {
        **_fixed(home, ports, airflow_url),
        **_headwater(home, ports, catalog_url),
        "PYTHONUNBUFFERED": "1",
        "SPT_NOENV": "1",  # a process that renames itself leaves its environment readable to `down`
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**_tuning(), **inherited, **ours}
