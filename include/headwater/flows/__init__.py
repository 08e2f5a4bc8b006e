"""What joins the services: hand-overs between them, and the way to Airflow's REST interface."""
