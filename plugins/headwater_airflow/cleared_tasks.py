"""A person clears tasks or runs: Airflow has no listener for it, so its requests are watched.

Airflow's own log names whoever tried, also those whom it then refused; here only what it did
counts.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Self

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LARGEST_BODY = 256 * 1024
"""A longer request is served as any other, but nobody is named for it. Bytes."""

_ROUTES = (
    re.compile(r"/api/v2/dags/(?P<dag>[^/]+)/clearTaskInstances$"),
    re.compile(r"/api/v2/dags/(?P<dag>[^/]+)/dagRuns/(?P<run>.+)/clear$"),
    re.compile(r"/api/v2/dags/(?P<dag>[^/]+)/clearDagRuns$"),
)
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class ClearRequest:
    """One request to clear; what it asks is read as it passes by."""

    dag_id: str
    run_id: str | None = None
    body: bytearray = field(default_factory=bytearray)
    status: int = 0

    @classmethod
    def of(cls, path: str) -> Self | None:
        """The request of this path, or none if it clears nothing."""
        for route in _ROUTES:
            if found := route.search(path):
                return cls(found["dag"], found.groupdict().get("run"))
        return None

    def reading(self, receive: Receive) -> Receive:
        """`receive`, whose body is kept."""

        async def read() -> Message:
            message = await receive()
            if len(self.body) <= LARGEST_BODY:
                self.body += message.get("body", b"")
            return message

        return read

    def watching(self, send: Send) -> Send:
        """`send`, whose status is kept."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            await send(message)

        return sent

    async def tell(self, person: str) -> None:
        """Tell the catalog who cleared what, if Airflow did it."""
        if not 200 <= self.status < 300:
            return
        asked = self._asked()
        if asked.get("dry_run", True):
            return
        from anyio import to_thread

        from headwater_airflow import marking

        note = str(asked.get("note") or "")
        for dag_id, run_id, task_id, map_index in self._cleared(asked):
            await to_thread.run_sync(
                marking.tell_cleared, dag_id, run_id, task_id, map_index, person, note
            )

    def _asked(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body) if self.body else {}
        except ValueError:
            _LOG.warning("a request to clear tasks of %s was too long to be read", self.dag_id)
            return {}
        return found if isinstance(found, dict) else {}

    def _cleared(self, asked: dict[str, Any]) -> Iterator[tuple[str, str, str | None, int | None]]:
        """DAG, run, task and map index of each; a run as a whole where several tasks are meant."""
        if asked.get("dag_runs"):
            for run in asked["dag_runs"]:
                dag_id = run.get("dag_id") or self.dag_id
                yield dag_id, str(run["dag_run_id"]), None, None
            return
        run_id = self.run_id or asked.get("dag_run_id")
        if run_id is None:
            return  # cleared by dates, which runs with a partition key do not have
        tasks = asked.get("task_ids") or []
        beside = any(asked.get(f"include_{which}") for which in ("downstream", "upstream"))
        if len(tasks) != 1 or beside:
            yield self.dag_id, run_id, None, None
        elif isinstance(tasks[0], str):
            yield self.dag_id, run_id, tasks[0], None
        else:
            yield self.dag_id, run_id, tasks[0][0], int(tasks[0][1])
