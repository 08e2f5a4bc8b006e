"""Tests that share one boot of a real Airflow: a package, so that it ends with the last of them."""
