"""``<mission>.make.<process>``: a process, run for the dates whose inputs changed."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
    Asset,
    IdentityMapper,
    Param,
    PartitionedAssetTimetable,
    PartitionedAtRuntime,
)
from airflow.sdk.definitions.param import ParamsDict

from headwater_airflow.assets import MissionAssets
from headwater_airflow.factories import BEGIN, TAG
from headwater_airflow.failures import CATALOG_RETRIES, CATALOG_RETRY_DELAY
from headwater_airflow.operators.build import CHUNK_NAME, BuildOperator
from headwater_airflow.operators.failures import FailuresOperator
from headwater_airflow.operators.plan import PlanOperator

if TYPE_CHECKING:
    from airflow.sdk.bases.timetable import BaseTimetable

    from headwater.missions.snapshot import MissionSnapshot, ProcessSnapshot

LIVE_RUNS = 8
"""Runs of one process at the same time; the mission's pool bounds what they compute."""

_DOC = """
{description}

Makes {outputs} from {inputs}.

A run is for the dates of its partition key. **plan** says what is to be made and why the rest is
not, **build** makes it, **redo** makes what failed inside a larger task once more, each by itself,
and **outcome** is red if any of it failed.

By hand: give a `key`, or `first_date` and `last_date`; with none of them all that is due is made.
"""


def making_dag_id(snapshot: MissionSnapshot, process: ProcessSnapshot) -> str:
    """The name of a process's DAG."""
    return f"{snapshot.slug}.make.{process.slug}"


def making_dag(snapshot: MissionSnapshot, process: ProcessSnapshot, assets: MissionAssets) -> DAG:
    """The DAG of one process."""
    dag = DAG(
        making_dag_id(snapshot, process),
        schedule=_schedule(assets.of(process.trigger_inputs)),
        start_date=BEGIN,
        catchup=False,
        max_active_runs=LIVE_RUNS,
        tags=[snapshot.mission, *assets.levels(process.outputs), TAG],
        description=process.description or f"Makes {_names(process.outputs)}",
        doc_md=_DOC.format(
            description=process.description or process.name,
            outputs=_names(process.outputs),
            inputs=_names([*process.trigger_inputs, *process.other_inputs]),
        ),
    )
    _tasks(dag, snapshot, process, assets.of(process.outputs))
    # Given afterwards: each task would copy them, and Airflow validates each copy several times,
    # which took two thirds of the time to read 500 DAGs.
    dag.params = ParamsDict(_params())
    return dag


def _schedule(inputs: list[Asset]) -> BaseTimetable:
    """Woken by any of the inputs; without one, by hand and by wake rows only.

    A list of assets would mean all of them (seen on Airflow 3.3.2).
    """
    if not inputs:
        return PartitionedAtRuntime()
    return PartitionedAssetTimetable(
        assets=reduce(or_, inputs), default_partition_mapper=IdentityMapper()
    )


def _tasks(
    dag: DAG, snapshot: MissionSnapshot, process: ProcessSnapshot, outlets: list[Asset]
) -> None:
    pool = snapshot.pools[0]
    makes: dict[str, Any] = {
        "mission": snapshot.mission,
        "outlets": outlets,
        "pool": pool.name,
        "map_index_template": CHUNK_NAME,
        "retries": CATALOG_RETRIES,
        "retry_delay": CATALOG_RETRY_DELAY,
        "dag": dag,
    }
    plan = PlanOperator(
        task_id="plan",
        mission=snapshot.mission,
        process=process.name,
        cores=pool.slots,
        several="failures",
        dag=dag,
    )
    build = BuildOperator.partial(task_id="build", **makes).expand(chunk=plan.output)
    failures = FailuresOperator(
        task_id="failures", results=build.output, trigger_rule="all_done", dag=dag
    )
    redo = BuildOperator.partial(task_id="redo", again=True, **makes).expand(chunk=failures.output)
    outcome = EmptyOperator(task_id="outcome", trigger_rule="none_failed_min_one_success", dag=dag)
    plan >> failures
    build >> outcome
    redo >> outcome


def _params() -> dict[str, Param]:
    return {
        "key": Param(
            None,
            type=["null", "string"],
            title="Key",
            description="A date such as 2026-01-31, or an interval such as 2026-01-01/2026-03-31.",
            section="What to make",
        ),
        "first_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="First date",
            description="The first UTC date to make; not together with a key.",
            section="What to make",
        ),
        "last_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Last date",
            description="The last UTC date to make; empty means the first date alone.",
            section="What to make",
        ),
    }


def _names(products: list[str] | tuple[str, ...]) -> str:
    return ", ".join(products) or "no product"
