"""A real Airflow and a local Airbyte as child processes, in folders of their own; only `cli` and tests use it."""
