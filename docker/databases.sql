-- Run once by the postgres image: the catalog lives beside Airflow's own database.
create database headwater;
