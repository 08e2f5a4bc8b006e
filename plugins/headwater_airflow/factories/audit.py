"""``<mission>.audit``: disk against catalog, each night and by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import DAG, CronTriggerTimetable, Param
from airflow.sdk.definitions.param import ParamsDict

from headwater_airflow.assets import audit_asset
from headwater_airflow.factories import BEGIN, TAG
from headwater_airflow.operators.audit import AuditOperator, AuditVerdictOperator

if TYPE_CHECKING:
    from headwater.missions.snapshot import MissionSnapshot

_DOC = """
Compares the archive of {mission} on disk with the catalog, and reads a share of its files again.

**audit** looks, and repairs only if the mission or the form says so; it tells the asset of the
audits how many of each kind are wrong. **verdict** is red, with one sentence, if anything is left
wrong: `headwater audit` lists it. {when}
"""


def audit_dag_id(snapshot: MissionSnapshot) -> str:
    """The name of a mission's audit DAG."""
    return f"{snapshot.slug}.audit"


def audit_dag(snapshot: MissionSnapshot) -> DAG:
    """The audit DAG of a mission."""
    hour = snapshot.audit_hour
    when = "It runs by hand only." if hour is None else f"It runs at {hour:02}:00 UTC."
    dag = DAG(
        audit_dag_id(snapshot),
        schedule=None if hour is None else CronTriggerTimetable(f"0 {hour} * * *", timezone="UTC"),
        start_date=BEGIN,
        catchup=False,
        max_active_runs=1,
        tags=[snapshot.mission, "audit", TAG],
        description=f"Audits the archive of {snapshot.mission}",
        doc_md=_DOC.format(mission=snapshot.mission, when=when),
    )
    audit = AuditOperator(
        task_id="audit", mission=snapshot.mission, outlets=[audit_asset(snapshot)], dag=dag
    )
    AuditVerdictOperator(task_id="verdict", report=audit.output, dag=dag)
    dag.params = ParamsDict(_params())
    return dag


def _params() -> dict[str, Param]:
    return {
        "repair": Param(
            None,
            type=["null", "boolean"],
            title="Repair",
            description="Do the safe action of each finding; empty means as the mission says.",
        ),
        "scrub_gigabytes": Param(
            None,
            type=["null", "number"],
            minimum=0,
            title="Gigabytes to read again",
            description="What was not read for longest comes first; empty means as the mission "
            "says.",
        ),
    }
