"""Text to a resolved, typed model of every DAG; imports nothing else of the package, and never Airflow."""
