"""What Headwater's operators have in common."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from headwater_airflow.failures import CATALOG_RETRIES, CATALOG_RETRY_DELAY, airflow_failures

if TYPE_CHECKING:
    from airflow.sdk import Context

    from headwater.core.actor import Actor


class HeadwaterOperator(BaseOperator):
    """An operator whose known errors reach Airflow as one sentence each.

    Only a catalog that does not answer is tried again by Airflow: three times, 10 s apart.
    """

    ui_color = "#d7e8ee"

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("retries", CATALOG_RETRIES)
        kwargs.setdefault("retry_delay", CATALOG_RETRY_DELAY)
        super().__init__(**kwargs)

    def execute(self, context: Context) -> object:
        """Do the work of `work`, and tell Airflow how it ended."""
        with airflow_failures():
            return self.work(context)

    def work(self, context: Context) -> object:
        """What the operator does; `HeadwaterError` may leave it.

        Raises
        ------
        NotImplementedError
            Always: an operator of its own says what it does.
        """
        raise NotImplementedError


def actor_of(context: Context) -> Actor:
    """The running task, as events and claims of the catalog name it."""
    from headwater.core.actor import Actor

    instance = context["ti"]
    map_index = instance.map_index if instance.map_index is not None else -1
    return Actor.task(instance.dag_id, instance.run_id, instance.task_id, map_index)


def asking_actor(context: Context) -> Actor:
    """The person because of whom a task runs, where one is known; else the task.

    Whoever cleared or retried it last, or else triggered the run. Events name that person; claims
    and promises of paths are the task's (`actor_of`).
    """
    from dataclasses import replace

    task = actor_of(context)
    person = _cleared_by(context) if is_retried(context) else None
    if person is None and is_by_hand(context):
        person = getattr(context["dag_run"], "triggering_user_name", None)
    return task if person is None else replace(task, name=person)


def is_by_hand(context: Context) -> bool:
    """Whether a person triggered the run, not ``headwater.system``."""
    from headwater.flows.started_runs import WOKEN_BY

    run = context["dag_run"]
    return run.run_type == "manual" and WOKEN_BY not in (run.conf or {})


def _cleared_by(context: Context) -> str | None:
    from headwater.core.errors import HeadwaterError
    from headwater.processing.run_marks import who_cleared
    from headwater_airflow.catalog_access import open_catalog

    instance = context["ti"]
    try:
        with open_catalog() as catalog:
            found = who_cleared(catalog, instance.dag_id, instance.run_id, instance.task_id)
    except HeadwaterError:  # it is made again whether or not somebody can be named
        return None
    return None if found is None else found[0]


def is_retried(context: Context) -> bool:
    """Whether the task runs again, because a person retried or cleared it.

    Airflow's own retries (the catalog did not answer) look the same from here: what had failed
    before one of these is tried once more than the mission says.
    """
    return int(context["ti"].try_number) > 1


def end_at_once() -> None:
    """End this task process, for an `on_kill` whose work survives a kill at any instant.

    Airflow only sends SIGTERM first and SIGKILL five seconds later; in between the operator would
    go on. Its helpers end with it.
    """
    os._exit(128 + signal.SIGTERM)
