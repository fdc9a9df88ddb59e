"""The rules that a schema cannot express: functions from a DAG, or from all DAGs, to diagnostics."""
