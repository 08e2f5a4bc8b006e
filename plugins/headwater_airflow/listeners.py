"""What Airflow tells the plug-in when a person marks a task.

Marking a task failed fires no callback of the task, only these functions, in the API server
(spec airflow 9). Airflow logs and swallows what they raise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.listeners import hookimpl

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.state import TaskInstanceState

BUILD_OPERATOR = "BuildOperator"
CONNECT_SECONDS = 2

_REQUEST_CANCEL = """
update headwater.build
set cancel_requested_at = now(), cancel_reason = %(reason)s
where state = 'running' and cancel_requested_at is null
  and airflow_dag_id = %(dag_id)s and airflow_run_id = %(run_id)s
  and airflow_task_id = %(task_id)s and coalesce(airflow_map_index, -1) = %(map_index)s
"""
"""Ask the keeper of each running build of a task to end it; asking twice changes nothing."""


@hookimpl
def on_task_instance_failed(
    previous_state: TaskInstanceState | None, task_instance: TaskInstance, error: object
) -> None:
    """Ask for the end of the builds of a build task that a person marked failed.

    In a task process Airflow gives an object of another class: there the task itself has ended
    its builds.
    """
    if type(task_instance).__name__ != "TaskInstance":
        return
    if getattr(task_instance, "operator", None) == BUILD_OPERATOR:
        request_cancel(task_instance)


def request_cancel(task_instance: TaskInstance) -> None:
    """Write the cancel request; the API server waits no longer than 2 s for the catalog."""
    import psycopg
    from airflow.sdk import BaseHook
    from sqlalchemy.engine import make_url

    from headwater_airflow.catalog_access import CONNECTION

    address = make_url(BaseHook.get_connection(CONNECTION).get_uri().split("?", 1)[0])
    dsn = address.set(drivername="postgresql").render_as_string(hide_password=False)
    values = {
        "reason": "marked failed in Airflow",
        "dag_id": task_instance.dag_id,
        "run_id": task_instance.run_id,
        "task_id": task_instance.task_id,
        "map_index": task_instance.map_index,
    }
    with psycopg.connect(dsn, connect_timeout=CONNECT_SECONDS) as connection:
        connection.execute(_REQUEST_CANCEL, values)
