"""What Headwater's operators have in common."""

from __future__ import annotations

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


def is_retried(context: Context) -> bool:
    """Whether the task runs again, because a person retried or cleared it.

    Airflow's own retries (the catalog did not answer) look the same from here: what had failed
    before one of these is tried once more than the mission says.
    """
    return int(context["ti"].try_number) > 1
