"""What Airflow must have and know for the missions: pools, and that a snapshot has changed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from headwater.flows.airflow_rest import AirflowRest

if TYPE_CHECKING:
    from headwater.missions.snapshot import MissionSnapshot

SYSTEM_DAG = "headwater.system"


def ensure_pools(rest: AirflowRest, snapshots: Iterable[MissionSnapshot]) -> list[str]:
    """Make the pools that are missing; a person's change of the slots stays.

    A task in a pool that is not there waits for ever without a word.
    """
    there = {str(pool["name"]) for pool in rest.pools()}
    made = []
    for snapshot in snapshots:
        for pool in snapshot.pools:
            if pool.name not in there:
                rest.ensure_pool(pool.name, pool.slots, f"Codes of {snapshot.mission} at a time")
                made.append(f"made the pool {pool.name} with {pool.slots} slots")
    return made


def reparse_missions(rest: AirflowRest) -> list[str]:
    """Have Airflow read the file of the generated DAGs again at once.

    Only a DAG names its file to Airflow's interface; `headwater.system` lies in the same file and
    is always there, also before the first mission.
    """
    rest.reparse(str(rest.dag(SYSTEM_DAG)["file_token"]))
    return ["had the DAG file read again"]
