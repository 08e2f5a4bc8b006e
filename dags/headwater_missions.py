"""Headwater's DAGs: those of every mission, and ``headwater.system``.

They come from the JSON snapshots of the missions alone: no database is asked here. Airflow reads
only files that hold the words "airflow" and "dag".
"""

from __future__ import annotations

from airflow.sdk import get_parsing_context

from headwater.missions.snapshot import read_snapshots, snapshot_folder
from headwater_airflow.factories.missions import all_dags

# A task process asks for its own DAG only, and is spared all others.
for _dag in all_dags(read_snapshots(snapshot_folder()), get_parsing_context().dag_id):
    globals()[_dag.dag_id] = _dag
