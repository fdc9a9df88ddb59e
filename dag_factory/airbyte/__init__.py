"""Airbyte jobs: the API, the protocol of one sync, and Airflow's operator, sensor and trigger over it."""
