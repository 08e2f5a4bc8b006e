"""What Airflow tells the plug-in when a person marks a task or a run.

Marking fires no callback of the task, only these functions, in the API server (spec airflow 9),
before Airflow commits. Airflow logs and swallows what they raise. They fire elsewhere too: in task
processes, where the task itself has ended its builds, and in the scheduler. Only where a person is
behind the request do they do anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from headwater_airflow.persons import Asking, asking

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.state import TaskInstanceState


@hookimpl
def on_task_instance_failed(
    previous_state: TaskInstanceState | None, task_instance: TaskInstance, error: object
) -> None:
    """A person marks a task failed: its builds end, and have failed."""
    _task_marked(task_instance, "failed")


@hookimpl
def on_task_instance_success(
    previous_state: TaskInstanceState | None, task_instance: TaskInstance
) -> None:
    """A person marks a task success: its unfinished builds end, and are held."""
    _task_marked(task_instance, "success")


@hookimpl
def on_task_instance_skipped(
    previous_state: TaskInstanceState | None, task_instance: TaskInstance
) -> None:
    """A person marks a task skipped: as success."""
    _task_marked(task_instance, "skipped")


@hookimpl
def on_dag_run_failed(dag_run: DagRun, msg: str) -> None:
    """A person marks a run failed: all its builds end; its tasks that have not run tell nothing."""
    _run_marked(dag_run, "failed")


@hookimpl
def on_dag_run_success(dag_run: DagRun, msg: str) -> None:
    """A person marks a run success: all its unfinished builds end, and are held."""
    _run_marked(dag_run, "success")


def _task_marked(instance: TaskInstance, kind: str) -> None:
    by = asking.get()
    if by is None:
        return
    from headwater_airflow.marking import of_task, told

    of = of_task(
        getattr(instance, "operator", None) or "",
        instance.dag_id,
        instance.run_id,
        instance.task_id,
        instance.map_index if instance.map_index is not None else -1,
    )
    if of is not None:
        note = fresh_note(getattr(instance, "task_instance_note", None), by)
        if not note:  # its whole run may have been marked
            note = fresh_note(getattr(instance.dag_run, "dag_run_note", None), by)
        told(instance, of, kind, by, note)


def _run_marked(run: DagRun, kind: str) -> None:
    by = asking.get()
    if by is None:
        return
    from headwater.processing.run_marks import Marked
    from headwater_airflow.marking import told

    of = Marked(run.dag_id, run.run_id)
    told(run, of, kind, by, fresh_note(getattr(run, "dag_run_note", None), by))


def fresh_note(note: Any, by: Asking) -> str:
    """The text of a note that came with this very request; what stood there before is no reason.

    Airflow writes the note before it changes the state, but for several runs marked at once.
    """
    from sqlalchemy.orm import object_session

    if note is None:
        return ""
    session = object_session(note)
    unwritten = session is not None and (note in session.new or note in session.dirty)
    if unwritten or (note.updated_at is not None and note.updated_at >= by.since):
        return str(note.content or "")
    return ""
