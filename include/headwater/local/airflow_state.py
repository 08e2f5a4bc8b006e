"""How far Airflow is: whether its database has its schema, and which components are healthy."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import psycopg

from headwater.flows.airflow_rest import AirflowRest, AirflowUnavailableError, ComponentHealth
from headwater.local.airflow_environment import AIRFLOW_DATABASE
from headwater.local.postgres import LocalPostgres

_COMMANDS = {
    "scheduler": "scheduler",
    "dag_processor": "dag-processor",
    "triggerer": "triggerer",
}
_NOTHING = ComponentHealth("missing", None)
_SLACK = 1.0  # seconds between our clock reading and a heartbeat's


class AirflowSchema:
    """Whether Airflow's database needs `airflow db migrate`, which takes eight seconds to say no.

    Parameters
    ----------
    database : the running server.
    note_file : where the versions of the last successful migration are kept.
    """

    def __init__(self, database: LocalPostgres, note_file: Path) -> None:
        self._database, self._note_file = database, note_file

    def make_database(self) -> None:
        """Make the database; one that a killed first migration left half made is made anew."""
        self._database.ensure_database(AIRFLOW_DATABASE)
        if self._versions() is None:
            self._database.drop_database(AIRFLOW_DATABASE)
            self._database.ensure_database(AIRFLOW_DATABASE)

    def is_old(self) -> bool:
        """Return True unless Airflow and its database are as the last migration left them."""
        try:
            noted = json.loads(self._note_file.read_text())
        except (FileNotFoundError, ValueError):
            return True
        return bool(noted != self._versions())

    def note(self) -> None:
        """Remember that the database is up to date now."""
        self._note_file.write_text(json.dumps(self._versions()))

    def _versions(self) -> dict[str, str] | None:
        """Return Airflow's version and its database's revision; None in an empty database."""
        with psycopg.connect(self._database.dsn(AIRFLOW_DATABASE)) as connection:
            try:
                row = connection.execute("select version_num from alembic_version").fetchone()
            except psycopg.errors.UndefinedTable:
                return None
        return {"airflow": version("apache-airflow-core"), "revision": row[0]} if row else None


def healthy_since(rest: AirflowRest, since: float) -> set[str]:
    """Return the components, by their commands, that are healthy by a heartbeat after ``since``.

    ``since`` is in seconds since 1970: a killed stack's last heartbeats look healthy for half a
    minute, hence the comparison. The API server is healthy when it answers and has its database.
    """
    try:
        found = rest.health()
    except AirflowUnavailableError:
        return set()
    names = {"api-server"} if found.get("metadatabase", _NOTHING).status == "healthy" else set()
    for theirs, ours in _COMMANDS.items():
        part = found.get(theirs, _NOTHING)
        fresh = part.heartbeat and part.heartbeat.timestamp() > since - _SLACK
        if part.status == "healthy" and fresh:
            names.add(ours)
    return names
