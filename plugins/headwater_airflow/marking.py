"""What the API server tells the catalog of a person's marks, within the person's own request.

The catalog may be away, and the API server may die at any moment. So each mark is first written
into Airflow's own log, in the transaction that changes the state there: ``headwater.system`` finds
it and tells the catalog what it has not heard of (`missed_marks`).
"""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headwater.catalog.connection import Catalog
    from headwater.processing.run_marks import Marked, RunMark
    from headwater_airflow.persons import Asking

LOG_EVENT = "headwater_mark"
"""The name of the event in Airflow's log."""
CONNECT_SECONDS = 2
"""A person's request waits no longer for a catalog that does not answer."""
_LEFT_ALONE_SECONDS = 10.0

PLAN, BUILD, FAILURES = "PlanOperator", "BuildOperator", "FailuresOperator"
INGESTS = ("IncomingSensor", "IngestOperator")
NOTHING_HELD = ("AuditOperator", "SystemOperator")
CAMPAIGN = ("CampaignRunOperator", "CampaignSensor")
REDO, OUTCOME = "redo", "outcome"

_LOG = logging.getLogger(__name__)
_door: list[Any] = [None, 0.0]
"""The open catalog, and until when (monotonic) one that does not answer is left alone."""


def of_task(operator: str, dag_id: str, run_id: str, task_id: str, map_index: int) -> Marked | None:
    """What the mark of a task reaches; none if it is no task of ours.

    A build task stands for its own builds, `plan` for all of the run that nobody has claimed,
    `failures` for those of the `redo` tasks; the others for no build.
    """
    from headwater.processing.run_marks import Marked

    tasks: tuple[str, ...] | None = ()
    running = False
    if operator == BUILD:
        tasks, running = (task_id,), True
    elif operator == PLAN:
        tasks = None
    elif operator == FAILURES:
        tasks = (REDO,)
    elif operator not in (*INGESTS, *NOTHING_HELD, *CAMPAIGN) and task_id != OUTCOME:
        return None
    index = map_index if map_index >= 0 else None
    return Marked(dag_id, run_id, task_id, index, tasks, running)


def told(thing: Any, of: Marked, kind: str, asking: Asking, note: str) -> None:
    """Note a mark in Airflow's log beside `thing`, the task instance or run, and tell the catalog.

    What goes wrong is logged: the person's request goes on, and ``headwater.system`` does it.
    """
    from headwater.core.states import MarkKind
    from headwater.processing.run_marks import RunMark

    mark = RunMark(of, MarkKind(kind), asking.person, note)
    _note_in_airflow(thing, mark)
    _tell(mark)


def tell_cleared(
    dag_id: str, run_id: str, task_id: str | None, map_index: int | None, person: str, note: str
) -> None:
    """Tell the catalog who cleared a task or a run; if it is away, nobody is named."""
    from headwater.core.states import MarkKind
    from headwater.processing.run_marks import Marked, RunMark

    of = Marked(dag_id, run_id, task_id, map_index, ())
    _tell(RunMark(of, MarkKind.CLEARED, person, note))


def _note_in_airflow(thing: Any, mark: RunMark) -> None:
    from airflow.models.log import Log
    from sqlalchemy.orm import object_session

    session = object_session(thing)
    if session is None:
        _LOG.warning("%s is not in a session: its mark is not in Airflow's log", mark.of.name)
        return
    of = mark.of
    extra = {
        "mark": str(mark.id),
        "kind": mark.kind.value,
        "note": mark.note,
        "tasks": of.tasks,
        "running": of.running,
    }
    session.add(
        Log(
            LOG_EVENT,
            owner=mark.person,
            owner_display_name=mark.person,
            extra=json.dumps(extra),
            dag_id=of.dag_id,
            run_id=of.run_id,
            task_id=of.task_id,
            map_index=of.map_index,
        )
    )


def _tell(mark: RunMark) -> None:
    from headwater.core.errors import CatalogBusyError, HeadwaterError

    if time.monotonic() < _door[1]:
        return
    try:
        obeyed = obey(_catalog(), mark)
    except CatalogBusyError as error:
        _LOG.warning("%s %s: %s", mark.of.name, mark.reason, error)
    except HeadwaterError as error:
        # A person may mark two hundred tasks at once: they do not each wait for it.
        _door[1] = time.monotonic() + _LEFT_ALONE_SECONDS
        _LOG.warning("%s %s: %s", mark.of.name, mark.reason, error)
    else:
        _LOG.info("%s %s: %s", mark.of.name, mark.reason, obeyed)


def obey(catalog: Catalog, mark: RunMark) -> str:
    """Do in the catalog what a mark means; a sentence about it.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer, or other transactions are in the way.
    """
    from headwater.core.actor import Actor
    from headwater.core.states import MarkKind
    from headwater.ingest.given_up import give_up_claims
    from headwater.processing.campaigns import pause_run
    from headwater.processing.run_marks import end_marked

    done = end_marked(catalog, mark)
    if done is None:
        return "nothing of ours, or done before"
    if mark.kind is not MarkKind.CLEARED and (mark.of.tasks is None or mark.of.tasks == ()):
        give_up_claims(catalog, mark.of.dag_id, mark.of.run_id, mark.of.task_id, mark.of.map_index)
    if mark.kind is MarkKind.FAILED:
        person = Actor(mark.person)
        paused = pause_run(catalog, mark.of.dag_id, mark.of.run_id, person, mark.note)
        if paused is not None:
            return f"campaign {paused} is paused"
    return done.sentence or "no build of it is concerned"


def _catalog() -> Catalog:
    """The catalog, kept open: a mark of many tasks is one request of many marks."""
    if _door[0] is None:
        from headwater.catalog.connection import Catalog
        from headwater_airflow.catalog_access import catalog_address

        _door[0] = Catalog(catalog_address(), pool_size=1, connect_seconds=CONNECT_SECONDS)
    found: Catalog = _door[0]
    return found
