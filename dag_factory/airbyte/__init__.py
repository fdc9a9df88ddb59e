"""Airbyte: its API, the calls over HTTP, and the protocol of one sync, as plain Python without Airflow."""
