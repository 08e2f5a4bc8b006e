"""The embedded Postgres and Airflow of one machine: start, watch, examine and stop them."""
