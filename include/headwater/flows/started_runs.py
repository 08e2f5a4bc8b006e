"""Runs of process DAGs that a person starts for some dates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from headwater.core.interval import DateSpan, few_spans, spans_of
from headwater.flows.airflow_rest import AirflowRefusedError, AirflowUnavailableError
from headwater.missions.loaded import LoadedMission, LoadedProcess

RUNS_A_PROCESS = 3
"""The most runs that one request starts of one process; dates far apart are joined."""
WOKEN_BY = "woken_by"
"""The conf key of a run that makes only what is planned: it lets nothing go that is held."""
_NOT_FOUND = 404
_LONGEST_NOTE = 1000


class Airflow(Protocol):
    """What is needed of Airflow's REST interface; `AirflowRest` has it."""

    def dag(self, dag_id: str) -> dict[str, Any]:
        """A DAG, with its ``is_paused``."""

    def trigger(
        self,
        dag_id: str,
        *,
        conf: Mapping[str, Any] | None = None,
        partition_key: str | None = None,
        note: str | None = None,
    ) -> dict[str, Any]:
        """Start a run, and return it with its ``dag_run_id``."""


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A run that was started for the dates of its key; or, without a number, why none was."""

    dag_id: str
    key: str
    run_id: str | None
    reason: str


def start_runs_of_dates(
    airflow: Airflow,
    mission: LoadedMission,
    process: LoadedProcess,
    days: Sequence[date],
    asked_by: str,
    reason: str,
) -> list[StartedRun]:
    """Start few runs of a process that make what is planned for `days`.

    A paused DAG gets no run: it would wait for the day when somebody unpauses it. Nor does a DAG
    that Airflow has not read yet, or where Airflow refuses or does not answer. Then the work stays
    due, and ``headwater.system`` starts a run for it when it can.
    """
    dag_id = f"{mission.slug}.make.{process.slug}"
    spans = few_spans(spans_of(days), RUNS_A_PROCESS)
    try:
        hindrance = _hindrance(airflow, dag_id) if spans else None
    except (AirflowUnavailableError, AirflowRefusedError) as error:
        hindrance = _later(error)
    if hindrance is not None:
        return [StartedRun(dag_id, span.key, None, hindrance) for span in spans]
    return [_start(airflow, dag_id, span, asked_by, reason) for span in spans]


def _start(airflow: Airflow, dag_id: str, span: DateSpan, asked_by: str, reason: str) -> StartedRun:
    note = f"{span}: asked for by {asked_by}: {reason}"
    try:
        run = airflow.trigger(
            dag_id, conf={WOKEN_BY: asked_by}, partition_key=span.key, note=note[:_LONGEST_NOTE]
        )
    except (AirflowUnavailableError, AirflowRefusedError) as error:
        return StartedRun(dag_id, span.key, None, _later(error))
    return StartedRun(dag_id, span.key, str(run["dag_run_id"]), note)


def _later(error: Exception) -> str:
    return f"no run was started, headwater.system starts one later: {error}"


def _hindrance(airflow: Airflow, dag_id: str) -> str | None:
    try:
        dag = airflow.dag(dag_id)
    except AirflowRefusedError as error:
        if error.status == _NOT_FOUND:
            return f"Airflow has not read the DAG {dag_id} yet: it is made when it has"
        raise
    if dag.get("is_paused"):
        return f"the DAG {dag_id} is paused: unpause it, and it is made"
    return None
