"""Who asks: the person behind a request of the API server, and who clears tasks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from airflow.api_fastapi import app as airflow_app

from headwater_airflow import marking
from headwater_airflow.persons import UNNAMED, PersonMiddleware, asking


class _User:
    def __init__(self, name: str) -> None:
        self._name = name

    def get_name(self) -> str:
        return self._name


class _AuthManager:
    """Tokens are names; a bad one raises, as Airflow's own does."""

    asked = 0

    async def get_user_from_token(self, token: str) -> _User:
        self.asked += 1
        if token == "bad":
            raise ValueError("not a token")
        return _User(token)


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> _AuthManager:
    manager = _AuthManager()
    monkeypatch.setattr(airflow_app, "get_auth_manager", lambda: manager)
    return manager


def served(
    method: str, path: str, headers: dict[str, str], body: Any = None, status: int = 200
) -> str | None:
    """Whom the route sees behind a request."""
    seen: list[str | None] = []

    async def route(scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        by = asking.get()
        seen.append(None if by is None else by.person)
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    text = b"" if body is None else json.dumps(body).encode()
    parts = [text[at : at + 50_000] for at in range(0, len(text), 50_000)] or [b""]

    async def receive() -> Any:
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(_message: Any) -> None:
        return

    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": raw}
    asyncio.run(PersonMiddleware(route)(scope, receive, send))
    assert asking.get() is None
    return seen[0]


PATCH = "/api/v2/dags/d/dagRuns/r/taskInstances/build/0"


@pytest.mark.parametrize(
    ("headers", "person"),
    [
        ({"Authorization": "Bearer ana"}, "ana"),
        ({"authorization": "bearer ana", "cookie": "_token=ben"}, "ana"),
        ({"cookie": "other=1; _token=ben"}, "ben"),
        ({"cookie": "_token=bad"}, UNNAMED),
        ({"authorization": "Basic YW5hOg=="}, UNNAMED),
        ({}, UNNAMED),
    ],
)
def test_a_request_that_changes_something_has_a_person(
    manager: _AuthManager, headers: dict[str, str], person: str
) -> None:
    assert served("PATCH", PATCH, headers) == person


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", PATCH), ("POST", "/execution/task-instances/1/run"), ("POST", "/auth/token"),
     ("OPTIONS", PATCH)],
)  # fmt: skip
def test_any_other_request_passes_through_and_asks_nobody(
    manager: _AuthManager, method: str, path: str
) -> None:
    assert served(method, path, {"Authorization": "Bearer ana"}) is None
    assert manager.asked == 0


CLEAR = "/api/v2/dags/d/clearTaskInstances"


@pytest.fixture
def cleared(manager: _AuthManager, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(marking, "tell_cleared", lambda *what: told.append(what))
    return told


@pytest.mark.parametrize(
    ("path", "body", "wanted"),
    [
        (CLEAR, {"dag_run_id": "r", "task_ids": [["build", 2]]}, [("d", "r", "build", 2)]),
        (CLEAR, {"dag_run_id": "r", "task_ids": ["plan"]}, [("d", "r", "plan", None)]),
        (CLEAR, {"dag_run_id": "r", "task_ids": ["a", "b"]}, [("d", "r", None, None)]),
        (CLEAR, {"dag_run_id": "r", "task_ids": ["plan"], "include_downstream": True},
         [("d", "r", None, None)]),
        (CLEAR, {"task_ids": ["plan"], "start_date": "2026-01-01T00:00:00Z"}, []),
        ("/api/v2/dags/d/dagRuns/manual__2026-01-01T00:00:00+00:00/clear", {},
         [("d", "manual__2026-01-01T00:00:00+00:00", None, None)]),
        ("/api/v2/dags/~/clearDagRuns",
         {"dag_runs": [{"dag_id": "d", "dag_run_id": "r"}, {"dag_id": "e", "dag_run_id": "s"}]},
         [("d", "r", None, None), ("e", "s", None, None)]),
    ],
)  # fmt: skip
def test_the_catalog_is_told_who_cleared_what(
    cleared: list[tuple[Any, ...]], path: str, body: dict[str, Any], wanted: list[Any]
) -> None:
    asked = {"dry_run": False, "note": "mended", **body}
    served("POST", path, {"Authorization": "Bearer ana"}, asked)
    assert cleared == [(*one, "ana", "mended") for one in wanted]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"dag_run_id": "r", "task_ids": ["plan"]}, 200),  # Airflow's default is a dry run
        ({"dag_run_id": "r", "task_ids": ["plan"], "dry_run": True}, 200),
        ({"dag_run_id": "r", "task_ids": ["plan"], "dry_run": False}, 403),
        ({"dag_run_id": "r", "task_ids": ["plan"], "dry_run": False}, 409),
        (["no", "object"], 200),
        ({"dag_run_id": "r", "dry_run": False, "task_ids": ["x" * 300_000]}, 200),
        (None, 200),
    ],
    ids=["default", "dry run", "forbidden", "refused", "no object", "too long", "empty"],
)
def test_what_was_not_cleared_names_nobody(
    cleared: list[tuple[Any, ...]], body: Any, status: int
) -> None:
    served("POST", CLEAR, {"Authorization": "Bearer vera"}, body, status)
    assert cleared == []
