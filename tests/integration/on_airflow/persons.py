"""Persons who work in the Airflow UI, and what tests look at after they did something."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
from airflow.api_fastapi.auth.tokens import JWTGenerator

from on_airflow.site import L1, Site, until

CODES_END_WITHIN = 5.0
"""Seconds; what the design promises."""
BUILDS = "select id, state, reason from headwater.build where utc_date between :first and :last"


@dataclass(frozen=True)
class Person:
    """Somebody with a name and one of Airflow's roles: viewer, user, op or admin."""

    site: Site
    name: str
    role: str = "op"

    def asks(self, method: str, path: str, body: dict[str, Any], *, cookie: bool = False) -> int:
        """Send a request as the UI (`cookie`) or a program does; its status."""
        sign = JWTGenerator(
            secret_key=self.site.stack.home.secrets().jwt, audience="apache-airflow", valid_for=3600
        )
        token = sign.generate({"sub": self.name, "role": self.role, "teams": None})
        login = {"Cookie": f"_token={token}"} if cookie else {"Authorization": f"Bearer {token}"}
        url = f"{self.site.stack.status().url}{path}"
        answer = httpx.request(method, url, json=body, headers=login, timeout=30, trust_env=False)
        return answer.status_code

    def marks(
        self,
        run: dict[str, Any],
        state: str,
        task: str = "",
        index: int = -1,
        note: str | None = None,
        **how: bool,
    ) -> int:
        """Mark a run, or a task of it."""
        path = f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}"
        body: dict[str, Any] = {} if note is None else {"note": note}
        if not task:
            return self.asks("PATCH", path, {"state": state, **body}, **how)
        path += f"/taskInstances/{task}" + (f"/{index}" if index >= 0 else "")
        return self.asks("PATCH", path, {"new_state": state, **body}, **how)

    def clears(self, run: dict[str, Any], *tasks: Any, **more: Any) -> int:
        """Clear tasks of a run, and what follows them."""
        body = {"dag_run_id": run["dag_run_id"], "task_ids": list(tasks), "dry_run": False,
                "include_downstream": True, "reset_dag_runs": True, "only_failed": False,
                **more}  # fmt: skip
        return self.asks("POST", f"/api/v2/dags/{run['dag_id']}/clearTaskInstances", body)


@contextmanager
def stubborn(site: Site, first: str, days: int = 1) -> Iterator[dict[str, Any]]:
    """A run whose codes ignore all signals and fork; some of its builds run, the others wait."""
    word = first.replace("-", "")[:6]
    site.say("stubborn", word)
    try:
        site.drop(first, days)
        until(lambda: codes(site, word))
        yield run_of(site, first)
    finally:
        site.say("stubborn")


def run_of(site: Site, first: str, dag_id: str = L1) -> dict[str, Any]:
    """The run whose dates begin so, as soon as there is one."""

    def found() -> dict[str, Any] | None:
        runs = site.rest(lambda rest: rest.runs(dag_id))
        return next((run for run in runs if (run["partition_key"] or "").startswith(first)), None)

    run: dict[str, Any] = until(found)
    return run


def slots(site: Site) -> int:
    """How many codes of the mission run at the same time."""
    pools = site.rest(lambda rest: rest.pools())
    return next(pool["slots"] for pool in pools if pool["name"].startswith("synthetic."))


def codes(site: Site, word: str) -> list[psutil.Process]:
    """The stubborn codes for a month, as ``202801``, with all their descendants."""
    found = []
    for path in (site.folder / "codes").glob(f"stubborn.*{word}*"):
        try:
            code = psutil.Process(int(path.read_text() or 0))
            below = code.children(recursive=True)
        except (psutil.NoSuchProcess, ValueError):
            continue
        if len(below) >= 2:  # it has forked
            found += [code, *below]
    return found


def gone(processes: list[psutil.Process]) -> float:
    """How long it took until none of these processes was left; fails after the promised time.

    One that is dead, and of which its parent has not heard yet, is gone.
    """
    assert processes
    began = time.monotonic()
    while any(_lives(process) for process in processes):
        assert time.monotonic() - began < CODES_END_WITHIN, "a process is left"
        time.sleep(0.05)
    return time.monotonic() - began


def _lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def builds(site: Site, first: str, last: str) -> list[tuple[str, str]]:
    """State and reason of the builds of level 1 for these dates, in the order of their dates."""
    query = (
        "select b.state, b.reason from headwater.build b "
        "join headwater.process p on p.id = b.process_id where p.name = 'make_l1' "
        "and b.utc_date between :first and :last order by b.utc_date"
    )
    return [tuple(row) for row in site.rows(query, first=first, last=last)]


def all_are(site: Site, first: str, last: str, state: str, reason: str) -> bool:
    """Whether all builds of these dates have this state and reason."""
    found = builds(site, first, last)
    return bool(found) and set(found) == {(state, reason)}


def told(site: Site, run: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    """Who and why of the events of a run or of its builds, the oldest first."""
    found = site.rows(
        "select e.actor, e.reason from headwater.event e where e.kind = :kind and ("
        "e.detail ->> 'run_id' = :run or e.build_id in ("
        "select unnest(t.builds) from headwater.run_task t where t.run_id = :run)) order by e.id",
        kind=kind,
        run=run["dag_run_id"],
    )
    return [tuple(row) for row in found]


def nothing_left(site: Site, word: str) -> bool:
    """Whether no promise of a path and no work file is left of these dates, as ``202801``."""
    left = [path for path in (site.folder / ".work").rglob(f"*{word}*") if path.is_file()]
    promised = site.rows("select 1 from headwater.intent where final_path like :month",
                         month=f"%{word}%")  # fmt: skip
    return not left and not promised
