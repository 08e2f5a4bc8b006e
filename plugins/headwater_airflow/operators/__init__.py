"""Headwater's operators, for generated DAGs and for any other.

`IncomingSensor` claims what has arrived, `IngestOperator` files it, `PlanOperator` proposes
builds and `BuildOperator` makes them.
"""

from __future__ import annotations

from headwater_airflow.operators.build import BuildOperator
from headwater_airflow.operators.failures import FailuresOperator
from headwater_airflow.operators.incoming import IncomingSensor
from headwater_airflow.operators.ingest import IngestOperator
from headwater_airflow.operators.plan import PlanOperator
from headwater_airflow.operators.system import SystemOperator

__all__ = [
    "BuildOperator",
    "FailuresOperator",
    "IncomingSensor",
    "IngestOperator",
    "PlanOperator",
    "SystemOperator",
]
