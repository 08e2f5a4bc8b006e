"""The native API as one FastAPI app; it knows neither Airflow nor where the catalog is."""
