"""What Airflow runs: the operator, sensor and trigger of a sync, and what their tasks keep in Airflow."""
