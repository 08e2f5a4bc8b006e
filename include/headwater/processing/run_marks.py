"""A person marks a run of Airflow, or a task of it: what becomes of its builds (DESIGN 8).

The table of all cases is docs/reference/what-operators-do.md.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import run_marks, run_tasks
from headwater.catalog.queries.build_events import write_end_events
from headwater.catalog.queries.wakes import Ended, lock_work, wake_waiters
from headwater.core.actor import Actor
from headwater.core.states import BuildState, EventKind, MarkKind
from headwater.missions.loaded import load_mission
from headwater.missions.slug import slug
from headwater.processing.process_facts import reaches

MOST_WAITING = 2000
"""Milliseconds for which a person waits for other transactions of the catalog."""


@dataclass(frozen=True, slots=True)
class Marked:
    """What a mark reaches: a run, a task, or one mapped task.

    `tasks` are the tasks whose builds it ends, none for all of the run; with `running` also what
    they make at this moment, else only what nobody has claimed. `map_index` none means all.
    """

    dag_id: str
    run_id: str
    task_id: str | None = None
    map_index: int | None = None
    tasks: tuple[str, ...] | None = None
    running: bool = True

    @property
    def values(self) -> dict[str, Any]:
        """As the statements name it."""
        return {
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "tasks": None if self.tasks is None else list(self.tasks),
            "map_index": self.map_index,
        }

    @property
    def name(self) -> str:
        """As a person calls it."""
        if self.task_id is None:
            return f"the run {self.run_id} of {self.dag_id}"
        index = "" if self.map_index is None else f"[{self.map_index}]"
        return f"{self.task_id}{index} of {self.dag_id}"


@dataclass(frozen=True, slots=True)
class RunMark:
    """One mark: what, as what, who and why. `id` is the same wherever the mark is told of."""

    of: Marked
    kind: MarkKind
    person: str
    note: str = ""
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def reason(self) -> str:
        """What the builds concerned say of it."""
        return self.kind.said(self.person, self.note)


@dataclass(frozen=True, slots=True)
class MarkDone:
    """What a mark did: builds that ended at once, that were asked to end, that are made."""

    ended: int = 0
    asked: int = 0
    built: int = 0

    @property
    def sentence(self) -> str:
        """What a person reads of it; empty where no build was concerned."""
        parts = [
            (self.asked, "running"),
            (self.ended, "not begun"),
            (self.built, "built and left so"),
        ]
        return ", ".join(f"{count} {what}" for count, what in parts if count)


def end_marked(catalog: Catalog, mark: RunMark) -> MarkDone | None:
    """Do to builds what a person's mark means; none if it was done before, or is none of ours.

    First what runs is asked to end, which waits for nobody. Then, all in one transaction, the
    builds that nobody has claimed end, those that wait for them are planned again, and the mark
    is in the log of events with the person's name.

    Raises
    ------
    CatalogBusyError
        If another transaction is in the way for longer than two seconds; the mark is not kept
        then, and may be told again.
    CatalogUnavailableError
        If the catalog does not answer; likewise.
    """
    if mark.kind is MarkKind.CLEARED:
        return _cleared(catalog, mark)
    values = mark.of.values | {
        "state": mark.kind.state.value,
        "reason": mark.reason,
        "person": mark.person,
        "running": mark.of.running,
    }
    if mark.of.running:
        with catalog.begin() as connection:
            _wait_no_longer(connection)
            connection.execute(run_marks.CANCEL_RUNNING, values)
    with catalog.begin() as connection:
        _wait_no_longer(connection)
        return _end(connection, mark, values)


def _end(connection: Connection, mark: RunMark, values: dict[str, Any]) -> MarkDone | None:
    found = connection.execute(run_tasks.BUILDS_TO_MAKE, values).all()
    values |= {"ids": [row.id for row in found]}
    missions = connection.execute(run_marks.MISSION_OF_BUILDS, values).all()
    mission_id = missions[0].id if missions else _mission_of_dag(connection, mark.of.dag_id)
    for mission in missions:
        lock_work(connection, mission.id)
    if mission_id is None or not _keep(connection, mark, mission_id):
        return None
    rows = connection.execute(run_marks.END_BUILDS, values).all()
    ended = [row for row in rows if row.state != BuildState.RUNNING.value]
    write_end_events(connection, ended, Actor(mark.person))
    for mission in missions if ended else ():
        loaded = load_mission(connection, mission.name)
        wake_waiters(connection, [Ended.of_build(row) for row in ended], reaches(loaded),
                     mark.reason)  # fmt: skip
    built = connection.scalar(run_marks.COUNT_BUILT, values) or 0
    done = MarkDone(len(ended), len(rows) - len(ended), built)
    _tell(connection, mark, mission_id, done.sentence)
    return done


def _cleared(catalog: Catalog, mark: RunMark) -> MarkDone | None:
    """Keep who cleared a task; what that means is done by the task when it runs again."""
    with catalog.begin() as connection:
        _wait_no_longer(connection)
        mission_id = _mission_of_dag(connection, mark.of.dag_id)
        if mission_id is None or not _keep(connection, mark, mission_id):
            return None
        _tell(connection, mark, mission_id)
        return MarkDone()


def _wait_no_longer(connection: Connection) -> None:
    connection.execute(run_marks.LIMIT_WAITING, {"milliseconds": str(MOST_WAITING)})


def _keep(connection: Connection, mark: RunMark, mission_id: int) -> bool:
    values = {
        "id": mark.id,
        "mission": mission_id,
        "dag_id": mark.of.dag_id,
        "run_id": mark.of.run_id,
        "task_id": mark.of.task_id,
        "map_index": mark.of.map_index,
        "kind": mark.kind.value,
        "person": mark.person,
        "note": mark.note,
    }
    return connection.execute(run_marks.KEEP_MARK, values).one_or_none() is not None


def _tell(connection: Connection, mark: RunMark, mission_id: int, done: str = "") -> None:
    kind = EventKind.RUN_MARKED if mark.of.task_id is None else EventKind.TASK_MARKED
    builds = f"; its builds: {done}" if done else ""
    values = {
        "kind": kind.value,
        "person": mark.person,
        "reason": f"{mark.of.name} {mark.reason}{builds}",
        "mission": mission_id,
        "dag_id": mark.of.dag_id,
        "run_id": mark.of.run_id,
        "task_id": mark.of.task_id,
        "map_index": mark.of.map_index,
        "mark": str(mark.id),
    }
    connection.execute(run_marks.TELL, values)


def _mission_of_dag(connection: Connection, dag_id: str) -> int | None:
    """The mission of a generated DAG, whose name begins with the mission's slug."""
    for mission in connection.execute(run_marks.MISSIONS):
        if dag_id.startswith(f"{slug(mission.name)}."):
            return int(mission.id)
    return None


def who_cleared(catalog: Catalog, dag_id: str, run_id: str, task_id: str) -> tuple[str, str] | None:
    """The last person who cleared a task or its run, and the note given with it, if known.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    """
    values = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id}
    with catalog.read() as connection:
        row = connection.execute(run_marks.LAST_CLEARED, values).one_or_none()
    return None if row is None else (row.person, row.note)
