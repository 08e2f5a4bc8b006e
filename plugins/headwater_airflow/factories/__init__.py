"""DAGs from mission snapshots; the files in ``dags`` only call these.

A DAG must come out the same to the byte each time (spec airflow 5), so nothing here looks at a
clock, a database or the order of a set.
"""

from __future__ import annotations

import pendulum

TAG = "headwater"
BEGIN = pendulum.datetime(2000, 1, 1, tz="UTC")
"""A start date that is the same for ever; no DAG of ours catches up."""
