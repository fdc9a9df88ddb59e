"""A real Airflow and a local Airbyte as child processes, for `dag-factory demo` and `dag-factory up`.

Nothing here prints: all output goes to the `Console` that the caller passes.
"""
