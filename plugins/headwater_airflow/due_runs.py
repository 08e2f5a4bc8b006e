"""Runs for the processes that have due work and no live run (DESIGN 8)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from headwater.core.interval import DateSpan, few_spans
from headwater.flows.airflow_rest import AirflowRefusedError, AirflowRest
from headwater.flows.started_runs import WOKEN_BY

RUNS_A_LOOK = 10
"""The most runs that one look starts."""
RUNS_A_PROCESS = 3
"""The most runs that one look starts of one process."""
LIVE = ("queued", "running")
_NOT_FOUND = 404


class Due(Protocol):
    """A process with due work, as `headwater.processing.service.due_processes` names it."""

    @property
    def process(self) -> str:
        """Its name."""

    @property
    def reason(self) -> str:
        """Why it is due."""

    @property
    def spans(self) -> Sequence[DateSpan]:
        """The dates that are due."""


@dataclass(frozen=True, slots=True)
class Started:
    """A run that was started, and for which dates."""

    dag_id: str
    key: str

    def __str__(self) -> str:
        return f"{self.dag_id} for {self.key}"


def start_due_runs(rest: AirflowRest, due: Iterable[tuple[str, Due]]) -> list[Started]:
    """Start keyed runs of these processes (DAG name, due work), a bounded number.

    A DAG that is paused, has a queued or running run, or is not there yet is left for a later
    look: its work stays due.

    Raises
    ------
    AirflowUnavailableError, AirflowRefusedError
        If Airflow does not answer, or refuses for another reason.
    """
    started: list[Started] = []
    for dag_id, work in due:
        if len(started) >= RUNS_A_LOOK:
            break
        if _may_start(rest, dag_id):
            for span in few_spans(work.spans, RUNS_A_PROCESS):
                rest.trigger(
                    dag_id,
                    conf={WOKEN_BY: "headwater.system"},
                    partition_key=span.key,
                    note=f"{span}: {work.reason}"[:1000],
                )
                started.append(Started(dag_id, span.key))
    return started


def start_runs(rest: AirflowRest, dag_ids: Iterable[str], reason: str) -> list[str]:
    """Start a run of each of these DAGs that has no live one; the names of those started.

    Raises
    ------
    AirflowUnavailableError, AirflowRefusedError
        As :func:`start_due_runs`.
    """
    started = [dag_id for dag_id in dag_ids if _may_start(rest, dag_id)]
    for dag_id in started:
        rest.trigger(dag_id, conf={WOKEN_BY: "headwater.system"}, note=reason)
    return started


def _may_start(rest: AirflowRest, dag_id: str) -> bool:
    try:
        dag = rest.dag(dag_id)
    except AirflowRefusedError as error:
        if error.status == _NOT_FOUND:
            return False
        raise
    return not dag.get("is_paused") and not rest.runs(dag_id, LIVE)
