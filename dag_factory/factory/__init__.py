"""Model to DAG: the only part that knows Airflow."""
