"""All DAGs: those of every mission, from the snapshots, and ``headwater.system``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from airflow.sdk import DAG

from headwater_airflow.assets import MissionAssets
from headwater_airflow.factories.audit import audit_dag, audit_dag_id
from headwater_airflow.factories.campaign import campaign_dag, campaign_dag_id
from headwater_airflow.factories.incoming import incoming_dag, incoming_dag_id
from headwater_airflow.factories.making import making_dag, making_dag_id
from headwater_airflow.factories.system import DAG_ID, system_dag

if TYPE_CHECKING:
    from headwater.missions.snapshot import MissionSnapshot


def all_dags(snapshots: Iterable[MissionSnapshot], only: str | None = None) -> Iterator[DAG]:
    """The DAGs, in a fixed order.

    Parameters
    ----------
    snapshots
        The missions.
    only
        The one DAG that is wanted: a task process builds its own and no other.
    """
    if only in (None, DAG_ID):
        yield system_dag()
    for snapshot in sorted(snapshots, key=lambda each: each.slug):
        if only and not only.startswith(f"{snapshot.slug}."):
            continue
        assets = MissionAssets(snapshot)
        if only in (None, incoming_dag_id(snapshot)):
            yield incoming_dag(snapshot, assets)
        if only in (None, audit_dag_id(snapshot)):
            yield audit_dag(snapshot)
        if only in (None, campaign_dag_id(snapshot.slug)):
            yield campaign_dag(snapshot)
        for process in snapshot.processes:
            if only in (None, making_dag_id(snapshot, process)):
                yield making_dag(snapshot, process, assets)
