"""What the catalog has not heard of, found again from what Airflow has committed.

A person's mark reaches the catalog from the API server at once. Where the catalog was away, or the
API server died in between, ``headwater.system`` finds it here; and builds whose task has ended are
freed without waiting for their leases.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import run_marks, runs
from headwater.core.states import MarkKind
from headwater.flows.airflow_rest import AirflowRefusedError, AirflowRest
from headwater.processing.run_marks import Marked, RunMark
from headwater_airflow.marking import LOG_EVENT, obey

FEED = "airflow marks"
OVERLAP = timedelta(minutes=10)
"""A row is dated when it is made and seen when it is committed: so far back is read again."""
FIRST_LOOK = timedelta(days=1)
MOST_TASKS = 50
"""The most tasks that one look asks Airflow about one by one."""
ENDS_BY_ITSELF = timedelta(seconds=15)
"""A task that ended has so long to end its own builds, with their logs; Airflow gives it ten."""

_ALIVE = ("running", "deferred", "restarting")
_ENDED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
_NOT_FOUND = 404


def missed_marks(catalog: Catalog, rest: AirflowRest) -> list[str]:
    """Do what persons' marks mean that the catalog has not heard of; a sentence each.

    One request to Airflow and one question to the catalog where there is none.

    Raises
    ------
    AirflowUnavailableError, AirflowRefusedError, CatalogUnavailableError
        If one of them does not answer; the next look goes on.
    """
    with catalog.read() as connection:
        until = connection.scalar(run_marks.READ_UNTIL, {"feed": FEED})
    since = (until - OVERLAP) if until else datetime.now(UTC) - FIRST_LOOK
    rows = rest.event_logs(LOG_EVENT, since)
    if not rows:
        return []
    marks = {mark.id: (mark, when) for mark, when in _marks(rows)}
    with catalog.read() as connection:
        unknown = run_marks.unknown_marks(connection, marks)
    done = []
    for number, (mark, when) in marks.items():
        if number in unknown:
            stands = _stands(rest, mark, when)
            said = obey(catalog, mark if stands else _undone(mark))
            done.append(f"{mark.of.name} {mark.reason}: {said if stands else 'undone since'}")
    newest = max(datetime.fromisoformat(row["when"]) for row in rows)
    with catalog.begin() as connection:
        connection.execute(run_marks.KEEP_READ_UNTIL, {"feed": FEED, "until": newest})
    return done


def _marks(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[RunMark, datetime]]:
    """The marks of these rows of Airflow's log, each with its time; what is no mark is left out."""
    for row in rows:
        try:
            extra = json.loads(row["extra"])
            tasks = extra["tasks"]
            of = Marked(
                str(row["dag_id"]),
                str(row["run_id"]),
                row["task_id"],
                row["map_index"],
                None if tasks is None else tuple(map(str, tasks)),
                bool(extra["running"]),
            )
            kind = MarkKind(extra["kind"])
            number = uuid.UUID(extra["mark"])
        except (ValueError, KeyError, TypeError):
            continue  # not written by us: Airflow's log takes any event from whoever may write it
        mark = RunMark(of, kind, str(row["owner"]), str(extra.get("note") or ""), number)
        yield mark, datetime.fromisoformat(row["when"])


def _stands(rest: AirflowRest, mark: RunMark, when: datetime) -> bool:
    """Whether Airflow still has what a person marked as it was marked, not run again since."""
    of = mark.of
    try:
        if of.task_id is None:
            now = rest.run(of.dag_id, of.run_id)
        else:
            index = -1 if of.map_index is None else of.map_index
            now = rest.task_instance(of.dag_id, of.run_id, of.task_id, index)
    except AirflowRefusedError as error:
        if error.status == _NOT_FOUND:
            return False
        raise
    began = now.get("start_date")
    again = began is not None and datetime.fromisoformat(began) > when
    return now.get("state") == mark.kind.value and not again


def _undone(mark: RunMark) -> RunMark:
    """The same mark, reaching no build: so it is kept, and not looked at again."""
    of = Marked(mark.of.dag_id, mark.of.run_id, mark.of.task_id, mark.of.map_index, (), False)
    note = f"{mark.note}; undone since" if mark.note else "undone since"
    return RunMark(of, mark.kind, mark.person, note[:1000], mark.id)


def end_lost_leases(catalog: Catalog, rest: AirflowRest) -> list[int]:
    """End the leases of builds whose task has ended in Airflow or is gone; which they are.

    Nothing is asked of Airflow where no build runs, and one request is enough where every build
    has its running task.

    Raises
    ------
    AirflowUnavailableError, AirflowRefusedError, CatalogUnavailableError
        If one of them does not answer; the leases then run out by themselves.
    """
    with catalog.read() as connection:
        rows = connection.execute(run_marks.RUNNING_IN_AIRFLOW).all()
    if not rows:
        return []
    alive = {
        (one["dag_id"], one["dag_run_id"], one["task_id"], one["map_index"])
        for one in rest.task_instances(states=_ALIVE)
    }
    held: dict[tuple[str, str, str, int], list[Any]] = {}
    for row in rows:
        task = (row.airflow_dag_id, row.airflow_run_id, row.airflow_task_id, row.map_index)
        if task not in alive:
            held.setdefault(task, []).append(row)
    lost = [row for task in list(held)[:MOST_TASKS] if _has_ended(rest, task) for row in held[task]]
    if not lost:
        return []
    values = {"ids": [row.id for row in lost], "tokens": [row.token for row in lost]}
    with catalog.begin() as connection:
        return list(connection.execute(runs.END_LEASES, values).scalars())


def _has_ended(rest: AirflowRest, task: tuple[str, str, str, int]) -> bool:
    try:
        now = rest.task_instance(*task)
    except AirflowRefusedError as error:
        if error.status == _NOT_FOUND:
            return True
        raise
    ended = now.get("end_date")
    if now.get("state") not in _ENDED or ended is None:
        return False
    return datetime.now(UTC) - datetime.fromisoformat(ended) > ENDS_BY_ITSELF
