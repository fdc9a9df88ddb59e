"""Airbyte syncs in Airflow, declared in YAML."""
