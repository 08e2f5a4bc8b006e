"""Claims of an ingest that a person has ended: anybody may take them over at once."""

from __future__ import annotations

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import given_up_claims
from headwater.core.actor import Actor


def give_up_claims(
    catalog: Catalog,
    dag_id: str,
    run_id: str,
    task_id: str | None = None,
    map_index: int | None = None,
) -> int:
    """End the leases of what a task, or all tasks of a run, have claimed and are filing.

    The next run of the mission's incoming DAG takes it over, with the files where they lie. Should
    the old task still live, its tokens are no longer good from then on. Returns how many arrivals
    were let go.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer; the leases then end by themselves.
    """
    run = f"airflow:{dag_id}/{run_id}/"
    owner = None
    if task_id is not None:
        owner = Actor.task(dag_id, run_id, task_id, -1 if map_index is None else map_index).name
    whole = task_id is not None and map_index is None
    values = {"run": run, "owner": owner, "mapped": f"{owner}[" if whole else None}
    with catalog.begin() as connection:
        connection.execute(given_up_claims.GIVE_UP_PATHS, values)
        return connection.execute(given_up_claims.GIVE_UP_CLAIMS, values).rowcount
