"""A real Airflow and a local Airbyte as child processes, for `dag-factory demo` and `dag-factory up`.

All output goes to a `Console`.
"""
