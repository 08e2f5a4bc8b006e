"""What failed inside chunks, as tasks of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from headwater_airflow.operators.base import HeadwaterOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

MOST_REDONE = 20
"""The most failed builds of a run that become tasks of their own."""


class FailuresOperator(HeadwaterOperator):
    """Gathers the builds that failed in the chunks of a run, for the `redo` tasks.

    It gives at most 20 chunks of one build; what is more, or was not tried after equal failures
    in a row, becomes one more chunk that fails with the words "and N more", and makes these
    builds when a person retries it. It ends skipped if nothing failed.

    Parameters
    ----------
    results
        What the build tasks gave.
    makes
        The task that is mapped over the chunks: the catalog keeps which builds each is to make.
    """

    template_fields = ("results",)

    def __init__(self, *, results: Any, makes: str = "redo", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.results = results
        self.makes = makes

    def work(self, context: Context) -> list[dict[str, Any]]:
        """Gather them.

        Raises
        ------
        AirflowSkipException
            If none failed.
        """
        chunks = chunks_to_redo(result for result in self.results or () if result)
        if not chunks:
            raise AirflowSkipException("no build failed inside a larger task")
        record_chunks(context, self.makes, chunks)
        return chunks


def record_chunks(context: Context, task_id: str, chunks: Sequence[Mapping[str, Any]]) -> None:
    """Let the catalog know which builds each mapped task of `task_id` is to make in this run.

    So a person's mark reaches also those that no task has claimed yet.
    """
    from headwater.catalog.queries.run_tasks import record_tasks
    from headwater_airflow.catalog_access import open_catalog

    run = context["ti"]
    with open_catalog() as catalog, catalog.begin() as connection:
        record_tasks(
            connection, run.dag_id, run.run_id, task_id, [chunk["builds"] for chunk in chunks]
        )


def chunks_to_redo(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The chunks of the `redo` tasks, from what the build tasks gave."""
    failed: list[Mapping[str, Any]] = []
    left: list[int] = []
    for result in results:
        failed += result.get("failed", ())
        left += result.get("left", ())
    chunks: list[dict[str, Any]] = [
        {"name": each["name"], "builds": [each["build"]], "state": each["state"]}
        for each in failed[:MOST_REDONE]
    ]
    more = [each["build"] for each in failed[MOST_REDONE:]] + left
    if more:
        chunks.append(
            {"name": f"and {len(more)} more", "builds": more, "trouble": and_more(len(more))}
        )
    return chunks


def and_more(count: int) -> str:
    """The sentence of the task that stands for builds without a task of their own."""
    return (
        f"and {count} more that failed or were not tried: see 'headwater builds'; retry this task "
        "to have them made"
    )
