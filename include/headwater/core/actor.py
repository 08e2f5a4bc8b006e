"""Who does something: a person, a command, or a task of an Airflow run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts, as events and claims name it.

    The Airflow fields are set where a task acts; `name` is always set.
    """

    name: str
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None

    @classmethod
    def task(cls, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Actor:
        """A task of an Airflow run."""
        name = f"airflow:{dag_id}/{run_id}/{task_id}"
        if map_index >= 0:
            name += f"[{map_index}]"
        return cls(name, dag_id, run_id, task_id, map_index)
