"""What a schema cannot say: functions from a DAG, or from all DAGs, to diagnostics."""
