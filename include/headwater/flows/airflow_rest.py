"""A small client of Airflow's REST interface (version 2), for an account or a person's token.

Paths and fields are those of Airflow 3.3.2. Each call is one request with a time limit; a token
that ran out is fetched again once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from headwater.core.errors import HeadwaterError

Json = dict[str, Any]

_PAGE = 100  # Airflow's default upper limit of a page


class AirflowUnavailableError(HeadwaterError, ConnectionError):
    """Airflow's API server does not answer."""


class AirflowRefusedError(HeadwaterError):
    """Airflow's API server answered, but did not do what was asked.

    ``status`` is the HTTP status code.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class ComponentHealth:
    """What Airflow says of one component: ``healthy`` or not, and its last heartbeat (UTC)."""

    status: str
    heartbeat: datetime | None


class AirflowRest:
    """One API server and one account.

    Parameters
    ----------
    base_url : e.g. ``http://127.0.0.1:8080``, without ``/api/v2``.
    username, password : an account of Airflow's auth manager; left out where there is a `token`.
    token : that of a person who has logged in; it is not fetched again when it ran out.
    timeout : seconds for each request.

    Every method raises `AirflowUnavailableError` when the server does not answer and
    `AirflowRefusedError` with one sentence when it refuses.
    """

    def __init__(
        self,
        base_url: str,
        username: str = "",
        password: str = "",
        *,
        token: str | None = None,
        timeout: float = 10.0,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._username, self._password = username, password
        self._is_given_token = token is not None
        self._token = token
        # A proxy of the environment is not for a server of our own.
        self._http = httpx.Client(base_url=self.base_url, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> dict[str, ComponentHealth]:
        """Return each component's health by Airflow's name of it; needs no login."""
        found = self._send("GET", "/api/v2/monitor/health", login=False)
        return {
            name: ComponentHealth(
                status=str((part or {}).get("status")),
                heartbeat=_time((part or {}).get(f"latest_{name}_heartbeat")),
            )
            for name, part in found.items()
        }

    def trigger(
        self,
        dag_id: str,
        *,
        conf: Mapping[str, Any] | None = None,
        partition_key: str | None = None,
        note: str | None = None,
    ) -> Json:
        """Start a run now and return it; status 404 when the DAG is not there (yet)."""
        body: Json = {"logical_date": None, "conf": dict(conf or {}), "note": note}
        if partition_key is not None:
            body["partition_key"] = partition_key
        return self._send("POST", f"/api/v2/dags/{quote(dag_id)}/dagRuns", json=body)

    def runs(self, dag_id: str = "~", states: Collection[str] = ()) -> list[Json]:
        """Return the runs of a DAG (``~``: of all) in these states (none: in any)."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns"
        return self._pages(path, "dag_runs", {"state": list(states)})

    def run(self, dag_id: str, run_id: str) -> Json:
        """Return one run."""
        return self._send("GET", f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}")

    def dag(self, dag_id: str) -> Json:
        """Return a DAG, with its ``file_token`` and ``is_paused``; status 404 when absent."""
        return self._send("GET", f"/api/v2/dags/{quote(dag_id)}")

    def dags(self) -> list[Json]:
        """Return all DAGs that are not stale."""
        return self._pages("/api/v2/dags", "dags", {})

    def reparse(self, file_token: str) -> None:
        """Ask the DAG processor to read a DAG file again soon; a second wish is no error."""
        try:
            self._send("PUT", f"/api/v2/parseDagFile/{quote(file_token, safe='')}")
        except AirflowRefusedError as error:
            if error.status != httpx.codes.CONFLICT:
                raise

    def task_instances(
        self, dag_id: str = "~", run_id: str = "~", states: Collection[str] = ()
    ) -> list[Json]:
        """Return the task instances of a run (``~``: of all) in these states (none: in any)."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='~')}/taskInstances"
        return self._pages(path, "task_instances", {"state": list(states)})

    def task_instance(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Json:
        """Return one task instance; status 404 when it is gone."""
        path = (
            f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}"
            f"/taskInstances/{quote(task_id)}"
        )
        return self._send("GET", path if map_index < 0 else f"{path}/{map_index}")

    def event_logs(self, event: str, after: datetime) -> list[Json]:
        """Return the rows of Airflow's log of an event since a time (UTC), the oldest first."""
        params = {"event": event, "after": after.isoformat(), "order_by": "event_log_id"}
        return self._pages("/api/v2/eventLogs", "event_logs", params)

    def answer(self, task: Json, option: str) -> None:
        """Answer the question of a task that waits for a person, as `task_instances` gives it."""
        run = f"/api/v2/dags/{quote(task['dag_id'])}/dagRuns/{quote(task['dag_run_id'], safe='')}"
        path = f"{run}/taskInstances/{quote(task['task_id'])}/{task['map_index']}/hitlDetails"
        self._send("PATCH", path, json={"chosen_options": [option], "params_input": {}})

    def ensure_pool(self, name: str, slots: int, description: str = "") -> None:
        """Make the pool, or give it these slots and description if it is there."""
        body: Json = {"slots": slots, "description": description, "include_deferred": False}
        try:
            self._send("POST", "/api/v2/pools", json={"name": name, **body})
        except AirflowRefusedError as error:
            if error.status != httpx.codes.CONFLICT:
                raise
            # A patch wants all fields, and calls the name by another name.
            path = f"/api/v2/pools/{quote(name, safe='')}"
            self._send("PATCH", path, json={"pool": name, **body})

    def pools(self) -> list[Json]:
        """Return the pools."""
        return self._pages("/api/v2/pools", "pools", {})

    def asset_events(self, **filters: str | int) -> list[Json]:
        """Return the asset events; filters as Airflow names them, e.g. ``source_dag_id``."""
        return self._pages("/api/v2/assets/events", "asset_events", filters)

    def import_errors(self) -> list[Json]:
        """Return the DAG files that could not be read: ``filename`` and ``stack_trace``."""
        return self._pages("/api/v2/importErrors", "import_errors", {})

    def plugins(self) -> list[Json]:
        """Return the plug-ins that the API server has loaded."""
        return self._pages("/api/v2/plugins", "plugins", {})

    def _pages(self, path: str, key: str, params: Mapping[str, Any]) -> list[Json]:
        found: list[Json] = []
        while True:
            page = self._send("GET", path, params={**params, "limit": _PAGE, "offset": len(found)})
            rows = list(page[key])
            found += rows
            if not rows or len(found) >= int(page.get("total_entries") or 0):
                return found

    def _send(
        self,
        method: str,
        path: str,
        *,
        login: bool = True,
        json: Json | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Json:
        response = self._request(method, path, login=login, json=json, params=params)
        # Airflow answers 403, not 401, to a token of an earlier secret.
        refused = response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)
        if login and refused and not self._is_given_token:
            self._token = None
            response = self._request(method, path, login=login, json=json, params=params)
        if response.is_error:
            raise AirflowRefusedError(_refusal(method, path, response), response.status_code)
        if not response.content:
            return {}
        try:
            found = response.json()
        except ValueError as error:
            raise AirflowRefusedError(
                f"What answers at {self.base_url} is not Airflow: it sent no JSON for {path}.",
                response.status_code,
            ) from error
        return found if isinstance(found, dict) else {}

    def _request(
        self,
        method: str,
        path: str,
        *,
        login: bool,
        json: Json | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._fetch_token()}"} if login else {}
        try:
            return self._http.request(method, path, headers=headers, json=json, params=params)
        except httpx.HTTPError as error:
            raise AirflowUnavailableError(
                f"Airflow does not answer at {self.base_url} ({error or type(error).__name__}): "
                "see `headwater doctor`."
            ) from error

    def _fetch_token(self) -> str:
        if self._token is None:
            account = {"username": self._username, "password": self._password}
            response = self._request("POST", "/auth/token", login=False, json=account)
            if response.is_error:
                raise AirflowRefusedError(
                    f"Airflow at {self.base_url} does not let {self._username!r} in "
                    f"(status {response.status_code}): check the account's password.",
                    response.status_code,
                )
            self._token = str(response.json()["access_token"])
        return self._token


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _refusal(method: str, path: str, response: httpx.Response) -> str:
    """Return one sentence from an error answer, whose ``detail`` is text, list or object."""
    try:
        detail = response.json().get("detail")
    except (ValueError, AttributeError):
        detail = response.text[:200]
    if isinstance(detail, list):
        detail = "; ".join(str(part.get("msg", part)) for part in detail)
    elif isinstance(detail, dict):
        detail = detail.get("reason") or detail
    return f"Airflow refused {method} {path} (status {response.status_code}): {detail}"
