"""Which run of Airflow shows which campaign, and which campaign has none yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult, text

from headwater.core.states import CampaignState

_LONELY = text("""
select c.id, m.name as mission, c.state, c.reason, c.airflow_dag_id, c.airflow_run_id
from headwater.campaign c join headwater.mission m on m.id = c.mission_id
where c.state = 'proposed' and c.airflow_run_id is null
  and c.created_at < now() - interval '20 seconds'
order by c.id limit :most
""")
"""Campaigns that wait for approval, and no run of Airflow asks for it; a command that proposes a
small one approves it at once, so those of this moment are left alone."""

_DECIDED = text("""
select * from (
    select distinct on (c.airflow_dag_id, c.airflow_run_id)
           c.id, m.name as mission, c.state, c.reason, c.airflow_dag_id, c.airflow_run_id
    from headwater.campaign c join headwater.mission m on m.id = c.mission_id
    where c.airflow_run_id is not null
    order by c.airflow_dag_id, c.airflow_run_id, c.id desc
) newest where state <> 'proposed'
""")
"""The runs whose newest campaign waits for approval no more; a run that was cleared may show
several, one after the other."""


@dataclass(frozen=True, slots=True)
class ShownCampaign:
    """A campaign and the run of Airflow that shows it, if there is one."""

    id: int
    mission: str
    state: CampaignState
    reason: str
    airflow_dag_id: str | None
    airflow_run_id: str | None


def without_run(connection: Connection, most: int) -> list[ShownCampaign]:
    """Campaigns that wait for approval and that no run shows, the oldest first."""
    return _shown(connection.execute(_LONELY, {"most": most}))


def decided(connection: Connection) -> list[ShownCampaign]:
    """The newest campaign of each run, of those that wait for approval no more."""
    return _shown(connection.execute(_DECIDED))


def _shown(rows: CursorResult[Any]) -> list[ShownCampaign]:
    return [ShownCampaign(**{**row._mapping, "state": CampaignState(row.state)}) for row in rows]
