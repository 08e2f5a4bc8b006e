"""The native API on a real catalog, with callers and an Airflow that tests make up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from processing_lab import Lab

from headwater.catalog.connection import Catalog
from headwater.flows.airflow_rest import AirflowRefusedError
from headwater.web.access import Right
from headwater.web.app import create_app
from headwater.web.errors import NotLoggedInError

ROLES: dict[str, tuple[Right, ...]] = {
    "viewer": (Right.LOOK,),
    "user": (Right.LOOK, Right.TRIGGER),
    "op": (Right.LOOK, Right.TRIGGER, Right.OPERATE),
    "admin": tuple(Right),
}
API = "/api/missions/lab"


@dataclass
class FakeAirflow:
    """Takes runs as Airflow does; `trouble` is raised instead of an answer."""

    runs: list[tuple[str, str | None]] = field(default_factory=list)
    conf: list[Mapping[str, Any]] = field(default_factory=list)
    paused: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    trouble: Exception | None = None
    most: int = 100
    """So many runs are taken."""

    def dag(self, dag_id: str) -> dict[str, Any]:
        if self.trouble:
            raise self.trouble
        if dag_id in self.unknown:
            raise AirflowRefusedError("no such DAG", 404)
        return {"dag_id": dag_id, "is_paused": dag_id in self.paused}

    def trigger(
        self,
        dag_id: str,
        *,
        conf: Mapping[str, Any] | None = None,
        partition_key: str | None = None,
        note: str | None = None,
    ) -> dict[str, Any]:
        if len(self.runs) == self.most:
            raise AirflowRefusedError("that is enough", 409)
        self.runs.append((dag_id, partition_key))
        self.conf.append(conf or {})
        return {"dag_run_id": f"manual__{len(self.runs)}"}


@dataclass
class FakeCaller:
    """Somebody with a role in the mission ``lab`` only."""

    name: str
    role: str
    rest: FakeAirflow

    def may(self, right: Right, mission_slug: str) -> bool:
        return mission_slug == "lab" and right in ROLES[self.role]

    @contextmanager
    def airflow(self) -> Iterator[FakeAirflow]:
        yield self.rest


@dataclass
class Api:
    """The app on a catalog, and the callers who ask it."""

    open_catalog: Callable[[], Catalog]
    airflow: FakeAirflow = field(default_factory=FakeAirflow)
    app: FastAPI = field(default_factory=lambda: the_app())
    keys: int = 0

    def __post_init__(self) -> None:
        self.client = TestClient(self.app, raise_server_exceptions=False)
        self.take_the_app()

    def take_the_app(self) -> None:
        """Let the one app of all tests speak of this catalog; to make one takes a while."""
        self.app.state.open_catalog = self.open_catalog
        self.app.state.airflow = self.airflow

    def ask(
        self, method: str, path: str, *, role: str | None = "op", name: str = "ann", **more: Any
    ) -> httpx.Response:
        """Ask with the token of somebody of this role, or without a login."""
        self.take_the_app()
        headers = {"Authorization": f"Bearer {role}:{name}"} if role else {}
        headers |= more.pop("headers", {})
        return self.client.request(method, path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        """The answer of a GET below the mission, which must be fine."""
        response = self.ask("GET", f"{API}{path}", **more)
        assert response.status_code == 200, response.text[:500]
        return response.json()

    def refused(self, status: int, path: str, **more: Any) -> str:
        """The sentence with which a GET below the mission is refused."""
        return self.sentence(status, self.ask("GET", f"{API}{path}", **more))

    def act(self, action: str, *products: str, key: str | None = None, **more: Any) -> Any:
        """The answer to an action of 2020-01-01 unless another date is given."""
        response = self.action(action, *products, key=key, **more)
        assert response.status_code == 200, response.text[:500]
        return response.json()

    def action(
        self,
        action: str,
        *products: str,
        key: str | None = None,
        first: str = "2020-01-01",
        last: str | None = None,
        reason: str = "because",
        as_of: int | None = None,
        **more: Any,
    ) -> httpx.Response:
        self.keys += 1
        body = {"action": action, "products": list(products), "first": first,
                "last": last or first, "reason": reason, "as_of": as_of}  # fmt: skip
        headers = {"Idempotency-Key": key or f"key {self.keys}"}
        return self.ask("POST", f"{API}/actions", json=body, headers=headers, **more)

    @staticmethod
    def sentence(status: int, response: httpx.Response) -> str:
        """The one sentence of an error answer with this status."""
        assert response.status_code == status, response.text[:500]
        assert list(response.json()) == ["error"]
        return str(response.json()["error"])


async def made_up_identity(request: Request) -> FakeCaller:
    """Callers whose token, in the header or in the cookie, is ``role:name``."""
    header = request.headers.get("Authorization", "")
    token = header.removeprefix("Bearer ") if header else request.cookies.get("_token", "")
    role, _, name = token.partition(":")
    if role not in ROLES:
        raise NotLoggedInError("nobody is logged in: log in to Airflow, or send a token")
    return FakeCaller(name, role, request.app.state.airflow)


@cache
def the_app() -> FastAPI:
    """The app of all tests."""

    def none() -> Catalog:
        raise AssertionError("no test has given it a catalog")

    return create_app(none, made_up_identity)


def api_on(open_catalog: Callable[[], Catalog]) -> Api:
    """The API on a catalog."""
    return Api(open_catalog)


def states(lab: Lab, name: str = "mk_l1") -> list[str]:
    """Those of a process's builds."""
    return [state for _, state, _ in lab.builds(name)]


def asked(lab: Lab) -> list[str]:
    """Who asked for what, by the log of events."""
    return [
        f"{row.actor}: {row.reason}"
        for row in lab.rows(
            "select actor, reason from headwater.event where kind = 'action asked' order by id"
        )
    ]


def last_event(api: Api) -> int:
    """The number of the latest event."""
    return int(api.get("/events?limit=1")[0]["id"])
