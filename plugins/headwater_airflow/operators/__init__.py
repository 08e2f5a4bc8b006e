"""Headwater's operators, for generated DAGs and for any other.

`IncomingSensor` claims what has arrived, `IngestOperator` files it, `PlanOperator` proposes
builds and `BuildOperator` makes them. `AuditOperator` compares disk and catalog, and
`AuditVerdictOperator` fails if anything is wrong. `CampaignPlanOperator` proposes a campaign,
`CampaignApprovalOperator` asks a person, `CampaignRunOperator` lets it run, `CampaignSensor` waits
for its end, and `CampaignReportOperator` and `CampaignVerdictOperator` say how it ended.
"""

from __future__ import annotations

from headwater_airflow.operators.audit import AuditOperator, AuditVerdictOperator
from headwater_airflow.operators.build import BuildOperator
from headwater_airflow.operators.campaign import CampaignPlanOperator, CampaignRunOperator
from headwater_airflow.operators.campaign_approval import CampaignApprovalOperator
from headwater_airflow.operators.campaign_end import (
    CampaignReportOperator,
    CampaignSensor,
    CampaignVerdictOperator,
)
from headwater_airflow.operators.failures import FailuresOperator
from headwater_airflow.operators.incoming import IncomingSensor
from headwater_airflow.operators.ingest import IngestOperator
from headwater_airflow.operators.plan import PlanOperator
from headwater_airflow.operators.system import SystemOperator

__all__ = [
    "AuditOperator",
    "AuditVerdictOperator",
    "BuildOperator",
    "CampaignApprovalOperator",
    "CampaignPlanOperator",
    "CampaignReportOperator",
    "CampaignRunOperator",
    "CampaignSensor",
    "CampaignVerdictOperator",
    "FailuresOperator",
    "IncomingSensor",
    "IngestOperator",
    "PlanOperator",
    "SystemOperator",
]
