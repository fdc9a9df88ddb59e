"""Snapshots: what an Airbyte knows about its connections, as files in the DAG repository."""
