"""What task processes use, imported at once when this module is.

LocalExecutor forks its task processes from the scheduler: what the scheduler imports before, no
task has to import again. Nothing else should import this module.
"""

from __future__ import annotations

import importlib

MODULES = (
    "airflow.providers.standard.operators.empty",
    "airflow.providers.standard.operators.hitl",
    "headwater.archive.recovery",
    "headwater.ingest.service",
    "headwater.missions.inspection.host",
    "headwater.missions.snapshot",
    "headwater.processing.campaign_report",
    "headwater.processing.run",
    "headwater.processing.service",
    "headwater_airflow.airflow_access",
    "headwater_airflow.catalog_access",
    "headwater_airflow.due_runs",
    "headwater_airflow.factories.missions",
    "headwater_airflow.operators",
    "headwater_airflow.pools_and_files",
    "headwater_airflow.reconciling",
)

for _name in MODULES:
    importlib.import_module(_name)
