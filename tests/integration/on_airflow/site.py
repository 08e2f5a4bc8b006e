"""A running stack with the generated mission, and what tests ask of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import text

from headwater.catalog.connection import Catalog
from headwater.core.actor import Actor
from headwater.flows.airflow_rest import AirflowRest, AirflowUnavailableError
from headwater.local.airflow_environment import USERS_VARIABLE
from headwater.local.demo.synthetic import drop_synthetic_l0, write_synthetic_mission
from headwater.local.home import LocalHome
from headwater.local.stack import LocalStack
from headwater.missions.apply import apply
from headwater.missions.reading import read_mission_files
from headwater.missions.snapshot import read_snapshots, write_snapshot
from headwater_airflow.pools_and_files import ensure_pools, reparse_missions

OTHERS = "vic:viewer,uma:user,ola:op"
"""Accounts of the lower roles; their passwords are in the stack's file."""

INCOMING, L1, L2 = "synthetic.incoming", "synthetic.make.make_l1", "synthetic.make.make_l2"

CODE = """#!/bin/sh
# Fails or hangs for the inputs whose names hold a word of the file "fail" or "hang" beside it.
# One for a word of the file "stubborn" ignores every signal that can be ignored, and so do a child
# of it and one in a session of its own.
# A file "slow" there says how many seconds it takes to fail, a file "pace" how many any run takes.
here=$(dirname "$0")
for word in $(cat "$here/fail" 2>/dev/null); do
    case "$1" in *"$word"*)
        sleep "$(cat "$here/slow" 2>/dev/null || echo 0)"
        echo "no calibration for $word" >&2; exit 1 ;;
    esac
done
for word in $(cat "$here/hang" 2>/dev/null); do
    case "$1" in *"$word"*) echo $$ > "$here/pid.$word"; sleep 600 ;; esac
done
for word in $(cat "$here/stubborn" 2>/dev/null); do
    case "$1" in *"$word"*)
        trap '' TERM INT HUP
        setsid sh -c 'trap "" TERM INT HUP; while :; do sleep 1; done' &
        (while :; do sleep 1; done) &
        echo $$ > "$here/stubborn.${1##*/}"
        while :; do sleep 1; done ;;
    esac
done
[ -s "$here/pace" ] && sleep "$(cat "$here/pace")"
exec cat -- "$1" > "$2"
"""


@dataclass
class Site:
    """A running stack with the generated mission."""

    stack: LocalStack
    catalog: Catalog
    folder: Path

    def apply(self, levels: int = 2) -> None:
        """Bring the catalog to the generated mission with so many levels; tell nobody."""
        mission = write_synthetic_mission(self.folder, 0, levels=levels)
        (self.folder / "codes" / "copy.sh").write_text(CODE)
        apply(self.catalog, read_mission_files([mission]), Actor("test"))

    def drop(self, first: str, days: int = 1) -> None:
        drop_synthetic_l0(self.folder, days, start=date.fromisoformat(first))

    def say(self, what: str, *words: str) -> None:
        (self.folder / "codes" / what).write_text("\n".join(words))

    def hanging(self, word: str) -> int:
        """The process of the code that hangs for this word, 0 before it has begun."""
        path = self.folder / "codes" / f"pid.{word}"
        return int(path.read_text() or 0) if path.exists() else 0

    def rows(self, query: str, **values: object) -> list[Any]:
        with self.catalog.read() as connection:
            return list(connection.execute(text(query), values))

    def products(self, first: str, last: str) -> dict[str, int]:
        found = self.rows(
            "select p.name, count(*) from headwater.file f join headwater.product p "
            "on p.id = f.product_id where f.utc_file_date between :first and :last group by 1",
            first=first,
            last=last,
        )
        return {row[0]: row[1] for row in found}

    def runs(self, dag_id: str, key: str) -> list[dict[str, Any]]:
        return [run for run in self.rest(lambda r: r.runs(dag_id)) if run["partition_key"] == key]

    def tasks(self, run: dict[str, Any]) -> dict[tuple[str, int], str]:
        found = self.rest(lambda r: r.task_instances(run["dag_id"], run["dag_run_id"]))
        return {(task["task_id"], task["map_index"]): task["state"] for task in found}

    def send(self, method: str, path: str, body: dict[str, Any]) -> None:
        self.rest(lambda r: r._send(method, path, json=body))

    @contextmanager
    def paused(self, dag_id: str) -> Iterator[None]:
        """Nothing starts this DAG meanwhile."""
        path = f"/api/v2/dags/{dag_id}"
        self.send("PATCH", path, {"is_paused": True})
        try:
            yield
        finally:
            self.send("PATCH", path, {"is_paused": False})

    def rest(self, ask: Callable[[Any], Any]) -> Any:
        with self.stack.rest() as rest:
            return ask(rest)


@contextmanager
def opened(root: Path, folder: Path) -> Iterator[Site]:
    """A site on a stack of its own in `root`, whose DAGs are there; the mission is in `folder`."""
    home = LocalHome(root)
    with patch.dict(os.environ, {USERS_VARIABLE: OTHERS}), LocalStack(home) as stack:
        catalog = Catalog(stack.catalog_url())
        site = Site(stack, catalog, folder)
        site.apply()
        write_snapshot(catalog, "synthetic", home.snapshots)
        with stack.rest() as rest:
            until(lambda: _told(rest, home))
            until(lambda: {INCOMING, L1, L2} <= {dag["dag_id"] for dag in rest.dags()})
        yield site
        site.catalog.close()


def _told(rest: AirflowRest, home: LocalHome) -> bool:
    """Airflow has the pools of the missions, and reads their DAGs again."""
    ensure_pools(rest, read_snapshots(home.snapshots))
    reparse_missions(rest)
    return True


def until(condition: Callable[[], Any], seconds: float = 90, pause: float = 0.3) -> Any:
    """What the condition gives as soon as it gives something.

    An API server that does not answer in time, on a machine with much else to do, is asked again.
    """
    end = time.monotonic() + seconds
    while True:
        with suppress(AirflowUnavailableError):
            if found := condition():
                return found
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(pause)


def ended(site: Site, dag_id: str, key: str, state: str) -> dict[str, Any]:
    """The run of that key, once it has ended in `state`."""
    return until(
        lambda: next((run for run in site.runs(dag_id, key) if run["state"] == state), None)
    )
