"""``<mission>.incoming``: what arrives is claimed and filed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import DAG, AssetOrTimeSchedule, DeltaTriggerTimetable

from headwater_airflow.assets import MissionAssets, incoming_asset
from headwater_airflow.factories import BEGIN, TAG
from headwater_airflow.failures import CATALOG_RETRIES, CATALOG_RETRY_DELAY
from headwater_airflow.operators.incoming import IncomingSensor
from headwater_airflow.operators.ingest import IngestOperator

if TYPE_CHECKING:
    from headwater.missions.snapshot import MissionSnapshot

_DOC = """
Files what arrives in `{folder}`.

A run starts when the watcher sees settled files, and every {minutes} minutes whether or not it
did. **arrived** claims what is there, or skips the run; **ingest** brings each arrival to its
disposition and tells the dates of the new files. To look now, trigger it.
"""


def incoming_dag_id(snapshot: MissionSnapshot) -> str:
    """The name of a mission's incoming DAG."""
    return f"{snapshot.slug}.incoming"


def incoming_dag(snapshot: MissionSnapshot, assets: MissionAssets) -> DAG:
    """The incoming DAG of a mission.

    Its outlets, the edges of the asset graph, are the products that no process makes; a file of
    another product that arrives all the same is found by its wake rows.
    """
    made = {name for process in snapshot.processes for name in process.outputs}
    dag = DAG(
        incoming_dag_id(snapshot),
        schedule=AssetOrTimeSchedule(
            timetable=DeltaTriggerTimetable(timedelta(minutes=snapshot.clock_minutes)),
            assets=[incoming_asset(snapshot)],
        ),
        start_date=BEGIN,
        catchup=False,
        max_active_runs=1,
        tags=[snapshot.mission, "incoming", TAG],
        description=f"Files what arrives for {snapshot.mission}",
        doc_md=_DOC.format(folder=snapshot.incoming_dir, minutes=snapshot.clock_minutes),
    )
    arrived = IncomingSensor(task_id="arrived", mission=snapshot.mission, dag=dag)
    IngestOperator.partial(
        task_id="ingest",
        mission=snapshot.mission,
        outlets=assets.of(each.name for each in snapshot.products if each.name not in made),
        map_index_template="{{ task.claim['name'] }}",
        retries=CATALOG_RETRIES,  # the operator's own are not those of a mapped task
        retry_delay=CATALOG_RETRY_DELAY,
        dag=dag,
    ).expand(claim=arrived.output)
    return dag
