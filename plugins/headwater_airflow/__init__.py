"""Headwater's side of Airflow: operators, triggers, DAG factories and the plug-in itself.

No rule of the domain lives here; each part calls `headwater` and tells Airflow the outcome.
"""
