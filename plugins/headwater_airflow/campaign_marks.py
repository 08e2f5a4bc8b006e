"""What happens to a campaign when a person marks its run, or a task of it, failed in Airflow.

It is paused: what it has made stays, nothing of it is begun, and a person decides. Clearing the
task lets it go on. A campaign that waits for approval just stays proposed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance

OPERATORS = ("CampaignRunOperator", "CampaignSensor")
MARKED_FAILED = "its run was marked failed in Airflow"
BY = "Airflow"

_PAUSE = """
with paused as (
    update headwater.campaign
    set state = 'paused', paused_by = %(by)s, paused_at = now(), pause_reason = %(reason)s
    where airflow_dag_id = %(dag_id)s and airflow_run_id = %(run_id)s and state = 'running'
    returning id, mission_id
)
insert into headwater.event (kind, actor, reason, mission_id, detail)
select 'campaign paused', %(by)s, 'campaign ' || id || ' was paused by ' || %(by)s || ': '
       || %(reason)s, mission_id, jsonb_build_object('campaign', id)
from paused returning mission_id
"""
"""Stop the campaign of a run for now; asking twice changes nothing."""

_LOOK_AGAIN = """
insert into headwater.wake (process_id, utc_date, reason, due_at)
select distinct process_id, utc_date, 'a campaign was paused', now() from headwater.build
where mission_id = %(mission)s and state = 'waiting' order by process_id, utc_date
on conflict (process_id, utc_date) do update set due_at = least(wake.due_at, excluded.due_at)
"""
"""What waits may have waited for that campaign."""


def pause_campaign(task_instance: TaskInstance) -> None:
    """Pause the campaign of a marked run; the API server waits no longer than 2 s for the catalog.

    The pause is committed by itself, so that nothing that goes wrong afterwards takes it back.
    """
    import psycopg

    from headwater_airflow.listeners import CONNECT_SECONDS, catalog_dsn

    values = {
        "by": BY,
        "reason": MARKED_FAILED,
        "dag_id": task_instance.dag_id,
        "run_id": task_instance.run_id,
    }
    with psycopg.connect(
        catalog_dsn(), connect_timeout=CONNECT_SECONDS, autocommit=True
    ) as connection:
        found = connection.execute(_PAUSE, values).fetchone()
        if found is not None:
            connection.execute(_LOOK_AGAIN, {"mission": found[0]})
