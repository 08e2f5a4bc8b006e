"""``headwater.system``: what must happen every half minute whatever else happens."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, DeltaTriggerTimetable

from headwater_airflow.factories import BEGIN, TAG
from headwater_airflow.operators.system import SystemOperator

DAG_ID = "headwater.system"
PERIOD = timedelta(seconds=30)

_DOC = """
Keeps all missions going: frees what a dead task held, finishes what a crash left half done,
rewrites DAG snapshots whose mission changed, sees that the pools are there, and starts a run of
each process that has due work and no live run. It ends skipped when there was nothing to do.

Do not pause it: lost events, retries and waiting builds are found again only by this DAG.
"""


def system_dag() -> DAG:
    """The one DAG that every installation has."""
    dag = DAG(
        DAG_ID,
        schedule=DeltaTriggerTimetable(PERIOD),
        start_date=BEGIN,
        catchup=False,
        max_active_runs=1,
        tags=[TAG],
        description="Wakes, leases, recovery and snapshots of all missions",
        doc_md=_DOC,
        dagrun_timeout=timedelta(minutes=10),
        is_paused_upon_creation=False,
    )
    SystemOperator(task_id="look", retries=0, dag=dag)
    return dag
