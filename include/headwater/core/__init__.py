"""The pure part of the domain: no I/O, no database, no Airflow."""
