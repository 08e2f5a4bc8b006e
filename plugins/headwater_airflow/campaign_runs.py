"""Campaigns and their runs of Airflow brought together, whoever proposed or decided (DESIGN 8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.catalog.connection import Catalog
from headwater.catalog.queries import campaign_runs
from headwater.catalog.queries.campaign_runs import ShownCampaign
from headwater.catalog.queries.campaigns import set_run
from headwater.core.states import CampaignState
from headwater.flows.airflow_rest import AirflowRefusedError, AirflowRest
from headwater.flows.started_runs import WOKEN_BY
from headwater_airflow.factories.campaign import campaign_dag_id

RUNS_A_LOOK = 10
"""The most runs that one look starts."""
WAITING = ("awaiting_input",)
APPROVE, REJECT = "Approve", "Reject"
_NOT_FOUND, _CONFLICT = 404, 409


@dataclass(frozen=True, slots=True)
class MissionName:
    """A mission as the catalog and as the names of its DAGs have it."""

    name: str
    slug: str


def show_campaigns(
    catalog: Catalog, rest: AirflowRest, missions: Sequence[MissionName]
) -> list[str]:
    """Start a run for each proposal that has none, and end the questions that are answered.

    So a campaign that the command line or a new code proposed can be approved in Airflow too, and
    the run of one that was approved or aborted elsewhere goes on. What was done, a sentence each.

    Raises
    ------
    CatalogUnavailableError
        If the catalog does not answer.
    AirflowUnavailableError, AirflowRefusedError
        If Airflow does not answer, or refuses.
    """
    slugs = {mission.name: mission.slug for mission in missions}
    with catalog.read() as connection:
        lonely = campaign_runs.without_run(connection, RUNS_A_LOOK)
        decided = campaign_runs.decided(connection)
    done = [
        _start(catalog, rest, row, campaign_dag_id(slugs[row.mission]))
        for row in lonely
        if row.mission in slugs
    ]
    return [*filter(None, done), *_answer(rest, decided)]


def _start(catalog: Catalog, rest: AirflowRest, row: ShownCampaign, dag_id: str) -> str | None:
    try:
        if rest.dag(dag_id).get("is_paused"):
            return None
        conf = {"campaign": row.id, "reason": row.reason, WOKEN_BY: "headwater.system"}
        run = rest.trigger(dag_id, conf=conf, note=f"campaign {row.id}: {row.reason}"[:1000])
    except AirflowRefusedError as error:
        if error.status == _NOT_FOUND:
            return None
        raise
    with catalog.begin() as connection:
        set_run(connection, row.id, dag_id, run["dag_run_id"])
    return f"started {dag_id} for campaign {row.id}, which waits for approval"


def _answer(rest: AirflowRest, decided: Sequence[ShownCampaign]) -> list[str]:
    """Answer the questions about campaigns on which somebody has decided elsewhere."""
    if not decided:
        return []
    by_run = {(row.airflow_dag_id, row.airflow_run_id): row for row in decided}
    done = []
    for task in rest.task_instances(states=WAITING):
        row = by_run.get((task["dag_id"], task["dag_run_id"]))
        if row is None:
            continue
        option = REJECT if row.state is CampaignState.ABORTED else APPROVE
        try:
            rest.answer(task, option)
        except AirflowRefusedError as error:
            if error.status == _CONFLICT:  # a person was quicker
                continue
            raise
        done.append(f"campaign {row.id} is {row.state}: its run in Airflow goes on")
    return done
