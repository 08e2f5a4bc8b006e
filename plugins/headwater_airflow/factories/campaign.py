"""``<mission>.campaign``: reprocessing, planned, approved by a person, made and reported."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk import DAG, Param
from airflow.sdk.definitions.param import ParamsDict

from headwater_airflow.assets import campaign_asset
from headwater_airflow.factories import BEGIN, TAG
from headwater_airflow.operators.campaign import CampaignPlanOperator, CampaignRunOperator
from headwater_airflow.operators.campaign_approval import CampaignApprovalOperator
from headwater_airflow.operators.campaign_end import (
    CampaignReportOperator,
    CampaignSensor,
    CampaignVerdictOperator,
)

if TYPE_CHECKING:
    from headwater.missions.snapshot import MissionSnapshot

LIVE_RUNS = 32
"""Runs at the same time: most of them wait for a person, or for their builds, at no cost."""
LONGEST = timedelta(days=3650)
"""A campaign may take as long as it takes."""
LOOK = timedelta(seconds=30)

_DOC = """
Makes products of {mission} again: fill in the form, or give the number of a campaign that was
proposed elsewhere (`headwater campaign new`, a new code, a changed mission file).

**plan** writes the proposal and says what would be made and why. **approval** asks a person; a
campaign of at most `campaign_limit` dates needs none. **run** approves it in the catalog by that
person's name: its builds are made after live data, by the DAGs of its processes. **wait** shows how
far it is, and holds no worker. **report** says what changed, and **verdict** is red if anything
failed or is held: retry that, the campaign itself has ended.

Rejected: the campaign is aborted with your name. Marked failed while it runs: the campaign is
paused; clear `wait` to go on, or `headwater campaign resume` or `abort` it. Marked failed while it
waits for approval: it stays proposed, and clearing `approval` asks again. The run cleared as a
whole: a campaign that has not ended goes on, for one that has a new one is proposed. Paused,
resumed, approved or aborted elsewhere: this run follows. Deleting the run changes nothing.
"""


def campaign_dag_id(slug: str) -> str:
    """The name of a mission's campaign DAG."""
    return f"{slug}.campaign"


def campaign_dag(snapshot: MissionSnapshot) -> DAG:
    """The campaign DAG of a mission."""
    dag = DAG(
        campaign_dag_id(snapshot.slug),
        schedule=None,
        start_date=BEGIN,
        catchup=False,
        max_active_runs=LIVE_RUNS,
        tags=[snapshot.mission, "campaign", TAG],
        description=f"Reprocesses products of {snapshot.mission}",
        doc_md=_DOC.format(mission=snapshot.mission),
    )
    name = snapshot.mission
    plan = CampaignPlanOperator(task_id="plan", mission=name, dag=dag)
    approval = CampaignApprovalOperator(
        task_id="approval",
        mission=name,
        plan=plan.output,
        subject=f"Make products of {name} again?",
        dag=dag,
    )
    run = CampaignRunOperator(
        task_id="run", mission=name, plan=plan.output, answer=approval.output, dag=dag
    )
    wait = CampaignSensor(
        task_id="wait",
        mission=name,
        campaign=run.output,
        poke_interval=LOOK.total_seconds(),
        timeout=LONGEST.total_seconds(),
        dag=dag,
    )
    report = CampaignReportOperator(
        task_id="report",
        mission=name,
        campaign=run.output,
        outlets=[campaign_asset(snapshot)],
        dag=dag,
    )
    verdict = CampaignVerdictOperator(task_id="verdict", report=report.output, dag=dag)
    wait >> report >> verdict
    dag.params = ParamsDict(_params(snapshot))
    return dag


def _params(snapshot: MissionSnapshot) -> dict[str, Param]:
    made = sorted({name for process in snapshot.processes for name in process.outputs})
    what, how = "What to make again", "How"
    return {
        "products": Param(
            [],
            type="array",
            items={"type": "string", "enum": made} if made else {"type": "string"},
            examples=made,
            title="Products",
            description="The products to make again; what follows from them is made as always.",
            section=what,
        ),
        "first_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="First date",
            description="The first UTC date; empty means from the first there is.",
            section=what,
        ),
        "last_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Last date",
            description="The last UTC date; empty means to the last there is.",
            section=what,
        ),
        "reason": Param(
            type="string",
            minLength=1,
            title="Reason",
            description="Why, for those who approve it and for the record.",
            section=what,
        ),
        "force": Param(
            "none",
            type="string",
            enum=["none", "interface", "quality", "revision"],
            title="Force",
            description="none: only what is out of date. Else everything is made anew, and that "
            "component of its version grows.",
            section=how,
        ),
        "throttle": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Throttle",
            description="At most so many of its builds at a time; empty means as the mission says.",
            section=how,
        ),
        "campaign": Param(
            None,
            type=["null", "integer"],
            minimum=1,
            title="Campaign",
            description="The number of a campaign that was proposed already; then the rest of "
            "this form is not read.",
            section="A campaign that is there",
        ),
    }
