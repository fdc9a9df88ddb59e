"""A real Airflow and a local Airbyte as child processes, for `dag-factory demo` and `dag-factory up`.

Only `cli` imports it; nothing here prints: progress goes to a `report` function that the caller gives.
"""
